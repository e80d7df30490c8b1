"""From typed retention rules to SQL (H10). One `Plan` per controller, table and category: the day each row is due.

    due = greatest(minimums, least(greatest(keeps), ceilings))

where each term is `clock + period`. An open clock is `infinity`; a rule that does not concern the person (no such
relationship, never consented) is `-infinity`. In a joint register the jointly held rows (the holder's) obey the keep
rules of every controller of the arrangement: they go when none needs them (DESIGN, "Register and subject").
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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
from tillit.privacy.ways import Counted, Way

_CLOCK = re.compile(r"^(?:(year_end|fiscal_year_end)\()?([a-z_]+)\)?$")
LINKED = "linked_data_gone"


@dataclass(frozen=True)
class Party:
    """A controller whose rules count, with its register's holder. `digest`: of the published document the declaration
    is, "" where it is none.
    """

    controller_id: int
    holder_id: int
    declaration: Declaration = field(compare=False)
    digest: str = ""

    @property
    def holders(self) -> list[int]:
        """The controllers whose rows this party's people have: its own and the holder's."""
        return sorted({self.controller_id, self.holder_id})


_WHOLE_PERSON = """JOIN parties_subject p ON p.id = h.subject_id CROSS JOIN LATERAL (
  SELECT coalesce(p.alias_of_id, p.id) AS id
  UNION ALL SELECT a.id FROM parties_subject a WHERE a.alias_of_id = coalesce(p.alias_of_id, p.id)) x"""
"""Every subject (x.id) of the person whom the hold `h` is for."""


@dataclass
class Plan:
    """How long rows of one table and category are kept for one controller.

    due: SQL for the day a row is due. stays: (rule key, SQL for the day) until which an erasure must leave the row
    (statutory minimum, evidence, or a contract still running; `-infinity` where the rule does not). In a joint register
    the same rule stands once for each controller that needs the row. days: the statements behind the clocks of people,
    which give (subject_id, day), each followed by the parts it is made of; joins: with each person's latest day.
    """

    controller_id: int
    table: PersonalTable
    category: str
    rules: tuple[Retention, ...]
    holder_id: int = 0
    due: str = ""
    must: Way = field(default_factory=Way)
    keeps: Way | None = None
    ceilings: list[Way] = field(default_factory=list)
    stays: list[tuple[str, str]] = field(default_factory=list)
    joins: list[str] = field(default_factory=list)
    days: list[list[str]] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What every statement over the plan's rows needs."""
        self.params |= {
            "row_controller": self.controller_id,
            "holder": self.holder_id or self.controller_id,
            "category": category_id(self.category),
        }

    @property
    def disposal(self) -> str:
        """How the rows end: `anonymise` when a rule says so and the table makes figures of them, else `erase`."""
        wanted = {rule.disposal for rule in self.rules}
        return "anonymise" if "anonymise" in wanted and self.table.anonymiser else "erase"

    @property
    def linked(self) -> bool:
        """Whether a rule keeps the rows only as long as others are there."""
        return any(rule.clock == LINKED for rule in self.rules)

    def source(self, *, some: bool = False, joined: bool = True) -> str:
        """FROM and WHERE of the rows this plan governs; the row is `t`. `some`: only those of the people in
        `%(subjects)s`, and the clocks of nobody else are looked up. `joined`: with the clocks that `due` needs.
        """
        only = " AND {}.subject_id = ANY (%(subjects)s::bigint[])" if some else ""
        joins = [f"LEFT JOIN ({text}) c{n} ON c{n}.subject_id = t.subject_id" for n, text in enumerate(self.joins)]
        joins = [text + only.format(f"c{n}") for n, text in enumerate(joins) if joined]
        where = f"WHERE t.controller_id = %(row_controller)s{only.format('t')}"
        if self.table.category_column:
            where += f" AND t.{self.table.category_column} = %(category)s"
        return "\n".join([f"FROM {self.table.table} t", *joins, where])

    def held(self) -> str:
        """Whether a hold keeps the row: one of its own controller, or in a joint register one that concerns what is
        held jointly (the holder's hold keeps every controller's rows; a club's, its own and the holder's). Of a merged
        person it keeps the rows of every subject, whichever it was placed for. The few holds are looked at once, not a
        row's person.
        """
        people = f"SELECT x.id FROM privacy_hold h {_WHOLE_PERSON} WHERE {self.holds()}"
        return f"coalesce(t.subject_id IN ({people}), false)"  # hashed once; a row may be nobody's

    @staticmethod
    def holds() -> str:
        """Whether the hold `h`, of whose rows is not asked, keeps rows of the plan."""
        return (
            "h.released IS NULL AND (h.categories = '{}' OR %(category)s = ANY (h.categories))"
            " AND (h.controller_id IN (%(row_controller)s, %(holder)s) OR %(row_controller)s = %(holder)s)"
        )

    def ways(self) -> list[Way]:
        """Every way in which a row comes to be due: all keeps lapsed or one ceiling, and the minimums with either. A
        single empty one where nothing bounds them: then the due rows themselves are looked for.
        """
        ways = [self.must + way for way in (*([self.keeps] if self.keeps is not None else []), *self.ceilings)]
        ways = ways or [self.must]
        if self.table.outlives:  # rows may be nobody's
            ways = [Way(way.bounds) for way in ways]
        return ways if all(ways) else [Way()]

    @property
    def people(self) -> bool:
        """Whether the plan is about people (and what hangs on them), not rows of a personal table."""
        return False

    def candidates(self, way: Way, free: str = "") -> str:
        """FROM and WHERE of rows among which all that are due in this way are; its people stand in the table `free`.

        Who is found is asked about exactly before anything goes, so bounds that every due row keeps are enough: a
        column's event lies far enough back, a person's clock is neither open nor running. Without any, the due rows.
        """
        bounds = list(way.bounds)
        if way.free:
            bounds.append(f"t.subject_id IN (SELECT id FROM {free})")
        if not bounds:
            return f"{self.source()} AND {self.due} <= %(on)s AND NOT {self.held()}"
        return self.source(joined=False) + "".join(f" AND {bound}" for bound in bounds)


