"""A coalition of the bench's own: two clubs' ten chains with rates and stores, and members who already hold bonus."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
from django.db import connection

from tillit.bonus import programmes, rates
from tillit.bonus.kinds import ISSUED, LOT
from tillit.bonus.models import Programme
from tillit.bonus.rates import WEEKDAYS, When
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.loader import load as load_declaration
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.declaration.queries import holder_of
from tillit.journeys.bench.files import CHAINS, CHAINS_EACH, STORES, card_numbers, cards_of, chains_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.parties.digests import Kind, digest_many
from tillit.platform import paths
from tillit.purchases import reference_data

SOURCE = "bench"
DAY = date(2026, 3, 7)
_CLUBS = ("nordkai", "skogheim")
_AT_ONCE = 100_000


def build(*, members: int) -> None:
    """Publish the example coalition, set its chains up, and register `members` members, each with bonus in 3 chains."""
    publish_examples()
    _shops()
    _people(members)


def publish_examples() -> None:
    """Publish the example coalition's declarations: its operator and two clubs, one register."""
    for key in ("rundtur", *_CLUBS):
        path = paths.root() / "examples" / "bonus" / f"{key}.yaml"
        declaration, _ = load_declaration(Path(path))
        publish(declaration=declaration, source_text=path.read_text("utf-8"), at=clock.now(), recompile=False)
    enforce_grants()


def people(*, register_id: int, count: int) -> None:
    """New subjects of the register, of whom nothing is known."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "people", "subjects"), {"register": register_id, "count": count})


def _shops() -> None:
    clubs = [Controller.objects.get(key=key) for key in _CLUBS]
    always = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(CHAINS):
        chain = reference_data.keep_chain(
            key=f"bench{number}", name=f"Chain {number}", controller_id=clubs[number % len(clubs)].pk
        )
        reference_data.keep_stores(chain=chain, stores={str(n): (f"Store {n}", "Bodø") for n in range(1, STORES + 1)})
        reference_data.keep_product_groups(chain=chain, groups={"food": "Food"})
        programmes.set_up(chain=chain, on=clock.today())
        store, group = chain.stores.get(number="1"), chain.product_groups.get(key="food")
        weekend = When(always, None, WEEKDAYS["sat"] | WEEKDAYS["sun"])
        evening = When(always, None, from_minute=16 * 60, to_minute=20 * 60)
        rates.add(chain_id=chain.pk, basis_points=100, when=When(always))
        rates.add(chain_id=chain.pk, basis_points=200, when=When(always), store_id=store.pk)
        rates.add(chain_id=chain.pk, basis_points=100, when=weekend, mode="add")
        rates.add(chain_id=chain.pk, basis_points=50, when=evening, mode="add", product_group_id=group.pk)
    reference_data.keep_source(key=SOURCE, name="Bench", register_id=clubs[0].register_id, accept_from=date(2025, 1, 1))


def more_members(*, after: int, until: int) -> None:
    """Members number `after` + 1 to `until`, each with bonus in 3 chains."""
    _people(until, after)


def _people(members: int, after: int = 0) -> None:
    register = Controller.objects.values_list("register_id", flat=True).get(key=_CLUBS[0])
    holder = holder_of(controller_id=Controller.objects.values_list("pk", flat=True).get(key=_CLUBS[0]))
    actor = system("bench", Controller.objects.filter(register_id=register).values_list("pk", flat=True))
    terms = [Programme.objects.get(chain__key=f"bench{number}") for number in range(CHAINS)]
    for start in range(after + 1, members + 1, _AT_ONCE):
        numbers = np.arange(start, min(start + _AT_ONCE, members + 1))
        whose, card_ids = cards_of(numbers)
        cards = [card.encode() for card in card_numbers(card_ids).tolist()]
        digests = [UUID(bytes=one) for one in digest_many(register, Kind.CARD, cards)]
        turns = np.repeat(np.arange(CHAINS_EACH), len(numbers))
        shops = chains_of(np.tile(numbers, CHAINS_EACH), turns)
        with Scope(actor, "bonus_earning"), connection.cursor() as cursor:
            cursor.execute(load(__file__, "people", "subjects"), {"register": register, "count": len(numbers)})
            subjects = np.array([row[0] for row in cursor.fetchall()])
            of = subjects[whose - start].tolist()
            owned = {"kind": int(Kind.CARD), "digests": digests, "subjects": of, "at": DAY - timedelta(days=30)}
            cursor.execute(load(__file__, "people", "cards"), owned | {"register": register})
            cursor.execute(load(__file__, "people", "instruments"), owned | {"holder": holder})
            cursor.execute(
                load(__file__, "people", "bonus"),
                {
                    "subjects": np.tile(subjects, CHAINS_EACH).tolist(),
                    "books": [terms[shop].book_id for shop in shops.tolist()],
                    "issued": ISSUED.id,
                    "lot": LOT.id,
                    "expires": programmes.expiry(terms[0], DAY),
                },
            )
