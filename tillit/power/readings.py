"""Values into the database, in sets (E2). Days are staged, matched with the points supplied, added or merged.

Everything here may be done twice: a set that was broken off is taken in again, and what stands already stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from django.db import connection, transaction
from psycopg import sql as psql

from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.parties.operations import many_at_once
from tillit.power import slots
from tillit.power.days import Cells, Day, Values, gather, merged, without
from tillit.power.models import MeteringPoint, ReadingCorrection

ACTIVITY, DISPOSES = "power_supply", "retention"
_STAGED = ("number", "gsrn", "direction", "day", "resolution", "wh", "quality", "registered")
_STAGED_TYPES = ("int4", "text", "int2", "date", "int2", "bytea", "bytea", "bytea")
_MERGED = ("subject_id", "id", "resolution", "wh", "quality", "registered")
_MERGED_TYPES = ("int8", "int8", "int2", "bytea", "bytea", "bytea")


@dataclass
class Taken:
    """What became of values. Days: new, changed, unchanged, corrections noted; `values`: of the days taken in.

    unmatched: days of no point that was supplied then, with whether the point is known.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    corrections: int = 0
    values: int = 0
    unmatched: list[tuple[Day, bool]] = field(default_factory=list)

    def add(self, other: "Taken") -> None:
        """Count what another set became."""
        for name in ("added", "changed", "unchanged", "corrections", "values"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.unmatched += other.unmatched


def scope_of(controller_id: int) -> Scope:
    """The scope in which a controller's readings come in."""
    return Scope(system("readings", {controller_id}), ACTIVITY)


def no_values() -> Values:
    """None at all."""
    return Values(*(np.empty(0, dtype=np.int64) for _ in Values.__dataclass_fields__))


def store(*, controller_id: int, points: Sequence[str], values: Values, dry_run: bool = False) -> Taken:
    """Take values in, all or nothing; `values.point` are places in `points` (GSRNs). Opens its own scope.

    dry_run: do it all, and undo it.
    """
    taken = Taken()
    with scope_of(controller_id), transaction.atomic(), connection.cursor() as cursor:
        _open(cursor, controller_id)
        for days in gather(values):
            taken.add(_round(cursor, controller_id, points, days))
        transaction.set_rollback(dry_run)
    return taken


def take_out(*, controller_id: int, point: MeteringPoint) -> Taken:
    """Take away what stands of a point on days it is not supplied under its contracts, and give it to whoever is
    supplied there on the day; days of nobody are `unmatched`. Opens its own scope, in the caller's transaction.
    """
    key = {"subject": point.subject_id, "point": point.id}
    taken = Taken()
    with scope_of(controller_id), transaction.atomic(), connection.cursor() as cursor:
        _open(cursor, controller_id)
        with Scope(system("readings", {controller_id}), DISPOSES, frozenset({point.subject_id})):
            cursor.execute(_sql("days_outside"), key)
            days = [_day_of(n, *row) for n, row in enumerate(cursor.fetchall())]
            cursor.execute(_sql("months_outside"), key)
            cursor.execute(_sql("corrections_outside"), key)
            gave_way = [_day_of(n, *row) for n, row in enumerate(cursor.fetchall())]
        if days:
            taken.add(_round(cursor, controller_id, [point.gsrn], days))
        nobody = {(day.direction, day.day) for day, _ in taken.unmatched}
        for one in gave_way:  # each by itself: several may be of one day
            if (one.direction, one.day) not in nobody:
                _round(cursor, controller_id, [point.gsrn], [one])
    return taken


def _open(cursor: Any, controller_id: int) -> None:
    """The fence first: until the end, nobody is restricted or erased."""
    many_at_once(register_id=Controller.objects.values_list("register_id", flat=True).get(pk=controller_id))
    for statement in ("staged_table", "matched_table", "merged_table"):
        cursor.execute(_sql(statement))
    cursor.execute(_sql("alone"), {"controller": controller_id})


def _day_of(line: int, direction: int, day: date, resolution: int, *packed: Any) -> Day:
    wh, quality, registered = map(bytes, packed)
    number = slots.number(day)
    values = int((Cells.of(number, resolution, wh, quality, registered).quality > 0).sum())
    return Day(0, direction, number, resolution, wh, quality, registered, values, line)


def _sql(name: str) -> str:
    return load(__file__, "readings", name)


def _round(cursor: Any, controller_id: int, points: Sequence[str], days: list[Day]) -> Taken:
    """Take in days of which none comes twice."""
    cursor.execute(_sql("empty"))
    _copy(
        cursor,
        "power_staged",
        _STAGED,
        _STAGED_TYPES,
        (
            (n, points[d.point], d.direction, slots.day_of(d.day), d.resolution, d.wh, d.quality, d.registered)
            for n, d in enumerate(days)
        ),
    )
    ours = {"controller": controller_id}
    cursor.execute(_sql("match"), ours)
    matched, unmatched = cursor.rowcount, []
    if matched < len(days):
        cursor.execute(_sql("unmatched"), ours)
        unmatched = [(days[number], known) for number, known in cursor.fetchall()]
    cursor.execute(_sql("add"), ours)
    added = cursor.rowcount
    changed, corrections = _merge(cursor, controller_id) if added < matched else (0, 0)
    if added or changed:
        cursor.execute(_sql("months"), ours)
    if changed:
        cursor.execute(_sql("changed"))
        people = frozenset(subject for (subject,) in cursor.fetchall())
        with Scope(system("readings", {controller_id}), DISPOSES, people):
            cursor.execute(_sql("months_in_quarters"))
    values = sum(day.values for day in days) - sum(day.values for day, _ in unmatched)
    return Taken(added, changed, matched - added - changed, corrections, values, unmatched)


def _merge(cursor: Any, controller_id: int) -> tuple[int, int]:
    """Merge the days that are there otherwise; how many changed, and how many corrections were noted."""
    cursor.execute(_sql("differing"))
    changes: list[tuple[Any, ...]] = []
    lost: dict[tuple[Any, ...], tuple[int, Cells]] = {}
    for subject, row, point, state, direction, day, *both in cursor.fetchall():
        number = slots.number(day)
        known = Cells.of(number, both[0], *map(bytes, both[1:4]))
        counts, gave = merged(known, Cells.of(number, both[4], *map(bytes, both[5:])))
        packed = counts.packed()
        if packed != (both[0], *map(bytes, both[1:4])):
            changes.append((subject, row, *packed))
        if gave is not None:
            lost[subject, point, direction, day] = (state, gave)
    if changes:
        _copy(cursor, "power_merged", _MERGED, _MERGED_TYPES, iter(changes))
        cursor.execute(_sql("change"))
    return len(changes), _note(cursor, controller_id, lost)


def _note(cursor: Any, controller_id: int, lost: dict[tuple[Any, ...], tuple[int, Cells]]) -> int:
    """Keep what gave way as corrections, once."""
    if not lost:
        return 0
    subjects, points, directions, days = zip(*lost, strict=True)
    cursor.execute(
        _sql("noted"),
        {"subjects": list(subjects), "points": list(points), "directions": list(directions), "days": list(days)},
    )
    noted: dict[tuple[Any, ...], list[Cells]] = {}
    for subject, point, direction, day, resolution, *packed in cursor.fetchall():
        cells = Cells.of(slots.number(day), resolution, *map(bytes, packed))
        noted.setdefault((subject, point, direction, day), []).append(cells)
    rows = []
    for key, (state, cells) in lost.items():
        left = without(cells, noted.get(key, []))
        if left is not None:
            subject, point, direction, day = key
            resolution, wh, quality, registered = left.packed()
            rows.append(
                ReadingCorrection(
                    subject_id=subject, controller_id=controller_id, state=state, point_id=point, direction=direction,
                    day=day, resolution=resolution, wh=wh, quality=quality, registered=registered,
                )
            )  # fmt: skip
    ReadingCorrection.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def _copy(cursor: Any, table: str, columns: Sequence[str], types: Sequence[str], rows: Iterator[Any]) -> None:
    """COPY rows into a temporary table of ours."""
    names = psql.SQL(", ").join(map(psql.Identifier, columns))
    statement = psql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(psql.Identifier(table), names)
    with cursor.copy(statement) as copy:
        copy.set_types(list(types))
        for row in rows:
            copy.write_row(row)