class Builder:
    """Collects the joins and parameters of one plan; a derived clock is joined once per distinct question."""

    def __init__(self, plan: Plan, zone: str) -> None:
        self.plan, self.zone = plan, zone
        self.plan.params["zone"] = zone
        self._joined: dict[str, str] = {}

    def parameter(self, value: Any) -> str:
        name = f"v{len(self.plan.params)}"
        self.plan.params[name] = value
        return f"%({name})s"

    def derived(self, event: str, activity: str, applies_to: Iterable[str], party: Party) -> str:
        known: dict[str, Any] = {
            "controller": party.controller_id,
            "holders": party.holders,
            "applies_to": list(applies_to),
            "activity": activity,
            "zone": self.zone,
        }
        question = f"{event} {known}"
        if question not in self._joined:
            clock = registry.DERIVED_CLOCKS[event]
            text = load(clock.module_file, clock.file, clock.name)
            # A kind at a time: what concerns nobody need not be asked of everybody, and the rest is asked alike.
            kinds = [known | {"applies_to": [kind]} for kind in known["applies_to"]] if "%(applies_to)s" in text else []
            self._join(question, self._given(text, known), [self._given(text, one) for one in kinds])
        return self._joined[question]

    def _given(self, text: str, known: dict[str, Any]) -> str:
        for key, value in known.items():
            if f"%({key})s" in text:
                text = text.replace(f"%({key})s", self.parameter(value))
        return text

    def linked(self, rule: Retention, party: Party) -> str:
        question = f"{LINKED} {sorted(rule.kept_with)} {party.holders}"
        if question not in self._joined:
            holders, selects = self.parameter(party.holders), []
            for category in rule.kept_with:
                for table in registry.holding(category):
                    match = f" AND {table.category_column} = {category_id(category)}" if table.category_column else ""
                    selects.append(f"SELECT subject_id FROM {table.table} WHERE controller_id = ANY ({holders}){match}")
            body = " UNION ".join(selects) or "SELECT NULL::bigint AS subject_id WHERE false"
            # What any subject of a merged person has keeps the rows of all.
            others = f"SELECT w.one FROM parties_other_subjects() w JOIN ({body}) y ON y.subject_id = w.other"
            self._join(question, f"SELECT subject_id, 'infinity'::date AS day FROM ({body} UNION {others}) x")
        return self._joined[question]

    def _join(self, question: str, text: str, parts: Sequence[str] = ()) -> None:
        self.plan.days.append([text, *parts])
        self.plan.joins.append(f"SELECT subject_id, max(day) AS day FROM ({text}) d GROUP BY subject_id")
        self._joined[question] = f"c{len(self._joined)}.day"

    def clock(self, text: str, activity: str, applies_to: Iterable[str], party: Party) -> tuple[str, bool] | None:
        """SQL for the day a period is counted from, and whether it is asked of the person (NULL: does not concern them)
        rather than of the row (NULL: not started). None when neither has the clock.
        """
        matched = _CLOCK.match(text)
        assert matched is not None  # noqa: S101 (held by the checks)
        function, event = matched.groups()
        column = self.plan.table.clocks.get(event)
        if column is None and event not in registry.DERIVED_CLOCKS:
            return None
        if column is not None:
            day = _day(self.plan.table.model, column)
        else:
            day = self.derived(event, activity, applies_to, party)
        return _year_end(day, function, party.declaration.controller.financial_year), column is None

    def term(self, rule: Retention, party: Party) -> str:
        """SQL for the day the rule lapses."""
        # A rule that does not concern the person or the row neither keeps nor ends anything.
        outside = "infinity" if rule.rule == "ceiling" else "-infinity"
        if rule.clock == LINKED:
            self._bound(rule, Way())
            term = f"coalesce({self.linked(rule, party)}::timestamp, '{outside}')"
        else:
            term = self._lapse(rule, party, outside)
        if rule.only_kinds:
            kinds = self.parameter(list(rule.only_kinds))
            term = f"CASE WHEN t.{self.plan.table.kind_column} = ANY ({kinds}) THEN {term} ELSE '{outside}' END"
        return term

    def _lapse(self, rule: Retention, party: Party, outside: str) -> str:
        declared = party.declaration.activity(rule.activity)
        assert declared is not None  # noqa: S101 (held by the checks)
        found = self.clock(rule.clock, rule.activity, declared.applies_to, party)
        if found is None:
            raise CannotKeepError(
                "clock-not-kept", f"{rule.key}: table {self.plan.table.table} has no clock {rule.clock}"
            )
        day, of_person = found
        length = self.parameter(IsoPeriod.parse(rule.period).interval)
        self._bound(rule, self._way(rule, day, length, of_person=of_person))
        return f"coalesce({day} + {length}::interval, '{outside if of_person else 'infinity'}')"

    def _bound(self, rule: Retention, way: Way) -> None:
        """What the lapse of the rule says of every row that is due by it. A rule for some kinds only keeps or needs
        nothing of the others.
        """
        plan = self.plan
        if rule.rule == "ceiling":
            plan.ceilings.append(way)
        elif rule.rule == "minimum":
            plan.must += Way() if rule.only_kinds else way
        else:
            plan.keeps = (plan.keeps or Way()) + (Way() if rule.only_kinds else way)

    def _way(self, rule: Retention, day: str, length: str, *, of_person: bool) -> Way:
        if not of_person:
            return Way(bounds=[self._recent(rule.clock, length)])
        alias = re.search(r"c(\d+)\.day", day)
        assert alias is not None  # noqa: S101 (a derived clock's day)
        lapse = f"{day.replace(alias[0], 'b.day')} + {length}::interval"
        whole, *parts = self.plan.days[int(alias[1])]
        if rule.rule == "ceiling":
            return Way(free=[Counted(whole, lapse, ends=True)])
        return Way(free=[Counted(one, lapse, ends=False) for one in parts or [whole]])

    def _recent(self, clock: str, length: str) -> str:
        """The event itself must lie at least the period back (give or take zones and short months: five days)."""
        matched = _CLOCK.match(clock)
        assert matched is not None  # noqa: S101 (held by the checks)
        column = self.plan.table.clocks[matched.group(2)]
        return f"t.{column} < %(on)s::date - {length}::interval + interval '5 days'"


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


