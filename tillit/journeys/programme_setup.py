"""The system is brought to what an operator says of its programme: all of it or nothing, and again changes nothing.

A rehearsal does the same and takes it back, so that it finds what the database would refuse, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from django.db import transaction

from tillit.audit.operations import append
from tillit.bonus import offers, programmes, rates
from tillit.bonus.errors import OfferRefusedError, RateRefusedError
from tillit.bonus.models import Offer, Programme, RateRule, Suspension
from tillit.bonus.offers import Gift, Limits, Reach
from tillit.bonus.rates import WEEKDAYS, When
from tillit.declaration.models import Controller
from tillit.journeys import programme_words
from tillit.journeys.events import ALONE_LIMIT_ASKED, ALONE_LIMIT_SET, PROGRAMME_CHANGED
from tillit.journeys.programme_file import ChainEntry, OfferEntry, RateEntry, Setup, SourceEntry, moment
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.money import Money, exponent
from tillit.kernel.rounding import BASIS_POINTS
from tillit.kernel.scope import Actor, system
from tillit.purchases import reference_data
from tillit.purchases.errors import ReferenceDataError
from tillit.purchases.models import Chain, EnterpriseRange, ProductGroup, Source, Store

Place = tuple[str | int, ...]
_ACTIVITY = "security_log"


class SetupRefusedError(TillitError):
    """Something of a setup cannot be kept; `place` leads to it in the file."""

    exit_code = 2

    def __init__(self, code: str, message: str, place: Place) -> None:
        self.place = place
        super().__init__(code, message)


def apply(*, setup: Setup, on: date, dry_run: bool = False) -> list[str]:
    """Keep everything as `setup` says, with the terms declared on `on`; what changed, a line each.

    Raises `SetupRefusedError`; nothing is kept then.
    """
    with transaction.atomic():
        before = standing()
        for place, source in enumerate(setup.sources):
            with _at("sources", place):
                _keep_source(source)
        for place, chain in enumerate(setup.chains):
            _keep_chain(chain, on, ("chains", place))
        if setup.enterprise_ranges is not None:
            with _at("enterprise_ranges"):
                reference_data.keep_enterprise_ranges(prefixes=setup.enterprise_ranges)
        changed = _changes(before, standing())
        _record(setup, len(changed))
        if dry_run:
            transaction.set_rollback(True)
    return changed


def standing() -> dict[str, str]:
    """Everything there is, as it would be told: what → how it is."""
    found = {
        f"source {one.key}": (
            f"{one.name}, register {one.register.key}, from {one.accept_from}, cleared within {one.clears_within} days"
        )
        for one in Source.objects.select_related("register").order_by("key")
    }
    for chain in Chain.objects.select_related("controller").order_by("key"):
        alone = Money(chain.alone_up_to, chain.currency).format("en")
        found[f"chain {chain.key}"] = (
            f"{chain.name}, {chain.controller.key}, {chain.currency}, missing purchases by one alone up to {alone} in"
            f" {chain.alone_days} days"
        )
    for terms in Programme.objects.select_related("chain").order_by("chain__key"):
        months = f" ({terms.validity_months} months)" if terms.validity_months else ""
        after = f", to be used after {terms.available_after_days} days" if terms.available_after_days else ""
        found[f"terms {terms.chain.key}"] = (
            f"valid {terms.validity}{months}{after}, rounded {terms.rounding}, offers {terms.stacking}"
        )
    for store in Store.objects.select_related("chain").order_by("chain__key", "number"):
        found[f"store {store.chain.key} {store.number}"] = ", ".join(filter(None, (store.name, store.place)))
    for group in ProductGroup.objects.select_related("chain").order_by("chain__key", "key"):
        found[f"group {group.chain.key} {group.key}"] = group.name
    for rule in RateRule.objects.select_related("chain", "store", "product_group").order_by("chain__key", "id"):
        found[f"rate {rule.pk} {rule.chain.key}"] = programme_words.rate(rule)
    for offer in Offer.objects.select_related("chain").order_by("chain__key", "key"):
        found[f"offer {offer.chain.key} {offer.key}"] = programme_words.offer(offer)
    for one in Suspension.objects.select_related("chain").order_by("chain__key", "id"):
        found[f"suspension {one.pk} {one.chain.key}"] = programme_words.suspension(one)
    prefixes = EnterpriseRange.objects.order_by("prefix").values_list("prefix", flat=True)
    return found | {f"company cards {prefix}": "not registered" for prefix in prefixes}


@contextmanager
def _at(*place: str | int) -> Iterator[None]:
    try:
        yield
    except SetupRefusedError:
        raise
    except TillitError as error:
        raise SetupRefusedError(error.code, error.message, place) from None


def _controller(key: str) -> Controller:
    found = Controller.objects.filter(key=key).first()
    if found is None:
        raise TillitError("unknown-controller", f"no controller '{key}'")
    return found


def _keep_source(given: SourceEntry) -> None:
    reference_data.keep_source(
        key=given.key,
        name=given.name,
        register_id=_controller(given.controller).register_id,
        accept_from=given.accept_from,
        clears_within=given.clears_within,
    )


def _keep_chain(given: ChainEntry, on: date, place: Place) -> None:
    with _at(*place):
        known = Chain.objects.filter(key=given.key).first()
        if known is None and (given.name is None or given.controller is None):
            raise TillitError("unknown-chain", f"no chain '{given.key}': a new one has a name and a controller")
        if given.currency is not None:
            exponent(given.currency)
        chain = reference_data.keep_chain(
            key=given.key,
            name=given.name or (known.name if known else ""),
            controller_id=_controller(given.controller).pk if given.controller else known.controller_id,  # type: ignore[union-attr]
            currency=given.currency or (known.currency if known else "NOK"),
        )
        if given.alone_up_to is not None:
            acting = system("programme", [chain.controller_id])
            alone_up_to(chain=chain, amount=given.alone_up_to, actor=acting, two=False)
        if given.alone_days is not None:
            reference_data.keep_alone_days(chain=chain, days=given.alone_days)
        reference_data.keep_stores(chain=chain, stores={one.number: (one.name, one.place) for one in given.stores})
        reference_data.keep_product_groups(chain=chain, groups=given.product_groups)
        programmes.set_up(chain=chain, on=on)
    _keep_terms(chain, given, place)


def alone_up_to(*, chain: Chain, amount: Decimal, actor: Actor, two: bool = True) -> str:
    """Set the largest missing purchase that one of the staff posts alone (C12), in the major unit: `set`, `same`, or
    `asked`: it is higher, and holds when another asks for the same. Without `two` (who runs the installation) at once.

    What it was, is and shall be stands on record. Raises `ReferenceDataError` `alone-amount`.
    """
    minor = amount.scaleb(exponent(chain.currency))
    if not minor.is_finite() or minor != int(minor) or minor > 10**12:
        raise ReferenceDataError("alone-amount", "that is no amount")
    with transaction.atomic():
        chain = Chain.objects.select_for_update().get(pk=chain.pk)
        before = chain.alone_up_to
        holds = reference_data.keep_alone(chain=chain, amount=int(minor), by=str(actor), two=two)
        if before == minor:
            return "same"
        append(
            type=ALONE_LIMIT_SET if holds else ALONE_LIMIT_ASKED,
            actor=actor,
            activity=_ACTIVITY,
            controller=chain.controller_id,
            details={"chain": chain.pk, "before": before, "amount": int(minor), "currency": chain.currency},
            at=clock.now(),
        )
    return "set" if holds else "asked"


def keep_terms(setup: Setup) -> None:
    """The rates and offers of a setup, for chains that are there: what a preview tries. Raises `SetupRefusedError`."""
    for place, entry in enumerate(setup.chains):
        _keep_terms(Chain.objects.get(key=entry.key), entry, ("chains", place))


def _keep_terms(chain: Chain, given: ChainEntry, place: Place) -> None:
    for number, rate in enumerate(given.rates):
        with _at(*place, "rates", number):
            _keep_rate(chain, rate)
    for number, offer in enumerate(given.offers):
        with _at(*place, "offers", number):
            keep_offer(chain, offer)


def _keep_rate(chain: Chain, given: RateEntry) -> None:
    """The rate as given: added, or ended when it stands without an end or with a later one."""
    store = chain.stores.filter(number=given.store).first() if given.store is not None else None
    group = chain.product_groups.filter(key=given.product_group).first() if given.product_group is not None else None
    if (given.store is not None and store is None) or (given.product_group is not None and group is None):
        raise RateRefusedError("rate-place", "the chain has no such store or product group")
    first, last = given.minutes
    starts, ends = moment(given.starts), moment(given.until) if given.until else None
    days = sum(WEEKDAYS[day] for day in set(given.weekdays))
    basis_points = int(given.percent * BASIS_POINTS / 100)
    same = RateRule.objects.filter(
        chain=chain,
        store=store,
        product_group=group,
        mode=given.mode,
        basis_points=basis_points,
        starts=starts,
        weekdays=days,
        from_minute=first,
        to_minute=last,
        priority=given.priority,
    ).first()
    if same is not None and ends is not None and (same.ends is None or same.ends > ends):
        rates.end(rule_id=same.pk, at=ends)
        return
    if same is not None and same.ends is not None and ends != same.ends:
        raise RateRefusedError("rate-ended", f"rate {same.pk} has ended, and stays so: give the new one its own start")
    rates.add(
        chain_id=chain.pk,
        basis_points=basis_points,
        when=When(starts, ends, days, first, last),
        mode=given.mode,
        store_id=store.pk if store else None,
        product_group_id=group.pk if group else None,
        priority=given.priority,
    )


def keep_offer(chain: Chain, given: OfferEntry) -> Offer:
    """The offer as given: made, or ended or given another budget where only those differ."""
    stores = dict(chain.stores.values_list("number", "pk"))
    groups = dict(chain.product_groups.values_list("key", "pk"))
    if not {*given.stores} <= {*stores} or not {*given.product_groups} <= {*groups}:
        raise OfferRefusedError("offer-place", "the chain has no such store or product group")
    kinds = [kind for kind in ("percent", "times", "amount") if getattr(given, kind) is not None]
    if len(kinds) != 1:
        raise OfferRefusedError("offer-kind", "an offer has one of percent, times and amount")

    def minor(value: Decimal | None) -> int | None:
        return None if value is None else int(value.scaleb(exponent(chain.currency)))

    threshold = minor(given.threshold) or 0
    match kinds[0]:
        case "percent":
            gift = Gift("rate", basis_points=int((given.percent or 0) * BASIS_POINTS / 100), threshold=threshold)
        case "times":
            gift = Gift("times", factor=int((given.times or 0) * 100), threshold=threshold)
        case _:
            gift = Gift("fixed", amount=minor(given.amount) or 0, per=given.per, threshold=threshold)
    starts, ends = moment(given.starts), moment(given.until) if given.until else None
    budget = minor(given.budget)
    standing = Offer.objects.filter(chain=chain, key=given.key).first()
    if standing is not None and ends is not None and (standing.ends is None or standing.ends > ends):
        offers.end(offer_id=standing.pk, at=ends)
    if standing is not None and budget is not None and standing.budget not in {None, budget}:
        offers.raise_budget(offer_id=standing.pk, budget=budget)
    return offers.make(
        chain_id=chain.pk,
        key=given.key,
        name=given.name,
        gift=gift,
        when=When(starts, ends, sum(WEEKDAYS[day] for day in set(given.weekdays)), *given.minutes),
        limits=Limits(minor(given.most_per_receipt), minor(given.most_per_member), given.most_period, budget),
        reach=Reach(
            tuple(stores[one] for one in given.stores),
            tuple(groups[one] for one in given.product_groups),
            given.targeted,
        ),
        priority=given.priority,
    )


def _changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    gone = [f"- {what}: {how}" for what, how in before.items() if what not in after]
    new = [f"+ {what}: {how}" for what, how in after.items() if what not in before]
    return (
        gone
        + new
        + [f"~ {what}: {before[what]} → {how}" for what, how in after.items() if before.get(what, how) != how]
    )


def _record(setup: Setup, changes: int) -> None:
    """On record for each controller concerned."""
    named = {entry.key for entry in setup.chains}
    concerned = set(Chain.objects.filter(key__in=named).values_list("controller_id", flat=True))
    concerned |= {_controller(entry.controller).pk for entry in setup.sources}
    for controller in sorted(concerned) if changes else []:
        append(
            type=PROGRAMME_CHANGED,
            actor=system("programme", [controller]),
            activity=_ACTIVITY,
            controller=controller,
            details={"changes": changes},
            at=clock.now(),
        )
