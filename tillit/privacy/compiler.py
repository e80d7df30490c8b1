"""From typed retention rules to SQL (H10). One `Plan` per controller, table and category: the day each row is due.

    due = greatest(minimums, least(greatest(keeps), ceilings))

where each term is `clock + period`. An open clock is `infinity`; a rule that does not concern the person (no such
relationship, never consented) is `-infinity`. In a joint register the jointly held rows (the holder's) obey the keep
rules of every controller of the arrangement: they go when none needs them (DESIGN, "Register and subject").
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from tillit.declaration import registry
from tillit.declaration.parts import FinancialYear
from tillit.declaration.registry import PersonalTable
from tillit.declaration.schema import Declaration, Retention
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.sql import load
from tillit.privacy.errors import CannotKeepError

_CLOCK = re.compile(r"^(?:(year_end|fiscal_year_end)\()?([a-z_]+)\)?$")
LINKED = "linked_data_gone"


@dataclass(frozen=True)
class Party:
    """A controller whose rules count, with its register's holder."""

    controller_id: int
    holder_id: int
    declaration: Declaration

    @property
    def holders(self) -> list[int]:
        """The controllers whose rows this party's people have: its own and the holder's."""
        return sorted({self.controller_id, self.holder_id})


@dataclass
class Plan:
    """How long rows of one table and category are kept for one controller.

    due: SQL for the day a row is due. stays: (rule key, SQL for the day) until which an erasure must leave the row
    (statutory minimum, evidence, or a contract still running; `-infinity` where the rule does not). In a joint register
    the same rule stands once for each controller that needs the row.
    """

    controller_id: int
    table: PersonalTable
    category: str
    rules: tuple[Retention, ...]
    due: str = ""
    stays: list[tuple[str, str]] = field(default_factory=list)
    joins: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def disposal(self) -> str:
        """`anonymise` when a rule says so and the table knows how, else `erase`."""
        wanted = {rule.disposal for rule in self.rules}
        return "anonymise" if "anonymise" in wanted and self.table.anonymiser else "erase"

    def source(self) -> str:
        """FROM and WHERE of the rows this plan governs; the row is `t`."""
        parts = [f"FROM {self.table.table} t", *self.joins, "WHERE t.controller_id = %(row_controller)s"]
        if self.table.category_column:
            parts.append(f"AND t.{self.table.category_column} = %(category)s")
        return "\n".join(parts)

    def held(self) -> str:
        """Whether a hold keeps the row."""
        return (
            "EXISTS (SELECT FROM privacy_hold h WHERE h.subject_id = t.subject_id"
            " AND h.released IS NULL AND h.category IN (0, %(category)s))"
        )


class _Builder:
    """Collects the joins and parameters of one plan; a derived clock is joined once per distinct question."""

    def __init__(self, plan: Plan, zone: str) -> None:
        self.plan, self.zone = plan, zone
        self.plan.params |= {"zone": zone, "category": category_id(plan.category)}
        self._joined: dict[str, str] = {}

    def parameter(self, value: Any) -> str:
        name = f"v{len(self.plan.params)}"
        self.plan.params[name] = value
        return f"%({name})s"

    def derived(self, event: str, rule: Retention, party: Party) -> str:
        declared = party.declaration.activity(rule.activity)
        assert declared is not None  # noqa: S101 (held by the checks)
        known = {
            "controller": party.controller_id,
            "holders": party.holders,
            "applies_to": list(declared.applies_to),
            "activity": rule.activity,
            "zone": self.zone,
        }
        question = f"{event} {known}"
        if question not in self._joined:
            clock = registry.DERIVED_CLOCKS[event]
            text = load(clock.module_file, clock.file, clock.name)
            for key, value in known.items():
                if f"%({key})s" in text:
                    text = text.replace(f"%({key})s", self.parameter(value))
            self._join(question, text)
        return self._joined[question]

    def linked(self, rule: Retention, party: Party) -> str:
        question = f"{LINKED} {sorted(rule.kept_with)} {party.holders}"
        if question not in self._joined:
            holders, selects = self.parameter(party.holders), []
            for category in rule.kept_with:
                for table in registry.holding(category):
                    match = f" AND {table.category_column} = {category_id(category)}" if table.category_column else ""
                    selects.append(f"SELECT subject_id FROM {table.table} WHERE controller_id = ANY ({holders}){match}")
            body = " UNION ".join(selects) or "SELECT NULL::bigint AS subject_id WHERE false"
            self._join(question, f"SELECT subject_id, 'infinity'::date AS day FROM ({body}) x")
        return self._joined[question]

    def _join(self, question: str, text: str) -> None:
        alias = f"c{len(self._joined)}"
        self.plan.joins.append(f"LEFT JOIN ({text}) {alias} ON {alias}.subject_id = t.subject_id")
        self._joined[question] = f"coalesce({alias}.day, '-infinity'::date)"

    def clock(self, rule: Retention, party: Party) -> str:
        """SQL for the day the rule's period is counted from; NULL while its clock has not started."""
        matched = _CLOCK.match(rule.clock)
        assert matched is not None  # noqa: S101 (held by the checks)
        function, event = matched.groups()
        if event == LINKED:
            return self.linked(rule, party)
        column = self.plan.table.clocks.get(event)
        if column is not None:
            day = _day(self.plan.table.model, column)
        elif event in registry.DERIVED_CLOCKS:
            day = self.derived(event, rule, party)
        else:
            raise CannotKeepError(
                "clock-not-kept", f"{rule.key}: table {self.plan.table.table} has no clock {event} for {rule.category}"
            )
        return _year_end(day, function, party.declaration.controller.financial_year)

    def term(self, rule: Retention, party: Party) -> str:
        period = IsoPeriod.parse(rule.period)
        length = self.parameter(f"{period.months} months {period.days} days")
        term = f"coalesce({self.clock(rule, party)} + {length}::interval, 'infinity')"
        if rule.only_kinds:
            outside = "infinity" if rule.rule == "ceiling" else "-infinity"
            kinds = self.parameter(list(rule.only_kinds))
            term = f"CASE WHEN t.{self.plan.table.kind_column} = ANY ({kinds}) THEN {term} ELSE '{outside}' END"
        return term


