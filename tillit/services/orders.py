"""One-off orders (D8): tickets, emergency cash and other single purchases; placed, paid, delivered, given back.

Within an open scope of `one_off_transactions`. A sale is booked when it is paid, or with its invoice. Cash is booked as
it is handed out: before it is paid for the person owes it, after that it is taken of what they have paid.
"""

from datetime import date, datetime

from django.db.models import QuerySet

from tillit.audit.operations import append
from tillit.kernel import clock
from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.scope import Scope
from tillit.ledger.kinds import Kind
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject
from tillit.services import accounts, bank_accounts, events, invoices, payouts
from tillit.services.accounts import BANK, CREDIT, ONE_OFF, OWED, SALES
from tillit.services.errors import PaymentError
from tillit.services.payment_models import Invoice, OneOffKind, OneOffOrder, OneOffState, Payment
from tillit.services.payout_models import PayoutOf
from tillit.services.terms import next_number, terms

MOST = 100_000_000
"""The largest sum of an order, minor units."""


def place(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    kind: str,
    title: str,
    amount: int,
    at: datetime,
    event_on: date | None = None,
    quantity: int = 1,
    cash: int = 0,
) -> OneOffOrder:
    """Place an order. `amount`: minor units, all of it; `cash`: the part of it that is handed out.

    Raises `PaymentError`: `kind`, `title`, `amount`, `quantity`, `cash` (more than the terms allow, or than is paid).
    """
    if kind not in OneOffKind.values:
        raise PaymentError("kind", "that is no kind of order")
    if not title.strip() or len(title) > 200:
        raise PaymentError("title", "say what is ordered, in 200 characters at most")
    if has_card_number(title):
        raise PaymentError("card-in-text", "a full card number may not stand in free text")
    if not 0 < amount <= MOST:
        raise PaymentError("amount", "an order is for a sum above zero")
    if not 1 <= quantity <= 99:
        raise PaymentError("quantity", "from 1 to 99")
    said = terms(controller_id=controller_id, on=clock.local_date(at))
    is_cash = kind == OneOffKind.EMERGENCY_CASH
    if is_cash != bool(cash) or not 0 <= cash <= min(amount, said.cash_most):
        raise PaymentError("cash", "emergency cash is a part of the order, and no more than the terms allow")
    state = lock_subject(scope=scope, subject_id=subject_id)
    made = OneOffOrder.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        number=next_number(controller_id=controller_id, key="order"),
        kind=kind,
        title=title.strip(),
        event_on=event_on,
        quantity=quantity,
        amount=amount,
        cash=cash,
        currency="NOK",
        ordered_at=at,
    )
    details = {"order": made.id, "kind": kind}
    append(type=events.ORDER_PLACED, scope=scope, controller=controller_id, subject=subject_id, details=details)
    return made


def paid(*, scope: Scope, order: OneOffOrder, amount: int, source: Kind, key: str, at: datetime) -> None:
    """Money for the order has come in from `source`. What the order does not need the person has with us. What came
    in after all for one that was billed pays its invoice.
    """
    row = locked(scope, order)
    if billed := invoice_of(row):
        invoices.receive(scope=scope, invoice=billed, amount=amount, source=source, key=key, at=at)
        follow_invoice(scope=scope, invoice=billed, at=at)
        refresh(order)
        return
    needed = row.amount if row.order_state == OneOffState.PLACED and amount >= row.amount else 0
    if needed:
        owed = row.cash if row.paid_out_at is not None else 0
        _move(scope, row, source, OWED, owed, ("paid", key), at)
        _move(scope, row, source, CREDIT, amount - owed, ("paid", key), at)
        _move(scope, row, CREDIT, SALES, row.amount - row.cash, ("sold", row.controller_id, row.number), at)
        _become(scope, row, OneOffState.PAID, at)
    else:
        _move(scope, row, source, CREDIT, amount, ("over", key), at)
    refresh(order)


