"""Paying through the acquirer (D8): a card by phone, a page on the web, money back; and asking what became of it.

Three steps each time: what is begun is committed, the acquirer is spoken to outside every transaction, what it says is
written. Of a card number nothing is kept by any of them: it stands in the call's memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.conf import settings

from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import category_key
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.services import acquirer, charges, invoices, orders
from tillit.services.accounts import ONE_OFF
from tillit.services.acquirer import Answer
from tillit.services.charges import ACTIVITY
from tillit.services.errors import AcquirerError, PaymentError
from tillit.services.payment_models import Invoice, OneOffOrder, Payment, PaymentState

BOOKS = "bookkeeping"
"""Under which the payment of a customer who has left is written: what is theirs stands in the archive."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Thing:
    """What is to be paid: one of the two."""

    invoice_id: int | None = None
    order_id: int | None = None


def scope_of(controller_id: int, activity: str, subject_id: int | None = None) -> Scope:
    """The system's own scope for payments."""
    actor = system("payments", {controller_id, holder_of(controller_id=controller_id)})
    return Scope(actor, activity, None if subject_id is None else frozenset({subject_id}))


def activity_of(*, controller: Controller, subject_id: int, thing: Thing) -> str:
    """Under which activity it is paid. Raises `PaymentError` for what is not the person's."""
    if thing.order_id is not None:
        return ACTIVITY[ONE_OFF]
    for activity in ACTIVITY.values():
        with scope_of(controller.pk, activity, subject_id):
            found = Invoice.objects.filter(subject_id=subject_id, id=thing.invoice_id or 0).first()
            if found is not None:
                return ACTIVITY[category_key(found.category)]
    raise PaymentError("no-invoice", "there is no such invoice")


def by_phone(
    *, actor: Actor, controller: Controller, subject_id: int, thing: Thing, number: str, expiry: str
) -> Payment:
    """A colleague charges a card that is read out to them. Returns the payment as it stands after the answer.

    Raises `PaymentError`, `ScopeError`, `DisclosureRefusedError`. An acquirer that does not answer leaves it under way.
    """
    if not acquirer.named():
        raise PaymentError("acquirer-unnamed", "the installation does not name an acquirer")
    activity = activity_of(controller=controller, subject_id=subject_id, thing=thing)
    with Scope(actor, activity, frozenset({subject_id})) as scope:
        row, sent = charges.by_phone(
            scope=scope, thing=_thing(subject_id, thing), number=number, expiry=expiry, at=clock.now()
        )
    try:
        answer = acquirer.charge(reference=row.reference, currency=row.currency, sent=sent)
    except AcquirerError as error:
        log.warning("charge not answered", code=error.code)
        return row
    return _write(controller.pk, row, answer)


def on_web(*, controller: Controller, subject_id: int, thing: Thing) -> str:
    """A page of the acquirer's where the person pays what is theirs, one that is open or a new one; its address.

    Raises `PaymentError`.
    """
    if not acquirer.named():
        raise PaymentError("acquirer-unnamed", "the installation does not name an acquirer")
    activity = activity_of(controller=controller, subject_id=subject_id, thing=thing)
    with scope_of(controller.pk, activity, subject_id) as scope:
        if page := charges.open_page(scope=scope, thing=_thing(subject_id, thing), at=clock.now()):
            return page
        row, sent = charges.on_web(scope=scope, thing=_thing(subject_id, thing), at=clock.now())
    here = f"{settings.SITE_URL}/{controller.key}"
    try:
        answer = acquirer.open_page(
            reference=row.reference,
            currency=row.currency,
            sent=sent,
            back=f"{here}/min-side/payments/",
            callback=f"{settings.SITE_URL}/acquirer/{controller.key}/",
        )
    except AcquirerError as error:
        log.warning("payment page not opened", code=error.code)
        raise PaymentError("acquirer-silent", "the payment provider does not answer now") from None
    if not answer.url:
        _write(controller.pk, row, Answer("declined", reason=answer.reason or "no-page"))
        raise PaymentError("acquirer-silent", "the payment provider does not answer now")
    with scope_of(controller.pk, activity, subject_id):
        Payment.objects.filter(subject_id=subject_id, id=row.id, ended_at=None).update(page=answer.url[:500])
    return answer.url