def _day(model: type[models.Model], column: str) -> str:
    found = next(f for f in model._meta.concrete_fields if f.column == column)
    if isinstance(found, models.DateTimeField):
        return f"(t.{column} AT TIME ZONE %(zone)s)::date"
    return f"t.{column}"


def _year_end(day: str, function: str | None, year: FinancialYear) -> str:
    """The first day after the calendar or financial year that holds `day` (financial years end with a month)."""
    if function is None:
        return day
    months = year.end_month % 12 if function == "fiscal_year_end" else 0
    shift = f"interval '{months} months'"
    return f"(date_trunc('year', {day}::timestamp - {shift}) + interval '1 year' + {shift})"


def governs(rule: Retention, table: PersonalTable) -> bool:
    """Whether a rule speaks of this table: it has the clock (or the engine derives it) and can tell the kinds apart.

    A category may stand in several tables (a consent's evidence and its current state): each clock must be in one.
    """
    matched = _CLOCK.match(rule.clock)
    event = matched.group(2) if matched else ""
    known = event == LINKED or event in table.clocks or event in registry.DERIVED_CLOCKS
    return known and (table.kind_column is not None or not rule.only_kinds)


def ungoverned(declaration: Declaration) -> Iterator[Retention]:
    """Rules whose category is held but whose clock no table of it has: promises that cannot be kept."""
    for rule in declaration.retention:
        tables = registry.holding(rule.category)
        if tables and not any(governs(rule, table) for table in tables):
            yield rule


def plans(party: Party, others: Iterable[Party] = ()) -> Iterator[Plan]:
    """Every plan for `party`'s rows. `others`: the other controllers of a joint register when `party` is its holder."""
    others = list(others)
    for category in sorted(party.declaration.category_keys()):
        ruled = [(p, r) for p in (party, *others) for r in p.declaration.retention if r.category == category]
        ruled = [(p, r) for p, r in ruled if p is party or r.rule != "ceiling"]
        if not ruled:
            continue
        for table in registry.holding(category):
            here = [(p, r) for p, r in ruled if governs(r, table)]
            if not here:
                raise CannotKeepError("table-not-governed", f"{category}: no rule governs {table.table}")
            plan = Plan(party.controller_id, table, category, tuple(rule for _, rule in here))
            plan.params["row_controller"] = party.controller_id
            builder = _Builder(plan, party.declaration.controller.time_zone)
            terms: dict[str, list[str]] = {"keep": [], "minimum": [], "ceiling": []}
            for owner, rule in here:
                term = builder.term(rule, owner)
                terms[rule.rule].append(term)
                if exception := _exception(rule, owner, term):
                    plan.stays.append((rule.key, exception))
            plan.due = _due(**terms)
            yield plan


def _exception(rule: Retention, party: Party, term: str) -> str | None:
    """Until when the rule keeps a row from erasure on request (GDPR 17(1)(a), 17(3); H3), or None when it does not."""
    if rule.rule == "ceiling":
        return None
    declared = party.declaration.activity(rule.activity)
    grounds = {basis.ground for basis in declared.basis} if declared else set()
    if rule.rule == "minimum" or vocabulary().activities[rule.activity].evidence:
        return term
    if grounds & {"contract", "legal_obligation"}:
        return f"CASE WHEN {term} = 'infinity' THEN 'infinity'::timestamp ELSE '-infinity' END"
    return None


def _due(*, keep: list[str], minimum: list[str], ceiling: list[str]) -> str:
    latest = f"greatest({', '.join(keep)})" if keep else None
    bound = [*([latest] if latest else []), *ceiling]
    if not bound:
        return f"greatest({', '.join(minimum)})"
    lapse = f"least({', '.join(bound)})"
    return f"greatest({lapse}, {', '.join(minimum)})" if minimum else lapse
