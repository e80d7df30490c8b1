"""Every period of every example declaration, held to what the sources promise: as written, and in the compiled SQL.

`periods.yaml` is what the sources say. Each rule is compiled by itself and asked about rows whose clocks started on
awkward days: the day before it is due a row stays, on the day it goes. Then a declaration is changed by one day in one
rule after the other (all of them): both tries must see it.
"""

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection, transaction

from tests.support import stand_in
from tests.support.world import EXAMPLES, publish_examples
from tillit.declaration import registry
from tillit.declaration.checks import check
from tillit.declaration.loader import load
from tillit.declaration.models import Controller
from tillit.declaration.parts import FinancialYear
from tillit.declaration.schema import Declaration, Retention
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Subject
from tillit.privacy.compiler import LINKED, Party, plans

pytestmark = pytest.mark.django_db
SAID: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("periods.yaml").read_text(encoding="utf-8"))
FOLDERS = sorted(SAID)
DAYS = [date(2024, 2, 29), date(2025, 1, 31), date(2025, 6, 30), date(2025, 7, 1), date(2025, 12, 31), date(2026, 1, 1)]
Rules = dict[str, tuple[str, str, str]]
"""Rule key → clock, period, what the rule does."""


@cache
def _read(folder: str) -> dict[str, tuple[Declaration, Any]]:
    files = sorted((EXAMPLES / folder).glob("[!_]*.yaml"))
    return {file.stem: load(file) for file in files if file.name != "coverage.yaml"}


def _expected(folder: str, controller: str) -> Rules:
    without = SAID[folder]["controllers"][controller]["without"]
    return {key: tuple(rule) for key, rule in SAID[folder]["retention"].items() if key not in without}


def _elsewhere(declared: Declaration) -> dict[str, list[str]]:
    """The periods that do not stand under `retention`."""
    found = {f"archives.{one.key}": [one.clock, one.period] for one in declared.archives}
    found |= {f"recordings.{one.key}": [one.kept] for one in declared.recordings}
    if (visits := declared.visit_statistics) is not None:
        found["visit_statistics"] = [visits.individual, visits.aggregates]
    found["backup"] = [declared.backup.every, declared.backup.kept]
    found["cookies"] = [declared.cookies.choice_lives]
    found["rights"] = [declared.rights.answer_within]
    return found


def _as_written(declared: Declaration) -> Rules:
    return {rule.key: (rule.clock, rule.period, rule.rule) for rule in declared.retention}


# As written.


@pytest.mark.parametrize("folder", FOLDERS)
def test_h10_every_period_is_the_one_the_source_promises(folder: str) -> None:
    assert sorted(_read(folder)) == sorted(SAID[folder]["controllers"])
    for controller, (declared, _) in _read(folder).items():
        said = "put what the source promises for a new rule into periods.yaml"
        assert _as_written(declared) == _expected(folder, controller), said
        assert _elsewhere(declared) == SAID[folder]["elsewhere"]
        year = declared.controller.financial_year
        assert [year.end_month, year.end_day] == SAID[folder]["controllers"][controller]["financial_year"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_d10_every_category_with_a_period_is_held_where_the_engine_reaches_it(folder: str) -> None:
    elsewhere = {"login", "cookie_choice", "web_visit"}  # sign-in, browsers' choices and counted views have own clocks
    for declaration, _ in _read(folder).values():
        lacking = {one.category for one in declaration.retention if not registry.holding(one.category)}
        assert lacking == elsewhere & {one.category for one in declaration.retention}


def test_h10_every_folder_is_held_to_its_source() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == FOLDERS


# In the SQL: a plain reading of the rule, by a calendar of its own.


def _later(day: date, period: str, days: int = 0) -> date:
    amounts = {"Y": 0, "M": 0, "W": 0, "D": days}
    digits = ""
    for sign in period[1:]:
        if sign.isdigit():
            digits += sign
        else:
            amounts[sign] += int(digits)
            digits = ""
    months = day.year * 12 + day.month - 1 + amounts["Y"] * 12 + amounts["M"]
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) + timedelta(days=amounts["W"] * 7 + amounts["D"])


