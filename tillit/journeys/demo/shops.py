"""The clubs' chains, their stores and product groups, the source of purchases, and what purchases earn."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tillit.bonus import programmes, rates
from tillit.bonus.rates import WEEKDAYS, When
from tillit.declaration.models import Controller
from tillit.journeys.demo.baskets import Lines
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.purchases import reference_data
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
    """Keep chains, stores, groups and the source as the lines need them, programmes as declared, and the rates."""
    controllers = {one.key: one for one in Controller.objects.filter(register__key=REGISTER)}
    turns = [key for key, (*_, tenths) in _CHAINS.items() for _ in range(tenths)]
    chain_of = {store: turns[place % len(turns)] for place, store in enumerate(lines.stores)}
    chains, made = {}, 0
    for key, (name, club, base, _) in _CHAINS.items():
        chain = reference_data.keep_chain(key=key, name=name, controller_id=controllers[club].pk)
        mine = [store for store, owner in chain_of.items() if owner == key]
        places = {store: _PLACES[store % len(_PLACES)] for store in mine}
        reference_data.keep_stores(
            chain=chain, stores={str(store): (f"{name} {places[store]} {store}", places[store]) for store in mine}
        )
        reference_data.keep_product_groups(chain=chain, groups=lines.groups)
        programmes.set_up(chain=chain, on=anchor)
        chains[key] = chain
        made += _rates(chain, base, anchor)
    keep_source(anchor=anchor)
    return Shops(chains, chain_of, {key: club for key, (_, club, *_) in _CHAINS.items()}, made)


def keep_source(*, anchor: date) -> Source:
    """The tills' source, which accepts what was bought since New Year the year before last."""
    register_id = Controller.objects.values_list("register_id", flat=True).get(key=REGISTER)
    return reference_data.keep_source(
        key=SOURCE, name="Kassene", register_id=register_id, accept_from=date(anchor.year - 2, 1, 1)
    )


def _rates(chain: Chain, base: int, anchor: date) -> int:
    """A base rate, a better one at one store, and one more thing a chain: a time of the week, a group, a campaign."""
    always = When(_midnight(date(anchor.year - 2, 1, 1)))
    rates.add(chain_id=chain.pk, basis_points=base, when=always)
    best = chain.stores.order_by("pk").first()
    if best is not None:
        rates.add(chain_id=chain.pk, basis_points=base + 50, when=always, store_id=best.pk)
    groups = dict(chain.product_groups.values_list("key", "pk"))
    if chain.key == "skogheim-kafe":
        weekdays = sum(WEEKDAYS[day] for day in ("mon", "tue", "wed", "thu", "fri"))
        quiet = When(always.starts, weekdays=weekdays, from_minute=14 * 60, to_minute=17 * 60)
        rates.add(chain_id=chain.pk, basis_points=100, when=quiet, mode="add")
    if chain.key == "nordkai-mat" and "produce" in groups:
        rates.add(chain_id=chain.pk, basis_points=75, when=always, mode="add", product_group_id=groups["produce"])
    if chain.key == "nordkai-naer":
        campaign = When(_midnight(date(anchor.year, 3, 1)), _midnight(date(anchor.year, 4, 1)))
        rates.add(chain_id=chain.pk, basis_points=300, when=campaign, mode="add")
    if "kiosk-gas" in groups:
        rates.add(chain_id=chain.pk, basis_points=0, when=always, product_group_id=groups["kiosk-gas"], priority=1)
    return chain.rates.count()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(DEFAULT_ZONE))
