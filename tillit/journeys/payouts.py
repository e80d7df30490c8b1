"""Payouts in files to the bank (D7, D8): proposed by one, approved by another, and followed until they are paid.

A file is made in the transaction that approves it, with the accounts opened and what leaves put on record: killed
before, there is no file and nothing was opened; after, the same bytes are fetched as often as one likes, and the bank
knows the file by its number. A payout is in one file only. What the bank says (pain.002, camt.054, camt.053) counts
once.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import category_key
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import disclose
from tillit.files import camt, pain, sealing
from tillit.files.camt import Movement
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.messages.operations import send
from tillit.parties.errors import SealedValueLostError
from tillit.services import accounts, events, payouts
from tillit.services.errors import PaymentError
from tillit.services.payment_models import BankLine
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
_DONE = {"ACSC", "ACCC"}


@dataclass(frozen=True)
class Desk:
    """What finance sees: payouts that wait, those the bank refused, and the files, newest first. changed: of the files
    to be approved, how many of their payouts go to another account than the bank refused.
    """

    waiting: Sequence[Payout]
    refused: Sequence[Payout]
    runs: Sequence[PayoutRun]
    changed: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What a report of the bank changed: how many payouts were paid, refused; how many it names that are none."""

    paid: int = 0
    refused: int = 0
    unknown: int = 0


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
    with _scope(actor, controller):
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
        with _scope(actor, controller) as scope:
            waiting = {"payout_state": PayoutState.WAITING, "held_at": None}
            rows = Payout.objects.filter(controller_id=controller.pk, id__in=list(chosen)[:MOST], **waiting)
            rows.update(payout_state=PayoutState.PROPOSED, run_id=run.pk, reason="")
            _another_s(actor, run)
            if _rows(run).values("currency").distinct().count() > 1:
                raise PaymentError("currencies", "a file is in one currency")
            _sum(run, PayoutState.PROPOSED)
            if not run.count:
                raise PaymentError("nothing-chosen", "none of them waits")
            _record(scope, run, "proposed")
    return run


def drop(*, actor: Actor, controller: Controller, number: int) -> None:
    """Do not send a file that was proposed: its payouts wait again. Raises `PaymentError` `no-run`, `run-state`."""
    may(actor=actor, controller=controller)
    with transaction.atomic():
        run = _run(controller, number, "proposed")
        with _scope(actor, controller) as scope:
            _rows(run).filter(payout_state=PayoutState.PROPOSED).update(payout_state=PayoutState.WAITING, run_id=None)
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
        with _scope(actor, controller):
            _another_s(actor, run)
            proposed = _rows(run).filter(payout_state=PayoutState.PROPOSED, held_at=None)
            rows = list(proposed.select_for_update().order_by("subject_id", "id"))
        transfers = [found for one in rows if (found := _transfer(actor, controller, run, one)) is not None]
        account = terms(controller_id=controller.pk, on=clock.today()).account
        name = current(controller_id=controller.pk, on=clock.today()).controller.name
        order = pain.Order(message_id(run), at, name, account, clock.today())
        with _scope(actor, controller) as scope:
            going = _rows(run).filter(payout_state=PayoutState.PROPOSED, id__in=[one.id for one in rows])
            going.update(payout_state=PayoutState.SENT)
            _sum(run, PayoutState.SENT)
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
        with _scope(actor, controller) as scope:
            _record(scope, run, "fetched")
    return f"payouts-{controller.key}-{run.number}.xml", body


def take_status(*, actor: Actor, controller: Controller, body: bytes) -> Told:
    """Take a pain.002 in; again: nothing more. Raises `StatusRefusedError`, `PaymentError` `no-run`."""
    may(actor=actor, controller=controller)
    report = pain.read_status(body)
    run = next((one for one in _approved(controller) if message_id(one) == report.number), None)
    if run is None:
        raise PaymentError("no-run", "there is no such file")
    with transaction.atomic():
        PayoutRun.objects.select_for_update().get(pk=run.pk)
        with _scope(actor, controller):
            rows = {one.reference: one for one in _rows(run).defer("sealed").order_by("subject_id", "id")}
        single = {one.reference: one for one in report.payments if one.reference}
        blocks = {one.block: one for one in report.payments if not one.reference}
        done = failed = 0
        for reference, row in rows.items():
            told = single.get(reference) or blocks.get(pain.block_name(report.number, row.currency))
            if told is None and (single or blocks):
                continue
            said, why = (told.status, told.reason) if told else (report.status, report.reason)
            done += said in _DONE and _paid(controller, row)
            failed += said == "RJCT" and _refused(controller, row, why or "RJCT")
    return Told(done, failed, len(set(single) - set(rows)))


def take_report(*, actor: Actor, controller: Controller, body: bytes) -> Told:
    """Take a pain.002, camt.054 or camt.053 in, as far as it tells of payouts. Raises as `take_status`, `camt.read`."""
    may(actor=actor, controller=controller)
    try:
        movements = camt.read(body)
    except camt.StatementRefusedError as error:
        if error.code != "statement-kind":
            raise
        return take_status(actor=actor, controller=controller, body=body)
    before = _counts(actor, controller)
    with transaction.atomic():
        for one in movements:
            take_movement(controller=controller, one=one)
        let_go(controller=controller, movements=movements)
    after = _counts(actor, controller)
    return Told(max(after[0] - before[0], 0), max(after[1] - before[1], 0))


