"""Rows of files of meter values that could not be used: kept sealed until repaired, given up or 90 days old (E2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from django.db import connection, transaction

from tillit.audit import events
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.models import Controller
from tillit.files import sealing
from tillit.files.chunks import LINE, Reject
from tillit.files.errors import SealedRowError
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.power import readings, slots
from tillit.power.days import Cells, Day
from tillit.power.errors import PowerError
from tillit.power.models import Direction, QuarantinedReading, ReadingFile
from tillit.power.packing import TOLD, Quality, kind_of
from tillit.power.reading.checking import Rules, check
from tillit.power.reading.columns import COLUMNS

_TABLE = "power_quarantine"
_COPY = "COPY power_quarantine (file_id, line, field, reason, sealed, quarantined_at, resolution) FROM STDIN"
_AT_ONCE = 500
_WAY_WORDS = {int(Direction.CONSUMPTION): "consumption", int(Direction.PRODUCTION): "production"}
DISMISSALS = ("not_a_row", "test", "sent_again", "not_ours", "cannot_be_mended")


@dataclass
class Replayed:
    """How many rows were played, and how many were taken in; the others wait on."""

    rows: int = 0
    taken_in: int = 0

    @property
    def waiting(self) -> int:
        """How many still wait."""
        return self.rows - self.taken_in


def put(*, file: ReadingFile, rejects: Sequence[Reject]) -> int:
    """Quarantine rows of the file that are not there yet; how many. A line may hold several series or days."""
    if not rejects:
        return 0
    lines = [one.line for one in rejects]
    known = {
        (line, field, reason)
        for line, field, reason in file.quarantine.filter(line__in=lines).values_list("line", "field", "reason")
    }
    new = [one for one in rejects if (one.line, one.field, one.code) not in known]
    now = clock.now()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in new:
            sealed = None if one.values is None else _seal(file.pk, one.line, one.values)
            copy.write_row((file.pk, one.line, one.field, one.code, sealed, now, ""))
    return len(new)


def waiting(*, controller_id: int, file_id: int | None = None, ids: Sequence[int] = ()) -> Any:
    """The controller's rows that wait, oldest first, as a queryset."""
    rows = QuarantinedReading.objects.filter(file__controller_id=controller_id, resolved_at=None)
    rows = rows if file_id is None else rows.filter(file_id=file_id)
    return (rows.filter(pk__in=ids) if ids else rows).select_related("file").order_by("pk")


def open_row(row: QuarantinedReading) -> dict[str, str | None]:
    """The row's fields as they were read. `SealedRowError` when they were not kept or do not open."""
    return sealing.open_sealed(table=_TABLE, batch_id=row.file_id, line=row.line, sealed=row.sealed)


@transaction.atomic
def show(*, row: QuarantinedReading, actor: Actor) -> dict[str, str | None]:
    """The row's fields for somebody to read, which is on record."""
    values = open_row(row)
    _record(events.QUARANTINE_OPENED, actor, row.file, row=row.pk)
    return values


@transaction.atomic
def repair(*, row: QuarantinedReading, values: Mapping[str, str | None], actor: Actor) -> None:
    """Replace fields of a row that waits; None empties one. Raises `PowerError` (`unknown-column`, `row-resolved`)."""
    if unknown := sorted(set(values) - set(COLUMNS)):
        raise PowerError("unknown-column", f"no such column: {', '.join(unknown)}")
    if row.resolved_at is not None:
        raise PowerError("row-resolved", "that row is resolved")
    before = open_row(row) if row.sealed is not None else {}
    before.pop("", None)
    merged = {name: value for name, value in (before | dict(values)).items() if value}
    row.sealed = _seal(row.file_id, row.line, merged)
    row.save(update_fields=["sealed"])
    _record(events.QUARANTINE_REPAIRED, actor, row.file, row=row.pk)


@transaction.atomic
def dismiss(*, rows: Sequence[QuarantinedReading], because: str, actor: Actor) -> int:
    """Give rows up; how many waited. because: one of `DISMISSALS`, on record."""
    if because not in DISMISSALS:
        raise PowerError("dismissal-reason", f"say why: {', '.join(DISMISSALS)}")
    done = _resolve(rows, "dismissed")
    for file_id, row in {row.file_id: row for row in rows}.items():
        count = sum(one.file_id == file_id for one in rows)
        _record(events.QUARANTINE_DISMISSED, actor, row.file, rows=count, because=because)
    return done


def replay(*, controller: Controller, actor: Actor, ids: Sequence[int] = (), file_id: int | None = None) -> Replayed:
    """Play rows that wait again (those named, or all); what still cannot be used waits on with its reason of now."""
    done = Replayed()
    rows = list(waiting(controller_id=controller.pk, file_id=file_id, ids=ids))
    for first in range(0, len(rows), _AT_ONCE):
        part = play(controller, rows[first : first + _AT_ONCE])
        done.rows, done.taken_in = done.rows + part.rows, done.taken_in + part.taken_in
    if rows:
        details = {"source": controller.key, "rows": done.rows, "accepted": done.taken_in}
        append(
            type=events.QUARANTINE_REPLAYED,
            actor=actor,
            activity=readings.ACTIVITY,
            controller=controller.pk,
            details=details,
        )
    return done


