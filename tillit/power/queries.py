"""A customer's points and contracts, and meter values as arrays (E1, E2). Each is called in an open scope."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from numpy.typing import NDArray

from tillit.kernel.collation import Ordered
from tillit.kernel.sql import load
from tillit.power import slots
from tillit.power.models import AppAccount, Contract, Direction, GridCompany, Household, MeteringPoint, ReadingDay
from tillit.power.packing import QUALITY, WH, kind_of

Array = NDArray[Any]
_AT_ONCE = 2000


@dataclass(frozen=True)
class Series:
    """A point's values of whole local days, in the order of time, gaps included: arrays of one length n.

    start: seconds since 1970 at which each interval begins. minutes: 60 or 15. day: the number of the local day
    (`slots`). wh: watt-hours, 0 where there is a gap. quality: `packing.Quality` (0 is a gap), `packing.SPREAD` added
    where a quarter's value is a part of an hour's.
    """

    start: Array
    minutes: Array
    day: Array
    wh: Array
    quality: Array

    def __len__(self) -> int:
        return len(self.start)

    @property
    def gaps(self) -> Array:
        """Where there is no value."""
        return np.asarray(self.quality == 0)

    def hourly(self) -> "Series":
        """The same in hours: four quarters together; of the worst quality of the four, a gap where one is missing."""
        first = self.start % 3600 == 0
        at = np.flatnonzero(first)
        if not len(at):
            return self
        wh = np.add.reduceat(self.wh, at)
        quality = np.minimum.reduceat(kind_of(self.quality), at)
        wh[quality == 0] = 0
        return Series(self.start[at], np.full(len(at), 60, dtype=np.int16), self.day[at], wh, quality)


@dataclass(frozen=True)
class Days:
    """Days of many points, as stored: arrays of one length n, ordered by subject, point and day; and their values.

    subject, point: ids. day: number of the local day. resolution: 60 or 15. offset: (n + 1,) where the values of each
    begin in `wh` (uint32) and `quality` (uint8), from local midnight on. A day without any value is not there.
    """

    subject: Array
    point: Array
    day: Array
    resolution: Array
    offset: Array
    wh: Array
    quality: Array

    def __len__(self) -> int:
        return len(self.day)

    def starts(self) -> Array:
        """Seconds since 1970 at which each value's interval begins."""
        count = np.diff(self.offset)
        place = np.arange(self.offset[-1]) - np.repeat(self.offset[:-1], count)
        step = np.repeat(self.resolution.astype(np.int64) * 60, count)
        return np.asarray(np.repeat(slots.begins(self.day), count) + place * step)

    def rows(self) -> Array:
        """For each value, the place of its day."""
        return np.repeat(np.arange(len(self)), np.diff(self.offset))

    def hourly(self) -> "Days":
        """The same with every day in hours: of the worst quality of the four quarters, 0 where one is missing."""
        count = np.diff(self.offset)
        step = np.where(self.resolution == 15, 4, 1)
        offset = np.concatenate([[0], np.cumsum(count // step)])
        if not len(self) or not offset[-1]:
            return self
        place = np.arange(offset[-1]) - np.repeat(offset[:-1], np.diff(offset))
        at = np.repeat(self.offset[:-1], np.diff(offset)) + place * np.repeat(step, np.diff(offset))
        wh = np.add.reduceat(self.wh, at, dtype=np.int64)
        quality = np.minimum.reduceat(kind_of(self.quality), at)
        wh[quality == 0] = 0
        hours = np.full(len(self), 60, dtype=np.int16)
        return Days(self.subject, self.point, self.day, hours, offset, wh.astype(np.uint32), quality)


def series(*, subject_id: int, point_id: int, start: date, end: date, direction: int = Direction.CONSUMPTION) -> Series:
    """The values of one point for the local days [start, end), gaps included. A day of which nothing came is a gap in
    intervals of the point's own resolution; days the point was not supplied are gaps, too.
    """
    point = MeteringPoint.objects.filter(subject_id=subject_id, id=point_id).values_list("resolution", flat=True)
    usual = point.first() or 60
    with connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "values", "of_point"),
            {"subject": subject_id, "point": point_id, "direction": direction, "start": start, "end": end},
        )
        found = {slots.number(row[0]): row[1:] for row in cursor.fetchall()}
    days = np.arange(slots.number(start), max(slots.number(end), slots.number(start)), dtype=np.int64)
    none = (usual, b"", b"\0")
    rows = [found.get(day, none) for day in days.tolist()]
    resolution = np.array([row[0] for row in rows], dtype=np.int64)
    count = slots.lengths(days, resolution) if len(days) else days
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    counted = list(zip(rows, count.tolist(), strict=True))
    wh = np.frombuffer(b"".join(row[1] or bytes(WH.itemsize * n) for row, n in counted), dtype=WH).astype(np.int64)
    quality = np.frombuffer(b"".join(_each(row[2], n) for row, n in counted), dtype=QUALITY)
    place = np.arange(offset[-1]) - np.repeat(offset[:-1], count)
    minutes = np.repeat(resolution, count)
    begin = np.repeat(slots.begins(days), count) if len(days) else days
    return Series(begin + place * minutes * 60, minutes.astype(np.int16), np.repeat(days, count), wh, quality)


def supplied_days(*, subject_id: int, point_id: int) -> QuerySet[ReadingDay]:
    """The stored days of a point on which it was supplied to the person."""
    runs = Contract.objects.filter(
        subject_id=OuterRef("subject_id"), point_id=OuterRef("point_id"), starts__lte=OuterRef("day")
    ).filter(Q(ends=None) | Q(ends__gt=OuterRef("day")))
    return ReadingDay.objects.filter(Exists(runs), subject_id=subject_id, point_id=point_id)


def days_of(
    *,
    controller_id: int,
    start: date,
    end: date,
    points: Collection[int] | None = None,
    direction: int = Direction.CONSUMPTION,
    at_once: int = _AT_ONCE,
) -> Iterator[Days]:
    """The stored days [start, end) of a controller's points (of all, or those with the ids), some points at a time.

    What the open scope may see: nobody's whose processing is restricted, unless its activity sees them.
    """
    ids = _points(controller_id, points)
    for first in range(0, len(ids), at_once):
        some = ids[first : first + at_once]
        with connection.cursor() as cursor:
            cursor.execute(
                load(__file__, "values", "of_points"),
                {
                    "controller": controller_id,
                    "subjects": [subject for subject, _ in some],
                    "points": [point for _, point in some],
                    "direction": direction,
                    "start": start,
                    "end": end,
                },
            )
            rows = cursor.fetchall()
        if rows:
            yield _as_days(rows)


def points_of(*, subject_ids: Collection[int], controller_id: int) -> list[MeteringPoint]:
    """The metering points of a person (every subject of theirs), in the order of their numbers."""
    mine = MeteringPoint.objects.filter(subject_id__in=subject_ids, controller_id=controller_id)
    return list(mine.select_related("grid_company").order_by("gsrn", "id"))


def contracts_of(*, subject_ids: Collection[int], controller_id: int, point_id: int | None = None) -> list[Contract]:
    """The contracts of a person, or of one point of theirs, the latest first."""
    mine = Contract.objects.filter(subject_id__in=subject_ids, controller_id=controller_id)
    mine = mine if point_id is None else mine.filter(point_id=point_id)
    return list(mine.select_related("point").order_by("-starts", "id"))


def contract_on(*, subject_id: int, point_id: int, day: date) -> Contract | None:
    """The contract a point is supplied under on a day."""
    mine = Contract.objects.filter(subject_id=subject_id, point_id=point_id, starts__lte=day)
    return mine.exclude(ends__lte=day).first()


def household_of(*, subject_id: int, point_id: int) -> Household | None:
    """What the customer told of the home at the point."""
    return Household.objects.filter(subject_id=subject_id, point_id=point_id).first()


def grid_companies() -> list[GridCompany]:
    """The grid companies known, by name."""
    return list(GridCompany.objects.order_by(Ordered("name")))


def app_users(*, controller_id: int, subject_ids: Collection[int] | None = None) -> set[int]:
    """Who uses the visualisation app: only of them may anything be derived for it (E7)."""
    using = AppAccount.objects.filter(controller_id=controller_id, ended_at=None)
    using = using if subject_ids is None else using.filter(subject_id__in=subject_ids)
    return set(using.values_list("subject_id", flat=True))


def _points(controller_id: int, points: Collection[int] | None) -> list[tuple[int, int]]:
    mine = MeteringPoint.objects.filter(controller_id=controller_id)
    mine = mine if points is None else mine.filter(id__in=list(points))
    return list(mine.order_by("subject_id", "id").values_list("subject_id", "id"))


def _as_days(rows: list[tuple[Any, ...]]) -> Days:
    subject, point, day, resolution, wh, quality = zip(*rows, strict=True)
    numbers = np.array(day, dtype="datetime64[D]").astype(np.int64)
    steps = np.array(resolution, dtype=np.int16)
    count = slots.lengths(numbers, steps)
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    each = b"".join(_each(one, n) for one, n in zip(quality, count.tolist(), strict=True))
    return Days(
        np.array(subject, dtype=np.int64),
        np.array(point, dtype=np.int64),
        numbers,
        steps,
        offset,
        np.frombuffer(b"".join(wh), dtype=WH),
        np.frombuffer(each, dtype=np.uint8),
    )


def _each(quality: bytes, count: int) -> bytes:
    """A day's qualities, which may stand once for all."""
    return quality if len(quality) == count else quality * count
