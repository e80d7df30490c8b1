"""The terms of payment of a controller, and the series its invoices and orders are numbered in (D8)."""

from datetime import date

from django.db import transaction

from tillit.declaration.models import Controller
from tillit.kernel.iso_period import IsoPeriod
from tillit.services.bank_accounts import number_of
from tillit.services.errors import PaymentError
from tillit.services.payment_models import PaymentTerms, Series

SOONEST = 14
"""A reminder may cost something when it goes at least so many days after the due day (the Debt Collection Act)."""


def terms(*, controller_id: int, on: date) -> PaymentTerms:
    """Those in effect on a day. Raises `PaymentError` `no-terms`."""
    found = PaymentTerms.objects.filter(controller_id=controller_id, starts__lte=on).order_by("-starts").first()
    if found is None:
        raise PaymentError("no-terms", "the controller has no terms of payment yet: `tillit payments terms`")
    return found


def keep_terms(
    *,
    controller: Controller,
    starts: date,
    account: str,
    due_days: int = 14,
    reminder_days: tuple[int, ...] = (14, 28),
    fee: int = 3500,
    give_up: str = "P3Y",
    cash_most: int = 500_000,
    vat: int = 2500,
) -> PaymentTerms:
    """Set the terms from a day on. Raises `PaymentError` (`account`, `days`, `fee-early`, `period`)."""
    number = number_of(account)
    if due_days < 1 or list(reminder_days) != sorted(set(reminder_days)) or min(reminder_days, default=1) < 1:
        raise PaymentError("days", "days are counted from the due day, one reminder later than the other")
    if fee and reminder_days and reminder_days[0] < SOONEST:
        raise PaymentError("fee-early", f"a reminder with a fee goes {SOONEST} days after the due day at the earliest")
    try:
        IsoPeriod.parse(give_up)
    except ValueError:
        raise PaymentError("period", "that is no ISO 8601 period") from None
    said = {
        "account": number,
        "due_days": due_days,
        "reminder_days": list(reminder_days),
        "fee": fee,
        "give_up": give_up,
        "cash_most": cash_most,
        "vat": vat,
    }
    made, _ = PaymentTerms.objects.update_or_create(controller=controller, starts=starts, defaults=said)
    return made


def next_number(*, controller_id: int, key: str) -> int:
    """The next number of a series. Within a transaction: what rolls back gives its number back, so there is no gap."""
    if not transaction.get_connection().in_atomic_block:
        raise PaymentError("no-transaction", "a number is taken within the transaction that uses it")
    Series.objects.get_or_create(controller_id=controller_id, key=key)
    row = Series.objects.select_for_update().get(controller_id=controller_id, key=key)
    row.last += 1
    row.save(update_fields=["last"])
    return row.last
