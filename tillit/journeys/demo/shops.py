"""The clubs' chains, their stores and product groups, the source of purchases, and what purchases earn."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tillit.journeys.demo.baskets import Lines
from tillit.journeys.programme_file import ChainEntry, RateEntry, Setup, SourceEntry, StoreEntry
from tillit.journeys.programme_setup import apply
from tillit.purchases.models import Chain, Source

SOURCE = "demo-kasse"
REGISTER = "rundtur"
CLUBS = ("nordkai", "skogheim")
# Chain → its name, its controller, its base rate in basis points, and how many of ten stores are its own.
_CHAINS = {
    "nordkai-mat": ("Nordkai Mat", "nordkai", 100, 4),
    "nordkai-naer": ("Nordkai Nær", "nordkai", 150, 2),
    "skogheim-gard": ("Skogheim Gårdsbutikk", "skogheim", 200, 2),
    "skogheim-kafe": ("Skogheim Kafé", "skogheim", 250, 1),
    "rundtur-marked": ("Rundtur Marked", "rundtur", 125, 1),
}
_PLACES = ("Tromsø", "Bodø", "Trondheim", "Lillehammer", "Stavanger", "Harstad", "Namsos", "Hamar", "Sandnes", "Alta")


@dataclass(frozen=True)
class Shops:
    """The chains by key, the key of each store's chain and of each chain's controller, and how many rates there are."""

    chains: dict[str, Chain]
    chain_of: dict[int, str]
    club_of: dict[str, str]
    rates: int


def set_up(*, lines: Lines, anchor: date) -> Shops:
    """Load chains, stores, groups, the source and the rates as the lines need them, as `tillit programme load` does."""
    turns = [key for key, (*_, tenths) in _CHAINS.items() for _ in range(tenths)]
    chain_of = {store: turns[place % len(turns)] for place, store in enumerate(lines.stores)}
    entries = [_chain(key, [s for s, owner in chain_of.items() if owner == key], lines, anchor) for key in _CHAINS]
    apply(setup=Setup(chains=entries, sources=[_source(anchor)]), on=anchor)
    chains = {chain.key: chain for chain in Chain.objects.filter(key__in=_CHAINS)}
    made = sum(chain.rates.count() for chain in chains.values())
    return Shops(chains, chain_of, {key: club for key, (_, club, *_) in _CHAINS.items()}, made)


def keep_source(*, anchor: date) -> Source:
    """The tills' source, which accepts what was bought since New Year the year before last."""
    apply(setup=Setup(sources=[_source(anchor)]), on=anchor)
    return Source.objects.get(key=SOURCE)


def _source(anchor: date) -> SourceEntry:
    return SourceEntry(key=SOURCE, name="Kassene", controller=REGISTER, accept_from=date(anchor.year - 2, 1, 1))


def _chain(key: str, stores: list[int], lines: Lines, anchor: date) -> ChainEntry:
    name, club, base, _ = _CHAINS[key]
    places = {store: _PLACES[store % len(_PLACES)] for store in stores}
    return ChainEntry(
        key=key,
        name=name,
        controller=club,
        stores=[StoreEntry(number=str(s), name=f"{name} {places[s]} {s}", place=places[s]) for s in stores],
        product_groups=lines.groups,
        rates=_rates(key, base, stores, lines, anchor),
    )


def _rates(chain: str, base: int, stores: list[int], lines: Lines, anchor: date) -> list[RateEntry]:
    """A base rate, a better one at one store, and one more thing a chain: a time of the week, a group, a campaign."""
    always = date(anchor.year - 2, 1, 1)

    def rate(basis_points: int, **more: Any) -> RateEntry:
        return RateEntry.model_validate({"percent": Decimal(basis_points) / 100, "from": always, **more})

    made = [rate(base)]
    if stores:
        made.append(rate(base + 50, store=str(stores[0])))
    if chain == "skogheim-kafe":
        made.append(rate(100, mode="add", weekdays=["mon", "tue", "wed", "thu", "fri"], hours="14:00-17:00"))
    if chain == "nordkai-mat" and "produce" in lines.groups:
        made.append(rate(75, mode="add", product_group="produce"))
    if chain == "nordkai-naer":
        campaign = {"from": date(anchor.year, 3, 1), "until": date(anchor.year, 4, 1)}
        made.append(rate(300, mode="add", **campaign))
    if "kiosk-gas" in lines.groups:
        made.append(rate(0, product_group="kiosk-gas", priority=1))
    return made
