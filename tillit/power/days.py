"""From single values to days, and how two versions of a day become one (E2). Arithmetic on arrays; no database.

A value stands in a cell: point, direction, day, place in the day. Of two in one cell the greater of (registered, own
rather than a part of an hour's, quality, watt-hours) counts. That is a total order, so the state is the greatest of
everything that ever came, whatever order it came in, and the same file again changes nothing. Only where nothing tells
which is newer does the order of files matter: `registered` is the number of the file then (`packing.TOLD`).

A day with a quarter's value in it is kept in quarters: an hour's value is spread over its four, watt-hours that do not
divide going to the last ones, marked `SPREAD`. Spreading keeps the order, so it may be done before or after comparing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tillit.power import slots
from tillit.power.packing import QUALITY, SPREAD, STAMP, WH, pack, unpack

Array = NDArray[Any]
_SLOTS, _DAYS = 128, 1 << 16
VERSIONS = 4
"""Of one cell that come in at once: a file cannot make a round of each of a million."""


@dataclass(frozen=True)
class Values:
    """Single values, one array each, all of one length.

    point: number of the metering point in a list of the reader's. direction: `Direction`. start: seconds since 1970 at
    which the interval begins, on a whole hour or quarter. minutes: 60 or 15. wh: watt-hours, 0 to `MOST_WH`. quality:
    `Quality`. registered: microseconds since 1970, or what stands for it (`packing.TOLD`). line: in the
    file.
    """

    point: Array
    direction: Array
    start: Array
    minutes: Array
    wh: Array
    quality: Array
    registered: Array
    line: Array

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: Array) -> "Values":
        """Those at the places, or where the mask is true."""
        return Values(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Day:
    """One row as it is stored: the bytes of `ReadingDay`. point: as in `Values`; day: a number; line: of the first."""

    point: int
    direction: int
    day: int
    resolution: int
    wh: bytes
    quality: bytes
    registered: bytes
    values: int
    line: int


@dataclass(frozen=True)
class Cells:
    """A day's values unpacked: three arrays of one length."""

    resolution: int
    wh: Array
    quality: Array
    registered: Array

    @classmethod
    def of(cls, day: int, resolution: int, wh: bytes, quality: bytes, registered: bytes) -> "Cells":
        """A stored day, by its number."""
        count = int(slots.lengths(day, resolution))
        return cls(resolution, unpack(wh, WH, count), unpack(quality, QUALITY, count), unpack(registered, STAMP, count))

    def in_quarters(self) -> "Cells":
        """The same with each hour's value spread over its quarters."""
        if self.resolution == 15:
            return self
        quality = np.repeat(self.quality, 4)
        marked = np.where(quality > 0, quality | SPREAD, 0).astype(np.uint8)
        return Cells(15, spread(self.wh).reshape(-1), marked, np.repeat(self.registered, 4))

    def packed(self) -> tuple[int, bytes, bytes, bytes]:
        """resolution, and the bytes of the three."""
        return self.resolution, pack(self.wh, WH), pack(self.quality, QUALITY), pack(self.registered, STAMP)


