"""The bonus of a merged person is one: what is used may lie in lots of either subject (C3).

Before bonus is set aside or used, what the person's own subject lacks is carried over from the others' lots, the oldest
first, with the lots' expiry, through CARRIED, so that every book still adds up to zero. When the merge is undone, what
was carried and still lies in those lots goes back: nobody keeps what was the other's, and what was spent is spent.
"""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from tillit.bonus import programmes
from tillit.bonus.kinds import CARRIED, DEBT, LOT
from tillit.bonus.models import Programme
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.ledger import operations as ledger
from tillit.ledger.models import Balance, Transfer
from tillit.ledger.operations import Account, Posting, natural_key
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subjects


def gather(
    *,
    scope: Scope,
    subject_id: int,
    programme: Programme,
    amount: int,
    key: UUID,
    at: datetime,
    stands: Callable[[], bool],
) -> None:
    """See to it that the person's own subject holds `amount` where the person does. `key`: the use it is for.

    For anybody who is not merged, where the person lacks it, and where the use `stands` already (asked once the person
    is locked, so that a repeat carries nothing more), nothing happens.
    """
    own, *others = same_person(subject_id)
    if not others:
        return
    states = lock_subjects(scope=scope, subject_ids=[own, *others])
    if stands():
        return
    today = clock.local_date(at, programmes.zone(programme))
    held: dict[int, list[tuple[date, int]]] = {one: [] for one in (own, *others)}
    owed = dict.fromkeys(held, 0)
    rows = Balance.objects.filter(subject_id__in=held, book_id=programme.book_id, expires_on__gt=today)
    for one, kind, expires, balance in rows.values_list("subject_id", "kind", "expires_on", "balance"):
        if kind == LOT.id:
            held[one].append((expires, balance))
        elif kind == DEBT.id:
            owed[one] += balance
    lacking = amount - owed[own] - sum(balance for _, balance in held[own])
    spare = {one: max(0, owed[one] + sum(balance for _, balance in held[one])) for one in others}
    if not 0 < lacking <= sum(spare.values()):
        return
    postings = []
    for expires, one, balance in sorted((day, who, left) for who in others for day, left in held[who]):
        taken = min(balance, spare[one], lacking)
        if taken > 0:
            spare[one], lacking = spare[one] - taken, lacking - taken
            pair, book = (one, own), programme.book_id
            postings += _carry(pair, states, book, expires, taken, natural_key("gather", key, one, expires), at)
    ledger.post(scope=scope, postings=postings)


def give_back(*, scope: Scope, subject_id: int, own: int, at: datetime) -> int:
    """Give the alias back what was carried from its lots and still lies where it was carried to; the sum."""
    states = lock_subjects(scope=scope, subject_ids=[own, subject_id])
    moved: dict[tuple[int, date], int] = {}
    rows = Transfer.objects.filter(subject_id=own, reference=_between(subject_id, own))
    for row in rows.filter(debit_kind=CARRIED.id):
        assert row.credit_expires is not None  # noqa: S101 (a lot's)
        moved[row.book_id, row.credit_expires] = moved.get((row.book_id, row.credit_expires), 0) + row.amount
    for row in rows.filter(credit_kind=CARRIED.id):
        assert row.debit_expires is not None  # noqa: S101 (a lot's)
        moved[row.book_id, row.debit_expires] = moved.get((row.book_id, row.debit_expires), 0) - row.amount
    postings: list[Posting] = []
    total = 0
    for (book, expires), amount in sorted(moved.items()):
        lot = Balance.objects.filter(subject_id=own, book_id=book, kind=LOT.id, expires_on=expires).first()
        back = min(amount, lot.balance if lot else 0)
        if back > 0:
            key = natural_key("give back", subject_id, own, book, expires, at)
            postings += _carry((own, subject_id), states, book, expires, back, key, at)
            total += back
    if postings:
        ledger.post(scope=scope, postings=postings)
    return total


def _between(alias: int, own: int) -> UUID:
    """What the transfers between two subjects of one person refer to, whichever way they go."""
    return natural_key("carried", *sorted((alias, own)))


def _carry(
    pair: tuple[int, int], states: dict[int, int], book: int, expires: date, amount: int, key: UUID, at: datetime
) -> list[Posting]:
    """The two transfers that carry an amount from a lot of the first subject to one of the second."""
    one, other = pair
    lot, through, about = Account(LOT, expires), Account(CARRIED), _between(one, other)
    return [
        Posting(one, natural_key(key, "out"), book, amount, lot, through, at, about, states[one]),
        Posting(other, natural_key(key, "in"), book, amount, through, lot, at, about, states[other]),
    ]
