"""Invoices and single orders: paid, paid too much of, credited, refunded, reminded of, written off, cancelled."""

import random
from datetime import date, timedelta

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person, World
from tillit.kernel import clock
from tillit.services import accounts, charges, invoices, orders
from tillit.services.errors import PaymentError
from tillit.services.payment_models import Invoice, OneOffOrder, PaymentTerms
from tillit.services.simulated.insured import ACCOUNT
from tillit.services.terms import keep_terms

INVOICE, ORDER = "invoice", "order"
BILLS, SINGLE = charges.ACTIVITY[accounts.PAYMENTS], charges.ACTIVITY[accounts.ONE_OFF]
BOOKS = "bookkeeping"
AMOUNT = 50_000


def bill(person: Person, rng: random.Random) -> None:
    """An invoice, and what becomes of it."""
    outcome = person.turn(INVOICE)
    person.world.once("payment terms", lambda: terms_of(person.world))
    with person.scope(BILLS) as scope:
        made = invoices.issue(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=person.world.controller_id,
            lines=[("x", AMOUNT)],
            at=clock.now(),
        )
    mine = {"subject_id": person.subject_id, "invoice_id": made.id}

    def remind() -> None:
        with person.scope(BILLS) as scope:
            if not invoices.remind(scope=scope, invoice=invoices.one(**mine), at=clock.now()):
                raise LookupError("an invoice that is overdue was not reminded of")
        person.later(10, settle, after=True)

    def settle() -> None:
        at = clock.now()
        with person.scope(_payable(person, made.id)) as scope:
            row = invoices.one(**mine)
            match outcome:
                case "credited":
                    invoices.credit(scope=scope, invoice=row, amount=AMOUNT, at=at)
                case "written off":
                    invoices.remind(scope=scope, invoice=row, at=at)
                    invoices.write_off(scope=scope, invoice=row, at=at)
                case "refunded":
                    entry = f"{made.id}"
                    paid = invoices.pay_by_bank(
                        scope=scope, invoice=row, amount=AMOUNT + 100, entry=entry, at=at, booked_at=at
                    )
                    charges.give_back(scope=scope, payment=paid, amount=100, at=at, to_account=ACCOUNT)
                case _:
                    _pay(scope, row)
        person.came(INVOICE, outcome)

    if outcome == "paid when reminded":
        person.later(60, remind)
    else:
        person.later(60 if outcome == "written off" else 20, settle)


def _payable(person: Person, invoice_id: int) -> str:
    """The activity that a payment of the invoice is written under: of who has left and is archived, bookkeeping."""
    try:
        with person.scope(BILLS):
            invoices.one(subject_id=person.subject_id, invoice_id=invoice_id)
    except PaymentError:
        return BOOKS
    return BILLS


def order(person: Person, rng: random.Random) -> None:
    """A single order: tickets, or emergency cash."""
    outcome, cash = person.turn(ORDER), 0
    person.world.once("payment terms", lambda: terms_of(person.world))
    if outcome == "cash":
        cash = 30_000
    with person.scope(SINGLE) as scope:
        made = orders.place(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=person.world.controller_id,
            kind="emergency_cash" if cash else "tickets",
            title="x",
            amount=AMOUNT,
            at=clock.now(),
            event_on=None if cash else clock.today() + timedelta(days=30),
            cash=cash,
        )

    def settle() -> None:
        with person.scope(SINGLE) as scope:
            _settle(scope, orders.one(subject_id=person.subject_id, order_id=made.id), outcome)
        person.came(ORDER, outcome)

    person.later(20, settle)


def _settle(scope, row: OneOffOrder, outcome: str) -> None:  # type: ignore[no-untyped-def]  # the open scope
    at, key = clock.now(), str(row.id)
    match outcome:
        case "cancelled":
            orders.cancel(scope=scope, order=row, at=at)
        case "lost" | "by invoice":
            billed = orders.bill(scope=scope, order=row, at=at)
            if outcome == "lost":
                invoices.write_off(scope=scope, invoice=billed, at=at)
            else:
                _pay(scope, billed)
            orders.follow_invoice(scope=scope, invoice=billed, at=at)
        case _:
            orders.paid(scope=scope, order=row, amount=row.amount, source=accounts.BANK, key=key, at=at)
            if outcome == "refunded":
                orders.cancel(scope=scope, order=row, at=at)
            elif outcome == "cash":
                orders.hand_out(scope=scope, order=row, to_account=ACCOUNT, at=at)
            else:
                orders.deliver(scope=scope, order=row, at=at)


def _pay(scope, row: Invoice) -> None:  # type: ignore[no-untyped-def]  # the open scope
    at = clock.now()
    invoices.pay_by_bank(scope=scope, invoice=row, amount=row.left, entry=str(row.id), at=at, booked_at=at)


def terms_of(world: World) -> PaymentTerms:
    """The terms of payment of a controller, kept once."""
    controller = Controller.objects.get(pk=world.controller_id)
    return keep_terms(controller=controller, starts=date(2020, 1, 1), account=ACCOUNT)


ACTS = {
    INVOICE: Act(
        bill, {BILLS: ("service_payment",)}, ("paid", "paid when reminded", "refunded", "credited", "written off")
    ),
    ORDER: Act(
        order,
        {SINGLE: ("one_off_transaction",)},
        ("paid", "refunded", "cancelled", "by invoice", "lost", "cash"),
    ),
}
