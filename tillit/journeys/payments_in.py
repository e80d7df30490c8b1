"""What the bank's files say was paid with an invoice's KID (D8): camt.053 and camt.054, each movement once.

A movement with the KID of an invoice is a payment of it. Of every other only its figures are kept, for a colleague, who
puts it with an invoice or says what it was. Of money that goes out payouts of ours are noted, and of what comes in
those that the bank gives back (`journeys.payout_reports`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.db import transaction

from tillit.declaration.models import Controller
from tillit.files import camt
from tillit.journeys import payout_reports
from tillit.journeys.payments import scope_of
from tillit.kernel import clock
from tillit.kernel.identifiers import kid
from tillit.kernel.scope import Actor, ScopeError
from tillit.services import invoices, orders
from tillit.services.charges import ACTIVITY
from tillit.services.errors import PaymentError
from tillit.services.payment_models import BankLine, Invoice

DESK = "service_payments"
BOOKS = "bookkeeping"
"""Under which the payment of a customer who has left is written: their invoices stand in the archive."""


@dataclass(frozen=True)
class Taken:
    """What a file brought: movements in that are new, how many of them paid an invoice, and how many were known."""

    new: int
    paid: int
    known: int


def take_in(*, actor: Actor, controller: Controller, body: bytes) -> Taken:
    """Take a bank's file in; again: nothing more. Raises `StatementRefusedError` (nothing of the file is kept)."""
    may(actor, controller)
    new = paid = known = 0
    with transaction.atomic():
        # One file at a time: two that tell of the same movement must not both find it new.
        Controller.objects.select_for_update().get(pk=controller.pk)
        movements = camt.read(body)
        for one in movements:
            if one.amount == 0 or (one.amount < 0 and not one.reference.startswith("RF")):
                continue
            had = {line.part: line for line in BankLine.objects.filter(controller=controller, entry=one.entry)}
            whole = had.get("")
            if one.part in had or (had and not one.part) or (whole is not None and not whole.loose):
                known += 1
                continue
            if whole is not None:  # told by its total before; now by its payments
                whole.delete()
            told = payout_reports.take_movement(controller=controller, one=one)
            if one.amount < 0 and not told:
                continue
            new += 1
            if BankLine.objects.filter(controller=controller, entry=one.entry, part=one.part).exists():
                continue  # a debit that is a fault
            paid += _take(controller, one, told=told)
        payout_reports.let_go(controller=controller, covered=camt.covered(body))
    return Taken(new, paid, known)


def _take(controller: Controller, one: camt.Movement, *, told: bool) -> bool:
    invoiced = not told and one.reference and kid.is_valid(one.reference)
    found = _invoice(controller, one.reference) if invoiced else None
    fits = found is not None and found[1].currency == one.currency
    if found is not None and fits:
        activity, invoice = found
        _pay(controller, activity, invoice, one.amount, f"{one.entry}:{one.part}", _noon(one))
    BankLine.objects.create(
        controller=controller,
        entry=one.entry,
        part=one.part,
        booked_on=one.booked_on,
        amount=one.amount,
        currency=one.currency,
        loose=not (fits or told),
        read_at=clock.now(),
    )
    return fits


def put_with(*, actor: Actor, controller: Controller, line_id: int, invoice: str) -> None:
    """A loose movement paid this invoice (its number or KID). Raises `PaymentError` `no-line`, `no-invoice`."""
    may(actor, controller)
    with transaction.atomic():
        line = _line(controller, line_id)
        found = _invoice(controller, invoice)
        if found is None or found[1].currency != line.currency or line.amount < 0:
            raise PaymentError("no-invoice", "there is no such invoice in that currency")
        booked = datetime.combine(line.booked_on, time(12), tzinfo=UTC)
        _pay(controller, found[0], found[1], line.amount, f"{line.entry}:{line.part}", booked)
        line.loose = False
        line.save(update_fields=["loose"])


def see_to(*, actor: Actor, controller: Controller, line_id: int, text: str) -> None:
    """A loose movement is no payment of an invoice; `text` says what was done with it. Raises `PaymentError`."""
    may(actor, controller)
    if not text.strip():
        raise PaymentError("no-reason", "say what was done with it")
    line = _line(controller, line_id)
    line.loose, line.seen_to = False, text.strip()[:200]
    line.save(update_fields=["loose", "seen_to"])


def loose(*, actor: Actor, controller: Controller) -> list[BankLine]:
    """Movements in that paid no invoice, and those of payouts that should not have been, the newest first."""
    may(actor, controller)
    return list(BankLine.objects.filter(controller=controller, loose=True).order_by("-booked_on", "-pk")[:200])


def may(actor: Actor, controller: Controller) -> None:
    """Raises `ScopeError` for who may not handle payments here."""
    allowed = actor.activities is None or DESK in actor.activities
    if not allowed or controller.pk not in actor.controllers:
        raise ScopeError("scope-activity", f"{actor.kind} may not handle payments here")


def _invoice(controller: Controller, text: str) -> tuple[str, Invoice] | None:
    for activity in (*ACTIVITY.values(), BOOKS):
        with scope_of(controller.pk, activity):
            found = invoices.by_kid(controller_id=controller.pk, text=text)
        if found is not None:
            return activity, found
    return None


def _pay(controller: Controller, activity: str, invoice: Invoice, amount: int, entry: str, booked_at: datetime) -> None:
    now = clock.now()
    with scope_of(controller.pk, activity, invoice.subject_id) as scope:
        invoices.pay_by_bank(
            scope=scope,
            invoice=invoice,
            amount=amount,
            entry=entry,
            at=now,
            booked_at=max(min(booked_at, now), invoice.issued_at),
        )
        orders.follow_invoice(scope=scope, invoice=invoice, at=now)


def _line(controller: Controller, line_id: int) -> BankLine:
    found = BankLine.objects.select_for_update() if transaction.get_connection().in_atomic_block else BankLine.objects
    line = found.filter(controller=controller, pk=line_id, loose=True).first()
    if line is None:
        raise PaymentError("no-line", "there is no such movement")
    return line


def _noon(one: camt.Movement) -> datetime:
    return datetime.combine(one.booked_on, time(12), tzinfo=UTC)