def reported(*, controller: Controller, reference: UUID, answer: Answer) -> bool:
    """The acquirer reports, signed, what became of a payment; False for one that is not known here.

    Raises `PaymentError` `answer-unclear` for a capture or refund without an amount, or in another currency.
    """
    for activity in _under(controller):
        with scope_of(controller.pk, activity):
            row = charges.by_reference(controller_id=controller.pk, reference=reference)
        if row is not None:
            if answer.status in {"captured", "refunded"} and not charges.plain(payment=row, answer=answer):
                raise PaymentError("answer-unclear", "say how much, in the currency of the payment")
            _write(controller.pk, row, answer)
            return True
    return False


def give_back(
    *, actor: Actor, controller: Controller, subject_id: int, payment_id: int, amount: int, to_account: str = ""
) -> Payment:
    """Give some of a payment back. By card the acquirer does it, now or when it is reached."""
    with Scope(actor, _activity_of_payment(controller, subject_id, payment_id), frozenset({subject_id})) as scope:
        of = Payment.objects.get(subject_id=subject_id, id=payment_id)
        row = charges.give_back(scope=scope, payment=of, amount=amount, at=clock.now(), to_account=to_account)
    if row.payment_state == PaymentState.DONE:
        return row
    return _refund(controller.pk, row, of.reference)


def follow_up() -> int:
    """Ask about everything whose outcome is not known and is due to be asked about; how many were settled. Outside
    every scope.
    """
    if not acquirer.named():
        return 0
    return sum(_follow(controller, row) for controller, row in list(_open()))


def _open() -> Iterator[tuple[int, Payment]]:
    now = clock.now()
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        seen: set[tuple[int, int]] = set()
        for activity in _under(controller):
            with scope_of(controller.pk, activity):
                found = charges.to_ask(controller_id=controller.pk, at=now)
            new = [row for row in found if (row.subject_id, row.id) not in seen]
            seen |= {(row.subject_id, row.id) for row in new}
            yield from ((controller.pk, row) for row in new)


def _follow(controller_id: int, row: Payment) -> bool:
    try:
        answer = acquirer.ask(reference=row.reference)
    except AcquirerError as error:
        log.warning("payment not answered for", code=error.code)
        with scope_of(controller_id, _activity(controller_id, row), row.subject_id):
            later = clock.now() + charges.ASK[PaymentState(row.payment_state)]
            Payment.objects.filter(subject_id=row.subject_id, id=row.id, ended_at=None).update(ask_at=later)
        return False
    if answer.status == "unknown" and row.amount < 0:
        with scope_of(controller_id, _activity(controller_id, row), row.subject_id):
            of = Payment.objects.get(subject_id=row.subject_id, id=row.of_id or 0)
        return _refund(controller_id, row, of.reference).ended_at is not None
    return _write(controller_id, row, answer).ended_at is not None


def _refund(controller_id: int, row: Payment, of: UUID) -> Payment:
    try:
        answer = acquirer.refund(reference=row.reference, of=of, amount=-row.amount, currency=row.currency)
    except AcquirerError as error:
        log.warning("refund not answered", code=error.code)
        return row
    return _write(controller_id, row, answer)


def _write(controller_id: int, row: Payment, answer: Answer) -> Payment:
    with scope_of(controller_id, _activity(controller_id, row), row.subject_id) as scope:
        charges.heard(scope=scope, payment=row, answer=answer, at=clock.now())
        return Payment.objects.get(subject_id=row.subject_id, id=row.id)


def _under(controller: Controller) -> list[str]:
    """The activities of the controller under which payments are seen; last the books, where those stand who left."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return [one for one in (*ACTIVITY.values(), BOOKS) if declared.activity(one) is not None]


def _activity(controller_id: int, row: Payment) -> str:
    """Under which a payment is written: its category's, or the books when the customer has left."""
    own = ACTIVITY[category_key(row.category)]
    with scope_of(controller_id, own, row.subject_id):
        return own if Payment.objects.filter(subject_id=row.subject_id, id=row.id).exists() else BOOKS


def _activity_of_payment(controller: Controller, subject_id: int, payment_id: int) -> str:
    for activity in _under(controller):
        with scope_of(controller.pk, activity, subject_id):
            if Payment.objects.filter(subject_id=subject_id, id=payment_id).exists():
                return activity
    raise PaymentError("no-payment", "there is no such payment")


def _thing(subject_id: int, thing: Thing) -> Invoice | OneOffOrder:
    if thing.order_id is not None:
        return orders.one(subject_id=subject_id, order_id=thing.order_id)
    return invoices.one(subject_id=subject_id, invoice_id=thing.invoice_id or 0)
