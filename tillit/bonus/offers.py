"""Offers and campaigns: what is given on top of the rates, within caps and budgets (C11). Sets, in sql/offers.sql.

An offer is made, ended and given more budget, never changed: what was bought finds the offer of its time. What it
gives is worked out for each *unit* (a line, a receipt, the member's period) from everything that counts in it, less
what was given before; so the order in which purchases and refunds come does not matter, and a repeat changes nothing.
Only where a budget runs out it matters: then it goes, exactly, to those whose purchases came first, in one set by time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from tillit.bonus.errors import OfferRefusedError
from tillit.bonus.kinds import ISSUED, LOT, OFFERED
from tillit.bonus.models import Offer, OfferAudience
from tillit.bonus.rates import DAY_MINUTES, EVERY_DAY, When
from tillit.kernel.rounding import BASIS_POINTS
from tillit.kernel.scope import Scope, require
from tillit.kernel.sql import load
from tillit.ledger.operations import refusals
from tillit.purchases.models import Chain, ProductGroup, Store

PERIODS = ("offer", "day", "month", "year")
MOST_TIMES = 10_000  # hundredths: a hundred times the rate


@dataclass(frozen=True)
class Gift:
    """What an offer gives: `basis_points` more, the rate times `factor` hundredths, or a fixed `amount`, minor units,
    once for each receipt or member (`per`). `threshold`: what the receipt, or for a fixed amount a member the member's
    purchases, must come to.
    """

    kind: str
    basis_points: int = 0
    factor: int = 100
    amount: int = 0
    per: str = "receipt"
    threshold: int = 0


@dataclass(frozen=True)
class Limits:
    """The most an offer gives for a receipt, to a member in each `period` (offer, day, month, year), and in all."""

    receipt: int | None = None
    member: int | None = None
    period: str = "offer"
    budget: int | None = None


@dataclass(frozen=True)
class Reach:
    """Where and to whom an offer is made; none named: everywhere, everybody."""

    store_ids: tuple[int, ...] = field(default=())
    group_ids: tuple[int, ...] = field(default=())
    targeted: bool = False


def make(
    *,
    chain_id: int,
    key: str,
    name: str,
    gift: Gift,
    when: When,
    limits: Limits = Limits(),
    reach: Reach = Reach(),
    priority: int = 0,
) -> Offer:
    """A new offer; the standing one when an equal one stands under the key.

    Raises `OfferRefusedError`: `offer-kind`, `offer-time`, `offer-limits`, `offer-place` (a store or group of another
    chain), or `offer-exists` (the key names another offer).
    """
    facts = _facts(chain_id, name, gift, when, limits, reach, priority)
    with transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain_id)
        standing = Offer.objects.filter(chain_id=chain_id, key=key).first()
        if standing is None:
            return Offer.objects.create(key=key, **facts)
        if any(getattr(standing, column) != value for column, value in facts.items()):
            raise OfferRefusedError("offer-exists", f"offer {key} stands with other terms: end it and make another")
        return standing


def end(*, offer_id: int, at: datetime) -> Offer:
    """End an offer at `at`; what was bought before keeps it. Raises `OfferRefusedError` `offer-time`."""
    with transaction.atomic():
        offer = Offer.objects.select_for_update().get(pk=offer_id)
        if at <= offer.starts or (offer.ends is not None and at > offer.ends):
            raise OfferRefusedError("offer-time", "the offer is not made at that time")
        offer.ends = at
        offer.save(update_fields=["ends"])
    return offer


def raise_budget(*, offer_id: int, budget: int) -> Offer:
    """Give an offer more budget, or less down to what was given. Raises `OfferRefusedError` `offer-limits`."""
    with transaction.atomic():
        offer = Offer.objects.select_for_update().get(pk=offer_id)
        if offer.budget is None or budget < max(offer.given, 1):
            raise OfferRefusedError(
                "offer-limits", "a budget covers what was given, and an offer without stays without"
            )
        offer.budget = budget
        offer.save(update_fields=["budget"])
    return offer


def aim(*, scope: Scope, offer: Offer, subject_ids: Iterable[int], because: str) -> int:
    """Make a targeted offer to people; how many are new. The caller has asked who may be approached (C11, C16)."""
    if not offer.targeted:
        raise OfferRefusedError("offer-not-targeted", "the offer is made to everybody")
    require()
    rows = [
        OfferAudience(subject_id=one, controller_id=offer.chain.controller_id, offer_id=offer.pk, because=because)
        for one in sorted(set(subject_ids))
    ]
    known = set(
        OfferAudience.objects.filter(offer_id=offer.pk, subject_id__in=[r.subject_id for r in rows]).values_list(
            "subject_id", flat=True
        )
    )
    new = [row for row in rows if row.subject_id not in known]
    OfferAudience.objects.bulk_create(new)
    return len(new)


def any_for_rows() -> bool:
    """Whether an offer is made for some counted row of `intake_row`."""
    return bool(_run("any_for_rows")[0][0])


def prepare_tables() -> None:
    """The connection's own tables for what is being worked out, empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.offer_row')")
        if cursor.fetchone()[0] is None:
            for name in ("touched_table", "row_table"):
                cursor.execute(load(__file__, "offers", name))
        else:
            cursor.execute("TRUNCATE offer_touched, offer_row")


