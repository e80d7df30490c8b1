"""What a member has, why, and until when (C7, C10). Within an open scope that may see it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from tillit.bonus import accrual
from tillit.bonus.kinds import CORRECTED, DEBT, ISSUED, LOT, REDEEMED, RESERVED
from tillit.bonus.models import Correction, Offer, OfferAudience, Programme
from tillit.consent.queries import may
from tillit.declaration.queries import current
from tillit.kernel.collation import Ordered, sort_key
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.sql import load
from tillit.ledger import queries as ledger
from tillit.ledger.models import Transfer
from tillit.ledger.operations import refusals
from tillit.ledger.queries import Movement
from tillit.parties.merging import same_person
from tillit.purchases.models import Chain


@dataclass(frozen=True)
class ChainBalance:
    """What a member has in one chain, in minor units: the same number on the page, in the API, by SMS and in exports.

    held: lots that have not expired and may be used, with what lapsed vouchers give back. pending: earned, and not yet
    cleared or not yet to be used. reserved: set aside in vouchers that may still be used. debt: wrongly credited bonus
    that was spent, as a positive amount. expiring: (first day on which it is gone, amount), earliest first, of all
    that was cleared; `ledger.kinds.NEVER` does not expire. waiting: (day from which it may be used, amount) of what is
    pending by the programme's terms.
    """

    chain_id: int
    key: str
    name: str
    currency: str
    held: int
    pending: int
    reserved: int
    debt: int
    expiring: tuple[tuple[date, int], ...]
    waiting: tuple[tuple[date, int], ...] = ()

    @property
    def available(self) -> int:
        """What may be used now; negative while more is owed than held."""
        return self.held - self.debt

    @property
    def negative(self) -> bool:
        """Whether more is owed than held."""
        return self.available < 0


def overview(*, subject_id: int, on: date) -> list[ChainBalance]:
    """The member's balance in every chain where there is or was one, by the chain's name (C10).

    What is pending is told by the rates, and is not in any other figure: it is earned when its purchase is cleared.
    """
    given: dict[str, Any] = {"subject": subject_id, "on": on, "lot": LOT.id, "reserved": RESERVED.id, "debt": DEBT.id}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "balance", "balance"), given)
        rows = cursor.fetchall()
    coming = accrual.on_their_way(subject_id=subject_id) if any(row[0] for row in rows) else {}
    found = {}
    for _, chain, key, name, currency, held, reserved, debt, days, amounts, usable_on, waits in rows:
        if chain is not None:
            lots = tuple(zip(days, amounts, strict=True))
            later = _left(held, tuple(zip(usable_on or (), waits or (), strict=True)))
            waiting = sum(amount for _, amount in later)
            pending = coming.get(key, 0) + waiting
            found[key] = ChainBalance(chain, key, name, currency, held - waiting, pending, reserved, debt, lots, later)
    for chain in Chain.objects.filter(key__in=set(coming) - set(found)):
        found[chain.key] = ChainBalance(chain.pk, chain.key, chain.name, chain.currency, 0, coming[chain.key], 0, 0, ())
    return sorted(found.values(), key=lambda one: (sort_key(one.name), one.chain_id))


def _left(held: int, waiting: tuple[tuple[date, int], ...]) -> tuple[tuple[date, int], ...]:
    """What still waits of what was earned: no more than is held, since earning repays debts first; the latest days."""
    found = []
    for day, amount in reversed(waiting):
        part = min(amount, held)
        held -= part
        if part > 0:
            found.append((day, part))
    return tuple(reversed(found))


def waiting(*, people: Collection[int], programme: Programme, at: datetime) -> list[tuple[date, int]]:
    """(local day it was earned on, minor units) of what these, who are one person, may not use yet; earliest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT usable_on, amount FROM bonus_waiting(%s::bigint[], %s, %s, %s::smallint) ORDER BY usable_on",
            [list(people), programme.book_id, at, LOT.id],
        )
        wait = timedelta(days=programme.available_after_days)
        return [(usable - wait, amount) for usable, amount in cursor.fetchall()]


