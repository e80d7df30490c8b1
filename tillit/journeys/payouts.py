"""Payouts in files to the bank (D7, D8): proposed by one, approved by another, and followed until they are paid.

A file is made in the transaction that approves it, with the accounts opened and what leaves put on record: killed
before, there is no file and nothing was opened; after, the same bytes are fetched as often as one likes, and the bank
knows the file by its number. A payout is in one file only. What the bank says (pain.002, camt.054, camt.053) counts
once (`payout_reports`).
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import category_key
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import disclose
from tillit.files import pain, sealing
from tillit.kernel import clock
from tillit.kernel.calendar_rules import bank_day_from
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.parties.errors import SealedValueLostError
from tillit.services import accounts, events, payouts
from tillit.services.errors import PaymentError
from tillit.services.payout_models import Payout, PayoutFile, PayoutRun, PayoutState
from tillit.services.payouts import ACTIVITY
from tillit.services.terms import next_number, terms

MOST = 1000
"""How many payouts are in one file."""
FIELDS: Mapping[str, tuple[str, str]] = {
    accounts.PAYMENTS: ("payment_amount", "refund_account"),
    accounts.ONE_OFF: ("amount", "cash_account"),
    accounts.CLAIMS: ("claim_amount", "claim_account"),
}
"""Category → the fields that go to the bank beside the name, as the vocabulary names them."""
KEPT = timedelta(days=30)
"""How long an approved file may be fetched."""


@dataclass(frozen=True)
class Desk:
    """What finance sees: payouts that wait, those the bank refused, and the files, newest first. changed: of the files
    to be approved, how many of their payouts go to another account than the bank refused.
    """

    waiting: Sequence[Payout]
    refused: Sequence[Payout]
    runs: Sequence[PayoutRun]
    changed: Mapping[int, int] = field(default_factory=dict)


def offered(*, controller_id: int) -> bool:
    """Whether the controller pays out by file."""
    return payouts.offered(controller_id=controller_id)


def may(*, actor: Actor, controller: Controller) -> None:
    """Raises `ScopeError` for who does not pay out here."""
    allowed = actor.activities is None or ACTIVITY in actor.activities
    if not allowed or controller.pk not in actor.controllers or not payouts.offered(controller_id=controller.pk):
        raise ScopeError("scope-activity", f"{actor.kind} may not pay out here")


def desk(*, actor: Actor, controller: Controller) -> Desk:
    """The payouts and files of a controller. Raises `ScopeError`."""
    may(actor=actor, controller=controller)
    with in_scope(actor, controller):
        rows = Payout.objects.filter(controller_id=controller.pk).defer("sealed")
        waiting = list(rows.filter(payout_state=PayoutState.WAITING).order_by("made_at", "id")[:MOST])
        tried = rows.filter(after_id__isnull=False).values("after_id")
        refused = list(rows.filter(payout_state=PayoutState.REFUSED).exclude(id__in=tried).order_by("settled_at")[:200])
        other = rows.filter(payout_state=PayoutState.PROPOSED).exclude(account_by="")
        changed = Counter(one for one in other.values_list("run_id", flat=True) if one is not None)
    runs = list(PayoutRun.objects.filter(controller=controller).order_by("-number")[:100])
    return Desk(waiting, refused, runs, changed)


def count_waiting(*, actor: Actor, controller: Controller) -> int:
    """How many payouts wait, are to be approved, or were refused and not seen to."""
    found = desk(actor=actor, controller=controller)
    proposed = [one.count for one in found.runs if one.state == "proposed"]
    return len(found.waiting) + len(found.refused) + sum(proposed)


def propose(*, actor: Actor, controller: Controller, chosen: Sequence[int]) -> PayoutRun:
    """Put the chosen payouts that wait in a file to be approved by another. Raises `PaymentError` `nothing-chosen`
    (none of them waits any more), `own-account` (the actor gave one its account), `currencies` (a file is in one),
    `no-terms` (there is no account to pay from). What a restore holds waits on.
    """
    may(actor=actor, controller=controller)
    terms(controller_id=controller.pk, on=clock.today())
    with transaction.atomic():
        number = next_number(controller_id=controller.pk, key="payout")
        run = PayoutRun.objects.create(controller=controller, number=number, made_by=str(actor), made_at=clock.now())
        with in_scope(actor, controller) as scope:
            waiting = {"payout_state": PayoutState.WAITING, "held_at": None}
            rows = Payout.objects.filter(controller_id=controller.pk, id__in=list(chosen)[:MOST], **waiting)
            rows.update(payout_state=PayoutState.PROPOSED, run_id=run.pk, reason="")
            _another_s(actor, run)
            if rows_of(run).values("currency").distinct().count() > 1:
                raise PaymentError("currencies", "a file is in one currency")
            sum_up(run, PayoutState.PROPOSED)
            if not run.count:
                raise PaymentError("nothing-chosen", "none of them waits")
            _record(scope, run, "proposed")
    return run


def drop(*, actor: Actor, controller: Controller, number: int) -> None:
    """Do not send a file that was proposed: its payouts wait again. Raises `PaymentError` `no-run`, `run-state`."""
    may(actor=actor, controller=controller)
    with transaction.atomic():
        run = _run(controller, number, "proposed")
        with in_scope(actor, controller) as scope:
            rows_of(run).filter(payout_state=PayoutState.PROPOSED).update(payout_state=PayoutState.WAITING, run_id=None)
            run.state = "dropped"
            run.save(update_fields=["state"])
            _record(scope, run, "dropped")


def approve(*, actor: Actor, controller: Controller, number: int) -> PayoutRun:
    """Approve a file that another proposed: it is made, and may be fetched.

    A payout whose account does not open, or whose person's data may not go to the bank now, waits on with the reason.
    Raises `PaymentError` `no-run`, `run-state`, `own-run`, `own-account` (the actor gave one its account), `no-terms`,
    `nothing-chosen` (none of them may go).
    """
    may(actor=actor, controller=controller)
    at = clock.now()
    with transaction.atomic():
        run = _run(controller, number, "proposed")
        if run.made_by == str(actor):
            raise PaymentError("own-run", "another than who proposed it approves")
        with in_scope(actor, controller):
            _another_s(actor, run)
            proposed = rows_of(run).filter(payout_state=PayoutState.PROPOSED, held_at=None)
            rows = list(proposed.select_for_update().order_by("subject_id", "id"))
        transfers = [found for one in rows if (found := _transfer(actor, controller, run, one)) is not None]
        account = terms(controller_id=controller.pk, on=clock.today()).account
        name = current(controller_id=controller.pk, on=clock.today()).controller.name
        order = pain.Order(message_id(run), at, name, account, clock.today())
        with in_scope(actor, controller) as scope:
            going = rows_of(run).filter(payout_state=PayoutState.PROPOSED, id__in=[one.id for one in rows])
            going.update(payout_state=PayoutState.SENT)
            sum_up(run, PayoutState.SENT)
            if not run.count:
                raise PaymentError("nothing-chosen", "none of them may go to the bank now")
            body = pain.write(order, transfers)
            run.state, run.approved_by, run.approved_at = "approved", str(actor), at
            run.digest = hashlib.sha256(body).hexdigest()
            run.save(update_fields=["state", "approved_by", "approved_at", "digest"])
            sealed = sealing.seal(
                table=PayoutFile._meta.db_table, batch_id=run.pk, line=0, values={"file": body.decode()}
            )
            PayoutFile.objects.create(run=run, sealed=sealed, made_at=at)
            _record(scope, run, "approved")
    return run


def fetch(*, actor: Actor, controller: Controller, number: int) -> tuple[str, bytes]:
    """(name, bytes) of an approved file, the same every time; each time on record. Raises `PaymentError` `no-run`,
    `run-gone` (its bytes are kept thirty days).
    """
    may(actor=actor, controller=controller)
    with transaction.atomic():
        run = _run(controller, number, "approved")
        kept = PayoutFile.objects.filter(run=run).first()
        if kept is None:
            raise PaymentError("run-gone", "the file is kept no longer")
        said = sealing.open_sealed(table=PayoutFile._meta.db_table, batch_id=run.pk, line=0, sealed=kept.sealed)
        body = (said["file"] or "").encode()
        if hashlib.sha256(body).hexdigest() != run.digest:
            raise PaymentError("run-gone", "the file is not the one that was approved")
        with in_scope(actor, controller) as scope:
            _record(scope, run, "fetched")
    return f"payouts-{controller.key}-{run.number}.xml", body


def change(*, actor: Actor, controller: Controller, payout_id: int, act: str, to_account: str = "") -> bool:
    """`again` to an account, `cancel` a refund, or `release` what a restore holds, where the bank sends no statements:
    two say that it was not sent, once the first bank day after the restore is over. False: another says it, too.

    Raises `PaymentError` `no-payout`, `payout-state`, `account`, `payout-soon`.
    """
    may(actor=actor, controller=controller)
    with in_scope(actor, controller):
        row = Payout.objects.filter(controller_id=controller.pk, id=payout_id).first()
    if row is None:
        raise PaymentError("no-payout", "there is no such payout")
    with Scope(actor, ACTIVITY, frozenset({row.subject_id})) as scope:
        if act == "again":
            payouts.again(scope=scope, payout=row, to_account=to_account, at=clock.now())
        elif act == "cancel":
            payouts.cancel(scope=scope, payout=row, at=clock.now())
        elif act == "release":
            if row.held_at is not None and clock.today() <= settled_by(row.held_at):
                raise PaymentError("payout-soon", "what was sent before the restore may not be on the account yet")
            return payouts.release(scope=scope, payout=row)
        else:
            raise PaymentError("payout-state", "that cannot be done")
    return True


def settled_by(held_at: datetime) -> date:
    """The first bank day after the day of the restore: what was sent before it is on the account by then."""
    return bank_day_from(clock.local_date(held_at) + timedelta(days=1))


def message_id(run: PayoutRun) -> str:
    """What the bank knows the file by: unique for the controller, the same however often it is sent."""
    return f"{run.controller_id}-{run.number}-{run.made_at:%Y%m%d}"


def _transfer(actor: Actor, controller: Controller, run: PayoutRun, row: Payout) -> pain.Transfer | None:
    """What goes to the bank of a payout, on record; None: it waits on, with the reason."""
    amount, account = FIELDS[category_key(row.category)]
    try:
        with transaction.atomic(), Scope(actor, ACTIVITY, frozenset({row.subject_id})) as scope:
            name, number = payouts.open_for_file(scope=scope, payout=row, run=run.pk)
            sent = disclose(
                scope=scope,
                subject_id=row.subject_id,
                controller_id=controller.pk,
                recipient="bank",
                fields={"name": name, amount: row.amount, account: number},
                at=clock.now(),
                party="bank",
            )
    except (DisclosureRefusedError, SealedValueLostError) as error:
        with Scope(actor, ACTIVITY, frozenset({row.subject_id})):
            mine = Payout.objects.filter(subject_id=row.subject_id, id=row.id)
            mine.update(payout_state=PayoutState.WAITING, run_id=None, reason=error.code[:40])
        return None
    said = sent.payload
    payer = current(controller_id=controller.pk, on=clock.today()).controller.name
    return pain.Transfer(row.reference, said[amount], row.currency, said["name"], said[account], payer)


def _another_s(actor: Actor, run: PayoutRun) -> None:
    """Who gave a payout another account is not one of the two that send it."""
    if rows_of(run).filter(account_by=str(actor)[:60]).exists():
        raise PaymentError("own-account", "another than who gave the account")


def own(controller: Controller) -> Actor:
    """Who acts when the bank has told something."""
    return system("payouts", {controller.pk, holder_of(controller_id=controller.pk)})


def in_scope(actor: Actor, controller: Controller) -> Scope:
    """The controller's payouts, whoever's."""
    return Scope(actor, ACTIVITY, controllers=frozenset({controller.pk}))


def rows_of(run: PayoutRun) -> QuerySet[Payout]:
    """The payouts of a file."""
    return Payout.objects.filter(controller_id=run.controller_id, run_id=run.pk)


def sum_up(run: PayoutRun, state: PayoutState) -> None:
    """Count the payouts of a file in a state anew."""
    amounts = list(rows_of(run).filter(payout_state=state).values_list("amount", flat=True))
    run.count, run.amount = len(amounts), sum(amounts)
    run.save(update_fields=["count", "amount"])


def _run(controller: Controller, number: int, state: str) -> PayoutRun:
    found = PayoutRun.objects.select_for_update().filter(controller=controller, number=number).first()
    if found is None:
        raise PaymentError("no-run", "there is no such file")
    if found.state != state:
        raise PaymentError("run-state", f"the file is {found.state}")
    return found


def _record(scope: Scope, run: PayoutRun, what: str) -> None:
    append(
        type=events.PAYOUT_RUN,
        scope=scope,
        controller=run.controller_id,
        details={"run": run.pk, "step": what, "count": run.count, "amount": run.amount},
    )