def spread(wh: Array) -> Array:
    """Hours' watt-hours (n,) over their quarters (n, 4): the sum stays, and a greater hour has no lesser quarter."""
    return ((wh[:, None].astype(np.int64) + np.arange(4)) // 4).astype(wh.dtype)


def merged(known: Cells, come: Cells) -> tuple[Cells, Cells | None]:
    """What counts of two versions of a day, and what does not, where they differ (None where nothing gave way)."""
    if known.resolution != come.resolution:
        known, come = known.in_quarters(), come.in_quarters()
    newer = _greater(come, known)
    both = (known.quality > 0) & (come.quality > 0)
    lost = both & ((known.wh != come.wh) | (known.quality != come.quality))
    counts = Cells(
        known.resolution,
        np.where(newer, come.wh, known.wh),
        np.where(newer, come.quality, known.quality),
        np.where(newer, come.registered, known.registered),
    )
    if not lost.any():
        return counts, None
    gave = [
        np.where(lost, np.where(newer, k, c), 0).astype(k.dtype)
        for k, c in ((known.wh, come.wh), (known.quality, come.quality), (known.registered, come.registered))
    ]
    return counts, Cells(known.resolution, *gave)


def without(lost: Cells, noted: list[Cells]) -> Cells | None:
    """What gave way, without what stands in corrections already; None where nothing is left."""
    for one in noted:
        mine, theirs = (lost, one) if lost.resolution == one.resolution else (lost.in_quarters(), one.in_quarters())
        same = (mine.wh == theirs.wh) & (mine.quality == theirs.quality) & (mine.registered == theirs.registered)
        keep = ~same
        lost = Cells(mine.resolution, mine.wh * keep, mine.quality * keep, mine.registered * keep)
    return lost if lost.quality.any() else None


def gather(values: Values) -> Iterator[list[Day]]:
    """The values as days, in rounds: where a cell has several versions, each round has one of them. No version comes
    twice, and of more than `VERSIONS` the newest do. Rounds are merged one after another.
    """
    day = slots.days_of(values.start)
    key = (values.point.astype(np.int64) * 2 + values.direction - 1) * _DAYS + day
    quarterly = np.unique(key[values.minutes == 15])
    cell_minutes = np.full(len(values), 60)
    if len(quarterly):
        cell_minutes[np.isin(key, quarterly)] = 15
    cut = (cell_minutes == 15) & (values.minutes == 60)
    if cut.any():
        values, day, key, cell_minutes = _cut(values, cut, day, key, cell_minutes)
    slot = (values.start - slots.begins(day)) // (cell_minutes * 60)
    cell = key * _SLOTS + slot
    order = _order(cell, values)
    cell, values, cell_minutes = cell[order], values.take(order), cell_minutes[order]
    again = _repeats(cell, values)
    if again.any():
        cell, values, cell_minutes = cell[~again], values.take(~again), cell_minutes[~again]
    turn = _turns(cell)
    if not turn.any():
        yield _days(cell, values, cell_minutes)
        return
    back = _turns(cell[::-1])[::-1]  # sorted by what counts: the last of a cell is the newest
    for number in range(min(int(back.max(initial=-1)), VERSIONS - 1), -1, -1):
        now = back == number
        yield _days(cell[now], values.take(now), cell_minutes[now])


def _greater(one: Cells, other: Cells) -> Array:
    """Where `one`'s value counts rather than `other`'s; a gap never does."""
    result = one.wh > other.wh
    for a, b in (
        (one.quality & 15, other.quality & 15),
        (one.quality < SPREAD, other.quality < SPREAD),
        (one.registered, other.registered),
        (one.quality > 0, other.quality > 0),
    ):
        result = (a > b) | ((a == b) & result)
    return result


def _cut(values: Values, cut: Array, day: Array, key: Array, minutes: Array) -> tuple[Values, Array, Array, Array]:
    """Hours' values of days in quarters, cut in four."""
    whole, hours = values.take(~cut), values.take(cut)
    quarters = {name: np.repeat(getattr(hours, name), 4) for name in Values.__dataclass_fields__}
    quarters["start"] = (hours.start[:, None] + np.arange(4) * 900).reshape(-1)
    quarters["wh"] = spread(hours.wh).reshape(-1)
    quarters["quality"] = quarters["quality"] | SPREAD
    joined = Values(*(np.concatenate([getattr(whole, name), quarters[name]]) for name in quarters))
    each = (np.concatenate([column[~cut], np.repeat(column[cut], 4)]) for column in (day, key, minutes))
    return (joined, *each)  # type: ignore[return-value]


def _order(cell: Array, values: Values) -> Array:
    """Places sorted by cell and, where cells come more than once, by what counts."""
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    if not (ordered[1:] == ordered[:-1]).any():
        return order
    return np.lexsort((values.wh, values.quality & 15, values.quality < SPREAD, values.registered, cell))


def _repeats(cell: Array, values: Values) -> Array:
    """Which are the same as the one before."""
    again = np.zeros(len(cell), dtype=bool)
    if len(cell) > 1:
        again[1:] = cell[1:] == cell[:-1]
        for column in (values.wh, values.quality, values.registered):
            again[1:] &= column[1:] == column[:-1]
    return again


def _turns(cell: Array) -> Array:
    """How many of the same cell come before each; cells are sorted."""
    place = np.arange(len(cell))
    first = np.ones(len(cell), dtype=bool)
    first[1:] = cell[1:] != cell[:-1]
    return place - np.maximum.accumulate(np.where(first, place, 0)) if len(cell) else place


def _days(cell: Array, values: Values, minutes: Array) -> list[Day]:
    """Sorted cells, none twice, as days."""
    row_key = cell // _SLOTS
    new = np.ones(len(cell), dtype=bool)
    new[1:] = row_key[1:] != row_key[:-1]
    first = np.flatnonzero(new)
    if not len(first):
        return []
    row = np.cumsum(new) - 1
    days, resolution = row_key[first] % _DAYS, minutes[first]
    count = slots.lengths(days, resolution)
    offset = np.concatenate([[0], np.cumsum(count)])
    at = offset[row] + cell % _SLOTS
    wh = np.zeros(offset[-1], dtype=WH)
    quality = np.zeros(offset[-1], dtype=np.uint8)
    stamp = np.zeros(offset[-1], dtype=STAMP)
    wh[at], quality[at], stamp[at] = values.wh, values.quality, values.registered
    one_quality = np.maximum.reduceat(quality, offset[:-1]) == np.minimum.reduceat(quality, offset[:-1])
    one_stamp = np.maximum.reduceat(stamp, offset[:-1]) == np.minimum.reduceat(stamp, offset[:-1])
    whs, qualities, stamps = wh.tobytes(), quality.tobytes(), stamp.tobytes()
    last = np.append(first[1:], len(cell))
    columns = (
        values.point[first], values.direction[first], days, resolution, offset[:-1], offset[1:], one_quality, one_stamp,
        last - first, np.minimum.reduceat(values.line, first),
    )  # fmt: skip
    return [
        Day(
            point, direction, day, step, whs[4 * a : 4 * b], qualities[a : a + 1 if same else b],
            stamps[8 * a : 8 * (a + 1 if alike else b)], number, line,
        )
        for point, direction, day, step, a, b, same, alike, number, line in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]  # fmt: skip
