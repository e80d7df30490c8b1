"""The hours of a stretch of local days, and the cells that readings come in: hours, or quarters of them.

Spring's day has 23 hours (no 02–03), autumn's 25 (02–03 twice): an hour is told by its place in the day, and what the
clock shows is another thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tillit.kernel.clock import DEFAULT_ZONE
from tillit.power import slots
from tillit.power.prices.queries import days

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Hours:
    """The hours of [first, after). day: index of the day of each hour; clock: what the local clock shows at its start;
    weekday: 0 Monday; starts: index of the first hour of each day.
    """

    first: date
    after: date
    days: tuple[date, ...]
    day: Ints
    clock: Ints
    weekday: Ints
    starts: Ints

    def between(self, since: date, until: date) -> Flags:
        """The hours of the days [since, until)."""
        low, high = (since - self.first).days, (until - self.first).days
        return (self.day >= low) & (self.day < high)


@dataclass(frozen=True, eq=False)
class Cells:
    """The intervals readings come in. per_hour: 1 or 4 for each day; hour: index of each cell's hour; quarter: which
    quarter of it, -1 for the whole hour.
    """

    hours: Hours
    per_hour: tuple[int, ...]
    hour: Ints
    quarter: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.hour)

    @property
    def whole(self) -> bool:
        """Whether every cell is an hour."""
        return len(self.hour) == len(self.hours.day)

    def by_hour(self, wh: Ints) -> Ints:
        """(rows, cells) as (rows, hours)."""
        if self.whole:
            return wh
        first = np.flatnonzero(np.r_[True, self.hour[1:] != self.hour[:-1]])
        return np.add.reduceat(wh, first, axis=1)


@lru_cache(maxsize=128)
def hours(first: date, after: date) -> Hours:
    """The hours of the local days [first, after)."""
    every = tuple(days(first, after))
    lengths = np.array([slots.length(day, 60) for day in every], dtype=np.int64)
    clocks = [
        np.arange(24) if length == 24 else _clock(day, int(length)) for day, length in zip(every, lengths, strict=True)
    ]
    return Hours(
        first,
        after,
        every,
        day=np.repeat(np.arange(len(every)), lengths),
        clock=np.concatenate(clocks).astype(np.int64),
        weekday=np.repeat(np.array([day.weekday() for day in every]), lengths),
        starts=np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
    )


@lru_cache(maxsize=256)
def cells(axis: Hours, per_hour: Sequence[int]) -> Cells:
    """The cells of the hours, each day in hours (1) or quarters (4)."""
    each = np.asarray(per_hour, dtype=np.int64)[axis.day]
    hour = np.repeat(np.arange(len(axis.day)), each)
    first = np.cumsum(each) - each
    quarter = np.arange(len(hour)) - first[hour]
    quarter[each[hour] == 1] = -1
    return Cells(axis, tuple(per_hour), hour, quarter, first[axis.starts])


def month(day: date) -> tuple[date, date]:
    """The first day of the day's month, and that of the next."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def moments(axis: Hours) -> list[datetime]:
    """When each hour begins, in local time."""
    zone = ZoneInfo(DEFAULT_ZONE)
    return [
        slots.moment(int(slots.begins(slots.number(axis.days[day]))) + 3600 * int(place)).astimezone(zone)
        for day, place in zip(axis.day, np.arange(len(axis.day)) - axis.starts[axis.day], strict=True)
    ]


def _clock(day: date, length: int) -> Ints:
    zone, began = ZoneInfo(DEFAULT_ZONE), int(slots.begins(slots.number(day)))
    return np.array([slots.moment(began + 3600 * n).astimezone(zone).hour for n in range(length)], dtype=np.int64)
