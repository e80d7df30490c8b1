"""What a month costs at many points, by the same calculation as one (E3). Call in an open scope.

Points whose terms, days and resolution are alike stand in one matrix: a row a point, a column an interval.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date
from struct import Struct
from typing import Any

import numpy as np
from django.db import connection

from tillit.kernel.sql import load
from tillit.power import slots
from tillit.power.bills import HOURLY, key_of, spans
from tillit.power.cost.axis import Cells, Flags, Ints, cells, hours, month
from tillit.power.cost.lines import Bill, month_bill
from tillit.power.cost.terms import Key, Terms, terms
from tillit.power.models import Contract, ContractKind, MeteringPoint
from tillit.power.packing import SPREAD, WH
from tillit.power.prices.errors import MissingPriceError
from tillit.power.prices.queries import Reference, reference
from tillit.power.queries import Days, days_of

AT_ONCE = 500
"""Points computed together: their matrix of a month stays in a processor's cache."""
FETCHED = 2000
"""Points whose values are gathered together by the server, while the ones before are computed."""
NO_VALUES = "values"
_HEAD, _FIELDS, _SIZE = 19, Struct(">h"), Struct(">i")  # of PostgreSQL's binary COPY


@dataclass(frozen=True, eq=False)
class Batch:
    """The bill of some points with the same terms on the days [first, after): a row a point. points: ids; without: why
    there is none ('').
    """

    key: Key
    first: date
    after: date
    points: Ints
    bill: Bill | None
    without: str = ""


@dataclass(frozen=True)
class _Under:
    """Points under the same terms on the same days of the month, settled by the same intervals (minutes)."""

    key: Key
    first: date
    after: date
    resolution: int
    points: dict[int, None]


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Days of some points. ids: the points, in the order of their rows; place: which of them each day is of."""

    days: Days
    ids: Ints
    place: Ints

    @classmethod
    def of(cls, days: Days) -> "_Chunk":
        """The points of the days."""
        opens = np.flatnonzero(np.r_[True, days.point[1:] != days.point[:-1]])
        place = np.cumsum(np.r_[False, days.point[1:] != days.point[:-1]])
        return cls(days, days.point[opens], place)


def bills(
    *, controller_id: int, controller: str, first: date, after: date, points: Collection[int] | None = None
) -> Iterator[Batch]:
    """The bills of a month [first, after) at a controller's points (all, or those with the ids). A point whose contract
    changes within it comes more than once, a bill a contract; one without any value has none (`values`).

    Most points have every hour of the month, which is one row then (`ReadingMonth`). The others go the longer way.
    """
    found, subjects = _under(controller_id, first, after, points)
    known = reference(controller=controller, areas={one.key.area for one in found}, first=first, after=after)
    changed = _changed(found)
    for one in found:
        if not one.points:
            continue
        try:
            made = terms(known, one.key, hours(one.first, one.after))
        except MissingPriceError as missing:
            yield _none(one, one.points, missing.code)
            continue
        left = set(one.points)
        if one.resolution == HOURLY and month(one.first) == (one.first, one.after):
            for some, bill in _whole(one, made, subjects):
                left.difference_update(some.tolist())
                yield Batch(one.key, one.first, one.after, some, bill)
        if left:
            yield from _rest(controller_id, one, made, left)
    yield from _one_by_one(controller, known, {point: subjects[point] for point in sorted(changed)}, first, after)


def _changed(found: Sequence[_Under]) -> set[int]:
    """The points whose contract changes within the month, taken out: caps and the capacity step are of the month."""
    counted = Counter(point for one in found for point in one.points)
    changed = {point for point, times in counted.items() if times > 1}
    for one in found if changed else ():
        for point in changed & one.points.keys():
            del one.points[point]
    return changed


def _one_by_one(
    controller: str, known: Reference, subjects: dict[int, int], first: date, after: date
) -> Iterator[Batch]:
    mine = {"subject_id__in": set(subjects.values())}
    for point in MeteringPoint.objects.filter(**mine, id__in=subjects).select_related("grid_company").order_by("id"):
        contracts = list(Contract.objects.filter(subject_id=point.subject_id, point_id=point.id))
        made = spans(
            point=point, contracts=contracts, controller=controller, first=first, after=after, known=known
        )  # fmt: skip
        measured = any(not span.gaps.all() for span in made)
        for span in made:
            if span.contract is not None:
                ids, key = np.array([point.id], dtype=np.int64), key_of(point, span.contract)
                bill, without = (span.bill(), span.without) if measured else (None, NO_VALUES)
                yield Batch(key, span.first, span.after, ids, bill, without)


def _rest(controller_id: int, one: _Under, made: Terms, left: set[int]) -> Iterator[Batch]:
    """Points with gaps, quarters or days that are missing; and those of which nothing is there."""
    left = set(left)
    for days in days_of(controller_id=controller_id, start=one.first, end=one.after, points=left, at_once=AT_ONCE):
        if one.resolution == HOURLY and (days.resolution != HOURLY).any():
            days = days.hourly()  # noqa: PLW2901 (settled by the hour)
        chunk = _Chunk.of(days)
        left.difference_update(chunk.ids.tolist())
        yield from _batches(chunk, one, made)
    if left:
        yield _none(one, left, NO_VALUES)


def _none(one: _Under, points: Collection[int], without: str) -> Batch:
    return Batch(one.key, one.first, one.after, np.array(sorted(points), dtype=np.int64), None, without)


def _hourly(made: Terms) -> Cells:
    return cells(made.hours, (1,) * len(made.hours.days))


def _whole(one: _Under, made: Terms, subjects: dict[int, int]) -> Iterator[tuple[Ints, Bill]]:
    """(ids, bill) of points of which every hour is there, some at a time. While one lot is computed the server gathers
    the next; between two of them the connection is the caller's.
    """
    ids, axis = list(one.points), _hourly(made)
    lots = [ids[low : low + FETCHED] for low in range(0, len(ids), FETCHED)]
    with connection.cursor() as cursor, ThreadPoolExecutor(1) as beside:
        cursor.execute("SELECT FROM power_reading_month LIMIT 0")  # what a scope carries does not travel with COPY
        texts = [
            cursor.mogrify(
                load(__file__, "many", "months"),
                {
                    "subjects": [subjects[point] for point in lot],
                    "points": lot,
                    "at_once": AT_ONCE,
                    "first": one.first,
                },
            )
            for lot in lots
        ]
        coming = beside.submit(_copied, cursor, texts[0])
        for number in range(len(texts)):
            rows = coming.result()
            if number + 1 < len(texts):
                coming = beside.submit(_copied, cursor, texts[number + 1])
            found = [(some, month_bill(made, axis, wh)) for some, wh in _unpacked(rows, len(made.hours.day))]
            wait([coming])
            yield from found


def _copied(cursor: Any, text: str) -> bytearray:
    """What a statement gives, as PostgreSQL's binary COPY."""
    with cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT BINARY)") as copy:
        return bytearray().join(copy)


