"""Who lives in the simulation, and under whose declaration."""

from collections import Counter
from dataclasses import dataclass, field

from tillit.declaration.schema import Declaration
from tillit.kernel.scope import Scope, system


@dataclass
class World:
    """A controller of the simulation with its register, its holder and the relationship people have with it."""

    controller_id: int
    holder_id: int
    register_id: int
    declaration: Declaration
    kind: str

    @property
    def controllers(self) -> list[int]:
        """Whose rows its people have."""
        return sorted({self.controller_id, self.holder_id})

    def recording(self, category: str) -> str | None:
        """An activity that records the category, if it is declared."""
        if category not in self.declaration.category_keys():
            return None
        return next((a.key for a in self.declaration.activities if {category, "*"} & {*a.records}), None)

    def scope(self, activity: str, subject_id: int) -> Scope:
        """A scope for one person of the controller's."""
        return Scope(system("simulate", self.controllers), activity, frozenset({subject_id}))


@dataclass
class Person:
    """Somebody invented, in one controller's world."""

    world: World
    number: int
    subject_id: int = 0
    inside: bool = False
    holds: list[int] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
