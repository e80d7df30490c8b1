"""Where a moment lies in its local day (E2). A day has 23, 24 or 25 hours, which is why nothing counts from 24.

Days are numbers: days since 1970-01-01. Moments are whole seconds since 1970 in UTC. Local days begin at midnight in
Europe/Oslo, which the table below gives for every day from 2000 to 2099 by the time-zone data base.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tillit.kernel.clock import DEFAULT_ZONE

Ints = NDArray[np.int64]
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)
_EPOCH = date(1970, 1, 1)
ORIGIN = (FIRST - _EPOCH).days


def number(day: date) -> int:
    """The day's number."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The day with the number."""
    return _EPOCH + timedelta(days=int(number))


@cache
def midnights() -> Ints:
    """Seconds at which each local day begins, from FIRST to LAST inclusive."""
    zone = ZoneInfo(DEFAULT_ZONE)
    days = (LAST - FIRST).days
    found = [
        int(datetime.combine(FIRST + timedelta(days=n), datetime.min.time(), zone).timestamp()) for n in range(days + 1)
    ]
    table = np.array(found, dtype=np.int64)
    table.setflags(write=False)
    return table


def begins(days: Any) -> Ints:
    """Seconds at which the days (numbers) begin. Raises IndexError for days outside the table."""
    return midnights()[np.asarray(days, dtype=np.int64) - ORIGIN]


def lengths(days: Any, resolution: Any) -> Ints:
    """How many intervals of `resolution` minutes the days have."""
    at = np.asarray(days, dtype=np.int64) - ORIGIN
    table = midnights()
    return (table[at + 1] - table[at]) // (np.asarray(resolution, dtype=np.int64) * 60)


def days_of(seconds: Ints) -> Ints:
    """The numbers of the local days the moments lie in; moments before the table get one before its first."""
    return np.searchsorted(midnights(), seconds, side="right") - 1 + ORIGIN


def length(day: date, resolution: int) -> int:
    """How many intervals of `resolution` minutes the day has: 23 to 25 hours, 92 to 100 quarters."""
    return int(lengths(number(day), resolution))


def local(seconds: int) -> datetime:
    """The moment as the clock on the wall shows it."""
    return moment(seconds).astimezone(ZoneInfo(DEFAULT_ZONE))


def moment(seconds: int) -> datetime:
    """The moment, aware, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC)


def stamp(microseconds: int) -> str:
    """The moment as ISO 8601 with its offset."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return moment(seconds).replace(microsecond=rest).isoformat()
