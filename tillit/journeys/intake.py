"""A batch of staged purchases becomes purchases and bonus (C5, C6, C8): matched, judged, kept, rated, posted.

A chunk is one transaction: after a kill anywhere, what was committed is counted and the rest is not, and the same batch
goes on from its `progress`. Files and the API take the same way. Lanes work side by side on halves of the ids.
Refunds follow when every chunk is in, so that a refund finds its purchase wherever it stood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from tillit.audit import events
from tillit.audit.operations import append
from tillit.bonus import accrual, pooling
from tillit.declaration.models import Controller
from tillit.declaration.queries import register_holder
from tillit.files.stopping import in_chunk
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.operations import many_at_once
from tillit.purchases import intake, lanes, phases
from tillit.purchases.lanes import HERE, Lane
from tillit.purchases.models import Batch

ACTIVITY = "bonus_earning"


@dataclass(frozen=True)
class _Job:
    """What each lane must know of the batch."""

    batch_id: int
    source_id: int
    register_id: int
    holder_id: int
    accept_from: datetime
    decided: str
    progress: dict[str, int]
    actor: Actor


def post_batch(*, batch_id: int, side_by_side: Sequence[Lane] = HERE, decided: str = "") -> Batch:
    """Post the rows that were staged on the lanes; the batch is `posted` then. Outside every scope.

    Idempotent: `seen` holds what was counted, transfers carry their purchase's id, a posted batch is left alone.
    `decided`: staff say that the rows are `other` purchases than what they posted themselves, or the `same` (C12).
    """
    batch = Batch.objects.select_related("source").get(pk=batch_id)
    if batch.state in {"posted", "finished"}:
        return batch
    job = _job(batch, decided=decided)
    names = [f"{lane}/{len(side_by_side)}" for lane in range(len(side_by_side))]
    halves = [[lane] for lane in range(len(side_by_side))] if len(side_by_side) > 1 else [[0, 1]]
    turns = list(zip(side_by_side, names, halves, strict=True))
    named = lanes.all_of([lane.submit(partial(_post, job, name, half)) for lane, name, half in turns])
    if any(named) or job.progress:  # of what was posted before a kill, nobody remembers
        lanes.all_of([lane.submit(partial(_post_strays, job, name, half)) for lane, name, half in turns])
    side_by_side[0].submit(partial(_finish, job)).result()
    batch.refresh_from_db()
    return batch


def resume(*, subject_ids: Sequence[int], since: datetime, controller_id: int) -> None:
    """Post what was parked since the people's data was restricted, now that it is live again (rates of then)."""
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    intake.prepare_tables()
    with Scope(_actor(register), ACTIVITY) as scope:
        many_at_once(register_id=register)
        if intake.recall(subject_ids=subject_ids, since=since):
            accrual.accrue(scope=scope, batch_id=0, phase=phases.PREFIX)
            accrual.repay(scope=scope, batch_id=0, on=clock.today(), at=clock.now())
        _settle_refunds(scope, 0)
        merged = pooling.of_rows()
    _repay(_actor(register), merged)


def settle_waiting(*, register_id: int, batch_id: int = 0) -> None:
    """Settle the refunds whose purchase is known by now. Outside every scope. `batch_id`: whose count is made anew."""
    intake.prepare_tables()
    with Scope(_actor(register_id), ACTIVITY) as scope:
        many_at_once(register_id=register_id)
        _settle_refunds(scope, batch_id)
        merged = pooling.of_rows()
    _repay(_actor(register_id), merged)


def _job(batch: Batch, *, decided: str) -> _Job:
    start, register = batch.source.accept_from, batch.source.register_id
    return _Job(
        batch_id=batch.pk,
        source_id=batch.source_id,
        register_id=register,
        holder_id=register_holder(register_id=register),
        accept_from=datetime(start.year, start.month, start.day, tzinfo=ZoneInfo(clock.DEFAULT_ZONE)),
        decided=decided,
        progress=batch.progress,
        actor=_actor(register),
    )


def _actor(register_id: int) -> Actor:
    return system("intake", Controller.objects.filter(register_id=register_id).values_list("pk", flat=True))


def _post(job: _Job, lane: str, halves: Sequence[int]) -> int:
    """Post what the lane holds; how many of its rows are refunds that name a purchase."""
    named, pages = 0, range(0, intake.staged_pages(), intake.PAGES)
    for turn, page in enumerate(pages):
        with in_chunk(turn + 1, len(pages)):
            named += _post_chunk(job, lane, halves, page)
        phases.enter(batch_id=job.batch_id, phase="committed")
    return named


