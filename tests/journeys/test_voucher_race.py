"""Many at once, and processes and the server killed in between: one use of a voucher, and no øre lost or made (C9)."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from tests.bonus.conftest import World, build
from tests.bonus.test_vouchers import code, made, sums, till
from tests.conftest import TestDatabase
from tests.journeys.storm import work
from tillit.bonus import queries, voucher_endings, vouchers
from tillit.bonus.errors import VoucherError
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.platform import paths

FORK = multiprocessing.get_context("fork")


def _attempts(world: World, text: str, number: int, count: int, end: Any) -> None:
    won = 0
    for turn in range(count):
        try:
            with world.scope("bonus_use", club="nordkai") as scope:
                found = vouchers.redeem(
                    scope=scope,
                    till=till(world, client=number),
                    code=text,
                    amount=500,
                    at=clock.now(),
                    reference=f"{number}-{turn}",
                )
            won += found.now_used
        except VoucherError as error:
            won += 0 if error.code == "voucher-used" else 1000
    end.send(won)
    connections.close_all()


def _race(processes: int, each: int) -> None:
    world = build()
    subject = world.member()
    world.earn(subject, 2000)
    text = code(world, made(world, subject, 500))
    connections.close_all()
    ends, running = [], []
    for number in range(processes):
        here, there = FORK.Pipe(duplex=False)
        process = FORK.Process(target=_attempts, args=(world, text, number, each, there))
        process.start()
        ends.append(here)
        running.append(process)
    assert sum(end.recv() for end in ends) == 1
    for process in running:
        process.join()
    with world.scope("self_service", subject):
        (found,) = queries.overview(subject_id=subject, on=clock.today())
    assert (found.available, found.reserved) == (1500, 0)
    sums(world)


def test_c9_of_many_attempts_at_once_one_succeeds(fresh_db: TestDatabase) -> None:
    _race(processes=4, each=5)


@pytest.mark.soak
def test_c9_of_a_thousand_attempts_at_once_one_succeeds(fresh_db: TestDatabase) -> None:
    _race(processes=50, each=20)


def _storm(*, clients: int, seconds: float, every: float) -> None:
    """Clients at random, one of them or one of the server's backends killed every so often, then the books."""
    world = build()
    people = [world.member() for _ in range(8)]
    for subject in people:
        world.earn(subject, 5000)
    connections.close_all()
    until, chance = time.time() + seconds, random.Random(3)  # noqa: S311

    def start(number: int) -> Any:
        process = FORK.Process(target=work, args=(world, people, until, number))
        process.start()
        return process

    running = [start(number) for number in range(clients)]
    killed = 0
    while time.time() < until:
        time.sleep(every)
        victim = chance.randrange(len(running))
        os.kill(running[victim].pid, signal.SIGKILL)
        running[victim].join()
        running[victim] = start(1000 + killed)
        killed += 1
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            backends = [row[0] for row in cursor.fetchall()]
            if backends:
                cursor.execute("SELECT pg_terminate_backend(%s)", [chance.choice(backends)])
        connections.close_all()
    for process in running:
        process.join()
    assert killed > 0
    sums(world)
    with Scope(system("test", {world.controllers["nordkai"].pk}), "proof"):
        assert list(voucher_endings.faults(world.controllers["nordkai"].pk, clock.today())) == []


def test_c9_no_ore_is_lost_or_made_when_workers_and_connections_are_killed(fresh_db: TestDatabase) -> None:
    _storm(clients=6, seconds=4, every=0.7)


@pytest.mark.soak
def test_c9_no_ore_is_lost_or_made_in_three_minutes_of_kills(place_for_server: Path) -> None:
    """64 clients on a server of their own; a client, a backend or all of PostgreSQL is killed every few seconds."""
    clients, seconds = os.environ.get("TILLIT_STORM", "64:180").split(":")
    environment = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "TILLIT_DATABASE_NAME"}
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.journeys.storm", "--clients", clients, "--seconds", seconds, "--every", "2.5"],
        cwd=paths.root(),
        env=environment | {"TILLIT_VAR": str(place_for_server)},
        capture_output=True,
        text=True,
        check=False,
        timeout=900 + 3 * float(seconds),
    )
    assert done.returncode == 0, done.stderr
    counts = dict(pair.split("=") for pair in done.stdout.split())
    assert {"client", "backend", "server", "used", "earned"} <= counts.keys()
