"""As `tillit_app`, in plain SQL: who reads and writes which rows, every personal table × scope × verb (A1, A9, H4).

Two sole controllers, a joint register of three, two people in each register, and in every personal table a row of each
person for each controller, category and state. The oracle answers from the published documents
(`tests.support.rights`); PostgreSQL must agree row by row, in what is seen as in what is not.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.support import databases
from tests.support.every_row import SET, STATES, World, every_row, keep
from tests.support.rights import NUMBER, WORDS, Asked, closed_to_staff
from tests.support.rows import Cell
from tests.support.world import publish_examples
from tillit.declaration import registry
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.platform import database

CONTROLLERS = ("lyngheim", "trygghavn", "rundtur", "nordkai", "skogheim")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    name = databases.clone(databases.template())
    with django_db_blocker.unblock():
        before = databases.repoint(name)
        try:
            with database.connect("owner", name=name, autocommit=True) as owner:
                published = publish_examples("union_benefits", "loyalty_services", "bonus")
                yield from every_row(name, owner, [published[key] for key in CONTROLLERS])
        finally:
            databases.repoint(before)
            databases.drop(name)


def _asked(scope: Scope, closed: set[str]) -> Asked:
    staff = scope.actor.kind == "staff" and scope.activity in closed
    return Asked(scope.activity, scope.controllers, scope.subjects, staff=staff)


def scopes(world: World) -> dict[Asked, Scope]:
    """Every scope that the system, each staff role and each member can open, with and without named people, and for
    every word of the vocabulary; one of each kind that row security can tell apart (of the actor it knows whether staff
    look).
    """
    found: dict[Asked, Scope] = {}
    everyone = frozenset(one.id for one in world.controllers.values())
    closed = closed_to_staff(one.document for one in world.controllers.values())

    def add(actor: Actor, activity: str, subjects: frozenset[int] | None = None) -> None:
        scope = Scope(actor, activity, subjects)
        found.setdefault(_asked(scope, closed), scope)

    activities = [*WORDS["activities"], "no_such_activity"]
    for activity in activities:
        add(system("test", everyone), activity)
        for one in world.controllers.values():
            first, second = world.members[one.register]
            stranger = next(ids[0] for register, ids in world.members.items() if register != one.register)
            joint = frozenset(c.id for c in world.controllers.values() if c.register == one.register)
            declared = any(a["key"] == activity for a in one.document["activities"])
            for actor in (system("test", {one.id}), system("test", joint)):
                add(actor, activity)
                if declared:
                    add(actor, activity, frozenset({first}))
            if declared:
                add(system("test", {one.id}), activity, frozenset({second, stranger}))
    add(system("test", everyone), "rights_requests", frozenset())
    for role, word in WORDS["roles"].items():
        for one in world.controllers.values():
            for activity in word["may"]:
                add(Actor("staff", role, frozenset({one.id}), frozenset(word["may"])), activity)
                assigned = frozenset({world.members[one.register][0]})
                add(Actor("staff", role, frozenset({one.id}), frozenset(word["may"]), assigned), activity)
    for register, people in world.members.items():
        joint = frozenset(c.id for c in world.controllers.values() if c.register == register)
        for subject in people:
            own = frozenset({subject})
            for activity in ("self_service", "sign_in", "consent_management", "rights_requests", "bonus_use"):
                add(Actor("member", "1", joint, None, own), activity, own)
    return found


# The suite asks one scope in so many, `make soak` every one of them.
SHARES = pytest.mark.parametrize("share", [3, pytest.param(1, marks=pytest.mark.soak)], ids=["third", "all"])


def _select(tables: list[str]) -> str:
    return " UNION ALL ".join(f"SELECT '{t}', coalesce(array_agg(id::text), '{{}}') FROM {t}" for t in tables)


def _changing(tables: list[str], statement: str) -> str:
    """One statement that changes every table and gives the ids each change reached."""
    parts = [f"w{n} AS ({statement.format(table=table)} RETURNING id::text)" for n, table in enumerate(tables)]
    reads = [f"SELECT '{t}', coalesce(array_agg(id), '{{}}') FROM w{n}" for n, t in enumerate(tables)]
    return f"WITH {', '.join(parts)} {' UNION ALL '.join(reads)}"


def _compare(world: World, asked: Asked, verb: str, reached: list[tuple[str, list[str]]], seen: Counter[str]) -> None:
    for table, ids in reached:
        expected = world.expected(asked, verb, table)
        assert set(ids) == expected, f"{verb} {table} in {asked}: {len(set(ids) ^ expected)} rows differ"
        seen[f"{verb} {table}"] += len(expected)


def _free() -> list[str]:
    """Tables the application itself writes."""
    return [name for name, entry in registry.PERSONAL.items() if not entry.writer]


@SHARES
def test_a1_a9_h4_every_scope_reads_and_changes_exactly_the_rows_declared(world: World, share: int) -> None:
    """The suite asks each scope one of the two ways the kernel has, `make soak` both."""
    app, seen = world.app, Counter[str]()
    every = list(registry.PERSONAL)
    select = _select(every)
    update = _changing(every, "UPDATE {table} SET state = state")
    delete = _changing(_free(), "DELETE FROM {table}")
    for place, (asked, scope) in enumerate(scopes(world).items()):
        if share == 1 or place % 2 == 0:
            with app.transaction(force_rollback=True):
                app.execute(SET, scope.settings())
                _compare(world, asked, "select", app.execute(select).fetchall(), seen)
                _compare(world, asked, "update", app.execute(update).fetchall(), seen)
        if share == 1 or place % 2 == 1:
            with app.transaction(force_rollback=True):
                app.execute(SET, scope.settings())
                keep(app)
                _compare(world, asked, "select", app.execute(select).fetchall(), seen)
                _compare(world, asked, "delete", app.execute(delete).fetchall(), seen)
    declared = {key for one in world.controllers.values() for key in (c["key"] for c in one.document["categories"])}
    for table, entry in registry.PERSONAL.items():
        if declared & set(entry.categories):
            for verb in ("select", "update") + (() if entry.writer else ("delete",)):
                assert seen[f"{verb} {table}"] > 0, f"no scope may {verb} {table}: the test would show nothing"


@SHARES
def test_a1_a9_h4_blind_changes_reach_no_more_than_declared(world: World, share: int) -> None:
    """Without RETURNING or WHERE, PostgreSQL asks only the policy of the verb: as many rows, not one more."""
    app, reached = world.app, 0
    for asked, scope in [*scopes(world).items()][1::share]:
        for verb, statement in (("update", "UPDATE {} SET state = 0"), ("delete", "DELETE FROM {}")):
            with app.transaction(force_rollback=True), app.pipeline() as pipeline:
                app.execute(SET, scope.settings())
                done = [(table, app.execute(statement.format(table))) for table in _free()]
                pipeline.sync()
                for table, cursor in done:
                    assert cursor.rowcount == len(world.expected(asked, verb, table)), f"{verb} {table} in {asked}"
                    reached += cursor.rowcount
    assert reached > 0


def _attempts(world: World, asked: Asked) -> Iterator[tuple[bool, str]]:
    """(whether it may, statement) for rows to be put in, and rows to be moved out of the scope's reach.

    Of the controllers acted for and the joint holder every state and both people; of the others a live row.
    """
    mine = {world.oracle.controllers[c].holder for c in asked.controllers} | asked.controllers
    for table in _free():
        entry, maker = registry.PERSONAL[table], world.makers[table]
        for place, category in enumerate(entry.categories):
            for one in world.controllers.values():
                first, second = world.members[one.register]
                near = [(first, state) for state in STATES] + [(second, 0)]
                far = [(first, 0)] if (one.id + place) % 2 else []  # half of them a category: enough for a refusal
                for subject, state in near if one.id in mine else far:
                    cell = Cell(table, NUMBER[category], one.id, subject, state)
                    yield world.may(asked, "insert", cell), world.insert(maker, cell, 900_000 + place)
        yield from _moves(world, asked, table)


def _moves(world: World, asked: Asked, table: str) -> Iterator[tuple[bool, str]]:
    """A row the scope may change, changed into one that another controller, person, category or state would have."""
    cells = world.rows[table].items()
    found = next(((one, cell) for one, cell in cells if world.may(asked, "update", cell)), None)
    if found is None:
        return
    id_, cell = found
    targets = [("controller_id", one.id, replace(cell, controller=one.id)) for one in world.controllers.values()]
    targets += [("subject_id", people[1], replace(cell, subject=people[1])) for people in world.members.values()]
    targets += [("state", state, replace(cell, state=state)) for state in STATES]
    if column := registry.PERSONAL[table].category_column:
        numbers = [NUMBER[key] for key in registry.PERSONAL[table].categories]
        targets += [(column, number, replace(cell, category=number)) for number in numbers]
    for column, value, target in targets:
        statement = f"UPDATE {table} SET {column} = {value} WHERE id = '{id_}'"
        yield world.may(asked, "update", target) and world.may(asked, "select", target), statement


@SHARES
def test_a1_a9_h4_no_row_is_put_or_moved_where_the_scope_may_not_write(world: World, share: int) -> None:
    app, outcomes = world.app, Counter[bool]()
    for asked, scope in [*scopes(world).items()][::share]:
        if asked.subjects is None and len(asked.controllers) > 1:
            continue  # several together are the sum of each
        step = 1 if world.allowed(asked, "select") else 10  # nothing declared: a sample of what is then all refused
        attempts = list(_attempts(world, asked))[::step]
        with app.transaction(force_rollback=True):
            app.execute(SET, scope.settings())
            keep(app)
            row = app.execute("SELECT pg_temp.attempt(%s)", [[text for _, text in attempts]]).fetchone()
        assert row is not None
        for (may, text), done in zip(attempts, row[0], strict=True):
            assert done == may, f"{'refused' if may else 'let through'} in {asked}: {text}"
            outcomes[done] += 1
    assert outcomes[True] > 100
    assert outcomes[False] > 1000


def test_a9_a_role_opens_no_scope_beyond_its_activities(world: World) -> None:
    controller = frozenset({world.controllers["trygghavn"].id})
    for role, word in WORDS["roles"].items():
        actor = Actor("staff", role, controller, frozenset(word["may"]))
        for activity in WORDS["activities"]:
            if activity in word["may"]:
                assert Scope(actor, activity).controllers == controller
            else:
                with pytest.raises(ScopeError):
                    Scope(actor, activity)
        with pytest.raises(ScopeError):
            Scope(actor, word["may"][0], controllers=frozenset({world.controllers["lyngheim"].id}))


def test_a9_no_scope_sees_nothing(world: World) -> None:
    app = world.app
    for settings in (
        None,
        [""] * 6,
        ["staff:1", "retention", "", "*", "", "yes"],
        ["staff:1", "", "{1,2,3,4,5}", "*", "", "yes"],
    ):
        with app.transaction(force_rollback=True):
            if settings:
                app.execute(SET, settings)
            assert all(ids == [] for _, ids in app.execute(_select(list(registry.PERSONAL))).fetchall())
            for table in _free():
                assert app.execute(f"UPDATE {table} SET state = 0").rowcount == 0
                assert app.execute(f"DELETE FROM {table}").rowcount == 0
    for table in _free():
        with app.transaction(force_rollback=True):
            cell = next(iter(world.rows[table].values()))
            statement = world.makers[table].insert(world.makers[table].row(cell, 900_002))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)


def test_what_a_role_alone_writes_the_application_cannot(world: World) -> None:
    app = world.app
    everyone = frozenset(one.id for one in world.controllers.values())
    scope = Scope(system("test", everyone), "retention")
    guarded = [name for name, entry in registry.PERSONAL.items() if entry.writer]
    assert "audit_event" in guarded
    for table in guarded:
        cell = next(iter(world.rows[table].values()))
        insert = world.makers[table].insert(world.makers[table].row(cell, 900_003))
        column = next(name for name, _ in world.makers[table].columns if name not in {"state"})
        for statement in (
            insert,
            f"DELETE FROM {table}",
            f"UPDATE {table} SET {column} = {column}",
            f"TRUNCATE {table}",
        ):
            with app.transaction(force_rollback=True):
                app.execute(SET, scope.settings())
                with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
                    app.execute(statement)
                assert refused.value.sqlstate == "42501"


def test_row_security_reads_no_actor(world: World) -> None:
    """What lets one scope stand for every actor with the same activity, controllers and people."""
    rows = world.app.execute(
        "SELECT prosrc FROM pg_proc WHERE proname IN ('tillit_keys', 'tillit_reach', 'tillit_reached',"
        " 'tillit_any_subject', 'tillit_subjects')"
    ).fetchall()
    assert len(rows) == 5
    assert not any("tillit.actor" in text for (text,) in rows)
    policies = world.app.execute("SELECT coalesce(qual, '') || coalesce(with_check, '') FROM pg_policies").fetchall()
    assert policies
    assert not any("tillit.actor" in text for (text,) in policies)


def test_the_examples_have_the_arrangements_the_matrix_is_about(world: World) -> None:
    registers = Counter(one.register for one in world.controllers.values())
    assert sorted(registers.values()) == [1, 1, 3]
    assert len({one.holder for one in world.controllers.values() if registers[one.register] == 3}) == 1
