"""Members of the example coalition with cards, rates, and a short way from rows to posted bonus."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.shops import card_number
from tests.support.world import person, publish_examples
from tillit.bonus import programmes, rates
from tillit.bonus.rates import When
from tillit.declaration.models import Controller
from tillit.journeys import intake
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.ledger import queries as ledger
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.purchases import batches, reference_data, staging
from tillit.purchases.lanes import HERE, Lane
from tillit.purchases.models import Batch, Chain, Source
from tillit.purchases.reading import references
from tillit.purchases.reading.single import chunk_of

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
SOURCE = "kasse"
START = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class World:
    """Two chains (nordkai's `mat` at 1 %, skogheim's `hotell` at 2 %) and members with a card each."""

    controllers: dict[str, Controller]
    chains: dict[str, Chain] = field(default_factory=dict)
    books: dict[str, int] = field(default_factory=dict)

    @property
    def register(self) -> int:
        return self.controllers["nordkai"].register_id

    def scope(self, activity: str = "bonus_earning") -> Scope:
        return Scope(system("test", {c.pk for c in self.controllers.values()}), activity)

    def member(self, *cards: int) -> int:
        subject = person(self.controllers["nordkai"], account=False)
        for number in cards:
            known = digest(self.register, Kind.CARD, card_number(number))
            directories.claim(register_id=self.register, kind=Kind.CARD, digest=known, subject_id=subject, since=START)
        return subject

    def take_in(
        self,
        rows: Sequence[dict[str, Any]],
        side_by_side: Sequence[Lane] = HERE,
        staged: Callable[[Batch], None] = lambda batch: None,
    ) -> Batch:
        """Stage the rows and post them, as a file of their own. `staged`: called between the two."""
        return take_in(rows, side_by_side, staged)

    def balances(self, subject: int, chain: str = "mat") -> dict[str, int]:
        with self.scope("bonus_earning"):
            found = ledger.balances(subject_id=subject, on=clock.today())
        return {kind: amount for kind, amount in found.get(self.books[chain], {}).items() if amount}


def take_in(
    rows: Sequence[dict[str, Any]],
    side_by_side: Sequence[Lane] = HERE,
    staged: Callable[[Batch], None] = lambda batch: None,
    source: str = SOURCE,
) -> Batch:
    """Stage the rows and post them, as a file of their own. `staged`: called between the two."""
    known = references.load(source_key=source)
    name = hashlib.sha256(json.dumps([rows, Batch.objects.count()]).encode()).hexdigest()
    batch = batches.begin(source_id=known.source_id, digest=name, name="rows")
    chunks = [chunk_of(rows, range(1, len(rows) + 1))] if rows else []
    staging.stage(batch=batch, chunks=chunks, references=known, side_by_side=side_by_side)
    staged(batch)
    return intake.post_batch(batch_id=batch.pk, side_by_side=side_by_side)


def build() -> World:
    world = World(publish_examples("bonus"))
    for key, club, rate in (("mat", "nordkai", 100), ("hotell", "skogheim", 200)):
        chain = reference_data.keep_chain(key=key, name=key.title(), controller_id=world.controllers[club].pk)
        reference_data.keep_stores(chain=chain, stores={"1": (f"{key} 1", "Tromsø"), "2": (f"{key} 2", "Bodø")})
        reference_data.keep_product_groups(chain=chain, groups={"fisk": "Fisk", "brus": "Brus"})
        world.chains[key], world.books[key] = chain, programmes.set_up(chain=chain, on=clock.today()).book_id
        rates.add(chain_id=chain.pk, basis_points=rate, when=When(START))
    source: Source = reference_data.keep_source(
        key=SOURCE, name="Kasse", register_id=world.register, accept_from=START.date()
    )
    assert source.pk
    return world


def bought(
    number: int | str,
    card: int = 1,
    amount: str = "100.00",
    time: str = "2026-03-02T12:30:00+01:00",
    chain: str = "mat",
    store: str = "1",
    **more: str,
) -> dict[str, Any]:
    """A row of a file or the API."""
    facts = {"id": f"T{number}", "time": time, "chain": chain, "store": store, "amount": amount}
    return {**facts, "card": card_number(card), **more}
