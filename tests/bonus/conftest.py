"""The bonus operator's two clubs and coalition, a chain of each, and a member of both clubs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from tests.support.world import person, publish_examples
from tillit.bonus import programmes
from tillit.bonus.kinds import ISSUED, LOT
from tillit.bonus.models import Programme
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.ledger import operations as ledger
from tillit.ledger.operations import Account, Posting
from tillit.parties import operations as parties
from tillit.purchases.models import Chain, Store

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)  # a Monday
Y27, Y28 = date(2027, 1, 1), date(2028, 1, 1)


@dataclass
class World:
    """Controllers by key, and per club a chain with two stores and its programme."""

    controllers: dict[str, Controller]
    chains: dict[str, Chain] = field(default_factory=dict)
    programmes: dict[str, Programme] = field(default_factory=dict)

    def scope(self, activity: str, subject: int | None = None, club: str | None = None) -> Scope:
        mine = [self.controllers[club]] if club else self.controllers.values()
        actor = system("test", {c.pk for c in mine})
        return Scope(actor, activity, None if subject is None else frozenset({subject}))

    def member(self, *clubs: str, **facts: str) -> int:
        first, *rest = clubs or ("nordkai",)
        subject = person(self.controllers[first], **facts)
        for club in rest:
            with self.scope("membership_administration", subject) as scope:
                parties.relate(
                    scope=scope,
                    subject_id=subject,
                    controller_id=self.controllers[club].pk,
                    kind="member",
                    started=date(2026, 1, 1),
                )
        return subject

    def earn(self, subject: int, amount: int, *, club: str = "nordkai", expires: date = Y28) -> None:
        """Bonus from nowhere in particular, posted as the accrual does."""
        book = self.programmes[club].book_id
        posting = Posting(subject, uuid4(), book, amount, Account(ISSUED), Account(LOT, expires), clock.now())
        with self.scope("bonus_earning", subject) as scope:
            ledger.post(scope=scope, postings=[posting])


def build() -> World:
    world = World(publish_examples("bonus"))
    for club in ("nordkai", "skogheim", "rundtur"):
        chain = Chain.objects.create(key=f"{club}-kjede", name=f"Kjeden {club}", controller=world.controllers[club])
        for number in ("1", "2"):
            Store.objects.create(chain=chain, number=number, name=f"Butikk {number}", place="Tromsø")
        world.chains[club] = chain
        world.programmes[club] = programmes.set_up(chain=chain, on=clock.today())
    return world


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()
