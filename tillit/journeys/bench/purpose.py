"""`tillit bench purpose`: what purpose limitation costs, by a port of GDPRbench's controller, customer and processor.

The same records stand in three tables: *bare* with its key alone, *indexed* with key and indexes on person and purpose,
and *enforced*: the indexed one under the row security that the compiler emits for every personal table of Tillit. Every
operation must find as many rows as the model says, in all three. Operations run inside an open scope (beside the
indexed table in an open transaction) and with a scope opened for each (beside the indexed table with each statement
committing by itself). Each table is filled anew before each run; runs alternate; the median counts.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from tillit.declaration import registry
from tillit.declaration.enforce import READ, cells, policies
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.registry import PersonalTable
from tillit.declaration.vocabulary import category_id
from tillit.journeys.bench import Figure, Result, mixes, world
from tillit.journeys.bench.machine import processors
from tillit.journeys.bench.mixes import Operation, Record
from tillit.journeys.bench.place import hold_server, require, settle
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, guard, system
from tillit.kernel.sql import load
from tillit.parties.models import Fact
from tillit.platform import database

NAME = "purpose"
RECORDS, OPERATIONS, RUNS = 100_000, 5_000, 3
EACH, PURPOSES = 10, 100
BARE, INDEXED, ENFORCED = "bench_bare", "bench_indexed", "bench_enforced"
EVERYTHING = "rights_requests"
"""The activity that reaches every category: what the controller and the customer do here is carried out under it."""
_STATEMENTS = {
    mixes.READ_KEY: "SELECT * FROM {} WHERE subject_id = %s AND id = %s",
    mixes.UPDATE_KEY: "UPDATE {} SET data = 'changed' WHERE subject_id = %s AND id = %s",
    mixes.DELETE_KEY: "DELETE FROM {} WHERE subject_id = %s AND id = %s",
    mixes.READ_PURPOSE: "SELECT * FROM {} WHERE purpose = %s",
    mixes.META_PURPOSE: "SELECT id, shared_with, source, expires FROM {} WHERE purpose = %s",
    mixes.UPDATE_PURPOSE: "UPDATE {} SET shared_with = 'partner' WHERE purpose = %s",
    mixes.READ_USER: "SELECT * FROM {} WHERE subject_id = %s",
    mixes.META_USER: "SELECT id, shared_with, source, expires FROM {} WHERE subject_id = %s",
    mixes.UPDATE_USER: "UPDATE {} SET shared_with = 'partner' WHERE subject_id = %s",
    mixes.INSERT: (
        "INSERT INTO {} (subject_id, id, controller_id, state, category, purpose, data, shared_with, source, expires)"
        " VALUES (%s, %s, %s, 0, %s, %s, 'new', 'none', 'data_subject', now() + interval '1 year')"
    ),
}
_CATEGORIES = registry.PERSONAL[Fact._meta.db_table].categories
"""Those of the table of facts, the largest there are whose rows carry their category."""
Tell = Callable[[str], None]


class _Records(PersonalTable):
    """The benchmark's table as the compiler sees a personal table."""

    @property
    def table(self) -> str:
        return ENFORCED


_AS_COMPILED = _Records(Fact, None, "category", {}, categories=_CATEGORIES)


@dataclass(frozen=True)
class World:
    """The records, and for each purpose its activity and the category its rows are of."""

    actor: Actor
    controller_id: int
    names: list[str]
    activities: list[str]
    categories: list[int]
    records: list[Record]


@dataclass
class Times:
    """Seconds of one run, altogether and by kind of operation."""

    total: float = 0.0
    by_kind: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def run(*, records: int = RECORDS, operations: int = OPERATIONS, runs: int = RUNS, tell: Tell) -> Result:
    """Measure and report. In a process whose database is `place.DATABASE`, made by `place.prepared`.

    Raises `BenchError` when a condition does not hold or an operation finds other rows than it must.
    """
    tell(f"{records:,} records")
    made = _build(records)
    hold_server(logged=[BARE, INDEXED, ENFORCED], secured=[ENFORCED])
    _limited(made)
    found: dict[tuple[str, str], list[Times]] = defaultdict(list)
    for turn in range(runs):
        for name in mixes.MIXES:
            tell(f"{name}, run {turn + 1} of {runs}")
            todo = mixes.operations(name, records=made.records, count=operations, purposes=PURPOSES, seed=turn + 1)
            ordered = sorted(todo, key=lambda one: _activity(made, one)) if name == "processor" else todo
            for way, table, carry_out in (
                ("bare", BARE, _each),
                ("indexed", INDEXED, _each),
                ("enforced", ENFORCED, _each_scoped),
                ("indexed_open", INDEXED, _open),
                ("enforced_open", ENFORCED, _open_scoped),
            ):
                _fill(table)
                found[name, way].append(carry_out(made, ordered, table))
    return _result(found, records, operations)


