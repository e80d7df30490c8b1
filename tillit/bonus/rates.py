"""Rates: what a purchase earns (C6). Rules are added, ended and replaced, never changed: event time finds the old ones.

The rule of mode `set` that is most specific wins (store before chain, group before any, then priority, then the later
start); every `add` rule that matches is added to it, and the sum is never below zero. So that this is always one
answer, two `set` rules that would be equally right at some moment are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q, QuerySet

from tillit.bonus.errors import RateRefusedError
from tillit.bonus.models import Offer, RateRule
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.rounding import BASIS_POINTS
from tillit.purchases.models import Chain, ProductGroup, Store

EVERY_DAY, DAY_MINUTES = 0b111_1111, 24 * 60
NOON = 12 * 60
WEEKDAYS = {name: 1 << place for place, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}


@dataclass(frozen=True)
class When:
    """A rule's time: [starts, ends), on local weekdays (bits, Monday = 1), in minutes [from, to) of the local day."""

    starts: datetime
    ends: datetime | None = None
    weekdays: int = EVERY_DAY
    from_minute: int = 0
    to_minute: int = DAY_MINUTES


def add(
    *,
    chain_id: int,
    basis_points: int,
    when: When,
    mode: str = "set",
    store_id: int | None = None,
    product_group_id: int | None = None,
    priority: int = 0,
) -> RateRule:
    """A new rule; the standing one is returned when an equal one stands. `basis_points`: 150 is 1.50 %.

    Raises `RateRefusedError`: `rate-range`, `rate-mode`, `rate-time`, `rate-place` (a store or group of another chain)
    or `rate-ambiguous` (another `set` rule would be equally right at some moment).
    """
    _check(chain_id, basis_points, when, mode, store_id, product_group_id)
    facts = {
        "chain_id": chain_id,
        "store_id": store_id,
        "product_group_id": product_group_id,
        "mode": mode,
        "starts": when.starts,
        "ends": when.ends,
        "weekdays": when.weekdays,
        "from_minute": when.from_minute,
        "to_minute": when.to_minute,
        "priority": priority,
    }
    with transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain_id)
        standing = RateRule.objects.filter(**_none_is_null(facts), basis_points=basis_points).first()
        if standing is not None:
            return standing
        if mode == "set" and _rivals(facts).exists():
            raise RateRefusedError("rate-ambiguous", "another rule of the same rank holds at the same time")
        return RateRule.objects.create(**facts, basis_points=basis_points)


def end(*, rule_id: int, at: datetime) -> RateRule:
    """End a rule at `at`; earlier purchases keep it. Raises `RateRefusedError` (`rate-time`) unless it holds then."""
    with transaction.atomic():
        rule = RateRule.objects.select_for_update().get(pk=rule_id)
        if at <= rule.starts or (rule.ends is not None and at > rule.ends):
            raise RateRefusedError("rate-time", "the rule does not hold at that time")
        rule.ends = at
        rule.save(update_fields=["ends"])
    return rule


def replace(*, rule_id: int, at: datetime, basis_points: int) -> RateRule:
    """Raise or lower a rate from `at` on: the rule ends there and a copy with the new rate takes over to its end."""
    with transaction.atomic():
        old = RateRule.objects.get(pk=rule_id)
        ends = old.ends
        end(rule_id=rule_id, at=at)
        return add(
            chain_id=old.chain_id,
            basis_points=basis_points,
            when=When(at, ends, old.weekdays, old.from_minute, old.to_minute),
            mode=old.mode,
            store_id=old.store_id,
            product_group_id=old.product_group_id,
            priority=old.priority,
        )


def plain(*, chain_id: int, at: datetime) -> int:
    """What a purchase of no special store, group or hour earns by the chain's rate then, in basis points; 0 without."""
    standing = RateRule.objects.filter(
        chain_id=chain_id,
        mode="set",
        store=None,
        product_group=None,
        weekdays=EVERY_DAY,
        from_minute=0,
        to_minute=DAY_MINUTES,
        starts__lte=at,
    ).exclude(ends__lte=at)
    found = standing.order_by("-priority", "-starts", "pk").first()
    return found.basis_points if found is not None else 0


def plain_minute(*, chain_id: int, on: date) -> int | None:
    """A minute of that local day in which no rate or offer of certain hours holds, noon if it can be; None if none is.

    For a purchase of which nobody knows the time (C12): it earns what holds all day.
    """
    day = datetime.combine(on, time(), ZoneInfo(DEFAULT_ZONE))
    spans: list[tuple[int, int]] = []
    for kind in (RateRule, Offer):
        found = kind.objects.filter(chain_id=chain_id, starts__lt=day + timedelta(days=1))
        found = found.filter(Q(ends=None) | Q(ends__gt=day)).exclude(from_minute=0, to_minute=DAY_MINUTES)
        spans += [
            (starts, ends)
            for weekdays, starts, ends in found.values_list("weekdays", "from_minute", "to_minute")
            if weekdays & (1 << on.weekday())
        ]
    tried = [NOON, 0, *sorted(ends for _, ends in spans if ends < DAY_MINUTES)]
    return next((minute for minute in tried if not any(one <= minute < end for one, end in spans)), None)


def _check(
    chain_id: int, basis_points: int, when: When, mode: str, store_id: int | None, product_group_id: int | None
) -> None:
    if mode not in {"set", "add"}:
        raise RateRefusedError("rate-mode", "a rate is set, or added to the one that is set")
    lowest = 0 if mode == "set" else -BASIS_POINTS
    if not lowest <= basis_points <= BASIS_POINTS:
        raise RateRefusedError("rate-range", "a rate is between 0 and 100 per cent; an addition may be negative")
    aware = when.starts.tzinfo is not None and (when.ends is None or when.ends.tzinfo is not None)
    if not aware or (when.ends is not None and when.ends <= when.starts):
        raise RateRefusedError("rate-time", "a rule ends after it starts, and both have their zone")
    if not 1 <= when.weekdays <= EVERY_DAY or not 0 <= when.from_minute < when.to_minute <= DAY_MINUTES:
        raise RateRefusedError("rate-time", "a rule holds on some weekday, and from a minute to a later one of one day")
    if store_id is not None and not Store.objects.filter(pk=store_id, chain_id=chain_id).exists():
        raise RateRefusedError("rate-place", "the store belongs to another chain")
    if (
        product_group_id is not None
        and not ProductGroup.objects.filter(pk=product_group_id, chain_id=chain_id).exists()
    ):
        raise RateRefusedError("rate-place", "the product group belongs to another chain")


def _rivals(facts: Mapping[str, Any]) -> QuerySet[RateRule]:
    """`set` rules of the same rank (place, group, priority and start) that hold at a moment when this one does.

    Rules with different starts are told apart by them; the same start means that the periods overlap.
    """
    ranked = {key: facts[key] for key in ("chain_id", "store_id", "product_group_id", "priority", "starts", "mode")}
    return (
        RateRule.objects.filter(**_none_is_null(ranked))
        .filter(Q(from_minute__lt=facts["to_minute"], to_minute__gt=facts["from_minute"]))
        .annotate(common=F("weekdays").bitand(facts["weekdays"]))
        .filter(common__gt=0)
    )


def _none_is_null(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key if value is not None else f"{key}__isnull": value if value is not None else True
        for key, value in facts.items()
    }
