"""What the bank says of payouts (D7, D8): a pain.002, a camt.054, a camt.053. Whatever it says counts once.

A payout leaves our account once and comes back once at most: a second movement with its reference, one of another
amount, and a debit of what we hold to be not sent or refused are faults, each a loose line for a colleague. Only a
statement (camt.053) of the account that payouts go from tells what did not happen, and so releases what a restore
holds; of a bank that sends none, two of the staff do (`payouts.change`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from tillit.declaration.models import Controller
from tillit.files import camt, pain
from tillit.files.camt import Covered, Movement
from tillit.journeys.payouts import in_scope, may, message_id, own, rows_of, settled_by, sum_up
from tillit.kernel import clock
from tillit.kernel.calendar_rules import bank_day_from
from tillit.kernel.scope import Actor, Scope
from tillit.messages.operations import send
from tillit.services import payouts
from tillit.services.errors import PaymentError
from tillit.services.payment_models import BankLine
from tillit.services.payout_models import Payout, PayoutRun, PayoutState
from tillit.services.payouts import ACTIVITY
from tillit.services.terms import terms

_DONE = {"ACSC", "ACCC"}
_ACCOUNT_DIGITS = 11


@dataclass(frozen=True)
class Told:
    """What a report of the bank changed: how many payouts were paid, refused; how many it names that are none."""

    paid: int = 0
    refused: int = 0
    unknown: int = 0


def take_status(*, actor: Actor, controller: Controller, body: bytes) -> Told:
    """Take a pain.002 in; again: nothing more. Raises `StatusRefusedError`, `PaymentError` `no-run`."""
    may(actor=actor, controller=controller)
    report = pain.read_status(body)
    run = next((one for one in _approved(controller) if message_id(one) == report.number), None)
    if run is None:
        raise PaymentError("no-run", "there is no such file")
    with transaction.atomic():
        PayoutRun.objects.select_for_update().get(pk=run.pk)
        with in_scope(actor, controller):
            rows = {one.reference: one for one in rows_of(run).defer("sealed").order_by("subject_id", "id")}
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
        movements, covered = camt.read(body), camt.covered(body)
    except camt.StatementRefusedError as error:
        if error.code != "statement-kind":
            raise
        return take_status(actor=actor, controller=controller, body=body)
    before = _counts(actor, controller)
    with transaction.atomic():
        # One file at a time, here and of `payments_in`: of two that tell of a movement each must see the other.
        Controller.objects.select_for_update().get(pk=controller.pk)
        for one in movements:
            take_movement(controller=controller, one=one)
        let_go(controller=controller, covered=covered)
    after = _counts(actor, controller)
    return Told(max(after[0] - before[0], 0), max(after[1] - before[1], 0))


def let_go(*, controller: Controller, covered: Sequence[Covered]) -> None:
    """What a restore holds waits no more, once statements of the account it is paid from tell of every bank day from
    the dump to the first one after the restore: what had been sent would be in them.
    """
    if not covered:
        return
    with in_scope(own(controller), controller):
        held = Payout.objects.filter(controller_id=controller.pk, held_at__isnull=False)
        for row in held.only("subject_id", "id", "held_at", "told_until").order_by("subject_id", "id"):
            if row.held_at is None or row.told_until is None:
                continue
            account = terms(controller_id=controller.pk, on=clock.local_date(row.held_at)).account
            until = row.told_until
            for one in covered:
                awaited = bank_day_from(until)  # of a day on which nothing is booked banks send no statement
                if _digits(one.account) == account and one.first <= awaited <= one.last:
                    until = one.last + timedelta(days=1)
            mine = Payout.objects.filter(subject_id=row.subject_id, id=row.id)
            if until > settled_by(row.held_at):
                mine.update(held_at=None, told_until=None, released_by="")
            elif until != row.told_until:
                mine.update(told_until=until)


def take_movement(*, controller: Controller, one: Movement) -> bool:
    """Whether a movement of the account is a payout of ours, paid (out) or come back (in); then it is noted.

    One that is a fault becomes a loose line, and True: a debit of what we hold to be not sent, refused or of another
    amount, and a second debit or return of the same payout.
    """
    if not one.reference.startswith("RF"):
        return False
    with in_scope(own(controller), controller):
        row = Payout.objects.filter(controller_id=controller.pk, reference=one.reference).defer("sealed").first()
    if row is None:
        return False
    if BankLine.objects.filter(controller=controller, entry=one.entry, part=one.part).exists():
        return True
    fits = (abs(one.amount), one.currency) == (row.amount, row.currency)
    if one.amount < 0:
        if not (fits and _debited(controller, row, one)):
            _loose(controller, one)
        return True
    if not fits or row.payout_state not in (PayoutState.SENT, PayoutState.PAID, PayoutState.REFUSED):
        return False
    with Scope(own(controller), ACTIVITY, frozenset({row.subject_id})) as scope:
        first = payouts.returned(scope=scope, payout=row, by=_name(one))
    if first:
        _refused(controller, row, payouts.RETURNED)
    else:
        _loose(controller, one)
    return True


def _name(one: Movement) -> str:
    """What a movement is known by (`services.payouts.again_told`)."""
    return f"{one.told}~{one.entry}:{one.part}"


def _loose(controller: Controller, one: Movement) -> None:
    line = {"booked_on": one.booked_on, "amount": one.amount, "currency": one.currency, "read_at": clock.now()}
    BankLine.objects.get_or_create(
        controller=controller, entry=one.entry, part=one.part, defaults=line | {"loose": True}
    )


def _paid(controller: Controller, row: Payout) -> bool:
    with Scope(own(controller), ACTIVITY, frozenset({row.subject_id})) as scope:
        return payouts.paid(scope=scope, payout=row, at=clock.now())


def _debited(controller: Controller, row: Payout, one: Movement) -> bool:
    """Whether we knew that it was sent. A file to be approved that it or its retry stood in is counted anew."""
    with Scope(own(controller), ACTIVITY, frozenset({row.subject_id})) as scope:
        known = payouts.debited(scope=scope, payout=row, by=_name(one), at=clock.now())
    if not known:
        with in_scope(own(controller), controller):
            for run in PayoutRun.objects.select_for_update().filter(controller=controller, state="proposed"):
                sum_up(run, PayoutState.PROPOSED)
    return known


def _refused(controller: Controller, row: Payout, reason: str) -> bool:
    """Note it, and ask the person for another account."""
    with Scope(own(controller), ACTIVITY, frozenset({row.subject_id})) as scope:
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


def _digits(account: str) -> str:
    """The account number in what the bank writes: an IBAN, or the number itself."""
    return "".join(one for one in account if one.isdigit())[-_ACCOUNT_DIGITS:]


def _counts(actor: Actor, controller: Controller) -> tuple[int, int]:
    with in_scope(actor, controller):
        rows = Payout.objects.filter(controller_id=controller.pk)
        states = (PayoutState.PAID, PayoutState.REFUSED)
        paid, refused = (rows.filter(payout_state=one).count() for one in states)
    return paid, refused


def _approved(controller: Controller) -> Sequence[PayoutRun]:
    return list(PayoutRun.objects.filter(controller=controller, state="approved").order_by("-number"))
