"""A book of one controller, people with rights on it, and kinds as the bonus domain has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from tillit.declaration.enforce import ARCHIVED, DELETE, READ, RESTRICTED, WRITE
from tillit.declaration.models import Controller, Grant, Register
from tillit.declaration.vocabulary import category_id
from tillit.kernel.scope import Actor, Scope, system
from tillit.ledger import kinds, operations
from tillit.parties.models import Subject

LOT = kinds.register(100, "lot")
RESERVED = kinds.register(101, "reserved")
DEBT = kinds.register(200, "debt")
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ON = date(2026, 5, 1)
Y27, Y28 = date(2027, 1, 1), date(2028, 1, 1)


@dataclass(frozen=True)
class World:
    """A controller, its book, another controller with a book, and the actor of its intake."""

    actor: Actor
    controller_id: int
    book_id: int
    other_book_id: int
    register_id: int

    def scope(self, activity: str = "bonus_earning", subjects: frozenset[int] | None = None) -> Scope:
        return Scope(self.actor, activity, subjects)

    def subject(self) -> int:
        return Subject.objects.create(register_id=self.register_id).id


def build() -> World:
    register, _ = Register.objects.get_or_create(key="ledgertest")
    made = []
    for key in ("ours", "theirs"):
        controller, _ = Controller.objects.get_or_create(
            key=key,
            register=register,
            defaults={"name": key, "organisation_number": "312345674", "arrangement": "sole"},
        )
        made.append(controller.id)
    for activity, rights in (
        ("bonus_earning", READ | WRITE | RESTRICTED),
        ("bonus_use", READ | WRITE),
        ("retention", READ | WRITE | DELETE | RESTRICTED | ARCHIVED),
        ("customer_service", READ),
    ):
        for controller_id in made:
            Grant.objects.get_or_create(
                controller_id=controller_id,
                row_controller_id=controller_id,
                activity=activity,
                category=category_id("bonus"),
                defaults={"rights": rights},
            )
    books = [operations.open_book(controller_id=one, key="bonus", currency="NOK", category="bonus").id for one in made]
    return World(system("test", [made[0]]), made[0], books[0], books[1], register.id)


@pytest.fixture
def world(db: None) -> Iterator[World]:
    return build()
