"""The terms of a controller's chains as everybody may read them (C6, C11): what holds, what is to come, what was.

Rules are added and ended, never changed; so every moment at which one begins or ends is a version of the chain's terms.
"""

from dataclasses import dataclass
from datetime import datetime

from tillit.bonus.models import Offer, Programme, RateRule, Suspension
from tillit.bonus.rates import DAY_MINUTES, EVERY_DAY, WEEKDAYS
from tillit.kernel.collation import Ordered
from tillit.kernel.money import Money


@dataclass(frozen=True)
class When:
    """[starts, ends), and the weekdays (keys of `WEEKDAYS`) and local hours on which it holds; none: all of them."""

    starts: datetime
    ends: datetime | None
    weekdays: tuple[str, ...]
    hours: str


@dataclass(frozen=True)
class Rate:
    """A rate in hundredths of a per cent; `added` to the one that is set. `store`, `group`: names, '' for all."""

    basis_points: int
    added: bool
    store: str
    group: str
    when: When


@dataclass(frozen=True)
class Made:
    """An offer for everybody, in money where it is money. `targeted` ones are shown to those they are made to only."""

    name: str
    kind: str
    basis_points: int
    factor: int
    amount: Money
    per: str
    threshold: Money | None
    stores: tuple[str, ...]
    groups: tuple[str, ...]
    cap_receipt: Money | None
    cap_member: Money | None
    cap_period: str
    budget: Money | None
    when: When


@dataclass(frozen=True)
class ChainTerms:
    """One chain's terms at a moment. `versions`: the moments at which they changed or will, newest first."""

    programme: Programme
    rates: tuple[Rate, ...]
    offers: tuple[Made, ...]
    suspensions: tuple[Suspension, ...]
    versions: tuple[datetime, ...]


def terms(*, controller_id: int, at: datetime) -> list[ChainTerms]:
    """The terms of the controller's chains as they are, were or will be at a moment, by name."""
    found = (
        Programme.objects.filter(chain__controller_id=controller_id)
        .select_related("chain")
        .order_by(Ordered("chain__name"))
    )
    return [_of(programme, at) for programme in found]


def _of(programme: Programme, at: datetime) -> ChainTerms:
    chain = programme.chain
    rules = list(RateRule.objects.filter(chain=chain).select_related("store", "product_group").order_by("pk"))
    offers = list(Offer.objects.filter(chain=chain, targeted=False).order_by("starts", "key"))
    stops = list(Suspension.objects.filter(chain=chain).order_by("starts"))
    windows = [(one.starts, one.ends) for one in rules] + [(one.starts, one.ends) for one in offers]
    windows += [(one.starts, one.ends) for one in stops]
    moments = {moment for window in windows for moment in window if moment is not None}
    stores = dict(chain.stores.values_list("pk", "name"))
    groups = dict(chain.product_groups.values_list("pk", "name"))

    def money(minor: int | None) -> Money | None:
        return Money(minor, chain.currency) if minor else None

    rates = [
        Rate(
            rule.basis_points,
            rule.mode == "add",
            rule.store.name if rule.store else "",
            rule.product_group.name if rule.product_group else "",
            _when(rule),
        )
        for rule in rules
        if _holds(rule, at)
    ]
    made = [
        Made(
            name=one.name,
            kind=one.kind,
            basis_points=one.basis_points,
            factor=one.factor,
            amount=Money(one.amount, chain.currency),
            per=one.per,
            threshold=money(one.threshold),
            stores=tuple(stores[pk] for pk in one.store_ids),
            groups=tuple(groups[pk] for pk in one.group_ids),
            cap_receipt=money(one.cap_receipt),
            cap_member=money(one.cap_member),
            cap_period=one.cap_period,
            budget=money(one.budget),
            when=_when(one),
        )
        for one in offers
        if _holds(one, at)
    ]
    rates.sort(key=lambda one: (one.added, one.store, one.group, one.basis_points))
    held = tuple(one for one in stops if _holds(one, at))
    return ChainTerms(programme, tuple(rates), tuple(made), held, tuple(sorted(moments, reverse=True)))


def _holds(one: RateRule | Offer | Suspension, at: datetime) -> bool:
    return one.starts <= at and (one.ends is None or one.ends > at)


def _when(one: RateRule | Offer) -> When:
    days = () if one.weekdays == EVERY_DAY else tuple(day for day, bit in WEEKDAYS.items() if one.weekdays & bit)
    bounds = (one.from_minute, one.to_minute)
    hours = "" if bounds == (0, DAY_MINUTES) else "–".join(f"{m // 60:02d}:{m % 60:02d}" for m in bounds)
    return When(one.starts, one.ends, days, hours)
