"""What rows are checked against: one source, its register's chains, stores and product groups, and its time limits."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from django.db.models import F

from tillit.kernel import clock
from tillit.kernel.money import exponent
from tillit.parties import carried
from tillit.parties.digests import KEY_VERSION
from tillit.purchases.errors import UnknownSourceError
from tillit.purchases.models import ProductGroup, Source, Store

_CLOCKS_DIFFER = timedelta(hours=24)  # tills' clocks and dates of settlement


@dataclass(frozen=True)
class References:
    """stores: chain, store → chain_id, store_id, chain_currency, exponent.

    groups: chain_id, product_group → group_id. carried: cards that came along from other registers (A10); held: where
    there are any, the digests of this register's own cards and accounts.
    """

    source_id: int
    register_id: int
    stores: pl.DataFrame
    groups: pl.DataFrame
    accept_from: datetime
    accept_until: datetime
    carried: tuple["Carried", ...] = ()
    held: frozenset[bytes] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class Carried:
    """Digests that came along by one way: the registers whose keys made them, one after the other, and the digests."""

    keys: tuple[int, ...]
    digests: frozenset[bytes] = field(repr=False)


def load(*, source_key: str) -> References:
    """The references as they are now. `UnknownSourceError` when no source has that key."""
    source = Source.objects.filter(key=source_key).first()
    if source is None:
        raise UnknownSourceError("unknown-source", "no source of purchases has that key")
    stores = [
        (*row, exponent(row[3]))
        for row in Store.objects.filter(chain__controller__register=source.register_id).values_list(
            "chain__key", "number", "chain_id", "chain__currency", "id"
        )
    ]
    came = _carried(source.register_id)
    own = carried.known(register_id=source.register_id, version=KEY_VERSION) if came else ()
    groups = ProductGroup.objects.filter(chain__controller__register=source.register_id)
    start = source.accept_from
    return References(
        source_id=source.pk,
        register_id=source.register_id,
        stores=pl.DataFrame(
            stores,
            schema={
                "chain": pl.String,
                "store": pl.String,
                "chain_id": pl.Int32,
                "chain_currency": pl.String,
                "store_id": pl.Int32,
                "exponent": pl.Int8,
            },
            orient="row",
        ),
        groups=pl.DataFrame(
            list(groups.values_list("chain_id", F("key"), "id")),
            schema={"chain_id": pl.Int32, "product_group": pl.String, "group_id": pl.Int32},
            orient="row",
        ),
        accept_from=datetime(start.year, start.month, start.day, tzinfo=ZoneInfo(clock.DEFAULT_ZONE)),
        accept_until=clock.now() + _CLOCKS_DIFFER,
        carried=came,
        held=frozenset(own),
    )


def _carried(register_id: int) -> tuple[Carried, ...]:
    found = []
    for version in carried.ways(register_id=register_id):
        digests = carried.known(register_id=register_id, version=version)
        if digests:
            found.append(Carried(carried.keys(register_id=register_id, version=version), frozenset(digests)))
    return tuple(found)
