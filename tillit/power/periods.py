"""A year, a month, a day or an hour that is looked at, as addresses write it: 2026, 2026-03, 2026-03-29, 2026-03-29.2.

The hour is its place in the day, so that autumn's second hour from two has an address of its own.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from tillit.power import slots

Kind = Literal["year", "month", "day", "hour"]
_FORM = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:\.([0-9]{1,2}))?)?)?\Z")
OLDEST = 2010


@dataclass(frozen=True)
class Looked:
    """A stretch of local days [first, after); place: of the hour in its day, -1 for all of it."""

    kind: Kind
    first: date
    after: date
    place: int = -1

    def __str__(self) -> str:
        text = self.first.isoformat()
        hour = f".{self.place}" if self.kind == "hour" else ""
        return text[: {"year": 4, "month": 7}.get(self.kind, 10)] + hour

    def step(self, by: int) -> "Looked":
        """The one before (-1) or after (1) of the same kind."""
        if self.kind == "hour":
            place = self.place + by
            if 0 <= place < slots.length(self.first, 60):
                return Looked("hour", self.first, self.after, place)
            day = self.first + timedelta(days=by)
            return Looked("hour", day, day + timedelta(days=1), 0 if by > 0 else slots.length(day, 60) - 1)
        return around(self.kind, self.first - timedelta(days=1) if by < 0 else self.after)

    def within(self, kind: Kind) -> "Looked":
        """The year, month or day that holds it, or the first month or day of it."""
        return around(kind, self.first)


def around(kind: Kind, day: date) -> Looked:
    """The year, month or day that holds the day."""
    if kind == "year":
        return Looked(kind, date(day.year, 1, 1), date(day.year + 1, 1, 1))
    if kind == "month":
        first = day.replace(day=1)
        return Looked(kind, first, (first + timedelta(days=32)).replace(day=1))
    return Looked("day", day, day + timedelta(days=1))


def parse(text: str) -> Looked | None:
    """What an address writes; None for what is none, or outside the years that are kept."""
    found = _FORM.match(text)
    if found is None:
        return None
    year, month, day, place = found.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if not OLDEST <= first.year < slots.LAST.year - 1:
        return None
    looked = around("day" if day else "month" if month else "year", first)
    if place is None:
        return looked
    if int(place) >= slots.length(first, 60):
        return None
    return Looked("hour", first, looked.after, int(place))