def hand_out(*, scope: Scope, order: OneOffOrder, to_account: str, at: datetime) -> None:
    """Emergency cash is handed out: by transfer to an account, or (no account) to be fetched. Once.

    Raises `PaymentError`: `no-cash`, `handed-out`, `account`, `order-over`.
    """
    row = locked(scope, order)
    if not row.cash:
        raise PaymentError("no-cash", "nothing of this order is handed out")
    if row.paid_out_at is not None:
        raise PaymentError("handed-out", "it has been handed out")
    if row.order_state in (OneOffState.CANCELLED, OneOffState.REFUNDED):
        raise PaymentError("order-over", "the order is over")
    sealed, number = None, ""
    if to_account:
        number, sealed = bank_accounts.taken(to_account, whose=row, of=OneOffOrder, column="to_account")
    source = CREDIT if row.order_state == OneOffState.PAID else OWED
    to = payouts.side(controller_id=row.controller_id) if number else BANK
    _move(scope, row, source, to, row.cash, ("handed-out", row.controller_id, row.number), at)
    if number:
        payouts.make(scope=scope, of=PayoutOf.CASH, row=row, amount=row.cash, account=number, at=at)
    changed: dict[str, object] = {"paid_out_at": at, "to_account": sealed, "delivered_at": at}
    if row.order_state == OneOffState.PAID:
        changed["order_state"] = OneOffState.DELIVERED
    OneOffOrder.objects.filter(subject_id=row.subject_id, id=row.id).update(**changed)
    _note(scope, row, "handed_out")
    refresh(order)


def deliver(*, scope: Scope, order: OneOffOrder, at: datetime) -> None:
    """Tickets were sent. Raises `PaymentError` `order-state` unless it is paid for, or billed."""
    row = locked(scope, order)
    billed = row.order_state == OneOffState.PLACED and invoice_of(row) is not None
    if row.delivered_at is not None or row.cash or not (row.order_state == OneOffState.PAID or billed):
        raise PaymentError("order-state", "what is paid for or billed is delivered, once")
    changed: dict[str, object] = {"delivered_at": at}
    if row.order_state == OneOffState.PAID:
        changed["order_state"] = OneOffState.DELIVERED
    OneOffOrder.objects.filter(subject_id=row.subject_id, id=row.id).update(**changed)
    _note(scope, row, "delivered")
    refresh(order)


def bill(*, scope: Scope, order: OneOffOrder, at: datetime, language: str = "nb") -> Invoice:
    """Have it paid by invoice, once. The order is settled as the invoice is.

    Raises `PaymentError`: `order-state`, `cash-first`, `under-way` (a payment of it is begun, its outcome not known).
    """
    row = locked(scope, order)
    if row.order_state != OneOffState.PLACED:
        raise PaymentError("order-state", "the order is paid or over")
    if row.cash and row.paid_out_at is None:
        raise PaymentError("cash-first", "cash is billed when it has been handed out")
    _nothing_begun(row)
    made = invoices.issue(
        scope=scope,
        subject_id=row.subject_id,
        controller_id=row.controller_id,
        lines=[(row.title, row.amount)],
        at=at,
        category=ONE_OFF,
        order_id=row.id,
        owed_already=row.cash,
        language=language,
    )
    return made


def follow_invoice(*, scope: Scope, invoice: Invoice, at: datetime) -> None:
    """What settles an order's invoice settles the order: paid when what is left after credit notes was paid, lost when
    it was written off, cancelled or refunded when credit notes took back all of it.
    """
    if invoice.order_id is None or invoice.settled_at is None:
        return
    row = OneOffOrder.objects.filter(subject_id=invoice.subject_id, id=invoice.order_id).first()
    if row is None:
        return
    noted = invoices.number_of_credits(invoice)[1]
    if noted >= invoice.amount:
        to = OneOffState.REFUNDED if noted > invoice.credited else OneOffState.CANCELLED
    elif invoice.lost or not invoice.paid:
        to = OneOffState.LOST
    else:
        to = OneOffState.PAID
    ended = (OneOffState.REFUNDED, OneOffState.CANCELLED)
    if row.order_state == OneOffState.PLACED or (to in ended and row.order_state not in ended):
        _become(scope, row, to, at)


