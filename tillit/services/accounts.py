"""The books of the services: what people owe and are owed, on the ledger (D8, D7). Minor units, zero-sum.

A book a category and currency, so that its rows lapse with what they are about. OWED is what a person owes (never above
zero), CREDIT what they have with us: paid too much, or credited. DUE is a claim that is to be paid out. PAYOUTS is
what was decided to go to somebody's account and the bank has not paid yet. The other side
is one of the company's own accounts; an export gives each its number (`bookkeeping`).
"""

from datetime import datetime

from tillit.kernel.scope import Scope
from tillit.ledger import operations as ledger
from tillit.ledger.kinds import NEVER, Kind, register
from tillit.ledger.models import Balance, Book
from tillit.ledger.operations import Account, Posting, natural_key

SALES = register(30, "sales")
FEES = register(31, "fees")
LOSSES = register(32, "losses")
BANK = register(33, "bank")
ACQUIRER = register(34, "acquirer")
INSURER = register(35, "insurer")
CREDIT = register(120, "credit")
DUE = register(121, "claim_due")
PAYOUTS = register(122, "payouts")
OWED = register(210, "owed")
PAYMENTS, ONE_OFF, CLAIMS = "service_payment", "one_off_transaction", "paid_claim"
CATEGORIES = (PAYMENTS, ONE_OFF, CLAIMS)


def book(*, controller_id: int, category: str, currency: str = "NOK") -> Book:
    """The controller's book of a category."""
    return ledger.open_book(
        controller_id=controller_id, key=f"services:{category}:{currency}", currency=currency, category=category
    )


def move(
    *,
    scope: Scope,
    subject_id: int,
    of: Book,
    debit: Kind,
    credit: Kind,
    amount: int,
    key: tuple[object, ...],
    at: datetime,
    state: int,
) -> None:
    """Move `amount` from one account to the other; nothing for 0. `key`: what makes it one of a kind; the same again is
    nothing new.
    """
    if amount == 0:
        return
    posting = Posting(
        subject_id=subject_id,
        id=natural_key("services", debit.key, credit.key, *key),
        book_id=of.pk,
        amount=amount,
        debit=_side(debit),
        credit=_side(credit),
        event_at=at,
        state=state,
    )
    ledger.post(scope=scope, postings=[posting])


def standing(*, subject_id: int, of: Book, kind: Kind) -> int:
    """What stands on a person's account."""
    found = Balance.objects.filter(subject_id=subject_id, book_id=of.pk, kind=kind.id, expires_on=NEVER)
    return found.values_list("balance", flat=True).first() or 0


def _side(kind: Kind) -> Account:
    return Account(kind, NEVER if kind.personal else None)
