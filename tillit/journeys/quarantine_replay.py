"""Rows that were put aside, played again once their cause is mended: a store was added, or the row was repaired.

They go the way of every purchase, as a batch of their own in which `line` is the number of the quarantined row. A row
that was posted before a kill is known the next time, so replaying twice posts once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from tillit.audit.events import QUARANTINE_REPLAYED
from tillit.audit.operations import append
from tillit.declaration.queries import register_holder
from tillit.journeys import intake
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.purchases import batches, phases, quarantine, staging
from tillit.purchases.errors import QuarantineError
from tillit.purchases.models import Batch, QuarantinedRow, Source
from tillit.purchases.reading import references
from tillit.purchases.reading.checking import check
from tillit.purchases.reading.reasons import message
from tillit.purchases.reading.single import chunk_of

AT_ONCE = 5000
NAME = "quarantine"
POSTED_ALREADY = "posted_already"
"""The reason for which a row is discarded that is the purchase which staff posted by hand."""


@dataclass(frozen=True)
class Replay:
    """How many rows were played again, how many of them were taken in, and how many still wait."""

    rows: int
    taken_in: int
    waiting: int


def posted_already(*, rows: Sequence[QuarantinedRow], actor: Actor) -> int:
    """Staff say that these rows are the purchases that they posted by hand: not counted again, and a refund of one is
    of what was posted (C12). How many. Raises `QuarantineError` `dismissal-reason` for a row put aside for another
    reason.
    """
    if any(row.reason != quarantine.POSTED for row in rows):
        raise QuarantineError("dismissal-reason", "only a row that may be posted already can be said to be")
    done = 0
    for source in Source.objects.filter(pk__in={row.batch.source_id for row in rows}).order_by("pk"):
        known = references.load(source_key=source.key)
        mine = [row.pk for row in rows if row.batch.source_id == source.pk]
        with batches.source_locked(source_id=source.pk), phases.shown():
            waiting = list(quarantine.waiting(source_id=source.pk, ids=mine)) if mine else []
            done += _play(waiting, known, actor, decided="same")
    return done


def replay_quarantine(*, source_key: str, actor: Actor, batch_id: int | None = None, ids: Sequence[int] = ()) -> Replay:
    """Play the rows of a source that wait, or those of one batch, or those named. Outside every scope and transaction.

    Rows that were not kept, and lines that never were rows and are not repaired, go on waiting; so do rows that may be
    what staff posted, unless they are named: naming them says that they are other purchases (C12).
    """
    known = references.load(source_key=source_key)
    total = taken_in = after = 0
    with batches.source_locked(source_id=known.source_id), phases.shown():
        while True:
            asked = quarantine.waiting(source_id=known.source_id, batch_id=batch_id, ids=ids)
            rows = list(asked.filter(pk__gt=after)[:AT_ONCE])
            if not rows:
                break
            after = rows[-1].pk
            total += len(rows)
            doubted = [row for row in rows if row.reason == quarantine.POSTED]
            taken_in += _play([row for row in rows if row not in doubted], known, actor, decided="")
            taken_in += _play(doubted if ids else [], known, actor, decided="other")
    return Replay(total, taken_in, total - taken_in)


def _play(rows: list[QuarantinedRow], known: references.References, actor: Actor, *, decided: str) -> int:
    if not rows:
        return 0
    values = {row.pk: quarantine.open_row(row) for row in rows if row.sealed is not None}
    values = {key: one for key, one in values.items() if "" not in one}
    checked = check(chunk_of(list(values.values()), values), known)
    faults = {reject.line: (reject.field, reject.code) for reject in checked.rejects}
    good = {key: one for key, one in values.items() if key not in faults}
    _tell(faults)
    if not good:
        return 0
    digest = hashlib.sha256(repr(sorted(good)).encode()).hexdigest()
    batch = Batch.objects.filter(source_id=known.source_id, name=NAME, digest=digest).exclude(state="finished").first()
    batch = batch or Batch.objects.create(
        source_id=known.source_id, name=NAME, digest=digest, state="read", received_at=clock.now()
    )
    if batch.state != "posted":
        phases.enter(batch_id=batch.pk, phase="read")
        staging.stage(batch=batch, chunks=[chunk_of(list(good.values()), good)], references=known)
        phases.enter(batch_id=batch.pk, phase="staged")
        intake.post_batch(batch_id=batch.pk, decided=decided)
        batch.refresh_from_db()
    return _resolve(batch, list(good), actor)


def _resolve(batch: Batch, played: list[int], actor: Actor) -> int:
    """Close the rows that were taken in, dropping their content; those that clashed wait on with that reason."""
    with transaction.atomic():
        clashes = QuarantinedRow.objects.filter(batch=batch)
        faults = {row.line: (row.field, row.reason) for row in clashes}
        clashes.delete()
        _tell(faults)
        done = QuarantinedRow.objects.filter(pk__in=[key for key in played if key not in faults])
        taken_in = done.update(resolved_at=clock.now(), resolution="replayed", sealed=None)
        append(
            type=QUARANTINE_REPLAYED,
            actor=actor,
            activity="bonus_earning",
            controller=register_holder(register_id=batch.source.register_id),
            batch=batch.pk,
            details={"source": batch.source.key, "rows": len(played), "accepted": taken_in},
        )
        batches.finish(batch=batch)
    return taken_in


def _tell(faults: dict[int, tuple[str, str]]) -> None:
    """Write why rows still wait, where that is another reason than before."""
    words = {code: message(code) for _, code in faults.values()}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE purchases_quarantine q SET field = f.field, reason = f.reason, message = f.message"
            " FROM unnest(%s::bigint[], %s::varchar[], %s::varchar[], %s::varchar[]) AS f(id, field, reason, message)"
            " WHERE q.id = f.id AND (q.field, q.reason) <> (f.field, f.reason)",
            [
                list(faults),
                [field for field, _ in faults.values()],
                [code for _, code in faults.values()],
                [words[code] for _, code in faults.values()],
            ],
        )
