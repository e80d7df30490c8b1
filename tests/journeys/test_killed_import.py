"""SIGKILL inside each phase of an import, then the same command again: as after one clean run (issue "Must show")."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import TestDatabase
from tests.support import databases
from tests.support.intake import NOW, SOURCE, club, outcome, purchases
from tests.support.shops import write
from tillit.kernel import clock
from tillit.platform import paths
from tillit.purchases.phases import PHASES, PREFIX

ROWS, MEMBERS = 20_000, 40
WAIT = 120.0
DONE, PUT_ASIDE = 0, 3


@pytest.fixture
def prepared(fresh_db: TestDatabase, tmp_path: Path) -> tuple[TestDatabase, Path]:
    """A database with members and a file of purchases to import into copies of it."""
    with clock.travel(NOW):
        numbers = list(club(members=MEMBERS).members.values())
    path = write(tmp_path / "purchases.csv", purchases(numbers, ROWS))
    return fresh_db, path


@pytest.fixture
def copies(prepared: tuple[TestDatabase, Path]) -> Iterator[Any]:
    """Makes copies of the prepared database."""
    from django.db import connections

    connections.close_all()
    made: list[str] = []

    def copy() -> TestDatabase:
        made.append(databases.clone(prepared[0].name))
        return TestDatabase(made[-1])

    yield copy
    for name in made:
        databases.drop(name)


def command(path: Path) -> list[str]:
    return [sys.executable, "-m", "tillit.faces.cli", "import", "purchases", str(path), "--source", SOURCE]


def run(database: TestDatabase, path: Path) -> None:
    done = subprocess.run(
        command(path),
        cwd=paths.root(),
        env=database.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT,
    )
    assert done.returncode in {DONE, PUT_ASIDE}, done.stderr


def kill_in(database: TestDatabase, path: Path, phase: str) -> bool:
    """Start the import and kill it as soon as PostgreSQL shows that it is in the phase; whether it was seen there."""
    with database.connect("app", autocommit=True) as watch:
        process = subprocess.Popen(
            command(path),
            cwd=paths.root(),
            env=database.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            reached = watch_for(watch, process, phase)
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=WAIT)
        until_gone(watch)
    assert not reached or process.returncode == -signal.SIGKILL
    return reached


def watch_for(watch: psycopg.Connection[Any], process: "subprocess.Popen[bytes]", phase: str) -> bool:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE %s"
    deadline = time.monotonic() + WAIT
    while process.poll() is None and time.monotonic() < deadline:
        if watch.execute(statement, [f"{PREFIX} % {phase}"]).fetchone() != (0,):
            return True
        time.sleep(0.001)  # the processors are for the import
    return False


def until_gone(watch: psycopg.Connection[Any]) -> None:
    """Until the server has noticed that the killed client is gone."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE %s"
    deadline = time.monotonic() + WAIT
    while watch.execute(statement, [f"{PREFIX} %"]).fetchone() != (0,):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def killed_and_run_again(copies: Any, path: Path, clean: dict[str, Any], kills: list[str]) -> None:
    """A copy of its own for the kills given, one after the other; then the import runs to its end."""
    database = copies()
    for phase in kills:
        assert any(kill_in(database, path, phase) for _ in range(20)), f"never seen in phase {phase}"
    run(database, path)
    with database.connect("backup") as after:
        assert outcome(after) == clean


@pytest.fixture
def clean(prepared: tuple[TestDatabase, Path], copies: Any) -> dict[str, Any]:
    database = copies()
    run(database, prepared[1])
    with database.connect("backup") as after:
        found = outcome(after)
    assert found["balances"]
    assert found["quarantine"]
    return found


@pytest.mark.soak
def test_c5_killed_after_it_posted(prepared: Any, copies: Any, clean: dict[str, Any]) -> None:
    killed_and_run_again(copies, prepared[1], clean, ["posted"])


@pytest.mark.soak
def test_c5_killed_once_in_each_phase(prepared: Any, copies: Any, clean: dict[str, Any]) -> None:
    killed_and_run_again(copies, prepared[1], clean, list(PHASES))


@pytest.mark.soak
def test_c5_killed_fifty_times(prepared: Any, copies: Any, clean: dict[str, Any]) -> None:
    for _ in range(7):
        for phase in PHASES:
            killed_and_run_again(copies, prepared[1], clean, [phase])
    killed_and_run_again(copies, prepared[1], clean, ["posted"])