def _started(clock: str, day: date, last_month: int) -> date:
    function, _, _ = clock.rpartition("(")
    if not function:
        return day
    month = last_month if function == "fiscal_year_end" else 12
    year = day.year + (day.month > month)
    return date(year + month // 12, month % 12 + 1, 1)


def _ends(said: tuple[str, str, str], day: date, last_month: int = 12) -> date:
    clock, period, _ = said
    return _later(_started(clock, day, last_month), period)


class World:
    """One folder's controllers, and a person for each awkward day whose relationships and consents ended on it."""

    def __init__(self, folder: str, *, last_month: int = 12) -> None:
        publish_examples(folder)
        self.ids = dict(Controller.objects.values_list("key", "id"))
        register = Controller.objects.values_list("register_id", flat=True).first()
        self.people = {Subject.objects.create(register_id=register).pk: day for day in DAYS}
        self.open = Subject.objects.create(register_id=register).pk
        self.last_month = last_month
        rules = [r for declared, _ in _read(folder).values() for r in declared.retention]
        self.activities = sorted({r.activity for r in rules if r.clock == "consent_withdrawn"})
        kinds = [(r.category, r.only_kinds[0] if r.only_kinds else "") for r in rules]
        self.kinds = sorted({*kinds, *((category, "") for category, _ in kinds)})

    def scope(self) -> Scope:
        return Scope(system("test", self.ids.values()), "retention")

    def fill(self, controller: int) -> None:
        stand_in.fill([(s, controller, c, kind, day) for s, day in self.people.items() for c, kind in self.kinds])

    def party(self, declared: Declaration, rules: list[Retention]) -> Party:
        one = self.ids[declared.controller.key]
        said = declared.controller
        if self.last_month != said.financial_year.end_month:
            year = FinancialYear(end_month=self.last_month, end_day=calendar.monthrange(2001, self.last_month)[1])
            said = said.model_copy(update={"financial_year": year})
        held = tuple(c for c in declared.categories if c.key in {rule.category for rule in rules})
        update = {"retention": tuple(rules), "categories": held, "controller": said}
        return Party(one, one, declared.model_copy(update=update))


def _wrong(world: World, declared: Declaration, expected: Rules) -> Iterator[str]:
    """The rules that, compiled alone, do not let rows go on the day expected of them, to the day."""
    for rule in declared.retention:
        if rule.clock == LINKED:
            continue  # no period of its own: see below
        party = world.party(declared, [rule])
        for plan in plans(party):
            kind = rule.only_kinds[0] if rule.only_kinds else ""
            due = {day: _ends(expected[rule.key], day, world.last_month) for day in DAYS}
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*), bool_and(NOT x.due <= e.due - 1 AND x.due <= e.due AND x.due <= e.due + 1)"
                    f" FROM (SELECT t.happened, {plan.due} AS due {plan.source()} AND t.kind = %(kind)s) x"
                    " JOIN unnest(%(days)s::date[], %(dues)s::date[]) AS e (happened, due) USING (happened)",
                    {**plan.params, "days": list(due), "dues": list(due.values()), "kind": kind},
                )
                rows, exact = cursor.fetchone()
            assert rows == len(DAYS), rule.key
            if not exact:
                yield rule.key


@pytest.mark.parametrize("last_month", [12, 6])
@pytest.mark.parametrize("folder", FOLDERS)
def test_h10_every_rule_lets_go_on_its_day_and_not_the_day_before(folder: str, last_month: int) -> None:
    with transaction.atomic():
        world = World(folder, last_month=last_month)
        with world.scope(), stand_in.registered():
            stand_in.lives(world.people, list(world.ids.values()), world.activities)
            for controller, (declared, _) in _read(folder).items():
                world.fill(world.ids[controller])
                assert list(_wrong(world, declared, _expected(folder, controller))) == []
        transaction.set_rollback(True)


@pytest.mark.parametrize("folder", FOLDERS)
def test_h10_d10_the_rules_of_a_category_together(folder: str) -> None:
    """All rules of a category at once, everything having happened on the same day, and nothing kept with other data:
    statutory minimum, then ceiling, then the latest need.
    """
    with transaction.atomic():
        world = World(folder)
        with world.scope(), stand_in.registered():
            stand_in.lives(world.people, list(world.ids.values()), world.activities)
            for controller, (declared, _) in _read(folder).items():
                said = _expected(folder, controller)
                world.fill(world.ids[controller])
                rules = [r for r in declared.retention if r.clock != LINKED]
                tried = {plan.category for plan in plans(world.party(declared, rules))}
                assert tried == {rule.category for rule in rules}
                for plan in plans(world.party(declared, rules)):
                    with connection.cursor() as cursor:
                        cursor.execute(f"SELECT t.kind, t.happened, ({plan.due})::text {plan.source()}", plan.params)
                        for kind, day, due in cursor.fetchall():
                            assert due[:10] == _together(plan.rules, said, kind, day), (controller, plan.category)
        transaction.set_rollback(True)


def _together(rules: tuple[Retention, ...], said: Rules, kind: str, day: date) -> str:
    ends: dict[str, list[date]] = {"keep": [], "minimum": [], "ceiling": []}
    for rule in rules:
        if not rule.only_kinds or kind in rule.only_kinds:
            ends[rule.rule].append(_ends(said[rule.key], day))
    kept = max(ends["keep"], default=None)
    bounds = [*([kept] if kept else []), *ends["ceiling"]]
    if not bounds:
        sides = {rule.rule for rule in rules}
        none = "-infinity" if sides & {"keep", "minimum"} else "infinity"
        return max(ends["minimum"]).isoformat() if ends["minimum"] else none[:10]
    return max([min(bounds), *ends["minimum"]]).isoformat()


