"""SIGKILL inside each phase of taking a union's file in, then the same again: as after one clean run (B1)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import TestDatabase
from tests.support import databases
from tests.support.damaged import damage
from tests.support.world import publish_examples
from tillit.journeys.demo import union_members
from tillit.journeys.demo.union_members import Change
from tillit.journeys.register.importing import import_file
from tillit.kernel import clock
from tillit.platform import paths

WAIT = 120.0
MEMBERS, GONE, NEW = 110, 10, 40
# Where it is killed: it waits for a table that somebody holds, with that statement, after so many others.
PHASES = {
    "read": ("membership_quarantine", "ACCESS EXCLUSIVE", "membership_quarantine", 0),
    "compare": ("parties_relationship", "ACCESS EXCLUSIVE", "register_standing", 0),
    "first chunk": ("membership_period", "SHARE", "register_chunk", 0),
    "second chunk": ("membership_period", "SHARE", "register_chunk", 1),
    "endings": ("membership_period", "SHARE", "register_ending", 0),
    "record": ("audit_event", "SHARE", "", 0),
}
# One process that has everything loaded makes one for each run.
PROGRAM = """
import os, sys, traceback, django; django.setup()
from datetime import datetime; from pathlib import Path
from tests.support import databases
from tillit.declaration.models import Controller; from tillit.kernel import clock
from tillit.journeys.register import applying, importing
applying.PAGES = 1
for name in sys.stdin:
    child = os.fork()
    if child:
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    try:
        databases.repoint(name.strip())
        with clock.travel(datetime.fromisoformat(sys.argv[2])):
            union = Controller.objects.get(key="lyngheim")
            importing.import_file(path=Path(sys.argv[1]), controller=union, full=True, approve=True)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
