"""Invoices (D8): issued with a KID, paid in full or part, credited, refunded, reminded of, written off.

Within an open scope of `service_payments` or `one_off_transactions`. Every sum is booked with the row that says it, in
one transaction; what is left of an invoice is what its transfers leave on OWED.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db.models import Q, QuerySet, Sum

from tillit.audit.operations import append
from tillit.declaration.vocabulary import category_id, category_key
from tillit.kernel import clock
from tillit.kernel.identifiers import kid
from tillit.kernel.scope import Scope
from tillit.ledger.kinds import Kind
from tillit.parties import sealing
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject
from tillit.parties.queries import facts
from tillit.services import accounts, events
from tillit.services.accounts import BANK, CREDIT, FEES, LOSSES, ONE_OFF, OWED, SALES
from tillit.services.errors import PaymentError
from tillit.services.payment_models import (
    Invoice,
    InvoiceState,
    Method,
    OneOffOrder,
    OneOffState,
    Payment,
    PaymentState,
)
from tillit.services.terms import next_number, terms

Line = tuple[str, int]
"""What for, and minor units with VAT."""
_PREFIX = "3"
"""The first digit of our KIDs: which of a controller's kinds of bill it is (settlements have theirs)."""


def kid_of(number: int) -> str:
    """The KID of an invoice number: MOD10."""
    return kid.generate(f"{_PREFIX}{number:09d}", kid.KidMethod.MOD10)


def issue(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    lines: Sequence[Line],
    at: datetime,
    category: str = accounts.PAYMENTS,
    agreement_id: int | None = None,
    period: tuple[date, date] | None = None,
    order_id: int | None = None,
    owed_already: int = 0,
    language: str = "nb",
) -> Invoice:
    """Issue an invoice over the lines. Of an agreement a period is billed once, an order once: the same again is the
    invoice that stands. `owed_already`: minor units of it that are booked as owed (cash that was handed out).

    Raises `PaymentError` `no-amount`, `no-terms`.
    """
    amount = sum(one for _, one in lines)
    if amount <= 0:
        raise PaymentError("no-amount", "an invoice is for something")
    state = lock_subject(scope=scope, subject_id=subject_id)
    standing = Invoice.objects.filter(subject_id=subject_id)
    of_period = {"agreement_id": agreement_id, "period_start": period[0]} if agreement_id and period else None
    once = of_period or ({"order_id": order_id} if order_id else None)
    if once is not None and (same := standing.filter(**once).first()):
        return same
    today = clock.local_date(at)
    said = terms(controller_id=controller_id, on=today)
    number = next_number(controller_id=controller_id, key="invoice")
    due = today + timedelta(days=said.due_days)
    made = Invoice.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        category=category_id(category),
        number=number,
        kid=kid_of(number),
        agreement_id=agreement_id,
        order_id=order_id,
        period_start=period[0] if period else None,
        period_end=period[1] if period else None,
        lines=[{"text": text, "amount": each} for text, each in lines],
        amount=amount,
        vat=0 if order_id is not None else said.vat,
        currency="NOK",
        account=said.account,
        buyer=_buyer(subject_id, controller_id),
        issued_at=at,
        due_on=due,
        remind_on=_reminder(due, said.reminder_days, 0),
        language=language,
    )
    _book(scope, made, OWED, SALES, amount - owed_already, ("issue", number), at)
    append(
        type=events.INVOICE_ISSUED,
        scope=scope,
        controller=controller_id,
        subject=subject_id,
        details={"invoice": made.id, "amount": amount},
    )
    return made


def receive(*, scope: Scope, invoice: Invoice, amount: int, source: Kind, key: str, at: datetime) -> int:
    """Money has come in for an invoice, from `source`; how much of it the invoice did not need, which the person has
    with us from now on.
    """
    row = locked(scope, invoice)
    used = min(amount, row.left)
    _book(scope, row, source, OWED, used, ("paid", key), at)
    _book(scope, row, source, CREDIT, amount - used, ("over", key), at)
    if used:
        _change(row, at, paid=row.paid + used)
    refresh(invoice)
    return amount - used


def pay_by_bank(
    *, scope: Scope, invoice: Invoice, amount: int, entry: str, at: datetime, booked_at: datetime
) -> Payment:
    """A movement of the bank with the invoice's KID. `entry`: which; the same again is nothing new."""
    lock_subject(scope=scope, subject_id=invoice.subject_id)
    if same := Payment.objects.filter(subject_id=invoice.subject_id, entry=entry).first():
        return same
    made = Payment.objects.create(
        subject_id=invoice.subject_id,
        controller_id=invoice.controller_id,
        state=invoice.state,
        category=invoice.category,
        reference=uuid4(),
        invoice_id=invoice.id,
        amount=amount,
        currency=invoice.currency,
        method=Method.BANK,
        entry=entry,
        payment_state=PaymentState.DONE,
        begun_at=at,
        ended_at=booked_at,
    )
    receive(scope=scope, invoice=invoice, amount=amount, source=BANK, key=str(made.reference), at=booked_at)
    note_paid(scope, made)
    return made