def cancel(*, scope: Scope, order: OneOffOrder, at: datetime) -> None:
    """Take it back: before it is paid; of one that is paid the price is given back, to be refunded. Of one that was
    billed that is what was paid of its invoice and no credit note has given back.

    Raises `PaymentError`: `order-state` (it is over, or cash was handed out), `billed` (credit the invoice),
    `under-way` (a payment of it is begun, its outcome not known).
    """
    row = locked(scope, order)
    if row.order_state not in (OneOffState.PLACED, OneOffState.PAID) or row.paid_out_at is not None:
        raise PaymentError("order-state", "the order is over, or its cash was handed out")
    billed = invoice_of(row)
    if billed is not None and billed.settled_at is None:
        raise PaymentError("billed", "credit its invoice")
    if billed is not None:
        if rest := invoices.creditable(billed):
            invoices.credit(scope=scope, invoice=billed, amount=rest, at=at)
        _become(scope, row, OneOffState.REFUNDED, at)
    elif row.order_state == OneOffState.PAID:
        sold = row.amount - row.cash
        _move(scope, row, SALES, CREDIT, sold, ("cancelled", row.controller_id, row.number), at)
        _become(scope, row, OneOffState.REFUNDED, at)
    else:
        _nothing_begun(row)
        _become(scope, row, OneOffState.CANCELLED, at)
    refresh(order)


def invoice_of(order: OneOffOrder) -> Invoice | None:
    """The invoice the order was billed with."""
    return Invoice.objects.filter(subject_id=order.subject_id, order_id=order.id).first()


def of_person(*, subject_id: int) -> QuerySet[OneOffOrder]:
    """The person's orders, newest first, without accounts."""
    found = OneOffOrder.objects.filter(subject_id__in=same_person(subject_id))
    return found.defer("to_account").order_by("-ordered_at", "-number")


def one(*, subject_id: int, order_id: int) -> OneOffOrder:
    """One of the person's. Raises `PaymentError` `no-order`."""
    found = OneOffOrder.objects.filter(subject_id__in=same_person(subject_id), id=order_id).first()
    if found is None:
        raise PaymentError("no-order", "there is no such order")
    return found


def locked(scope: Scope, order: OneOffOrder) -> OneOffOrder:
    """The order as it stands, the person locked."""
    lock_subject(scope=scope, subject_id=order.subject_id)
    return OneOffOrder.objects.get(subject_id=order.subject_id, id=order.id)


def refresh(order: OneOffOrder) -> None:
    """Bring the object up to date."""
    fresh = OneOffOrder.objects.get(subject_id=order.subject_id, id=order.id)
    for field in OneOffOrder._meta.concrete_fields:
        setattr(order, field.attname, getattr(fresh, field.attname))


def _nothing_begun(row: OneOffOrder) -> None:
    begun = Payment.objects.filter(subject_id=row.subject_id, order_id=row.id, amount__gt=0, ended_at=None)
    if begun.exists():
        raise PaymentError("under-way", "a payment of it is begun, and its outcome not known yet")


def _move(
    scope: Scope, row: OneOffOrder, debit: Kind, credit: Kind, amount: int, key: tuple[object, ...], at: datetime
) -> None:
    accounts.move(
        scope=scope,
        subject_id=row.subject_id,
        of=accounts.book(controller_id=row.controller_id, category=ONE_OFF, currency=row.currency),
        debit=debit,
        credit=credit,
        amount=amount,
        key=key,
        at=at,
        state=row.state,
    )


def _become(scope: Scope, row: OneOffOrder, to: OneOffState, at: datetime) -> None:
    row.order_state, row.settled_at = to, at
    if to == OneOffState.PAID and row.delivered_at is not None:
        row.order_state = OneOffState.DELIVERED
    OneOffOrder.objects.filter(subject_id=row.subject_id, id=row.id).update(order_state=row.order_state, settled_at=at)
    _note(scope, row, str(row.order_state))


def _note(scope: Scope, row: OneOffOrder, what: str) -> None:
    append(
        type=events.ORDER_CHANGED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"order": row.id, "state": what},
    )