def weigh_rows() -> None:
    """Work out what offers give for the counted rows of `intake_row`: in `offer_row`, noted, to be posted with them."""
    prepare_tables()
    _run("lock_budgets")
    with connection.cursor() as cursor:
        parts = [load(__file__, "accrue", name) for name in ("rows", "classes")]
        cursor.execute("\n".join((*parts, load(__file__, "offers", "share"))), {})
    _weigh()


def weigh_refunds(*, batch_id: int) -> None:
    """Work out what the refunds of `refund_row` change in offers: post what is more, leave what is less to be taken."""
    if not Offer.objects.exists():
        return
    _run("lock_budgets")
    _run("refund")
    _weigh()
    with refusals():
        _run("give", {"offered": OFFERED.id, "lot": LOT.id, "batch": batch_id})


def taken() -> bool:
    """Whether `offer_row` holds something that is to be taken back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM offer_row o WHERE o.diff < 0)")
        return bool(cursor.fetchone()[0])


def faults(controller_id: int, on: date) -> Iterator[str]:
    """What is not as the controller's offers and suspensions say, for the proof (C11, C14)."""
    given = {"controller": controller_id, "offered": OFFERED.id, "issued": ISSUED.id}
    yield from (str(row[0]) for row in _run("faults", given))


def _weigh() -> None:
    for name in ("lock_units", "weigh", "book", "book_budgets"):
        _run(name)


def _run(name: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "offers", name), parameters or {})
        return list(cursor.fetchall()) if cursor.description else []


def _facts(  # one word an argument: what `make` is given
    chain_id: int, name: str, gift: Gift, when: When, limits: Limits, reach: Reach, priority: int
) -> dict[str, Any]:
    _check(gift, when, limits)
    stores = Store.objects.filter(pk__in=reach.store_ids, chain_id=chain_id).count()
    groups = ProductGroup.objects.filter(pk__in=reach.group_ids, chain_id=chain_id).count()
    if (stores, groups) != (len(set(reach.store_ids)), len(set(reach.group_ids))):
        raise OfferRefusedError("offer-place", "a store or product group belongs to another chain")
    return {
        "chain_id": chain_id,
        "name": name,
        "kind": gift.kind,
        "basis_points": gift.basis_points,
        "factor": gift.factor,
        "amount": gift.amount,
        "per": gift.per,
        "threshold": gift.threshold,
        "starts": when.starts,
        "ends": when.ends,
        "weekdays": when.weekdays,
        "from_minute": when.from_minute,
        "to_minute": when.to_minute,
        "store_ids": sorted(set(reach.store_ids)),
        "group_ids": sorted(set(reach.group_ids)),
        "targeted": reach.targeted,
        "priority": priority,
        "cap_receipt": limits.receipt,
        "cap_member": limits.member,
        "cap_period": limits.period,
        "budget": limits.budget,
    }


def _check(gift: Gift, when: When, limits: Limits) -> None:
    given = {
        "rate": 0 < gift.basis_points <= BASIS_POINTS and gift.factor == 100 and gift.amount == 0,
        "times": 100 < gift.factor <= MOST_TIMES and gift.basis_points == 0 and gift.amount == 0,
        "fixed": gift.amount > 0 and gift.factor == 100 and gift.basis_points == 0,
    }
    if not given.get(gift.kind) or gift.per not in {"receipt", "member"} or gift.threshold < 0:
        raise OfferRefusedError("offer-kind", "an offer gives a rate more, a rate some times over, or a fixed amount")
    aware = when.starts.tzinfo is not None and (when.ends is None or when.ends.tzinfo is not None)
    if not aware or (when.ends is not None and when.ends <= when.starts):
        raise OfferRefusedError("offer-time", "an offer ends after it starts, and both have their zone")
    if not 1 <= when.weekdays <= EVERY_DAY or not 0 <= when.from_minute < when.to_minute <= DAY_MINUTES:
        raise OfferRefusedError(
            "offer-time", "an offer is made on some weekday, from a minute to a later one of one day"
        )
    if limits.period not in PERIODS or any(
        one is not None and one <= 0 for one in (limits.receipt, limits.member, limits.budget)
    ):
        raise OfferRefusedError("offer-limits", "caps and budgets are above zero, and of a known period")