def credit(*, scope: Scope, invoice: Invoice, amount: int, at: datetime) -> int:
    """A credit note of `amount` minor units: what is still owed of it falls away, and the rest the person has with us,
    to be refunded; the latter is returned. Raises `PaymentError` `credit-amount` for more than was billed, or than is
    owed or was paid.
    """
    row = locked(scope, invoice)
    noted = number_of_credits(row)
    if not 0 < amount <= creditable(row):
        raise PaymentError("credit-amount", "a credit note is over what is owed or was paid, and not yet credited")
    falls = min(amount, row.left)
    key = ("credit", row.number, noted[0] + 1)
    _book(scope, row, SALES, OWED, falls, key, at)
    _book(scope, row, SALES, CREDIT, amount - falls, key, at)
    row.lines = [*row.lines, {"text": "credit", "amount": -amount, "at": at.isoformat()}]
    _change(row, at, credited=row.credited + falls, lines=row.lines)
    append(
        type=events.INVOICE_CREDITED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"invoice": row.id, "amount": amount},
    )
    refresh(invoice)
    return amount - falls


def creditable(invoice: Invoice) -> int:
    """The most a credit note may come to: of what was billed, what is owed or was paid and not given back. What was
    written off is neither.
    """
    noted = number_of_credits(invoice)[1]
    given = noted - invoice.credited
    return max(0, min(invoice.amount - noted, invoice.left + invoice.paid - given))


def set_aside(*, subject_id: int, category: str) -> int:
    """What of the person's credit waits to be handed out as cash of an order that is paid."""
    if category != ONE_OFF:
        return 0
    waiting = OneOffOrder.objects.filter(subject_id=subject_id, order_state=OneOffState.PAID, paid_out_at=None)
    return waiting.aggregate(sum=Sum("cash"))["sum"] or 0


def use_credit(*, scope: Scope, invoice: Invoice, at: datetime) -> int:
    """What the person has with us pays what is left of the invoice, as far as it goes; how much. Minor units."""
    row = locked(scope, invoice)
    kept = category_key(row.category)
    book = accounts.book(controller_id=row.controller_id, category=kept, currency=row.currency)
    has = accounts.standing(subject_id=row.subject_id, of=book, kind=CREDIT)
    used = min(row.left, has - set_aside(subject_id=row.subject_id, category=kept))
    if used <= 0:
        return 0
    _book(scope, row, CREDIT, OWED, used, ("credit-used", row.number, row.paid), at)
    _change(row, at, paid=row.paid + used)
    refresh(invoice)
    return used


def being_paid(*, invoice: Invoice, at: datetime) -> bool:
    """Whether a payment of it is under way, or was begun on the web within a day."""
    begun = Payment.objects.filter(subject_id=invoice.subject_id, invoice_id=invoice.id, ended_at=None, amount__gt=0)
    waiting = Q(payment_state=PaymentState.WAITING, begun_at__gt=at - timedelta(days=1))
    return begun.filter(Q(payment_state=PaymentState.UNDER_WAY) | waiting).exists()


def number_of_credits(invoice: Invoice) -> tuple[int, int]:
    """(how many credit notes it has, what they come to)."""
    notes = [-line["amount"] for line in invoice.lines if line["amount"] < 0]
    return len(notes), sum(notes)


def remind(*, scope: Scope, invoice: Invoice, at: datetime) -> bool:
    """Note that a reminder goes today, with its fee; False when none is due, or a payment of it is under way."""
    row = locked(scope, invoice)
    today = clock.local_date(at)
    if row.settled_at is not None or row.remind_on is None or row.remind_on > today:
        return False
    if being_paid(invoice=row, at=at):
        return False
    said = terms(controller_id=row.controller_id, on=clock.local_date(row.issued_at))
    number = row.reminders + 1
    _book(scope, row, OWED, FEES, said.fee, ("reminder", row.number, number), at)
    after = _reminder(row.due_on, said.reminder_days, number)
    after = None if after is None else max(after, today + timedelta(days=1))
    _change(row, at, fee=row.fee + said.fee, reminders=number, remind_on=after)
    refresh(invoice)
    return True


