"""Half-open periods of dates or points in time, and the calendar they are counted in.

`[start, end)`: the start belongs to the period, the end does not, `None` is open. Two periods in a row share
one value and no moment, so nothing is counted twice or missed at midnight, month end or clock change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from tillit.kernel.calendar_rules import deadline_30_days_or_month, fiscal_year_end, year_end
from tillit.kernel.iso_period import IsoPeriod, PeriodError

__all__ = [
    "IsoPeriod",
    "Period",
    "PeriodError",
    "deadline_30_days_or_month",
    "fiscal_year_end",
    "merge",
    "year_end",
]

T = TypeVar("T", date, datetime)


@dataclass(frozen=True, slots=True)
class Period(Generic[T]):
    """All moments `m` with `start <= m < end`; never empty. Dates only or aware datetimes only, never both.

    Raises PeriodError `period-empty`, `period-mixed` or `datetime-naive`.
    """

    start: T | None
    end: T | None

    def __post_init__(self) -> None:
        _one_kind(self.start, self.end)
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise PeriodError("period-empty", "A period ends after it starts.")

    def contains(self, moment: T) -> bool:
        """True when the moment lies in the period; the end does not."""
        _one_kind(moment, self.start, self.end)
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)

    __contains__ = contains

    def covers(self, other: Period[T]) -> bool:
        """True when every moment of `other` lies in this period."""
        return self.intersect(other) == other

    def overlaps(self, other: Period[T]) -> bool:
        """True when the two share a moment; adjacent periods do not."""
        return self.intersect(other) is not None

    def adjacent(self, other: Period[T]) -> bool:
        """True when one starts exactly where the other ends."""
        _one_kind(self.start, self.end, other.start, other.end)
        return (self.end is not None and self.end == other.start) or (other.end is not None and other.end == self.start)

    def intersect(self, other: Period[T]) -> Period[T] | None:
        """The moments in both, or None."""
        _one_kind(self.start, self.end, other.start, other.end)
        starts = [start for start in (self.start, other.start) if start is not None]
        ends = [end for end in (self.end, other.end) if end is not None]
        return _or_none(max(starts, default=None), min(ends, default=None))

    def subtract(self, other: Period[T]) -> tuple[Period[T], ...]:
        """The moments of this period that are not in `other`: none, one or two periods in order."""
        if not self.overlaps(other):
            return (self,)
        before = None if other.start is None else _or_none(self.start, other.start)
        after = None if other.end is None else _or_none(other.end, self.end)
        return tuple(part for part in (before, after) if part is not None)


def merge(periods: Iterable[Period[T]]) -> tuple[Period[T], ...]:
    """The same moments as the fewest periods, in order: overlapping and adjacent ones are joined."""
    known = list(periods)
    _one_kind(*(bound for period in known for bound in (period.start, period.end)))
    started = [(period.start, period) for period in known if period.start is not None]
    started.sort(key=lambda pair: pair[0])
    merged: list[Period[T]] = []
    for period in [p for p in known if p.start is None] + [period for _, period in started]:
        last = merged[-1] if merged else None
        if last is not None and (last.overlaps(period) or last.adjacent(period)):
            end = None if last.end is None or period.end is None else max(last.end, period.end)
            merged[-1] = Period(last.start, end)
        else:
            merged.append(period)
    return tuple(merged)


def _or_none(start: T | None, end: T | None) -> Period[T] | None:
    if start is not None and end is not None and start >= end:
        return None
    return Period(start, end)


def _one_kind(*bounds: date | None) -> None:
    """Refuse a mix of dates and datetimes (a datetime is a date to Python) and naive datetimes."""
    kinds = {isinstance(bound, datetime) for bound in bounds if bound is not None}
    if len(kinds) > 1:
        raise PeriodError("period-mixed", "A period holds dates or points in time, not both.")
    if any(isinstance(bound, datetime) and bound.tzinfo is None for bound in bounds):
        raise PeriodError("datetime-naive", "A point in time needs its zone.")