def _build(records: int) -> World:
    world.publish_examples()
    controller = Controller.objects.get(key="rundtur")
    world.people(register_id=controller.register_id, count=records // EACH)
    declaration = current(controller_id=controller.pk, on=clock.today())
    reads: dict[str, list[str]] = defaultdict(list)
    for (activity, category), rights in cells(declaration).items():
        if rights & READ and activity != EVERYTHING and category in _CATEGORIES:
            reads[activity].append(category)
    keys = sorted(reads)
    activities = [keys[place % len(keys)] for place in range(PURPOSES)]
    categories = [category_id(sorted(reads[key])[place % len(reads[key])]) for place, key in enumerate(activities)]
    names = [f"{key} {place}" for place, key in enumerate(activities)]
    with database.connect("owner", autocommit=True) as owner:
        given = {
            "controller": controller.pk,
            "register": controller.register_id,
            "each": EACH,
            "purposes": names,
            "categories": categories,
        }
        owner.execute(load(__file__, "purpose", "source"), given)
        rows = owner.execute(load(__file__, "purpose", "records")).fetchall()
        for statement in _tables():
            owner.execute(statement)
    guard.protect(ENFORCED, lambda: _AS_COMPILED.reach)
    places = {name: place for place, name in enumerate(names)}
    return World(
        system("bench", [controller.pk]),
        controller.pk,
        names,
        activities,
        categories,
        [Record(subject, key, places[purpose]) for subject, key, purpose in rows],
    )


def _tables() -> Iterator[sql.Composed | sql.SQL]:
    for table in (BARE, INDEXED, ENFORCED):
        yield sql.SQL("CREATE TABLE {} (LIKE bench_source)").format(sql.Identifier(table))
        yield sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO tillit_app").format(sql.Identifier(table))
        yield sql.SQL("ALTER TABLE {} ADD FOREIGN KEY (subject_id) REFERENCES parties_subject (id)").format(
            sql.Identifier(table)
        )
        key = "id" if table == BARE else "subject_id, id"
        yield sql.SQL(f"ALTER TABLE {{}} ADD PRIMARY KEY ({key})").format(sql.Identifier(table))
        if table != BARE:
            yield sql.SQL("CREATE INDEX ON {} (purpose)").format(sql.Identifier(table))
    yield sql.SQL(f"ALTER TABLE {ENFORCED} ENABLE ROW LEVEL SECURITY")
    for _, statement in policies(_AS_COMPILED):
        yield sql.SQL(statement)


def _fill(table: str) -> None:
    name = sql.Identifier(table)
    with database.connect("owner", autocommit=True) as owner:
        owner.execute(sql.SQL("TRUNCATE {}").format(name))
        owner.execute(sql.SQL("INSERT INTO {} SELECT * FROM bench_source").format(name))
    settle(table)


def _limited(made: World) -> None:
    """That the rows are really behind their purposes: another activity finds none of them, its own all of them."""
    _fill(ENFORCED)
    statement = sql.SQL("SELECT count(*) FROM {} WHERE purpose = %s").format(sql.Identifier(ENFORCED)).as_string()
    owns = {(key, category) for (key, category), rights in _rights(made).items() if rights & READ}
    tried = 0
    for place, name in enumerate(made.names):
        strangers = [key for key in made.activities if (key, made.categories[place]) not in owns]
        for key, there in ((made.activities[place], True), *((key, False) for key in strangers[:1])):
            with Scope(made.actor, key), connection.cursor() as cursor:
                cursor.execute(statement, [name])
                require((cursor.fetchone()[0] > 0) == there, f"{key} sees the wrong rows of {name}")
            tried += not there
    require(tried > 0, "no purpose is closed to anybody")


def _rights(made: World) -> dict[tuple[str, int], int]:
    declaration = current(controller_id=made.controller_id, on=clock.today())
    return {(key, category_id(category)): rights for (key, category), rights in cells(declaration).items()}


def _activity(made: World, one: Operation) -> str:
    return made.activities[one.record.purpose] if one.kind in mixes.ONE_PURPOSE else EVERYTHING


def _carry_out(made: World, one: Operation, statements: dict[str, str]) -> None:
    record = one.record
    if one.kind in {mixes.READ_PURPOSE, mixes.META_PURPOSE, mixes.UPDATE_PURPOSE}:
        given: list[Any] = [made.names[record.purpose]]
    elif one.kind in {mixes.READ_USER, mixes.META_USER, mixes.UPDATE_USER}:
        given = [record.subject]
    else:
        given = [record.subject, record.id]
    if one.kind == mixes.INSERT:
        given += [made.controller_id, made.categories[record.purpose], made.names[record.purpose]]
    with connection.cursor() as cursor:
        cursor.execute(statements[one.kind], given)
        found = len(cursor.fetchall()) if cursor.description else cursor.rowcount
    require(found == one.rows, f"{one.kind} found {found} rows, not {one.rows}")


def _statements(table: str) -> dict[str, str]:
    return {kind: sql.SQL(text).format(sql.Identifier(table)).as_string() for kind, text in _STATEMENTS.items()}


def _timed(times: Times, made: World, one: Operation, statements: dict[str, str]) -> None:
    before = time.perf_counter()
    _carry_out(made, one, statements)
    times.by_kind[one.kind] += time.perf_counter() - before


def _each(made: World, todo: list[Operation], table: str) -> Times:
    """Each statement commits by itself."""
    times, statements, before = Times(), _statements(table), time.perf_counter()
    for one in todo:
        _timed(times, made, one, statements)
    times.total = time.perf_counter() - before
    return times


def _each_scoped(made: World, todo: list[Operation], table: str) -> Times:
    """A scope opened and closed for each."""
    times, statements, began = Times(), _statements(table), time.perf_counter()
    for one in todo:
        before = time.perf_counter()
        with Scope(made.actor, _activity(made, one)):
            _carry_out(made, one, statements)
        times.by_kind[one.kind] += time.perf_counter() - before
    times.total = time.perf_counter() - began
    return times


def _open(made: World, todo: list[Operation], table: str) -> Times:
    """One transaction for what one scope carries out."""
    return _inside(made, todo, table, lambda _: transaction.atomic())


def _open_scoped(made: World, todo: list[Operation], table: str) -> Times:
    """One scope for all neighbours that it can carry out."""
    return _inside(made, todo, table, lambda activity: Scope(made.actor, activity))


def _inside(
    made: World, todo: list[Operation], table: str, opened: Callable[[str], AbstractContextManager[Any]]
) -> Times:
    times, statements, before = Times(), _statements(table), time.perf_counter()
    whole = len({_activity(made, one) for one in todo}) > 1 and any(one.kind == mixes.UPDATE_KEY for one in todo)
    for activity, part in groupby(todo, key=lambda one: EVERYTHING if whole else _activity(made, one)):
        with opened(activity):
            for one in part:
                _timed(times, made, one, statements)
    times.total = time.perf_counter() - before
    return times


def _result(found: dict[tuple[str, str], list[Times]], records: int, operations: int) -> Result:
    ratios, figures = {}, {}
    ways = {"bare_scope_each": ("enforced", "bare"), "indexed_scope_each": ("enforced", "indexed")}
    ways["indexed_scope_open"] = ("enforced_open", "indexed_open")
    for name in mixes.MIXES:
        for label, (ours, theirs) in ways.items():
            ratios[f"{name}_{label}"] = median(
                a.total / b.total for a, b in zip(found[name, ours], found[name, theirs], strict=True)
            )
            for kind in mixes.MIXES[name] if theirs != "bare" else ():
                figures[f"{name}_{kind}_{label}"] = Figure(
                    round(
                        median(
                            a.by_kind[kind] / b.by_kind[kind]
                            for a, b in zip(found[name, ours], found[name, theirs], strict=True)
                        ),
                        2,
                    ),
                    "× the indexed table",
                )
        for way in ("bare", "indexed", "enforced", "indexed_open", "enforced_open"):
            rate = median(operations / one.total for one in found[name, way])
            figures[f"{name}_{way}"] = Figure(round(rate), "operations/s")
    figures |= {
        "records": Figure(records, "rows"),
        "operations": Figure(operations, "operations a mix"),
        "processors": Figure(processors(), "processors"),
    }
    return Result(NAME, {name: round(ratio, 3) for name, ratio in ratios.items()}, figures, _BOUND)


_BOUND = (
    "round trips and commits: inside an open scope an operation costs the two look-ups of the policy; a scope of its "
    "own adds one round trip (its commit), which weighs most where the operation is the shortest, a read by key"
)
