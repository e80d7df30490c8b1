"""Rows that could not be used: kept sealed for repair, with line, field and reason in the open (issue "Bad input").

A row may hold a card number, so it is sealed (`files.sealing`) and lapses with the table's declared life.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl
from django.db import connection, transaction
from django.db.models import QuerySet

from tillit.audit import events
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.queries import register_holder
from tillit.files import sealing
from tillit.files.chunks import LINE, Chunk, Reject
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.purchases.errors import QuarantineError
from tillit.purchases.models import Batch, QuarantinedRow
from tillit.purchases.reading.columns import COLUMNS
from tillit.purchases.reading.reasons import message

_TABLE = "purchases_quarantine"
DISMISSALS = ("not_a_row", "test", "sent_again", "not_ours", "cannot_be_mended")
POSTED = "posted-by-staff"  # it may be what staff posted: they decide, and only rows they name are played again
LATE = ("id-reused", "time-too-old", POSTED)  # reasons that posting may find
_COPY = (
    "COPY purchases_quarantine (batch_id, line, field, reason, message, sealed, quarantined_at, resolution) FROM STDIN"
)


def seal(*, batch_id: int, line: int, values: Mapping[str, str | None]) -> bytes:
    """The row's fields, sealed for one line of one batch."""
    return sealing.seal(table=_TABLE, batch_id=batch_id, line=line, values=values)


def open_row(row: QuarantinedRow) -> dict[str, str | None]:
    """The row's fields as they were read. `SealedRowError` when they were not kept or do not open."""
    return sealing.open_sealed(table=_TABLE, batch_id=row.batch_id, line=row.line, sealed=row.sealed)


def repair(*, row: QuarantinedRow, values: Mapping[str, str | None], actor: Actor) -> None:
    """Replace fields of a row that waits, or give a line that was no row its fields; None empties a field.

    Raises `QuarantineError`: no such column, resolved, or not kept (then every field must be given).
    """
    unknown = sorted(set(values) - set(COLUMNS))
    if unknown:
        raise QuarantineError("unknown-column", f"no such column: {', '.join(unknown)}")
    if row.resolved_at is not None:
        raise QuarantineError("row-resolved", "that row is resolved")
    before = open_row(row) if row.sealed is not None else {}
    before.pop("", None)
    merged = {name: value for name, value in (before | dict(values)).items() if value}
    row.sealed = seal(batch_id=row.batch_id, line=row.line, values=merged)
    with transaction.atomic():
        row.save(update_fields=["sealed"])
        _record(events.QUARANTINE_REPAIRED, actor, row.batch, row=row.pk)


def show(*, row: QuarantinedRow, actor: Actor) -> dict[str, str | None]:
    """The row's fields for somebody to read: the look is recorded (A9)."""
    with transaction.atomic():
        values = open_row(row)
        _record(events.QUARANTINE_OPENED, actor, row.batch, row=row.pk)
    return values


def dismiss(*, rows: Sequence[QuarantinedRow], because: str, actor: Actor) -> int:
    """Give up rows that cannot become purchases (a footer, a test); their content is dropped at once. How many.

    because: one of `DISMISSALS`, on record. Raises `QuarantineError` (`dismissal-reason`).
    """
    if because not in DISMISSALS:
        raise QuarantineError("dismissal-reason", f"say why: {', '.join(DISMISSALS)}")
    waiting = QuarantinedRow.objects.filter(pk__in=[row.pk for row in rows], resolved_at=None)
    with transaction.atomic():
        batches = {row.batch for row in waiting.select_related("batch__source")}
        dismissed = waiting.update(resolved_at=clock.now(), resolution="dismissed", sealed=None)
        for batch in batches:
            count = sum(row.batch_id == batch.pk for row in rows)
            _record(events.QUARANTINE_DISMISSED, actor, batch, rows=count, because=because)
    return dismissed


def waiting(*, source_id: int, batch_id: int | None = None, ids: Sequence[int] = ()) -> QuerySet[QuarantinedRow]:
    """Rows of finished batches that wait for repair, oldest first."""
    rows = QuarantinedRow.objects.filter(batch__source_id=source_id, batch__state="finished", resolved_at=None)
    if batch_id is not None:
        rows = rows.filter(batch_id=batch_id)
    if ids:
        rows = rows.filter(pk__in=ids)
    return rows.order_by("pk")


def put(*, batch_id: int, rejects: Sequence[Reject]) -> int:
    """Quarantine rows, in the running transaction; how many."""
    if not rejects:
        return 0
    now = clock.now()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for reject in rejects:
            sealed = None
            if reject.values is not None:
                sealed = seal(batch_id=batch_id, line=reject.line, values=reject.values)
            words = message(reject.code)
            copy.write_row((batch_id, reject.line, reject.field, reject.code, words, sealed, now, ""))
    return len(rejects)


def complete(*, batch_id: int, chunks: Callable[[], Iterable[Chunk]]) -> int:
    """Keep the rows that were refused only when they were posted, of which digests alone were known; how many.

    The file (`chunks`) is read once more, and only when there are such rows. May be done again at any time.
    """
    bare = QuarantinedRow.objects.filter(batch_id=batch_id, sealed=None, resolved_at=None, reason__in=LATE)
    lines = pl.Series(list(bare.order_by("line").values_list("line", flat=True)), dtype=pl.Int64)
    if lines.is_empty():
        return 0
    kept = 0
    for chunk in chunks():
        rows = chunk.frame.filter(pl.col(LINE).is_in(lines.implode())) if not chunk.frame.is_empty() else chunk.frame
        sealed = {
            row[LINE]: seal(
                batch_id=batch_id,
                line=row[LINE],
                values={name: text for name, text in row.items() if name in COLUMNS and text},
            )
            for row in rows.iter_rows(named=True)
        }
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE purchases_quarantine q SET sealed = r.sealed FROM unnest(%s::bigint[], %s::bytea[])"
                " AS r(line, sealed) WHERE q.batch_id = %s AND q.line = r.line AND q.sealed IS NULL",
                [list(sealed), list(sealed.values()), batch_id],
            )
            kept += cursor.rowcount
    return kept


def _record(event: EventType, actor: Actor, batch: Batch, **details: int | str) -> None:
    holder = register_holder(register_id=batch.source.register_id)
    append(
        type=event,
        actor=actor,
        activity="bonus_earning",
        controller=holder,
        batch=batch.pk,
        details={"batch": batch.pk} | details,
    )
