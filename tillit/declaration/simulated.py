"""Who lives in `tillit simulate`, and what a domain has them do there (H10).

A domain names a module where it registers itself (`registry.simulated("tillit.services.simulated.insured")`): its
`ACTS` are taken up wherever a declaration lets each be recorded; its `NIGHTLY` is what its jobs do every night. An act
goes through the domain's operations as in earnest, at the clock's time, and has each of its outcomes come up in turn.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tillit.declaration.schema import Declaration
from tillit.kernel.scope import Actor, Scope, system

Do = Callable[["Person", random.Random], None]


@dataclass(frozen=True)
class Act:
    """needs: activity → categories that it must be declared to record. outcomes: what may become of it, in the order in
    which they come up; `do` asks `person.turn` which, and says `person.came` when it has come. after: also done by who
    has left.
    """

    do: Do
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outcomes: tuple[str, ...] = ()
    after: bool = False

    def under(self, declaration: Declaration) -> bool:
        """Whether the declaration provides for it."""
        found = {key: declaration.activity(key) for key in self.needs}
        return all(
            one is not None and all({category, "*"} & {*one.records} for category in self.needs[key])
            for key, one in found.items()
        )


@dataclass
class World:
    """A controller of the simulation with its register, its holder and the relationship people have with it.

    kept: what acts have set up once for the controller. turns: how often each act was begun; tried: how often each
    outcome of it. came: how often each outcome came.
    """

    controller_id: int
    holder_id: int
    register_id: int
    declaration: Declaration
    kind: str
    acts: dict[str, Act] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    turns: Counter[str] = field(default_factory=Counter)
    tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    came: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def controllers(self) -> list[int]:
        """Whose rows its people have."""
        return sorted({self.controller_id, self.holder_id})

    def recording(self, category: str) -> str | None:
        """An activity that records the category, if it is declared."""
        if category not in self.declaration.category_keys():
            return None
        return next((a.key for a in self.declaration.activities if {category, "*"} & {*a.records}), None)

    def scope(self, activity: str, *subjects: int) -> Scope:
        """A scope for one person of the controller's, or a few; for everybody where nobody is named."""
        return Scope(self.actor, activity, frozenset(subjects) or None)

    @property
    def actor(self) -> Actor:
        """Who acts for the controller."""
        return system("simulate", self.controllers)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What an act needs that there is once for a controller (a product, a supplier)."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    def missing(self) -> list[str]:
        """Outcomes that have not come, as `act: outcome`."""
        return [f"{key}: {one}" for key, act in self.acts.items() for one in act.outcomes if not self.came[key, one]]


@dataclass
class Person:
    """Somebody invented, in one controller's world. coming: (days from now, what they do then)."""

    world: World
    number: int
    subject_id: int = 0
    inside: bool = False
    holds: list[int] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    coming: list[tuple[int, Do]] = field(default_factory=list)

    def turn(self, act: str) -> str:
        """The outcome whose turn it is among those of the controller's people. What has not come, though it was tried,
        is tried twice as often.
        """
        world = self.world
        found = min(world.acts[act].outcomes, key=lambda one: world.tried[act, one] + world.came[act, one])
        world.turns[act] += 1
        world.tried[act, found] += 1
        return found

    def came(self, act: str, outcome: str) -> None:
        """An outcome has come."""
        self.world.came[act, outcome] += 1

    def later(self, days: int, do: Callable[[], None], *, after: bool = False) -> None:
        """Have something done in so many days: if they are still there, unless it is also done `after` they left."""
        self.coming.append((days, lambda person, rng: do() if after or person.inside else None))

    def scope(self, activity: str) -> Scope:
        """A scope of the controller's for the person."""
        return self.world.scope(activity, self.subject_id)

    def as_member(self, activity: str) -> Scope:
        """A scope of the person's own."""
        mine = frozenset({self.subject_id})
        actor = Actor("member", str(self.subject_id), frozenset(self.world.controllers), subjects=mine)
        return Scope(actor, activity, mine)
