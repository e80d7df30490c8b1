"""What the checks look at, read once a run and shared between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from django.db import connection

from tillit.audit.verify import Report
from tillit.declaration import registry
from tillit.declaration.enforce import Granted, compiled_grants
from tillit.declaration.models import Controller
from tillit.declaration.registry import PersonalTable
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import category_id, category_key
from tillit.kernel.scope import Actor, Scope, system
from tillit.privacy.compiler import Plan
from tillit.privacy.retention import all_plans

if TYPE_CHECKING:
    from tillit.privacy.prove.kinds import Finding, Kind

SAMPLE = 20
Key = tuple[int, str]
"""(subject id, row id as text)."""


@dataclass(frozen=True)
class Held:
    """How many rows a table holds of one controller, category and state, counted past the policies."""

    table: str
    controller_id: int
    category: str
    state: int
    rows: int


@dataclass(frozen=True)
class Measured:
    """Rows of a retention plan: how many, overdue, due but on hold, and the next day on which one goes."""

    rows: int
    overdue: int
    on_hold: int
    next_due: date | None


@dataclass
class Shared:
    """Facts about the whole installation. `faults` holds the findings of checks that are the same for everybody."""

    on: date
    faults: dict[str, tuple[list[str], dict[str, int | str]]] = field(default_factory=dict)
    measured: dict[tuple[int, str, str], Measured] = field(default_factory=dict)
    contexts: list["Context"] = field(default_factory=list)
    reports: dict[int, Report] = field(default_factory=dict)

    @cached_property
    def controllers(self) -> list[Controller]:
        """Every controller that has published a declaration."""
        return list(Controller.objects.filter(versions__isnull=False).distinct().order_by("id"))

    @cached_property
    def grants(self) -> list[Granted]:
        """What the declarations compile to, anew."""
        return compiled_grants(on=self.on)

    @cached_property
    def plans(self) -> list[tuple[Actor, Plan]]:
        """Every retention plan with the actor that carries it out."""
        return list(all_plans(self.on))

    @cached_property
    def held(self) -> list[Held]:
        """What every personal table holds, counted by `tillit_proof`, which no grant of a declaration can blind."""
        found: list[Held] = []
        with Scope(system("proof", [c.pk for c in self.controllers]), "proof"), connection.cursor() as cursor:
            for table in registry.PERSONAL.values():
                cursor.execute(
                    "SELECT controller_id, category, state, held FROM proof_cells(%s, %s)",
                    [table.table, table.category_column],
                )
                found += [
                    Held(table.table, controller, _category(table, number), state, rows)
                    for controller, number, state, rows in cursor.fetchall()
                ]
        return found


def _category(table: PersonalTable, number: int | None) -> str:
    if table.category is not None:
        return table.category
    try:
        return category_key(number or 0)
    except KeyError:
        return str(number)


@dataclass
class Context:
    """One controller, its declaration in effect, and the register around it."""

    controller: Controller
    declaration: Declaration
    holder_id: int
    shared: Shared
    findings: dict[str, "list[Finding]"] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """The controller's id."""
        return self.controller.pk

    @property
    def on(self) -> date:
        """The day the proof is about."""
        return self.shared.on

    def scope(self, activity: str = "proof", *, joint: bool = False) -> Scope:
        """A system scope for this controller; `joint` adds the others of the register, whose people are the same."""
        if joint:
            register = self.controller.register_id
            return Scope(
                system("proof", [c.pk for c in self.shared.controllers if c.register_id == register]), activity
            )
        return Scope(system("proof", {self.id}), activity)

    def found(self, kind: "Kind") -> "list[Finding]":
        """What a kind of check finds of each of its promises, asked once a run."""
        if kind.key not in self.findings:
            self.findings[kind.key] = [kind.check(self, said) for said in kind.promised(self.declaration)]
        return self.findings[kind.key]

    def rows(self, category: str) -> int:
        """How many rows the controller holds of a category."""
        return sum(h.rows for h in self.shared.held if h.controller_id == self.id and h.category == category)

    @cached_property
    def plans(self) -> list[tuple[Actor, Plan]]:
        """The plans for this controller's rows and those held jointly."""
        return [(a, plan) for a, plan in self.shared.plans if plan.controller_id in {self.id, self.holder_id}]

    @cached_property
    def samples(self) -> Mapping[tuple[str, str], list[Key]]:
        """(table, category) → the keys of some of the controller's rows, seen under `proof`."""
        found = {}
        cells = {(h.table, h.category) for h in self.shared.held if h.controller_id == self.id}
        with self.scope():
            for table, category in sorted(cells):
                if keys := sample(registry.PERSONAL[table], category, self.id):
                    found[table, category] = keys
        return found


def sample(table: PersonalTable, category: str, controller_id: int) -> list[Key]:
    """The keys of some rows that the open scope sees."""
    match = f"AND {table.category_column} = %(category)s" if table.category_column else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT subject_id, id::text FROM {table.table} WHERE controller_id = %(controller)s {match}"
            f" LIMIT {SAMPLE}",
            {"controller": controller_id, "category": category_id(category) if match else 0},
        )
        return [(subject, key) for subject, key in cursor.fetchall()]


def seen(table: PersonalTable, keys: list[Key]) -> int:
    """How many of the rows the open scope sees."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {table.table} WHERE subject_id = ANY (%s) AND (subject_id, id::text) IN"
            " (SELECT * FROM unnest(%s::bigint[], %s::text[]))",
            [[s for s, _ in keys], [s for s, _ in keys], [k for _, k in keys]],
        )
        return int(cursor.fetchone()[0])