"""
OF = "SELECT subject_id, value AS number FROM parties_fact WHERE kind = 'member_number' AND superseded_at IS NULL"
OUTCOME = {
    "members": "number, type_id, section_id, joined, starts, ends, end_reason, listed FROM membership_period",
    "covers": "number, agreement_id, starts, ends FROM membership_cover",
    "ties": "number, kind, started, ended, end_reason FROM parties_relationship",
    "facts": "number, kind, value, source, superseded_at IS NULL FROM parties_fact",
    "numbers": "number, kind, superseded_at IS NULL FROM parties_sealed_fact",
}


def outcome(database: TestDatabase) -> dict[str, Any]:
    """What the file left. People by their member numbers: who is new has another id each time."""
    with database.connect("backup") as after:
        found = {
            name: sorted(after.execute(f"WITH n AS ({OF}) SELECT {what} JOIN n USING (subject_id)").fetchall(), key=str)
            for name, what in OUTCOME.items()
        }
        for name, statement in {
            "subjects": "SELECT count(*) FROM parties_subject",
            "put aside": "SELECT line, field, reason FROM membership_quarantine ORDER BY 1",
            "files": "SELECT digest, state, counts, fields, quarantined FROM membership_file ORDER BY id",
            "on record": "SELECT details FROM audit_event WHERE type = 'import.batch' ORDER BY details::text",
        }.items():
            found[name] = after.execute(statement).fetchall()
    return found


class World:
    """A register with members, the next file of its union, and copies of both."""

    def __init__(self, database: TestDatabase, place: Path) -> None:
        union = publish_examples("union_benefits")["lyngheim"]
        union_members.found(controller_id=union.pk)
        import_file(path=union_members.write(place / "first.csv", members=MEMBERS), controller=union, full=True)
        later = union_members.write(place / "later.csv", members=MEMBERS - GONE + NEW, first=GONE + 1, change=Change(3))
        lines = later.read_text("utf-8").splitlines(keepends=True)
        damage(lines, [*range(3, 9)])
        later.write_bytes("".join(lines).encode())
        self.file, self.now = later, clock.now()
        self._first = database
        self._made: list[str] = []
        self._maker: subprocess.Popen[str] | None = None

    def copy(self) -> TestDatabase:
        from django.db import connections

        connections.close_all()
        self._made.append(databases.clone(self._first.name))
        return TestDatabase(self._made[-1])

    def drop(self) -> None:
        """Stop what was started."""
        if self._maker is not None:
            self._maker.communicate(timeout=WAIT)
        for name in self._made:
            databases.drop(name)

    def start(self, database: TestDatabase) -> int:
        """Start taking the file in; the process."""
        if self._maker is None:
            self._maker = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(self.file), self.now.isoformat()],
                cwd=paths.root(), env=database.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        assert self._maker.stdin
        self._maker.stdin.write(f"{database.name}\n")
        self._maker.stdin.flush()
        return self._said()

    def run(self, database: TestDatabase) -> None:
        self.start(database)
        assert self._said() == 0

    def kill_in(self, database: TestDatabase, phase: str) -> None:
        """Have it wait in the phase, kill it there, and wait until the server has noticed."""
        table, mode, statement, before = PHASES[phase]
        with ExitStack() as held, database.connect("app", autocommit=True) as watch:
            holder = held.enter_context(_held(database, table, mode))
            process = self.start(database)
            while True:
                backend, doing = _waiting(watch, table, process)
                if statement in doing and not before:
                    break
                before -= statement in doing
                holder = _handed_on(held, watch, database, holder, (table, mode))
            os.kill(process, signal.SIGKILL)
            assert self._said() == -signal.SIGKILL
            holder.rollback()
            _until(lambda: watch.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [backend]).fetchone() is None)

    def _said(self) -> int:
        assert self._maker
        assert self._maker.stdout
        return int(self._maker.stdout.readline())


@contextmanager
def _held(database: TestDatabase, table: str, mode: str) -> Iterator["psycopg.Connection[Any]"]:
    with database.connect("owner") as holder:
        holder.execute(f"LOCK TABLE {table} IN {mode} MODE")
        yield holder
        holder.rollback()


def _handed_on(
    held: ExitStack, watch: "psycopg.Connection[Any]", database: TestDatabase, holder: Any, what: tuple[str, str]
) -> Any:
    """Let the transaction that waits go on to its end, and hold the next one: locks are given in order."""
    following = held.enter_context(database.connect("owner"))
    asks = threading.Thread(target=following.execute, args=(f"LOCK TABLE {what[0]} IN {what[1]} MODE",))
    asks.start()
    asked = "SELECT FROM pg_locks WHERE pid = %s AND NOT granted"
    _until(lambda: watch.execute(asked, [following.info.backend_pid]).fetchone() is not None)
    holder.rollback()
    asks.join(timeout=WAIT)
    return following


def _waiting(watch: "psycopg.Connection[Any]", table: str, process: int) -> tuple[int, str]:
    """(backend, statement) of the application that waits for the table."""
    statement = (
        "SELECT l.pid, a.query FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND l.relation = %s::regclass AND a.usename = current_user"
    )
    found: list[Any] = []

    def seen() -> bool:
        os.kill(process, 0)  # or it came to its end
        found[:] = watch.execute(statement, [table]).fetchall()
        return bool(found)

    _until(seen)
    return found[0]


def _until(true: Any) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def world(fresh_db: TestDatabase, tmp_path: Path) -> Iterator[World]:
    made = World(fresh_db, tmp_path)
    yield made
    made.drop()


@pytest.fixture
def clean(world: World) -> dict[str, Any]:
    database = world.copy()
    world.run(database)
    found = outcome(database)
    (_, (_, state, counts, _, quarantined)) = found["files"]
    assert (state, quarantined, len(found["put aside"])) == ("finished", 6, 6)
    assert counts["ends"] >= GONE - 1
    assert counts["joins"] == NEW
    return found


@pytest.mark.soak
def test_b1_an_import_killed_once_in_each_phase_ends_as_one_clean_run(world: World, clean: dict[str, Any]) -> None:
    database = world.copy()
    for phase in PHASES:
        world.kill_in(database, phase)
    world.run(database)
    found = outcome(database)
    for name, expected in clean.items():
        assert found[name] == expected, name


@pytest.mark.soak
def test_b1_an_import_killed_in_any_one_phase_ends_as_one_clean_run(world: World, clean: dict[str, Any]) -> None:
    for phase in PHASES:
        for times in (1, 3):
            database = world.copy()
            for _ in range(1 if phase == "second chunk" else times):
                world.kill_in(database, phase)
            world.run(database)
            assert outcome(database) == clean, (phase, times)
