"""Payments through the acquirer (D8): by phone, on the web, and back. Rows of them, and what an answer makes of them.

Within an open scope of the category's activity. Nothing here speaks with the acquirer: `journeys.payments` does,
between two transactions, so that what was begun is on record before a byte leaves and what is not known is asked
about. A card's number is never in a row: its last four are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import Q, QuerySet, Sum

from tillit.declaration.vocabulary import category_id, category_key
from tillit.disclosure.operations import Disclosed, disclose
from tillit.kernel import clock
from tillit.kernel.identifiers import IdentifierError, card
from tillit.kernel.scope import Scope
from tillit.ledger.kinds import Kind
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject
from tillit.parties.queries import facts
from tillit.services import accounts, bank_accounts, invoices, orders, payouts
from tillit.services.accounts import ACQUIRER, CREDIT, ONE_OFF, PAYMENTS
from tillit.services.acquirer import Answer
from tillit.services.errors import PaymentError
from tillit.services.payment_models import Invoice, Method, OneOffOrder, OneOffState, Payment, PaymentState
from tillit.services.payout_models import PayoutOf

ACTIVITY = {PAYMENTS: "service_payments", ONE_OFF: "one_off_transactions"}
"""Category → the activity that takes payment."""
FIELDS: Mapping[str, tuple[str, str, str, str]] = {
    PAYMENTS: ("payment_amount", "payment_order", "payment_card_number", "payment_card_expiry"),
    ONE_OFF: ("amount", "order_number", "card_number", "card_expiry"),
}
"""Category → the fields that leave, as the vocabulary names them."""
ASK = {PaymentState.UNDER_WAY: timedelta(minutes=1), PaymentState.WAITING: timedelta(minutes=10)}
"""How long after it began, and between, the acquirer is asked what became of a payment."""

PAGES = 3
"""How many payments of one thing are open at once at the provider's."""
FRESH = timedelta(minutes=15)
"""How long an open page is led to again."""


@dataclass(frozen=True)
class What:
    """What is paid: an invoice, or an order that has none."""

    subject_id: int
    controller_id: int
    state: int
    category: str
    amount: int
    currency: str
    label: str
    invoice_id: int | None = None
    order_id: int | None = None


def payable(*, scope: Scope, thing: Invoice | OneOffOrder) -> What:
    """What is left to pay of it, the person locked. Raises `PaymentError` `nothing-left`, `billed`."""
    if isinstance(thing, Invoice):
        row = invoices.locked(scope, thing)
        if not row.left:
            raise PaymentError("nothing-left", "nothing is owed of it")
        kept = category_key(row.category)
        return What(
            row.subject_id, row.controller_id, row.state, kept, row.left, row.currency, str(row.number), row.id, None
        )
    order = orders.locked(scope, thing)
    if order.order_state != OneOffState.PLACED:
        raise PaymentError("nothing-left", "nothing is owed of it")
    if Invoice.objects.filter(subject_id=order.subject_id, order_id=order.id).exists():
        raise PaymentError("billed", "it is paid by its invoice")
    number = f"O{order.number}"
    return What(
        order.subject_id,
        order.controller_id,
        order.state,
        ONE_OFF,
        order.amount,
        order.currency,
        number,
        None,
        order.id,
    )


def by_phone(
    *, scope: Scope, thing: Invoice | OneOffOrder, number: str, expiry: str, at: datetime
) -> tuple[Payment, Disclosed]:
    """Begin a charge of a card given by phone. What is returned to be handed over is in memory only.

    Raises `PaymentError`: `card`, `expiry`, `expired`, `under-way`, and what `payable` does; `DisclosureRefusedError`.
    """
    try:
        plain = card.normalise(number)
    except IdentifierError:
        raise PaymentError("card", "that is no card number") from None
    last = _last_day(expiry)
    if last < clock.local_date(at):
        raise PaymentError("expired", "that card is out of date")
    what = payable(scope=scope, thing=thing)
    mine = Payment.objects.filter(subject_id=what.subject_id, invoice_id=what.invoice_id, order_id=what.order_id)
    if mine.filter(payment_state=PaymentState.UNDER_WAY).exists():
        raise PaymentError("under-way", "a charge is under way, and its outcome not known yet")
    row = _begin(what, Method.CARD_BY_PHONE, PaymentState.UNDER_WAY, at, masked=plain[-4:])
    amount, order, card_number, card_expiry = FIELDS[what.category]
    sent = disclose(
        scope=scope,
        subject_id=what.subject_id,
        controller_id=what.controller_id,
        recipient="payment_acquirer",
        fields={
            amount: what.amount,
            order: what.label,
            card_number: plain,
            card_expiry: f"{last:%m/%y}",
            "customer_number": customer_number(what.subject_id),
        },
        at=at,
        party="acquirer",
    )
    return row, sent


def open_page(*, scope: Scope, thing: Invoice | OneOffOrder, at: datetime) -> str:
    """The address of a page that was opened of late to pay just what is left of it; empty when there is none."""
    what = payable(scope=scope, thing=thing)
    mine = Payment.objects.filter(subject_id=what.subject_id, invoice_id=what.invoice_id, order_id=what.order_id)
    fresh = mine.filter(ended_at=None, amount=what.amount, begun_at__gt=at - FRESH).exclude(page="")
    return fresh.order_by("-begun_at").values_list("page", flat=True).first() or ""


