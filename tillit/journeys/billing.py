"""Subscriptions billed, invoices followed up (D8). Daily, outside every scope; done again, nothing is done twice.

A period is billed as it begins. A reminder goes on its day with its fee; what has not been paid when the claim is
barred is written off, so that nothing is kept for ever. What a customer who has left still owes is followed in the
books alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Max, Q

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.payments import scope_of
from tillit.kernel import clock
from tillit.kernel.identifiers import account_number
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.money import Money
from tillit.kernel.scope import Scope
from tillit.messages.operations import send
from tillit.services import invoices, orders
from tillit.services.agreement_models import Agreement
from tillit.services.charges import ACTIVITY
from tillit.services.invoice_document import day_in_words
from tillit.services.payment_models import Invoice, PaymentTerms
from tillit.services.product_models import Payer
from tillit.services.terms import terms

BILLS = "service_payments"
BOOKS = "bookkeeping"
AT_ONCE = 1000


@dataclass
class Done:
    """What a run did."""

    issued: int = 0
    reminded: int = 0
    written_off: int = 0


def everywhere() -> Done:
    """Bill, remind and write off for every controller that has terms of payment."""
    done = Done()
    for controller in Controller.objects.filter(pk__in=PaymentTerms.objects.values("controller")).order_by("id"):
        declared = current(controller_id=controller.pk, on=clock.today())
        if declared.activity(BILLS) is None or not terms_begun(controller):
            continue
        done.issued += bill(controller=controller)
        done.reminded += remind(controller=controller)
        done.written_off += write_off(controller=controller)
    return done


def terms_begun(controller: Controller) -> bool:
    """Whether terms of payment are in effect."""
    return PaymentTerms.objects.filter(controller=controller, starts__lte=clock.today()).exists()


def bill(*, controller: Controller) -> int:
    """Invoice every period of an agreement that has begun and is not billed; how many."""
    today, made, after = clock.today(), 0, (0, 0)
    while True:
        with scope_of(controller.pk, BILLS):
            rows = Agreement.objects.filter(
                controller_id=controller.pk, payer=Payer.CUSTOMER, price__gt=0, starts__lte=today
            ).select_related("product")
            later = rows.filter(Q(subject_id__gt=after[0]) | Q(subject_id=after[0], id__gt=after[1]))
            part = list(later.order_by("subject_id", "id")[:AT_ONCE])
            billed = _billed_to(controller, part)
        for one in part:
            for period in _periods(one, billed.get((one.subject_id, one.id)), today):
                made += _issue(controller, one, period)
        if len(part) < AT_ONCE:
            return made
        after = (part[-1].subject_id, part[-1].id)


def _billed_to(controller: Controller, agreements: Sequence[Agreement]) -> dict[tuple[int, int], date]:
    """(person, agreement) → the day up to which it is billed."""
    of = {"subject_id__in": {one.subject_id for one in agreements}, "agreement_id__in": {one.id for one in agreements}}
    known = Invoice.objects.filter(controller_id=controller.pk, **of).values("subject_id", "agreement_id")
    ends = known.annotate(end=Max("period_end")).values_list("subject_id", "agreement_id", "end").order_by()
    return {(subject, agreement): end for subject, agreement, end in ends if agreement is not None and end is not None}


def _periods(one: Agreement, billed_to: date | None, today: date) -> Iterator[tuple[date, date]]:
    """The periods of an agreement that have begun, from the first not billed; counted from its first day."""
    length = IsoPeriod.parse(one.product.bills)
    last = today if one.ends is None else min(today, one.ends - date.resolution)
    number = 0
    while (start := _after(one.starts, length, number)) <= last:
        number += 1
        if billed_to is None or start >= billed_to:
            yield start, _after(one.starts, length, number)


def _after(day: date, length: IsoPeriod, times: int) -> date:
    """So many periods after a day, each counted from the first: the 31st stays the 31st where there is one."""
    if times == 0:
        return day
    return IsoPeriod(length.months * times, length.days * times, text="").add_to(day)


def _issue(controller: Controller, one: Agreement, period: tuple[date, date]) -> int:
    at = clock.now()
    declared = current(controller_id=controller.pk, on=clock.today())
    language = declared.controller.languages[0]
    with scope_of(controller.pk, BILLS, one.subject_id) as scope:
        name = one.product.names.get(language) or one.product.key
        invoice = invoices.issue(
            scope=scope,
            subject_id=one.subject_id,
            controller_id=controller.pk,
            lines=[(name, one.price)],
            at=at,
            agreement_id=one.id,
            period=period,
            language=language,
        )
        tell(scope=scope, invoice=invoice, template="invoice_issued", key=f"invoice:{invoice.id}")
    return 1


def remind(*, controller: Controller) -> int:
    """Send every reminder that is due, with its fee, after what the person has with us is used; how many."""
    today, sent = clock.today(), 0
    for activity in ACTIVITY.values():
        for one in _open(controller, activity, remind_on__lte=today):
            with scope_of(controller.pk, activity, one.subject_id) as scope:
                if invoices.use_credit(scope=scope, invoice=one, at=clock.now()):
                    orders.follow_invoice(scope=scope, invoice=one, at=clock.now())
                if invoices.remind(scope=scope, invoice=one, at=clock.now()):
                    key = f"reminder:{one.id}:{one.reminders}"
                    tell(scope=scope, invoice=one, template="invoice_reminder", key=key)
                    sent += 1
    return sent


def _open(controller: Controller, activity: str, **where: Any) -> Iterator[Invoice]:
    """Invoices that are not settled, `AT_ONCE` at a time until there are no more."""
    after = (date.min, 0)
    while True:
        with scope_of(controller.pk, activity):
            rows = Invoice.objects.filter(controller_id=controller.pk, settled_at=None, **where)
            later = rows.filter(Q(due_on__gt=after[0]) | Q(due_on=after[0], id__gt=after[1])).defer("buyer")
            part = list(later.order_by("due_on", "id")[:AT_ONCE])
        yield from part
        if len(part) < AT_ONCE:
            return
        after = (part[-1].due_on, part[-1].id)


def write_off(*, controller: Controller) -> int:
    """Write off what has been due for as long as the terms say, whoever owes it; how many."""
    today, lost = clock.today(), 0
    for one in _open(controller, BOOKS, due_on__lt=today):
        said = terms(controller_id=controller.pk, on=clock.local_date(one.issued_at))
        if IsoPeriod.parse(said.give_up).add_to(one.due_on) > today:
            continue
        with scope_of(controller.pk, BOOKS, one.subject_id) as scope:
            lost += bool(invoices.write_off(scope=scope, invoice=one, at=clock.now()))
            orders.follow_invoice(scope=scope, invoice=one, at=clock.now())
    return lost


def tell(*, scope: Scope, invoice: Invoice, template: str, key: str) -> None:
    """Tell the person of an invoice: how much, by when, to which account and with which KID."""
    send(
        scope=scope,
        subject_id=invoice.subject_id,
        controller_id=invoice.controller_id,
        template=template,
        values={
            "amount": Money(invoice.left, invoice.currency).format(invoice.language),
            "day": day_in_words(invoice.due_on, invoice.language),
            "kid": invoice.kid,
            "account": account_number.format_for_reader(invoice.account),
            "number": str(invoice.number),
        },
        at=clock.now(),
        key=key,
    )