def _post_chunk(job: _Job, lane: str, halves: Sequence[int], page: int) -> int:
    with Scope(job.actor, ACTIVITY) as scope:
        intake.lock_source(source_id=job.source_id, halves=halves)
        many_at_once(register_id=job.register_id)
        chunk = intake.match(
            register_id=job.register_id,
            accept_from=job.accept_from,
            page=page,
            behind=job.progress.get(lane, 0),
            decided=job.decided,
        )
        if chunk is None:
            return 0
        phases.enter(batch_id=job.batch_id, phase="matched")
        _keep(job, scope, chunk, lane)
        merged = pooling.of_rows()
    _repay(job.actor, merged)
    return chunk.named


def _post_strays(job: _Job, lane: str, halves: Sequence[int]) -> None:
    """Refunds of members' purchases that were paid to strangers' cards (C8), once every lane's rows are in."""
    with Scope(job.actor, ACTIVITY) as scope:
        intake.lock_source(source_id=job.source_id, halves=halves)
        many_at_once(register_id=job.register_id)
        chunk = intake.find_strays(accept_from=job.accept_from)
        if chunk is not None:
            _keep(job, scope, chunk, f"refunds {lane}")
        merged = pooling.of_rows()
    _repay(job.actor, merged)


def _keep(job: _Job, scope: Scope, chunk: intake.Chunk, lane: str) -> None:
    intake.keep(batch_id=job.batch_id, chunk=chunk)
    if chunk.counted > 0:
        _credit(job, scope)
    phases.enter(batch_id=job.batch_id, phase="posted")
    intake.count(batch_id=job.batch_id, lane=lane, chunk=chunk)


def _credit(job: _Job, scope: Scope) -> None:
    rated = phases.name(batch_id=job.batch_id, phase="rated")
    for currency, transfers, amount in accrual.accrue(scope=scope, batch_id=job.batch_id, phase=rated):
        append(
            type=events.LEDGER_BATCH,
            scope=scope,
            controller=job.holder_id,
            batch=job.batch_id,
            details={"kind": "accrual", "transfers": transfers, "amount": amount, "currency": currency},
        )
    accrual.repay(scope=scope, batch_id=job.batch_id, on=clock.today(), at=clock.now())


def _finish(job: _Job) -> None:
    """Settle refunds, ours and those that waited for our purchases; then the batch is posted, with its audit event."""
    with Scope(job.actor, ACTIVITY) as scope:
        intake.lock_source(source_id=job.source_id, halves=(0, 1))
        many_at_once(register_id=job.register_id)
        _settle_refunds(scope, job.batch_id)
        batch = Batch.objects.select_related("source").select_for_update(of=("self",)).get(pk=job.batch_id)
        intake.end_authorisations(source_id=job.source_id, batch=batch)
        append(
            type=events.IMPORT_BATCH,
            scope=scope,
            controller=job.holder_id,
            batch=job.batch_id,
            details={
                "kind": "purchases",
                "rows": batch.rows_read,
                "accepted": batch.posted + batch.parked,
                "quarantined": batch.quarantined,
                "digest": batch.digest,
            },
        )
        batch.state = "posted"
        batch.save(update_fields=["state"])
        merged = pooling.of_rows()
    _repay(job.actor, merged)


def _repay(actor: Actor, merged: Sequence[int]) -> None:
    """Repay what a subject of a merged person owes from what another earned, in a transaction of its own (C3).

    People are locked before accounts, and an intake holds accounts. What a kill here leaves undone, the next thing that
    is done with the person's bonus does, and the nightly expiry.
    """
    if merged:
        with Scope(actor, ACTIVITY) as scope:
            pooling.repay_everywhere(scope=scope, subject_ids=merged, at=clock.now())


def _settle_refunds(scope: Scope, batch_id: int) -> None:
    """Every refund that waits and whose purchase is there now takes back its bonus."""
    if intake.find_refunded():
        accrual.claw_back(scope=scope, batch_id=batch_id, on=clock.today())
    intake.settle_refunds(batch_id=batch_id)


def settle_again(*, scope: Scope) -> None:
    """Settle refunds that wait again, in the caller's scope for earning (`suspending.lift`)."""
    _settle_refunds(scope, 0)