def register_plans(members: Sequence[Party]) -> Sequence[Plan]:
    """Every plan of the register of which `members` are all the controllers: compiled once for what they have
    published.
    """
    if not all(party.digest for party in members):
        return _register_plans(tuple(members))
    tables = tuple((table.table, table.categories) for table in registry.PERSONAL.values())
    return _published_plans(tuple(members), tables)


@lru_cache(maxsize=128)
def _published_plans(members: tuple[Party, ...], _tables: tuple[object, ...]) -> tuple[Plan, ...]:
    return _register_plans(members)


def _register_plans(members: tuple[Party, ...]) -> tuple[Plan, ...]:
    found: list[Plan] = []
    for party in members:
        others = [m for m in members if m is not party] if party.controller_id == party.holder_id else []
        found += plans(party, others)
    return tuple(found)


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
            plan = Plan(party.controller_id, table, category, tuple(rule for _, rule in here), party.holder_id)
            builder = Builder(plan, party.declaration.controller.time_zone)
            set_due(plan, builder, here)
            yield plan


def set_due(plan: Plan, builder: "Builder", here: list[tuple[Party, Retention]]) -> None:
    """Compile the rules that govern the plan, each with the party whose it is, to `due` and `stays`."""
    terms: dict[str, list[str]] = {"keep": [], "minimum": [], "ceiling": []}
    for owner, rule in here:
        term = builder.term(rule, owner)
        terms[rule.rule].append(term)
        if exception := _exception(rule, owner, term):
            plan.stays.append((rule.key, exception))
    if alone := _ceilings_alone(plan, builder, [rule for _, rule in here]):
        terms["keep"] = [f"CASE WHEN {alone} THEN 'infinity'::timestamp ELSE greatest({', '.join(terms['keep'])}) END"]
    plan.due = _due(**terms)


def _ceilings_alone(plan: Plan, builder: "Builder", rules: Sequence[Retention]) -> str:
    """SQL for whether a row is of a kind that a ceiling speaks of and no keep does: then the ceiling alone ends it, as
    where a category has no keep at all. Empty where there is no such kind.
    """
    keeps, ceilings = ([rule for rule in rules if rule.rule == which] for which in ("keep", "ceiling"))
    if not keeps or not ceilings or not all(rule.only_kinds for rule in keeps):
        return ""
    kind, kept = f"t.{plan.table.kind_column}", sorted({kind for rule in keeps for kind in rule.only_kinds})
    ended = [
        f"{kind} = ANY ({builder.parameter(list(one.only_kinds))})" if one.only_kinds else "true" for one in ceilings
    ]
    return f"{kind} <> ALL ({builder.parameter(kept)}) AND ({' OR '.join(ended)})"


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
