"""What people owe, order and pay, as they see it themselves and as the desk does (D8)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.statement.pdf import render_pdf
from tillit.declaration.vocabulary import category_key
from tillit.journeys.payments_in import BOOKS, may
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.parties.actors import person_scope
from tillit.parties.queries import facts
from tillit.services import accounts, charges, invoices, orders
from tillit.services.charges import ACTIVITY
from tillit.services.errors import PaymentError
from tillit.services.invoice_document import document
from tillit.services.payment_models import Invoice, OneOffOrder, Payment

OWN = "self_service"


@dataclass(frozen=True)
class Account:
    """Everything of one person: invoices, orders, payments, and what they have with us by category (minor units)."""

    invoices: Sequence[Invoice] = ()
    orders: Sequence[OneOffOrder] = ()
    payments: Sequence[Payment] = ()
    credit: dict[str, int] = field(default_factory=dict)
    name: str = ""


def offered(*, controller: Controller) -> bool:
    """Whether people pay the controller for services or single purchases."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return any(declared.activity(one) is not None for one in ACTIVITY.values())


def mine(*, actor: Actor, controller: Controller, subject_id: int) -> Account:
    """What a person sees of their own."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return _account(controller, subject_id, frozenset(ACTIVITY))


def own_invoice(*, actor: Actor, controller: Controller, subject_id: int, invoice_id: int) -> tuple[Invoice, bytes]:
    """One of one's own invoices, with its PDF. Raises `PaymentError` `no-invoice`."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return _pdf(controller, invoices.one(subject_id=subject_id, invoice_id=invoice_id))


def open_invoices(*, actor: Actor, controller: Controller, late: bool = False) -> list[Invoice]:
    """Invoices that are not settled, longest due first. Raises `ScopeError`."""
    may(actor, controller)
    found: list[Invoice] = []
    for activity in _activities(actor):
        with Scope(actor, activity, controllers=frozenset({controller.pk})):
            rows = Invoice.objects.filter(controller_id=controller.pk, settled_at=None).defer("buyer")
            found += rows.filter(due_on__lt=clock.today()) if late else rows
    return sorted(found, key=lambda one: (one.due_on, one.number))[:200]


def stuck(*, actor: Actor, controller: Controller) -> list[Payment]:
    """Payments whose outcome is not known, or was another than asked for, oldest first."""
    may(actor, controller)
    found: list[Payment] = []
    for activity in _activities(actor):
        with Scope(actor, activity, controllers=frozenset({controller.pk})):
            rows = Payment.objects.filter(controller_id=controller.pk).defer("to_account")
            found += rows.filter(ended_at=None, payment_state="under_way") | rows.filter(reason="amount-differs")
    return sorted(found, key=lambda one: one.begun_at)[:100]


def see_to(*, actor: Actor, controller: Controller, payment_id: int) -> None:
    """A colleague has seen to a payment that came with another amount. Raises `PaymentError` `no-payment`."""
    for one in stuck(actor=actor, controller=controller):
        if one.id == payment_id:
            with Scope(actor, ACTIVITY[category_key(one.category)], frozenset({one.subject_id})):
                charges.seen_to(payment=one)
            return
    raise PaymentError("no-payment", "there is no such payment")


def find(*, actor: Actor, controller: Controller, text: str) -> Invoice:
    """The invoice of a number or KID. Raises `PaymentError` `no-invoice`."""
    may(actor, controller)
    for activity in _activities(actor):
        with Scope(actor, activity, controllers=frozenset({controller.pk})):
            found = invoices.by_kid(controller_id=controller.pk, text=text)
        if found is not None:
            return found
    raise PaymentError("no-invoice", "there is no such invoice")


def look(*, actor: Actor, controller: Controller, subject_id: int) -> Account:
    """A person's account as the desk sees it; of a customer who has left, as the books have it, for whoever keeps them.
    The look is on record. Raises `ScopeError`, `NotAssignedError`."""
    may(actor, controller)
    merged = Account()
    of: list[tuple[str, frozenset[str]]] = [
        (activity, frozenset({category})) for category, activity in ACTIVITY.items() if activity in _activities(actor)
    ]
    if (actor.activities is None or BOOKS in actor.activities) and not _present(actor, of, subject_id):
        of = [(BOOKS, frozenset(ACTIVITY))]
    for activity, categories in of:
        with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
            append(
                type=PERSON_READ,
                scope=scope,
                controller=controller.pk,
                subject=subject_id,
                details={"purpose": activity, "categories": ["identity", *sorted(categories)]},
            )
            part = _account(controller, subject_id, categories)
            known = facts(subject_id=subject_id)
            name = " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
        merged = Account(
            [*merged.invoices, *part.invoices],
            [*merged.orders, *part.orders],
            [*merged.payments, *part.payments],
            merged.credit | part.credit,
            name,
        )
    return merged