@pytest.mark.parametrize("folder", FOLDERS)
def test_d10_what_is_kept_with_other_data_stays_with_each_of_it_and_no_longer(folder: str) -> None:
    with transaction.atomic():
        world = World(folder)
        with world.scope(), stand_in.registered():
            for declared, _ in _read(folder).values():
                one = world.ids[declared.controller.key]
                for rule in (r for r in declared.retention if r.clock == LINKED):
                    alone, *people = [world.open, *world.people][: len(rule.kept_with) + 1]
                    people = [world.open + 1 + n for n in range(len(rule.kept_with))]
                    with connection.cursor() as cursor:
                        cursor.execute(f"TRUNCATE {stand_in.TABLE}")
                    stand_in.fill([(s, one, rule.category, "", None) for s in (alone, *people)])
                    stand_in.fill([(s, one, other, "", None) for s, other in zip(people, rule.kept_with, strict=True)])
                    (plan,) = plans(world.party(declared, [rule]))
                    with connection.cursor() as cursor:
                        cursor.execute(f"SELECT t.subject_id, ({plan.due})::text {plan.source()}", plan.params)
                        found = dict(cursor.fetchall())
                    assert found == {alone: "-infinity"} | dict.fromkeys(people, "infinity"), rule.key
        transaction.set_rollback(True)


# What these tests would see: each period changed by a day.


def _longer(period: str, days: int) -> str:
    """The same length and so many days more (fewer); in days alone where it must be."""
    if days > 0 or period == "P0D":
        if period.endswith("W"):
            return f"P{int(period[1:-1]) * 7 + days}D"
        head, _, tail = period[1:].rpartition("M") if "M" in period else period[1:].rpartition("Y")
        if "Y" not in period and "M" not in period:
            head, tail = "", period[1:]
        unit = "M" if "M" in period else "Y" if "Y" in period else ""
        return f"P{head}{unit}{int(tail[:-1] or 0) + abs(days) if tail else abs(days)}D"
    whole = _later(date(2025, 1, 1), period) - date(2025, 1, 1)
    return f"P{whole.days + days}D"


def _moved(declared: Declaration, days: int) -> Declaration:
    rules = tuple(r.model_copy(update={"period": _longer(r.period, days)}) for r in declared.retention)
    return declared.model_copy(update={"retention": rules})


@pytest.mark.parametrize("days", [1, -1])
@pytest.mark.parametrize("folder", FOLDERS)
def test_h10_any_one_period_changed_by_a_day_is_seen(folder: str, days: int) -> None:
    tried = 0
    for controller, (declared, source) in _read(folder).items():
        said = _expected(folder, controller)
        written = _as_written(declared)
        moved = _moved(declared, days)
        for rule, changed in zip(declared.retention, moved.retention, strict=True):
            assert changed.period != rule.period
            one_changed = written | {rule.key: (rule.clock, changed.period, rule.rule)}
            assert one_changed != said, "as written"
            tried += 1
        others = [other for key, (other, _) in _read(folder).items() if key != controller]
        refused = {str(problem) for problem in check(moved, source, siblings=others) if problem.code == "linked-data"}
        assert len(refused) == sum(rule.clock == LINKED for rule in declared.retention)
    assert tried == sum(len(declared.retention) for declared, _ in _read(folder).values()) > 30
    with transaction.atomic():
        world = World(folder)
        with world.scope(), stand_in.registered():
            stand_in.lives(world.people, list(world.ids.values()), world.activities)
            for controller, (declared, _) in _read(folder).items():
                world.fill(world.ids[controller])
                wrong = set(_wrong(world, _moved(declared, days), _expected(folder, controller)))
                assert wrong == {rule.key for rule in declared.retention if rule.clock != LINKED}, "in the SQL"
        transaction.set_rollback(True)


@pytest.mark.parametrize("part", ["archives", "recordings", "visit_statistics", "backup", "cookies", "rights"])
def test_h10_a_period_outside_the_rules_changed_by_a_day_is_seen(part: str) -> None:
    tried = 0
    for folder in FOLDERS:
        for declared, _ in _read(folder).values():
            for changed in _others_moved(declared, part):
                assert _elsewhere(changed) != SAID[folder]["elsewhere"]
                tried += 1
    assert tried >= 1


def _others_moved(declared: Declaration, part: str) -> Iterator[Declaration]:
    name = {"archives": "period", "recordings": "kept", "cookies": "choice_lives", "rights": "answer_within"}
    item = getattr(declared, part)
    if isinstance(item, tuple):
        for place, one in enumerate(item):
            new = one.model_copy(update={name[part]: _longer(getattr(one, name[part]), 1)})
            yield declared.model_copy(update={part: (*item[:place], new, *item[place + 1 :])})
        return
    for field in (
        ("kept", "every") if part == "backup" else ("individual",) if part == "visit_statistics" else (name[part],)
    ):
        if item is not None:
            new = item.model_copy(update={field: _longer(getattr(item, field), 1)})
            yield declared.model_copy(update={part: new})