def let_go(*, controller: Controller, movements: Sequence[Movement]) -> None:
    """What a restore holds waits no more, once the bank has reported of the day of the restore or later."""
    until = max((one.booked_on for one in movements), default=None)
    if until is None:
        return
    with _scope(_own(controller), controller):
        held = Payout.objects.filter(controller_id=controller.pk, held_at__isnull=False)
        told = [one for one, at in held.values_list("id", "held_at") if at and clock.local_date(at) <= until]
        held.filter(id__in=told).update(held_at=None)


def take_movement(*, controller: Controller, one: Movement) -> bool:
    """Whether a movement of the account is a payout of ours, paid (out) or come back (in); then it is noted.

    A debit of one that we hold to be not sent, refused or of another amount is a fault: a loose line, and True.
    """
    if not one.reference.startswith("RF"):
        return False
    with _scope(_own(controller), controller):
        row = Payout.objects.filter(controller_id=controller.pk, reference=one.reference).defer("sealed").first()
    if row is None:
        return False
    fits = (abs(one.amount), one.currency) == (row.amount, row.currency)
    if one.amount < 0:
        if not (fits and _debited(controller, row)):
            line = {"booked_on": one.booked_on, "amount": one.amount, "currency": one.currency, "read_at": clock.now()}
            BankLine.objects.get_or_create(
                controller=controller, entry=one.entry, part=one.part, defaults=line | {"loose": True}
            )
        return True
    if not fits or row.payout_state not in (PayoutState.SENT, PayoutState.PAID, PayoutState.REFUSED):
        return False
    _refused(controller, row, payouts.RETURNED)
    return True


def change(*, actor: Actor, controller: Controller, payout_id: int, act: str, to_account: str = "") -> None:
    """`again` to an account, or `cancel` a refund. Raises `PaymentError` `no-payout`, `payout-state`, `account`."""
    may(actor=actor, controller=controller)
    with _scope(actor, controller):
        row = Payout.objects.filter(controller_id=controller.pk, id=payout_id).first()
    if row is None:
        raise PaymentError("no-payout", "there is no such payout")
    with Scope(actor, ACTIVITY, frozenset({row.subject_id})) as scope:
        if act == "again":
            payouts.again(scope=scope, payout=row, to_account=to_account, at=clock.now())
        elif act == "cancel":
            payouts.cancel(scope=scope, payout=row, at=clock.now())
        else:
            raise PaymentError("payout-state", "that cannot be done")


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


def _paid(controller: Controller, row: Payout) -> bool:
    with Scope(_own(controller), ACTIVITY, frozenset({row.subject_id})) as scope:
        return payouts.paid(scope=scope, payout=row, at=clock.now())


def _debited(controller: Controller, row: Payout) -> bool:
    """Whether we knew that it was sent. A file to be approved that it or its retry stood in is counted anew."""
    with Scope(_own(controller), ACTIVITY, frozenset({row.subject_id})) as scope:
        known = payouts.debited(scope=scope, payout=row, at=clock.now())
    if not known:
        with _scope(_own(controller), controller):
            for run in PayoutRun.objects.select_for_update().filter(controller=controller, state="proposed"):
                _sum(run, PayoutState.PROPOSED)
    return known


def _another_s(actor: Actor, run: PayoutRun) -> None:
    """Who gave a payout another account is not one of the two that send it."""
    if _rows(run).filter(account_by=str(actor)[:60]).exists():
        raise PaymentError("own-account", "another than who gave the account")


def _refused(controller: Controller, row: Payout, reason: str) -> bool:
    """Note it, and ask the person for another account."""
    with Scope(_own(controller), ACTIVITY, frozenset({row.subject_id})) as scope:
        if not payouts.refused(scope=scope, payout=row, reason=reason, at=clock.now()):
            return False
        send(
            scope=scope,
            subject_id=row.subject_id,
            controller_id=controller.pk,
            template="payout_refused",
            values={},
            at=clock.now(),
            key=f"payout_refused:{row.id}",
        )
        return True


def _own(controller: Controller) -> Actor:
    return system("payouts", {controller.pk, holder_of(controller_id=controller.pk)})


def _scope(actor: Actor, controller: Controller) -> Scope:
    return Scope(actor, ACTIVITY, controllers=frozenset({controller.pk}))


def _rows(run: PayoutRun):  # type: ignore[no-untyped-def]  # a queryset of payouts
    return Payout.objects.filter(controller_id=run.controller_id, run_id=run.pk)


def _sum(run: PayoutRun, state: PayoutState) -> None:
    amounts = list(_rows(run).filter(payout_state=state).values_list("amount", flat=True))
    run.count, run.amount = len(amounts), sum(amounts)
    run.save(update_fields=["count", "amount"])


def _run(controller: Controller, number: int, state: str) -> PayoutRun:
    found = PayoutRun.objects.select_for_update().filter(controller=controller, number=number).first()
    if found is None:
        raise PaymentError("no-run", "there is no such file")
    if found.state != state:
        raise PaymentError("run-state", f"the file is {found.state}")
    return found


def _counts(actor: Actor, controller: Controller) -> tuple[int, int]:
    with _scope(actor, controller):
        rows = Payout.objects.filter(controller_id=controller.pk)
        states = (PayoutState.PAID, PayoutState.REFUSED)
        paid, refused = (rows.filter(payout_state=one).count() for one in states)
    return paid, refused


def _approved(controller: Controller) -> Sequence[PayoutRun]:
    return list(PayoutRun.objects.filter(controller=controller, state="approved").order_by("-number"))


def _record(scope: Scope, run: PayoutRun, what: str) -> None:
    append(
        type=events.PAYOUT_RUN,
        scope=scope,
        controller=run.controller_id,
        details={"run": run.pk, "step": what, "count": run.count, "amount": run.amount},
    )
