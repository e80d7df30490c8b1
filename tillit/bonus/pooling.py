"""The bonus of a merged person is one: what is used, and what repays a debt, may lie in lots of any subject (C3).

Before bonus is set aside or used, what the person's own subject lacks is carried over from the others' lots, the oldest
first, with the lots' expiry, through CARRIED, so that every book still adds up to zero. What one subject owes (C8) is
repaid from the others' lots the same way, as soon as there is both: `repay` follows whatever makes the one or the
other. When the merge is undone, what was carried and still lies in those lots goes back, and repayments are undone:
nobody keeps what was the other's, and what was spent is spent.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tillit.bonus import programmes
from tillit.bonus.kinds import CARRIED, DEBT, LOT
from tillit.bonus.models import Programme
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.kernel.sql import load
from tillit.ledger import operations as ledger
from tillit.ledger.kinds import NEVER
from tillit.ledger.models import Balance, Transfer
from tillit.ledger.operations import Account, Posting, natural_key
from tillit.parties.merging import same_people, same_person
from tillit.parties.operations import lock_subjects


def lock(*, scope: Scope, subject_ids: Collection[int]) -> None:
    """Lock every subject of these people, in order: the first locks of whatever a debt or a lot may come of."""
    lock_subjects(scope=scope, subject_ids=same_people(subject_ids))


def settle(*, scope: Scope, subject_ids: Iterable[int], programme: Programme, at: datetime) -> None:
    """Repay what the people owe in the chain from what they hold, oldest first: each subject's own, then the others'.

    The people are locked (`lock`).
    """
    people, today = set(subject_ids), clock.local_date(at, programmes.zone(programme))
    pairs = [(one, programme.book_id) for one in people]
    ledger.settle(scope=scope, accounts=pairs, source=LOT, debt=DEBT, on=today, at=at)
    repay(scope=scope, subject_ids=people, programmes_of=[programme], at=at)


def repay(*, scope: Scope, subject_ids: Collection[int], programmes_of: Iterable[Programme], at: datetime) -> int:
    """Repay what a subject of a merged person owes from the lots of the others; the sum. Again: nothing more.

    Oldest first, and nothing of what has expired. Each subject has repaid its own debt before.
    """
    people: dict[int, list[int]] = {}
    for one, known in sorted(same_people(subject_ids).items()):
        people.setdefault(known, []).append(one)
    merged = {known: ones for known, ones in people.items() if len(ones) > 1}
    if not merged:
        return 0
    everybody = [one for ones in merged.values() for one in ones]
    states = lock_subjects(scope=scope, subject_ids=everybody)
    postings: list[Posting] = []
    for programme in programmes_of:
        rows = Balance.objects.filter(subject_id__in=everybody, book_id=programme.book_id, kind__in=[LOT.id, DEBT.id])
        today = clock.local_date(at, programmes.zone(programme))
        found = [row for row in rows.exclude(balance=0) if row.kind == DEBT.id or row.expires_on > today]
        for ones in merged.values():
            postings += _repayments([row for row in found if row.subject_id in ones], states, at)
    ledger.post(scope=scope, postings=postings)
    return sum(posting.amount for posting in postings) // 2


def repay_everywhere(*, scope: Scope, subject_ids: Collection[int], at: datetime) -> int:
    """The same in every chain where one of them owes and the scope reaches; the sum."""
    people = same_people(subject_ids)
    if len(people) == len(set(people.values())):
        return 0
    owed = Balance.objects.filter(subject_id__in=people, kind=DEBT.id, balance__lt=0).values_list("book_id", flat=True)
    found = Programme.objects.filter(book_id__in=set(owed)).order_by("book_id")
    return repay(scope=scope, subject_ids=subject_ids, programmes_of=found, at=at)


def of_rows() -> list[int]:
    """Whom `repay` may concern after the rows of an intake: subjects of merged people."""
    return _subjects("rows", {})


def owing(*, programme: Programme) -> list[int]:
    """The subjects of merged people that owe in the chain."""
    return _subjects("owing", {"book": programme.book_id, "debt": DEBT.id})


def _subjects(name: str, given: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "pooling", name), given)
        return [int(row[0]) for row in cursor.fetchall()]


def _repayments(rows: list[Balance], states: dict[int, int], at: datetime) -> list[Posting]:
    """The transfers that repay the debts of one person in one book from lots of other subjects; two for each part.

    A subject that owes and holds has been settled on its own before, so whoever holds owes nothing.
    """
    debts = sorted((row for row in rows if row.kind == DEBT.id), key=lambda row: row.subject_id)
    owing_ones = {row.subject_id for row in debts}
    lots = sorted((row for row in rows if row.kind == LOT.id), key=lambda row: (row.expires_on, row.subject_id))
    left = {row.pk: row.balance for row in lots if row.subject_id not in owing_ones}
    postings = []
    for debt in debts:
        owed = -debt.balance
        for lot in (lot for lot in lots if left.get(lot.pk)):
            part = min(owed, left[lot.pk])
            if part == 0:
                break
            owed, left[lot.pk] = owed - part, left[lot.pk] - part
            key = natural_key("repay", debt.subject_id, debt.version, lot.subject_id, lot.version, lot.id)
            about, one, other = _repaid(lot.subject_id, debt.subject_id), lot.subject_id, debt.subject_id
            source, through, book = Account(LOT, lot.expires_on), Account(CARRIED), debt.book_id
            target = Account(DEBT, NEVER)
            postings += [
                Posting(one, natural_key(key, "out"), book, part, source, through, at, about, states[one]),
                Posting(other, natural_key(key, "in"), book, part, through, target, at, about, states[other]),
            ]
    return postings


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
    repay(scope=scope, subject_ids=[own], programmes_of=[programme], at=at)
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
    """Undo what was carried to a person from the alias that was theirs and still lies there, and repayments; the sum.

    Whoever's debt was repaid from the other's lots owes it again, and the lots are what they were.
    """
    rest = [one for one in same_person(own) if one != subject_id]
    states = lock_subjects(scope=scope, subject_ids=[*rest, subject_id])
    postings: list[Posting] = []
    for (book, expires), amount in sorted(_standing(own, _between(subject_id, own), inwards=True).items()):
        lot = Balance.objects.filter(subject_id=own, book_id=book, kind=LOT.id, expires_on=expires).first()
        back = min(amount, lot.balance if lot else 0)
        if back > 0:
            key = natural_key("give back", subject_id, own, book, expires, at)
            postings += _carry((own, subject_id), states, book, expires, back, key, at)
    through, debt = Account(CARRIED), Account(DEBT, NEVER)
    for payer, owing_one in [pair for one in rest for pair in ((one, subject_id), (subject_id, one))]:
        about = _repaid(payer, owing_one)
        for (book, expires), amount in sorted(_standing(payer, about, inwards=False).items()):
            if amount > 0:
                key, lot_of = natural_key("unpay", payer, owing_one, book, expires, at), Account(LOT, expires)
                out, back_in = natural_key(key, "out"), natural_key(key, "in")
                postings += [
                    Posting(owing_one, out, book, amount, debt, through, at, about, states[owing_one]),
                    Posting(payer, back_in, book, amount, through, lot_of, at, about, states[payer]),
                ]
    ledger.post(scope=scope, postings=postings)
    pairs = {(posting.subject_id, posting.book_id) for posting in postings}
    for programme in Programme.objects.filter(book_id__in={book for _, book in pairs}):
        here = [(one, book) for one, book in pairs if book == programme.book_id]
        today = clock.local_date(at, programmes.zone(programme))
        ledger.settle(scope=scope, accounts=here, source=LOT, debt=DEBT, on=today, at=at)
    return sum(posting.amount for posting in postings) // 2


def _standing(subject_id: int, about: UUID, *, inwards: bool) -> dict[tuple[int, date], int]:
    """(book, lot) → what came through CARRIED to the subject's lots about that, less what went; or the reverse."""
    moved: dict[tuple[int, date], int] = {}
    rows = Transfer.objects.filter(subject_id=subject_id, reference=about)
    into = rows.filter(debit_kind=CARRIED.id, credit_kind=LOT.id).values_list("book_id", "credit_expires", "amount")
    out = rows.filter(credit_kind=CARRIED.id, debit_kind=LOT.id).values_list("book_id", "debit_expires", "amount")
    for found, sign in ((into, 1 if inwards else -1), (out, -1 if inwards else 1)):
        for book, expires, amount in found:
            assert expires is not None  # noqa: S101 (a lot's)
            moved[book, expires] = moved.get((book, expires), 0) + sign * amount
    return moved


def _repaid(one: int, other: int) -> UUID:
    """What the repayments between two subjects of one person refer to, whichever of them owed."""
    return natural_key("repaid", *sorted((one, other)))


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
