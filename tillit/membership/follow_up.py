"""Follow-up of members (B9): movement by month, cohorts, cards issued. Counts only, in a scope for `statistics`."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import connection

from tillit.disclosure.grouping import ROUNDED_TO
from tillit.membership import app_counts
from tillit.membership.card_models import CardCount

ACTIVITY = "statistics"
REASONS = {"transferred": "transferred", "transfer": "transferred", "unpaid": "lapsed", "not_listed": "lapsed",
           "deceased": "deceased", "died": "deceased", "excluded": "excluded", "breach": "excluded"}  # fmt: skip
"""Why somebody left → the column it counts in; anything else is `resigned`."""
COLUMNS = ("resigned", "transferred", "lapsed", "excluded", "deceased")


@dataclass
class Month:
    """A month: joined, left by column, standing at its end, cards issued to phones and to pages, the app installed."""

    month: date
    joined: int = 0
    left: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))
    standing: int = 0
    cards_app: int = 0
    cards_web: int = 0
    installed: int = 0

    @property
    def gone(self) -> int:
        """Who left, for whatever reason."""
        return sum(self.left.values())


@dataclass(frozen=True)
class Cohort:
    """Those who first joined in a year: how many, and of these how many were members so many years later."""

    year: int
    people: int
    later: dict[int, int]


def movement(*, controller_id: int, start: date, end: date) -> list[Month]:
    """The months from `start` to before `end`, first days of months."""
    months = {one: Month(one) for one in _months(start, end)}
    standing = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM follow_up_movement(%s, %s, %s)", [controller_id, start, end])
        for month, what, reason, people in cursor.fetchall():
            if what == "standing":
                standing = people
            elif what == "left":
                months[month].left[REASONS.get(reason, "resigned")] += people
            else:
                setattr(months[month], what, people)
    for row in CardCount.objects.filter(controller_id=controller_id, month__gte=start, month__lt=end):
        setattr(months[row.month], "cards_app" if row.device else "cards_web", row.issued)
    for month, times in app_counts.by_month(controller_id=controller_id, start=start, end=end).items():
        months[month].installed = times
    for one in months.values():
        standing += one.joined - one.gone
        one.standing = standing
    return list(months.values())


def cohorts(*, controller_id: int, today: date) -> list[Cohort]:
    """The years people joined in, the latest first."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM follow_up_cohorts(%s, %s)", [controller_id, today])
        for year, years, people in cursor.fetchall():
            found[year][years] = people
    return [
        Cohort(year, found[year][0], {years: n for years, n in sorted(found[year].items()) if years})
        for year in sorted(found, reverse=True)
    ]


def shown(people: int, *, least: int) -> int | None:
    """A figure as staff see it: None for fewer than the minimum group, nobody among them; else rounded down, so that no
    difference between months says how few came or went.
    """
    return None if people < least else people - people % ROUNDED_TO


def _months(start: date, end: date) -> Iterator[date]:
    while start < end:
        yield start
        start = (start + timedelta(days=31)).replace(day=1)