def write_off(*, scope: Scope, invoice: Invoice, at: datetime) -> int:
    """What is left is lost; how much."""
    row = locked(scope, invoice)
    left = row.left
    if row.settled_at is not None:
        return 0
    _book(scope, row, LOSSES, OWED, left, ("lost", row.number), at)
    _change(row, at, lost=row.lost + left)
    append(
        type=events.INVOICE_LOST,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"invoice": row.id, "amount": left},
    )
    refresh(invoice)
    return left


def of_person(*, subject_id: int) -> QuerySet[Invoice]:
    """The person's invoices, newest first, without who they were made out to."""
    found = Invoice.objects.filter(subject_id__in=same_person(subject_id))
    return found.defer("buyer").order_by("-issued_at", "-number")


def by_kid(*, controller_id: int, text: str) -> Invoice | None:
    """The invoice of a KID, or of an invoice number; None when there is none."""
    digits = "".join(text.split())
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        return None
    found = Invoice.objects.filter(controller_id=controller_id)
    return found.filter(kid=digits).first() or found.filter(number=int(digits)).first()


def one(*, subject_id: int, invoice_id: int) -> Invoice:
    """One of the person's. Raises `PaymentError` `no-invoice`."""
    found = Invoice.objects.filter(subject_id__in=same_person(subject_id), id=invoice_id).first()
    if found is None:
        raise PaymentError("no-invoice", "there is no such invoice")
    return found


def buyer_of(invoice: Invoice) -> tuple[str, ...]:
    """Whom it was made out to, line by line."""
    text = sealing.open_sealed(
        subject_id=invoice.subject_id,
        controller_id=invoice.controller_id,
        table=Invoice._meta.db_table,
        column="buyer",
        sealed=invoice.buyer,
    )
    return tuple(json.loads(text))


def locked(scope: Scope, invoice: Invoice) -> Invoice:
    """The invoice as it stands, the person locked."""
    lock_subject(scope=scope, subject_id=invoice.subject_id)
    return Invoice.objects.get(subject_id=invoice.subject_id, id=invoice.id)


def refresh(invoice: Invoice) -> None:
    """Bring the object up to date."""
    fresh = Invoice.objects.get(subject_id=invoice.subject_id, id=invoice.id)
    for field in Invoice._meta.concrete_fields:
        setattr(invoice, field.attname, getattr(fresh, field.attname))


def note_paid(scope: Scope, payment: Payment) -> None:
    """Put on record that money came in or went back."""
    append(
        type=events.PAYMENT_MADE,
        scope=scope,
        controller=payment.controller_id,
        subject=payment.subject_id,
        details={"payment": payment.id, "method": str(payment.method), "amount": payment.amount},
    )


def _book(
    scope: Scope,
    row: Invoice,
    debit: Kind,
    credited: Kind,
    amount: int,
    key: tuple[object, ...],
    at: datetime,
) -> None:
    accounts.move(
        scope=scope,
        subject_id=row.subject_id,
        of=accounts.book(controller_id=row.controller_id, category=category_key(row.category), currency=row.currency),
        debit=debit,
        credit=credited,
        amount=amount,
        key=(row.controller_id, *key),
        at=at,
        state=row.state,
    )


def _change(row: Invoice, at: datetime, **changed: object) -> None:
    """Change the row, and settle it with its last øre: written off, credited or paid, by what ended it."""
    for name, value in changed.items():
        setattr(row, name, value)
    if row.left == 0 and row.settled_at is None:
        ended = {"lost": InvoiceState.WRITTEN_OFF, "credited": InvoiceState.CREDITED}
        by = next((name for name in changed if name in ended), "")
        row.settled_at, row.remind_on = at, None
        row.invoice_state = ended.get(by, InvoiceState.PAID)
        changed |= {"settled_at": at, "remind_on": None, "invoice_state": row.invoice_state}
    Invoice.objects.filter(subject_id=row.subject_id, id=row.id).update(**changed)


def _reminder(due: date, days: Sequence[int], sent: int) -> date | None:
    return due + timedelta(days=days[sent]) if sent < len(days) else None


def _buyer(subject_id: int, controller_id: int) -> bytes:
    known = facts(subject_id=subject_id)
    name = " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
    place = " ".join(filter(None, (known.get("address.postal_code"), known.get("address.city"))))
    lines = [line for line in (name, known.get("address.street", ""), place) if line]
    return sealing.seal(
        subject_id=subject_id,
        controller_id=controller_id,
        table=Invoice._meta.db_table,
        column="buyer",
        value=json.dumps(lines, ensure_ascii=False),
    )