def place(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    kind: str,
    title: str,
    amount: int,
    event_on: date | None,
    quantity: int,
    cash: int,
) -> OneOffOrder:
    """Place an order for a person. Raises `PaymentError`."""
    with _handling(actor, controller, subject_id, accounts.ONE_OFF) as scope:
        return orders.place(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            kind=kind,
            title=title,
            amount=amount,
            at=clock.now(),
            event_on=event_on,
            quantity=quantity,
            cash=cash,
        )


def change_order(
    *, actor: Actor, controller: Controller, subject_id: int, order_id: int, act: str, to_account: str = ""
) -> None:
    """`hand_out` (cash, to an account or to be fetched), `deliver`, `bill` or `cancel`. Raises `PaymentError`."""
    at = clock.now()
    with _handling(actor, controller, subject_id, accounts.ONE_OFF) as scope:
        order = orders.one(subject_id=subject_id, order_id=order_id)
        match act:
            case "hand_out":
                orders.hand_out(scope=scope, order=order, to_account=to_account, at=at)
            case "deliver":
                orders.deliver(scope=scope, order=order, at=at)
            case "bill":
                orders.bill(scope=scope, order=order, at=at)
            case "cancel":
                orders.cancel(scope=scope, order=order, at=at)
            case _:
                raise PaymentError("order-state", "that cannot be done")


def change_invoice(
    *, actor: Actor, controller: Controller, subject_id: int, invoice_id: int, act: str, amount: int = 0
) -> None:
    """`credit` an amount (minor units), or `write_off` what is left. Raises `PaymentError`."""
    at = clock.now()
    with _invoice_scope(actor, controller, subject_id, invoice_id) as scope:
        invoice = invoices.one(subject_id=subject_id, invoice_id=invoice_id)
        if act == "credit":
            invoices.credit(scope=scope, invoice=invoice, amount=amount, at=at)
        else:
            invoices.write_off(scope=scope, invoice=invoice, at=at)
        orders.follow_invoice(scope=scope, invoice=invoice, at=at)


def staff_invoice(*, actor: Actor, controller: Controller, subject_id: int, invoice_id: int) -> tuple[Invoice, bytes]:
    """An invoice with its PDF, for the desk. Raises `PaymentError`."""
    with _invoice_scope(actor, controller, subject_id, invoice_id):
        return _pdf(controller, invoices.one(subject_id=subject_id, invoice_id=invoice_id))


def _account(controller: Controller, subject_id: int, categories: frozenset[str]) -> Account:
    def of(rows: Sequence[Invoice] | Sequence[Payment]) -> list[object]:
        return [one for one in rows if category_key(one.category) in categories]

    credit = charges.credit_of(subject_id=subject_id, controller_id=controller.pk)
    return Account(
        of(list(invoices.of_person(subject_id=subject_id)[:200])),  # type: ignore[arg-type]
        list(orders.of_person(subject_id=subject_id)[:200]) if accounts.ONE_OFF in categories else [],
        of(list(charges.of_person(subject_id=subject_id)[:200])),  # type: ignore[arg-type]
        {category: sum_ for category, sum_ in credit.items() if category in categories},
    )


def _pdf(controller: Controller, invoice: Invoice) -> tuple[Invoice, bytes]:
    declared = current(controller_id=controller.pk, on=clock.local_date(invoice.issued_at))
    made = document(invoice=invoice, buyer=invoices.buyer_of(invoice), controller=controller, declared=declared)
    return invoice, render_pdf(made, made=invoice.issued_at)


def _present(actor: Actor, of: Sequence[tuple[str, frozenset[str]]], subject_id: int) -> bool:
    """Whether the person's payments, invoices or orders stand anywhere but in the archive."""
    for activity, _ in of:
        with Scope(actor, activity, frozenset({subject_id})):
            if any(one.objects.filter(subject_id=subject_id).exists() for one in (Invoice, OneOffOrder, Payment)):
                return True
    with Scope(actor, BOOKS, frozenset({subject_id})):
        return not any(one.objects.filter(subject_id=subject_id).exists() for one in (Invoice, OneOffOrder, Payment))


def _activities(actor: Actor) -> list[str]:
    return [one for one in ACTIVITY.values() if actor.activities is None or one in actor.activities]


@contextmanager
def _handling(actor: Actor, controller: Controller, subject_id: int, category: str) -> Iterator[Scope]:
    may(actor, controller)
    if ACTIVITY[category] not in _activities(actor):
        raise ScopeError("scope-activity", f"{actor.kind} may not take payment of that")
    with person_scope(actor=actor, activity=ACTIVITY[category], subject_id=subject_id) as scope:
        yield scope


@contextmanager
def _invoice_scope(actor: Actor, controller: Controller, subject_id: int, invoice_id: int) -> Iterator[Scope]:
    for category in ACTIVITY:
        with _handling(actor, controller, subject_id, category) as scope:
            if Invoice.objects.filter(subject_id=subject_id, id=invoice_id).exists():
                yield scope
                return
    raise PaymentError("no-invoice", "there is no such invoice")