def ready(*, subject_id: int, programme: Programme, amount: int, at: datetime) -> None:
    """Raises `InsufficientFundsError` when the person, who is locked, has less in the chain that may be used now."""
    given: list[Any] = [subject_id, programme.book_id, amount, at, LOT.id, DEBT.id]
    with refusals(), connection.cursor() as cursor:
        cursor.execute("SELECT bonus_ready(%s, %s, %s, %s, %s::smallint, %s::smallint)", given)


def history(*, subject_id: int, chain_id: int) -> Iterator[Movement]:
    """Every movement of the member's bonus in a chain, each with the balance after it: every øre is explained."""
    book = Programme.objects.values_list("book_id", flat=True).get(chain_id=chain_id)
    for one in same_person(subject_id):
        yield from ledger.history(subject_id=one, book_id=book)


def bonus_of(*, subject_id: int, purchase_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Purchase → the bonus it gave, or for a refund what it took back (negative); purchases without any are absent.

    A purchase's transfer has its id; the parts of what a refund took back refer to the refund.
    """
    wanted = list(purchase_ids)
    rows = Transfer.objects.filter(subject_id__in=same_person(subject_id))
    found: dict[UUID, int] = {}
    earned = rows.filter(id__in=wanted, debit_kind=ISSUED.id, credit_kind=LOT.id)
    taken = rows.filter(reference__in=wanted, credit_kind=CORRECTED.id)
    for key, amount in earned.values_list("id", "amount"):
        found[key] = found.get(key, 0) + amount
    for reference, amount in taken.values_list("reference", "amount"):
        if reference is not None:
            found[reference] = found.get(reference, 0) - amount
    return found


def used(*, subject_id: int, key: UUID) -> int:
    """How much was used under that key; 0 when nothing was."""
    rows = Transfer.objects.filter(subject_id=subject_id, reference=key, credit_kind=REDEEMED.id)
    return sum(rows.values_list("amount", flat=True))


def corrections(*, subject_id: int) -> dict[UUID, Correction]:
    """Key (the reference of its transfers, or its only transfer's id) → why bonus was added or taken back."""
    return {row.id: row for row in Correction.objects.filter(subject_id__in=same_person(subject_id))}


def expired(*, book_id: int, on: date) -> tuple[int, int]:
    """(lots, amount) that have expired by `on` and still stand in the book."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "members", "expired"), {"book": book_id, "lot": LOT.id, "on": on})
        lots, amount = cursor.fetchone()
    return int(lots), int(amount)


def to_warn(*, programme: Programme, on: date) -> Iterator[tuple[int, date, int]]:
    """(subject, first day on which it is gone, amount) of what expires within the declared time of warning (C7)."""
    declared = current(controller_id=programme.chain.controller_id, on=on).programme
    if declared is None:
        return
    until = IsoPeriod.parse(declared.warn_before_expiry).add_to(on)
    parameters: dict[str, Any] = {"book": programme.book_id, "lot": LOT.id, "after": on, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "members", "expiring"), parameters)
        yield from cursor.fetchall()


@dataclass(frozen=True)
class OfferShown:
    """An offer that is made to the member now. `mine`: made to this member and not to everybody."""

    offer: Offer
    chain: str
    mine: bool


def offers_for(*, subject_id: int, controller_ids: Iterable[int], at: datetime) -> list[OfferShown]:
    """The offers of the controllers' chains that are in force for the member, by chain and name (C11).

    Those for an audience only where the member is in it and its controller may still approach the member: consents and
    objections act at once (C16).
    """
    audience = set(OfferAudience.objects.filter(subject_id=subject_id).values_list("offer_id", flat=True))
    rows = (
        Offer.objects.filter(chain__controller_id__in=list(controller_ids), starts__lte=at)
        .filter(Q(ends__isnull=True) | Q(ends__gt=at))
        .filter(Q(targeted=False) | Q(pk__in=audience))
        .select_related("chain")
        .order_by(Ordered("chain__name"), Ordered("name"))
    )
    asked: dict[int, bool] = {}
    found = []
    for row in rows:
        owner = row.chain.controller_id
        if row.targeted and owner not in asked:
            asked[owner] = may(controller_id=owner, activity="marketing", subject_id=subject_id, channel="web").allowed
        if not row.targeted or asked[owner]:
            found.append(OfferShown(row, row.chain.name, row.targeted))
    return found
