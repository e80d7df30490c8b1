"""Calendar lengths as declarations write them: ISO 8601 durations of years, months, weeks and days."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import overload

from babel.units import format_unit

from tillit.kernel.errors import TillitError

_FORM = re.compile(
    r"P(?=[0-9])(?:(?P<weeks>[0-9]{1,4})W"
    r"|(?:(?P<years>[0-9]{1,4})Y)?(?:(?P<months>[0-9]{1,4})M)?(?:(?P<days>[0-9]{1,5})D)?)"
)


class PeriodError(TillitError, ValueError):
    """A period, length or date that cannot be used; `code` says which rule it broke."""


@dataclass(frozen=True, slots=True)
class IsoPeriod:
    """A length of `months` calendar months, then `days` days; `P1Y6M` equals `P18M`, `P4W` equals `P28D`.

    A month has no fixed number of days, so lengths are equal or not, never ordered. `text` is what was
    written and takes no part in equality.
    """

    months: int
    days: int
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> IsoPeriod:
        """Read `P3M`, `P18M`, `P5Y`, `P30D`, `P4W`, `P1Y6M`, `P0D`.

        Refuses time parts, fractions, signs and weeks mixed with other units (ISO 8601-1) with the code
        `period-unreadable`.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise PeriodError(
                "period-unreadable",
                "A period is written as an ISO 8601 duration of years, months, weeks or days, such as P3M.",
            )
        parts = {name: int(digits or 0) for name, digits in found.groupdict().items()}
        return cls(12 * parts["years"] + parts["months"], 7 * parts["weeks"] + parts["days"], text)

    @overload
    def add_to(self, moment: datetime) -> datetime: ...
    @overload
    def add_to(self, moment: date) -> date: ...
    def add_to(self, moment: date) -> date:
        """The moment this length later, by the calendar: months first, then days.

        Where the month reached is too short its last day is taken: 31 January + P1M is 28 or 29 February.
        Adding never reorders dates (`a <= b` implies `a + p <= b + p`) but may join them, and adding twice may
        give an earlier day than adding the sum.

        A datetime must be aware. Its own zone's wall clock is kept, so a day across a change to or from
        summer time has 23 or 25 hours; a time that the change skips moves forward with it, and of a time that
        comes twice the later is taken. PostgreSQL reaches the same (`date + interval`, `date_add` with the zone).
        Raises PeriodError `period-out-of-range` beyond year 9999.
        """
        if isinstance(moment, datetime) and moment.tzinfo is None:
            raise PeriodError("datetime-naive", "A point in time needs its zone.")
        try:
            if self.months:
                year, month = divmod(12 * moment.year + moment.month - 1 + self.months, 12)
                last = calendar.monthrange(year, month + 1)[1]
                moment = _on_the_clock(moment.replace(year=year, month=month + 1, day=min(moment.day, last)))
            if self.days:
                moment = _on_the_clock(moment + timedelta(days=self.days))
        except (ValueError, OverflowError, IndexError):
            raise PeriodError("period-out-of-range", "The period ends outside the calendar.") from None
        return moment

    @property
    def interval(self) -> str:
        """The same length as PostgreSQL reads it: `18 mons 0 days`."""
        return f"{self.months} mons {self.days} days"

    def describe(self, locale: str = "nb") -> str:
        """The length in words, in the units it was written in: `18 måneder`, `1 year, 6 months`."""
        units = {"Y": "year", "M": "month", "W": "week", "D": "day"}
        parts = [
            format_unit(int(number), f"duration-{units[unit]}", locale=locale)
            for number, unit in re.findall(r"([0-9]+)([YMWD])", self.text)
        ]
        return ", ".join(parts)

    def __str__(self) -> str:
        return self.text


def _on_the_clock(reached: date) -> date:
    """A wall-clock time as it exists in its zone: the later of the two readings a clock change leaves open."""
    if not isinstance(reached, datetime):
        return reached
    latest = max(reached.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return latest.astimezone(reached.tzinfo)
