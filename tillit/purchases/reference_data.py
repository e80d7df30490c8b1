"""Chains, stores, product groups, sources, ranges of company cards: kept in step with what their owners send.

Every operation says how things are; saying it again changes nothing.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from tillit.kernel.money import exponent
from tillit.purchases.errors import ReferenceDataError
from tillit.purchases.models import Chain, EnterpriseRange, ProductGroup, Source, Store

_LONGEST_CLEARING = 366  # days
_KEY = re.compile(r"(?!.*\d{5})[a-z][a-z0-9_-]{0,59}\Z")
_PREFIX = re.compile(r"[1-9][0-9]{5,10}\Z")


def keep_chain(*, key: str, name: str, controller_id: int, currency: str = "NOK") -> Chain:
    """The chain of that key, as given. `ReferenceDataError` for a malformed key or a new currency on an old chain."""
    exponent(currency)
    kept = Chain.objects.filter(key=_checked(key)).first()
    if kept is not None and (kept.currency != currency or kept.controller_id != controller_id):
        raise ReferenceDataError("chain-fixed", "a chain keeps its currency and its controller")
    chain, _ = Chain.objects.update_or_create(
        key=key, defaults={"name": name, "controller_id": controller_id, "currency": currency}
    )
    return chain


def keep_alone(*, chain: Chain, amount: int, by: str, two: bool) -> bool:
    """The largest missing purchase that one of the staff posts without a second, minor units (C12); whether it holds.
    With `two`, a higher one holds when another than who asked first (`by`) asks for the same.

    Raises `ReferenceDataError` `alone-amount` below zero; 0: every one takes two.
    """
    if amount < 0:
        raise ReferenceDataError("alone-amount", "an amount is zero or above")
    seconded = chain.alone_asked == amount and chain.alone_asked_by not in ("", by)
    holds = not two or amount <= chain.alone_up_to or seconded
    if holds:
        chain.alone_up_to, chain.alone_asked, chain.alone_asked_by = amount, None, ""
    elif chain.alone_asked != amount:
        chain.alone_asked, chain.alone_asked_by = amount, by
    chain.save(update_fields=["alone_up_to", "alone_asked", "alone_asked_by"])
    return holds


def keep_alone_days(*, chain: Chain, days: int) -> None:
    """Over how many days what one of the staff does alone for one member adds up (C12)."""
    Chain.objects.filter(pk=chain.pk).update(alone_days=days)


def keep_stores(*, chain: Chain, stores: Mapping[str, tuple[str, str]]) -> int:
    """Stores of a chain by number: (name, place). Those not named stay. Returns how many were given."""
    rows = [Store(chain=chain, number=number, name=name, place=place) for number, (name, place) in stores.items()]
    Store.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["chain", "number"], update_fields=["name", "place"], batch_size=1000
    )
    return len(rows)


def keep_product_groups(*, chain: Chain, groups: Mapping[str, str]) -> int:
    """Product groups of a chain: key → name. Those not named stay. Returns how many were given."""
    rows = [ProductGroup(chain=chain, key=key, name=name) for key, name in groups.items()]
    ProductGroup.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["chain", "key"], update_fields=["name"], batch_size=1000
    )
    return len(rows)


def keep_source(
    *, key: str, name: str, register_id: int, accept_from: date, clears_within: int | None = None
) -> Source:
    """The source of that key. Its horizon moves forward only: behind it, what was counted is no longer remembered.

    `clears_within`: days after which an authorisation that no purchase cleared lapses; as it is, or 30, when not given.
    """
    kept = Source.objects.filter(key=_checked(key)).first()
    if kept is not None and kept.register_id != register_id:
        raise ReferenceDataError("source-fixed", "a source keeps its register")
    if kept is not None and accept_from < kept.accept_from:
        raise ReferenceDataError("horizon-back", "the accept-from date moves forward only")
    if clears_within is not None and not 1 <= clears_within <= _LONGEST_CLEARING:
        raise ReferenceDataError("clears-within", "an authorisation is cleared within 1 to 366 days")
    values = {"name": name, "register_id": register_id, "accept_from": accept_from}
    if clears_within is not None:
        values["clears_within"] = clears_within
    source, _ = Source.objects.update_or_create(key=key, defaults=values)
    return source


def keep_enterprise_ranges(*, prefixes: Iterable[str]) -> int:
    """Leading digits (6 to 11) of cards issued to companies, from the card networks' lists: these and no others."""
    wanted = set(prefixes)
    if any(not _PREFIX.match(prefix) for prefix in wanted):
        raise ReferenceDataError("card-range", "a range is the 6 to 11 leading digits")
    EnterpriseRange.objects.exclude(prefix__in=wanted).delete()
    EnterpriseRange.objects.bulk_create([EnterpriseRange(prefix=prefix) for prefix in wanted], ignore_conflicts=True)
    return len(wanted)


def _checked(key: str) -> str:
    if not _KEY.match(key):
        raise ReferenceDataError("reference-key", "a key is lower-case letters, digits, hyphens and underscores")
    return key