def on_web(*, scope: Scope, thing: Invoice | OneOffOrder, at: datetime) -> tuple[Payment, Disclosed]:
    """Begin a payment that the person makes at the provider's: only amount and order leave.

    Raises `PaymentError` `under-way` beside a charge whose outcome is not known or `PAGES` that are open.
    """
    what = payable(scope=scope, thing=thing)
    mine = Payment.objects.filter(subject_id=what.subject_id, invoice_id=what.invoice_id, order_id=what.order_id)
    begun = mine.filter(ended_at=None, amount__gt=0)
    if begun.filter(payment_state=PaymentState.UNDER_WAY).exists() or begun.count() >= PAGES:
        raise PaymentError("under-way", "payments of it are begun, and their outcome not known yet")
    row = _begin(what, Method.CARD_ON_WEB, PaymentState.WAITING, at)
    amount, order, *_ = FIELDS[what.category]
    sent = disclose(
        scope=scope,
        subject_id=what.subject_id,
        controller_id=what.controller_id,
        recipient="payment_provider",
        fields={amount: what.amount, order: what.label},
        at=at,
        party="acquirer",
    )
    return row, sent


def heard(*, scope: Scope, payment: Payment, answer: Answer, at: datetime) -> bool:
    """What the acquirer says of a payment, once or many times; whether it changed anything.

    A capture counts also after we had given the payment up: the money is there. One of another amount than was asked
    for is booked as what was captured, and stands on the desk (`amount-differs`) until a colleague has seen to the
    difference. One without an amount or in another currency is no answer, and neither is more given back than asked.
    """
    lock_subject(scope=scope, subject_id=payment.subject_id)
    row = Payment.objects.get(subject_id=payment.subject_id, id=payment.id)
    good = answer.status == ("refunded" if row.amount < 0 else "captured")
    if row.payment_state == PaymentState.DONE or (row.payment_state == PaymentState.FAILED and not good):
        return False
    mine = Payment.objects.filter(subject_id=row.subject_id, id=row.id)
    if good and not plain(payment=row, answer=answer):
        mine.update(reason="answer-unclear", **({"ask_at": at + timedelta(hours=1)} if row.ended_at is None else {}))
        return False
    if answer.status == "pending":
        mine.update(ask_at=at + ASK[PaymentState(row.payment_state)], the_acquirers=answer.reference)
        return True
    if not good:
        reason = answer.reason or {"unknown": "not-received"}.get(answer.status, str(answer.status))
        mine.update(payment_state=PaymentState.FAILED, reason=reason[:40], ended_at=at, ask_at=None, page="")
        if row.amount < 0:
            _move(scope, row, ACQUIRER, CREDIT, -row.amount, "refund-failed", at)
        return True
    if row.payment_state == PaymentState.FAILED and row.amount < 0:
        _move(scope, row, CREDIT, ACQUIRER, -row.amount, "refund-after-all", at)
    moved = answer.amount or 0
    differs = moved != abs(row.amount)
    if row.amount < 0:
        _move(scope, row, ACQUIRER, CREDIT, -row.amount - moved, "refund-less", at)
    row.amount = moved if row.amount > 0 else -moved
    mine.update(
        payment_state=PaymentState.DONE,
        reason="amount-differs" if differs else "",
        amount=row.amount,
        ended_at=at,
        ask_at=None,
        page="",
        the_acquirers=answer.reference[:60],
    )
    if row.amount > 0:
        _apply(scope, row, at)
    invoices.note_paid(scope, row)
    return True


def plain(*, payment: Payment, answer: Answer) -> bool:
    """Whether an answer says, in the payment's currency, how much was captured or given back."""
    if answer.amount is None or answer.amount <= 0 or answer.currency not in {"", payment.currency}:
        return False
    return payment.amount > 0 or answer.amount <= -payment.amount


def seen_to(*, payment: Payment) -> None:
    """A colleague has seen to the difference between what was asked for and what came. Raises `no-payment`."""
    mine = Payment.objects.filter(subject_id=payment.subject_id, id=payment.id, reason="amount-differs")
    if not mine.update(reason="difference-seen"):
        raise PaymentError("no-payment", "there is no such payment")


