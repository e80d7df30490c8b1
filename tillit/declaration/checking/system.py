"""Whether the running system can keep what a declaration promises, and whether it holds only what is declared (A2).

Asked of the registry: each rule's clock is kept by a table of its category, each table of a declared category is under
a rule, what the engine itself keeps about everybody is declared. A category that no table holds yet is a notice.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass

from tillit.declaration import registry
from tillit.declaration.checking.context import Context, Path
from tillit.declaration.clocks import Clock, ClockError
from tillit.declaration.errors import Problem
from tillit.declaration.registry import OwnedTable, PersonalTable
from tillit.declaration.schema import Retention

LINKED = "linked_data_gone"
ENGINE = frozenset({"audit", "parties", "consent", "privacy"})
"""The apps that keep rows about every person, whatever the controller does."""


@dataclass(frozen=True)
class System:
    """What the running system has registered."""

    personal: tuple[PersonalTable, ...]
    owned: tuple[OwnedTable, ...]
    derived: frozenset[str]

    @classmethod
    def running(cls) -> "System":
        """The system this process runs."""
        return cls(
            tuple(registry.PERSONAL.values()), tuple(registry.OWNED.values()), frozenset(registry.DERIVED_CLOCKS)
        )

    def holding(self, category: str) -> list[PersonalTable]:
        """The personal tables that can hold `category`."""
        return [table for table in self.personal if category in table.categories]

    def keeps(self, table: PersonalTable, event: str) -> bool:
        """Whether the clock is a column of the table or derived by the engine."""
        return event == LINKED or event in table.clocks or event in self.derived

    def governs(self, rule: Retention, table: PersonalTable) -> bool:
        """Whether the rule can be carried out on the table."""
        try:
            event = Clock.parse(rule.clock).event
        except ClockError:
            return False
        return self.keeps(table, event) and (table.kind_column is not None or not rule.only_kinds)


def problems(context: Context, system: System) -> Iterator[Problem]:
    """What the system cannot keep, and what it holds undeclared."""
    yield from _rules(context, system)
    yield from _archives(context, system)
    yield from _disposals(context, system)
    yield from _tables(context, system)
    year = context.declaration.controller.financial_year
    last = calendar.monthrange(2001, year.end_month)[1]
    if year.end_day < last:
        message = f"the system counts financial years to the end of a month: end_day {last}, not {year.end_day}"
        yield context.problem(("controller", "financial_year", "end_day"), "financial-year-inside-month", message)


def notices(context: Context, system: System) -> Iterator[Problem]:
    """Categories no table holds yet."""
    owned = {table.category for table in system.owned}
    for i, category in enumerate(context.declaration.categories):
        if not system.holding(category.key) and category.key not in owned:
            message = f"no table holds '{category.key}' yet"
            yield context.problem(("categories", i), "not-held-yet", message)


def _rules(context: Context, system: System) -> Iterator[Problem]:
    for i, rule in enumerate(context.declaration.retention):
        tables = system.holding(rule.category)
        if not tables and any(t.category == rule.category and t.eraser is None for t in system.owned):
            if (event := rule.clock.rpartition("(")[2].rstrip(")")) not in system.derived or rule.only_kinds:
                message = f"'{rule.category}' is kept by the person, who has no clock '{event}'"
                yield context.problem(("retention", i, "clock"), "clock-not-kept", message)
            continue
        if not tables or any(system.governs(rule, table) for table in tables):
            continue
        at: Path = ("retention", i, "clock")
        names = ", ".join(table.table for table in tables)
        kinds = f" for {', '.join(rule.only_kinds)}" if rule.only_kinds else ""
        message = f"no table of '{rule.category}' ({names}) keeps the clock '{rule.clock}'{kinds}"
        yield context.problem(at, "clock-not-kept", message)


def _archives(context: Context, system: System) -> Iterator[Problem]:
    for i, archive in enumerate(context.declaration.archives):
        for category in archive.categories:
            for table in system.holding(category):
                if archive.clock not in table.clocks and archive.clock not in system.derived:
                    message = f"{table.table} does not keep the clock '{archive.clock}', so nothing enters the archive"
                    yield context.problem(("archives", i, "clock"), "clock-not-kept", message)


def _disposals(context: Context, system: System) -> Iterator[Problem]:
    """Ways of disposal that a table of the category does not know."""
    for i, rule in enumerate(context.declaration.retention):
        for table in system.holding(rule.category):
            if not system.governs(rule, table) or rule.disposal not in {"anonymise", "pseudonymise"}:
                continue
            knows = (table.anonymiser or table.figures) if rule.disposal == "anonymise" else table.pseudonymise
            if not knows:
                message = f"the system cannot {rule.disposal} the rows of {table.table}"
                yield context.problem(("retention", i, "disposal"), f"cannot-{rule.disposal}", message)


def _tables(context: Context, system: System) -> Iterator[Problem]:
    rules = context.declaration.retention
    for i, category in enumerate(context.declaration.categories):
        for table in system.holding(category.key):
            if not any(rule.category == category.key and system.governs(rule, table) for rule in rules):
                message = f"no retention rule of '{category.key}' reaches the table {table.table}"
                yield context.problem(("categories", i), "table-not-governed", message)
    for table in system.personal:
        if table.category and table.model._meta.app_label in ENGINE and table.category not in context.categories:
            message = f"the system keeps '{table.category}' ({table.table}) about everybody, so it must be declared"
            yield context.problem(("categories",), "held-undeclared", message)