def _unpacked(data: bytearray, width: int) -> Iterator[tuple[Ints, Ints]]:
    """(ids, (points, hours) watt-hours) of each row of a binary COPY of `months`."""
    view, at = memoryview(data), _HEAD
    while (fields := _FIELDS.unpack_from(view, at)[0]) >= 0:
        at += _FIELDS.size
        parts = []
        for _ in range(fields):
            size = _SIZE.unpack_from(view, at)[0]
            parts.append(view[at + _SIZE.size : at + _SIZE.size + size])
            at += _SIZE.size + size
        ids = np.frombuffer(parts[0], dtype=">i8").astype(np.int64)
        yield ids, np.frombuffer(parts[1], dtype=WH).reshape(len(ids), width).astype(np.int64)


def _under(
    controller_id: int, first: date, after: date, points: Collection[int] | None
) -> tuple[list[_Under], dict[int, int]]:
    """Points by what they are under; and whose each point is."""
    found: dict[tuple[Key, date, date, int], _Under] = {}
    subjects: dict[int, int] = {}
    given: dict[str, Any] = {
        "controller": controller_id,
        "first": first,
        "after": after,
        "points": None if points is None else list(points),
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "many", "points"), given)
        for people, ids, *facts in cursor.fetchall():
            subjects.update(zip(ids, people, strict=True))
            area, municipality, use, resolution, company, kind, product, since, until = facts
            key = Key(area, municipality, use, company, product or kind, kind == ContractKind.STATE)
            parts = (key, since, until or after, resolution)
            found.setdefault(parts, _Under(*parts, {})).points.update(dict.fromkeys(ids))
    return list(found.values()), subjects


def _batches(chunk: _Chunk, one: _Under, made: Terms) -> Iterator[Batch]:
    """The points of a chunk that are under these terms, those of one pattern of days together."""
    days, low, count = chunk.days, slots.number(one.first), (one.after - one.first).days
    mine = np.array([point in one.points for point in chunk.ids.tolist()], dtype=bool)
    taken = mine[chunk.place] & (days.day >= low) & (days.day < low + count)
    pattern = np.full((len(chunk.ids), count), HOURLY // one.resolution, dtype=np.int64)
    pattern[chunk.place[taken], days.day[taken] - low] = HOURLY // days.resolution[taken]
    here = np.flatnonzero(mine)
    if (pattern[here] == pattern[here[0], 0]).all():
        kinds, kind = pattern[here[:1]], np.zeros(len(here), dtype=np.int64)
    else:
        kinds, kind = np.unique(pattern[here], axis=0, return_inverse=True)
    for n, per_hour in enumerate(kinds):
        chosen = here[kind == n]
        axis = cells(made.hours, tuple(int(each) for each in per_hour))
        wh, gaps, spread = _matrix(chunk, axis, taken, chosen, low)
        yield Batch(one.key, one.first, one.after, chunk.ids[chosen], month_bill(made, axis, wh, gaps, spread))


def _matrix(
    chunk: _Chunk, axis: Cells, taken: Flags, chosen: Ints, low: int
) -> tuple[Ints, Flags | None, Flags | None]:
    """(points, cells) watt-hours, gaps and parts of hours; the latter two None where there are none."""
    days, place = chunk.days, chunk.place
    width, whole = len(axis), taken.all() and len(chosen) * len(axis) == len(days.wh)
    if whole:
        wh = days.wh.reshape(len(chosen), width).astype(np.int64)
        lowest, highest = int(days.quality.min()), int(days.quality.max())
        quality = days.quality.reshape(len(chosen), width) if lowest == 0 or highest & SPREAD else None
    else:
        target = np.full(int(place.max()) + 1, -1)
        target[chosen] = np.arange(len(chosen))
        rows = np.flatnonzero(taken & (target[place] >= 0))
        counts = np.diff(days.offset)[rows]
        inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        source = np.repeat(days.offset[:-1][rows], counts) + inside
        goal = np.repeat(target[place[rows]] * width + axis.starts[days.day[rows] - low], counts) + inside
        each = np.zeros(len(chosen) * width, dtype=np.int64)
        kinds = np.zeros(len(chosen) * width, dtype=np.uint8)
        each[goal], kinds[goal] = days.wh[source], days.quality[source]
        wh, quality = each.reshape(-1, width), kinds.reshape(-1, width)
    if quality is None:
        return wh, None, None
    return wh, quality == 0, (quality & SPREAD) > 0