def play(controller: Controller, rows: list[QuarantinedReading]) -> Replayed:
    """Play some rows; not on record by itself."""
    given: list[dict[str, Any]] = []
    for place, row in enumerate(rows):
        try:
            values = open_row(row)
        except SealedRowError:
            continue
        given += [{LINE: place} | one for one in spread({name: values.get(name) for name in COLUMNS})]
    if not given:
        return Replayed(len(rows))
    frame = pl.DataFrame(given, schema={LINE: pl.Int64} | dict.fromkeys(COLUMNS, pl.String))
    found = check(frame, Rules(now=int(clock.now().timestamp())))
    bad = {one.line: one for one in found.rejects}
    usable = found.values.take(~np.isin(found.values.line, list(bad)))
    files = np.array([row.file_id for row in rows])
    usable = replace(usable, registered=np.where(usable.registered, usable.registered, files[usable.line]))
    taken = readings.store(controller_id=controller.pk, points=found.points, values=usable)
    for day, known in taken.unmatched:
        bad[day.line] = Reject(day.line, "point", "not-supplied" if known else "no-such-point")
    for place, one in bad.items():
        QuarantinedReading.objects.filter(pk=rows[place].pk).update(field=one.field, reason=one.code)
    played = {one[LINE] for one in given}
    return Replayed(len(rows), _resolve([row for at, row in enumerate(rows) if at in played - bad.keys()], "taken in"))


def unmatched(day: Day, point: str, *, known: bool) -> Reject:
    """A day of no point that was supplied then, as one row to repair."""
    cells = Cells.of(day.day, day.resolution, day.wh, day.quality, day.registered)
    at = np.flatnonzero(cells.quality)
    first, last = int(at[0]), int(at[-1]) + 1
    midnight, step = int(slots.begins(day.day)), day.resolution * 60
    here: dict[str, Any] = {
        "point": point,
        "start": slots.moment(midnight + first * step).isoformat(),
        "end": slots.moment(midnight + last * step).isoformat(),
        "direction": _WAY_WORDS[day.direction],
        "unit": "Wh",
        "volume": " ".join(
            str(wh) if q else "-" for wh, q in zip(cells.wh[first:last], cells.quality[first:last], strict=True)
        ),
    }
    here["quality"] = _once([Quality(int(kind_of(q))).name.lower() for q in cells.quality[first:last] if q])
    stamps = cells.registered[first:last][cells.quality[first:last] > 0].tolist()
    if any(one >= TOLD for one in stamps):
        here["registered"] = _once([slots.stamp(one) if one >= TOLD else "-" for one in stamps])
    return Reject(day.line, "point", "not-supplied" if known else "no-such-point", {k: v for k, v in here.items() if v})


def _once(words: list[str]) -> str:
    return words[0] if len(set(words)) == 1 else " ".join(words)


def spread(row: dict[str, str | None]) -> Iterable[dict[str, str | None]]:
    """A row of several intervals as one each; the row itself where it has one, or cannot be spread."""
    volumes = (row["volume"] or "").split()
    if len(volumes) < 2:
        return [row]
    try:
        start, end = (datetime.fromisoformat(row[name] or "") for name in ("start", "end"))
        step = (end - start) / len(volumes)
    except (ValueError, TypeError):
        return [row]
    each: dict[str, list[str]] = {}
    for name in ("quality", "registered"):
        words = (row[name] or "").split()
        each[name] = words if len(words) > 1 else words * sum(one != "-" for one in volumes)
    result: list[dict[str, str | None]] = []
    for place, volume in enumerate(volumes):
        if volume == "-":
            continue
        said = {name: words[len(result)] if len(result) < len(words) else None for name, words in each.items()}
        told = {name: None if word == "-" else word for name, word in said.items()}
        at = {"start": (start + place * step).isoformat(), "end": (start + (place + 1) * step).isoformat()}
        result.append(row | told | at | {"volume": volume})
    return result


def _seal(file_id: int, line: int, values: Mapping[str, str | None]) -> bytes:
    return sealing.seal(table=_TABLE, batch_id=file_id, line=line, values=values)


def _resolve(rows: Sequence[QuarantinedReading], how: str) -> int:
    """Rows that wait no more; their content is dropped at once. How many."""
    mine = QuarantinedReading.objects.filter(pk__in=[row.pk for row in rows], resolved_at=None)
    return mine.update(resolved_at=clock.now(), resolution=how, sealed=None)


def _record(event: EventType, actor: Actor, file: ReadingFile, **details: int | str) -> None:
    append(
        type=event,
        actor=actor,
        activity=readings.ACTIVITY,
        controller=file.controller_id,
        batch=file.pk,
        details={"batch": file.pk} | details,
    )