def give_back(*, scope: Scope, payment: Payment, amount: int, at: datetime, to_account: str = "") -> Payment:
    """Give some of a payment back, of what the person has with us: by the card it came from, or to an account.

    Raises `PaymentError`: `not-paid`, `refund-amount` (more than it was, or than they have with us), `account`.
    """
    lock_subject(scope=scope, subject_id=payment.subject_id)
    row = Payment.objects.get(subject_id=payment.subject_id, id=payment.id)
    if row.payment_state != PaymentState.DONE or row.amount < 0:
        raise PaymentError("not-paid", "only what came in can be given back")
    back = Payment.objects.filter(subject_id=row.subject_id, of_id=row.id).exclude(payment_state=PaymentState.FAILED)
    given = -(back.aggregate(sum=Sum("amount"))["sum"] or 0)
    book = accounts.book(controller_id=row.controller_id, category=category_key(row.category), currency=row.currency)
    has = accounts.standing(subject_id=row.subject_id, of=book, kind=CREDIT) - invoices.set_aside(
        subject_id=row.subject_id, category=category_key(row.category)
    )
    if not 0 < amount <= min(row.amount - given, has):
        raise PaymentError("refund-amount", "no more is given back than came in and the person has with us")
    by_card = row.method != Method.BANK
    sealed, number = None, ""
    if not by_card:
        number, sealed = bank_accounts.taken(to_account, whose=row, of=Payment, column="to_account")
    made = Payment.objects.create(
        subject_id=row.subject_id,
        controller_id=row.controller_id,
        state=row.state,
        category=row.category,
        reference=uuid4(),
        invoice_id=row.invoice_id,
        order_id=row.order_id,
        of_id=row.id,
        amount=-amount,
        currency=row.currency,
        method=row.method,
        masked=row.masked,
        to_account=sealed,
        payment_state=PaymentState.UNDER_WAY if by_card else PaymentState.DONE,
        begun_at=at,
        ask_at=at + ASK[PaymentState.UNDER_WAY] if by_card else None,
        ended_at=None if by_card else at,
    )
    to = ACQUIRER if by_card else payouts.side(controller_id=row.controller_id)
    _move(scope, made, CREDIT, to, amount, "refund", at)
    if not by_card:
        payouts.make(scope=scope, of=PayoutOf.REFUND, row=made, amount=amount, account=number, at=at)
        invoices.note_paid(scope, made)
    return made


def credit_of(*, subject_id: int, controller_id: int) -> dict[str, int]:
    """Category → what the person has with us, where it is anything; minor units."""
    found = {}
    for category in ACTIVITY:
        book = accounts.book(controller_id=controller_id, category=category)
        held = sum(accounts.standing(subject_id=one, of=book, kind=CREDIT) for one in same_person(subject_id))
        if held:
            found[category] = held
    return found


def of_person(*, subject_id: int) -> QuerySet[Payment]:
    """The person's payments, newest first, without accounts."""
    found = Payment.objects.filter(subject_id__in=same_person(subject_id))
    return found.defer("to_account").order_by("-begun_at", "-id")


def by_reference(*, controller_id: int, reference: UUID) -> Payment | None:
    """The payment the acquirer knows by that."""
    return Payment.objects.filter(controller_id=controller_id, reference=reference).first()


def to_ask(*, controller_id: int, at: datetime) -> list[Payment]:
    """What is open and due to be asked about, longest first."""
    found = Payment.objects.filter(Q(ask_at__lte=at), controller_id=controller_id, ended_at=None)
    return list(found.order_by("ask_at", "id")[:500])


def customer_number(subject_id: int) -> str:
    """What the acquirer may know the customer by: their customer number, or else the number that is theirs alone."""
    return facts(subject_id=subject_id).get("customer_number") or str(subject_id)


def _begin(what: What, method: Method, begun: PaymentState, at: datetime, masked: str = "") -> Payment:
    return Payment.objects.create(
        subject_id=what.subject_id,
        controller_id=what.controller_id,
        state=what.state,
        category=category_id(what.category),
        reference=uuid4(),
        invoice_id=what.invoice_id,
        order_id=what.order_id,
        amount=what.amount,
        currency=what.currency,
        method=method,
        masked=masked,
        payment_state=begun,
        begun_at=at,
        ask_at=at + ASK[begun],
    )


def _apply(scope: Scope, row: Payment, at: datetime) -> None:
    key = str(row.reference)
    if row.invoice_id is not None:
        invoice = invoices.one(subject_id=row.subject_id, invoice_id=row.invoice_id)
        invoices.receive(scope=scope, invoice=invoice, amount=row.amount, source=ACQUIRER, key=key, at=at)
        orders.follow_invoice(scope=scope, invoice=invoice, at=at)
    elif row.order_id is not None:
        order = orders.one(subject_id=row.subject_id, order_id=row.order_id)
        orders.paid(scope=scope, order=order, amount=row.amount, source=ACQUIRER, key=key, at=at)


def _move(scope: Scope, row: Payment, debit: Kind, credit: Kind, amount: int, why: str, at: datetime) -> None:
    accounts.move(
        scope=scope,
        subject_id=row.subject_id,
        of=accounts.book(controller_id=row.controller_id, category=category_key(row.category), currency=row.currency),
        debit=debit,
        credit=credit,
        amount=amount,
        key=(why, row.reference),
        at=at,
        state=row.state,
    )


def _last_day(expiry: str) -> date:
    """`09/28` → the last day of September 2028."""
    month, _, year = expiry.replace(" ", "").partition("/")
    if not (month.isascii() and month.isdigit() and year.isascii() and year.isdigit() and len(year) == 2):
        raise PaymentError("expiry", "write month and year, as 09/28")
    if not 1 <= int(month) <= 12:
        raise PaymentError("expiry", "write month and year, as 09/28")
    first = date(2000 + int(year), int(month), 1)
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
