"""Two unions, suppliers with their frames, a small catalogue, members of different agreements."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from tests.support.world import person, publish_examples
from tillit.benefits import catalogue, editing
from tillit.benefits.catalogue import Entitled, Listed
from tillit.benefits.editing import Content
from tillit.benefits.models import Benefit, Category, Kind, Supplier
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
START = date(2026, 1, 1)


@dataclass
class World:
    """Controllers, suppliers and categories by key."""

    controllers: dict[str, Controller]
    suppliers: dict[str, Supplier] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)

    @property
    def staff(self) -> Actor:
        return system("test", {one.pk for one in self.controllers.values()})

    def scope(self, subject: int, union: str = "lyngheim", activity: str = catalogue.ACTIVITY) -> Scope:
        return Scope(system("test", {self.controllers[union].pk}), activity, frozenset({subject}))

    def benefit(
        self,
        key: str,
        *,
        kind: str = Kind.CARD,
        title: str = "",
        supplier: str = "hotell",
        unions: tuple[str, ...] = ("lyngheim",),
        publish: bool = True,
        **more: object,
    ) -> Benefit:
        content = {name: more.pop(name) for name in ("url", "code", "needs", "member_price") if name in more}
        texts = {"nb": {"title": title or key, "summary": str(more.pop("summary", "")), "body": ""}}
        draft = editing.write_draft(
            controllers=self.staff.controllers,
            key=key,
            supplier=self.suppliers[supplier],
            category=self.categories["reise"],
            content=Content(kind=kind, texts=texts, **content),  # type: ignore[arg-type]
        )
        for union in unions:
            editing.make_valid(
                controllers=self.staff.controllers,
                benefit=draft.benefit,
                controller=self.controllers[union],
                **{"starts": START, **more},  # type: ignore[arg-type]
            )
        if publish:
            editing.publish(
                actor=self.staff,
                controller_id=self.controllers["lyngheim"].pk,
                benefit=draft.benefit,
                at=clock.now(),
            )
        return draft.benefit

    def entitled(self, subject: int, union: str = "lyngheim") -> Entitled | None:
        with self.scope(subject, union):
            return catalogue.entitled(subject_id=subject, controller_id=self.controllers[union].pk, on=clock.today())

    def sees(self, subject: int, union: str = "lyngheim", **narrowed: str) -> list[str]:
        return [one.benefit.key for one in self.listed(subject, union, **narrowed)]

    def listed(self, subject: int, union: str = "lyngheim", **narrowed: str) -> list[Listed]:
        return catalogue.listed(for_whom=self.entitled(subject, union), at=clock.now(), **narrowed)

    def member(self, union: str = "lyngheim", **facts: str) -> int:
        return person(self.controllers[union], **facts)


def build() -> World:
    return furnish(publish_examples("union_benefits"))


def furnish(controllers: dict[str, Controller]) -> World:
    """The suppliers with their frames, and a category."""
    world = World(controllers)
    world.categories["reise"] = editing.add_category(key="reise", names={"nb": "Reise", "en": "Travel"})
    for key, name, recipient, asked in (
        ("hotell", "Fjellduft Hoteller", "fjellduft_hoteller", "fjellduft_asked"),
        ("varer", "Vidderås Varer", "vidderaas_varer", ""),
        ("kino", "Kino Lysning", "", ""),
    ):
        world.suppliers[key] = editing.add_supplier(key=key, name=name)
        for union in ("lyngheim", "steinlia"):
            editing.frame(
                actor=world.staff,
                supplier=world.suppliers[key],
                controller=world.controllers[union],
                recipient=recipient,
                asked_recipient=asked,
                starts=START,
            )
    return world


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()
