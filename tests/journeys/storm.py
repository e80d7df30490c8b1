"""Clients at random on a server of their own, of which one thing after another is killed: a client, a backend, all of
PostgreSQL. Run as a program by test_voucher_race; it exits with 0 when no øre was lost or made, and says what it did.

    TILLIT_VAR=<empty directory> python -m tests.journeys.storm --clients 64 --seconds 180 --every 3
"""

import argparse
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import django
from django.db import connection, connections
from django.db.utils import Error

from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.platform import database, paths, postgres

FORK = multiprocessing.get_context("fork")
WAIT = 60.0
PEOPLE = 8


def work(world: Any, people: list[int], until: float, seed: int, told: Path | None = None) -> None:
    """Random operations until the time is up, whatever the server does meanwhile. told: a file for each use and each
    earning that was answered, written after its commit.
    """
    chance = random.Random(seed)  # noqa: S311 (a repeatable mix)
    while time.time() < until:
        try:
            done = _one(world, chance, chance.choice(people))
        except (TillitError, Error):
            connections.close_all()
            time.sleep(0.02)  # the server may be on its way up
        else:
            if told is not None and done:
                with told.open("a") as lines:
                    lines.write(f"{done}\n")


def _one(world: Any, chance: random.Random, subject: int) -> str:
    from tests.bonus.test_vouchers import code, made, till
    from tillit.bonus import operations, voucher_endings, vouchers

    amount, programme = chance.randint(1, 300), world.programmes["nordkai"]
    match chance.randrange(5):
        case 0:
            world.earn(subject, amount)
            return f"earned {amount}"
        case 1 | 2:
            voucher = made(world, subject, amount)
            if chance.random() < 0.8:
                taken = chance.randint(1, amount)
                with world.scope("bonus_use", club="nordkai") as scope:
                    vouchers.redeem(
                        scope=scope,
                        till=till(world),
                        code=code(world, voucher),
                        amount=taken,
                        at=clock.now(),
                        reference=str(chance.random()),
                    )
                return f"used {subject} {voucher.id} {taken}"
            if chance.random() < 0.5:
                with world.scope("bonus_use", subject) as scope:
                    voucher_endings.void(scope=scope, subject_id=subject, voucher_id=voucher.id, at=clock.now())
        case 3:
            with world.scope("bonus_correction", subject) as scope:
                operations.correct(
                    scope=scope,
                    subject_id=subject,
                    chain_id=programme.chain_id,
                    amount=-amount,
                    key=uuid4(),
                    event_at=clock.now(),
                    at=clock.now(),
                    reason="wrong_rate",
                )
        case 4:
            later = clock.now() + timedelta(hours=2)
            voucher_endings.release_lapsed(programme=programme, at=later, subject_id=subject)
    return ""


def storm(*, clients: int, seconds: float, every: float, told: Path) -> Counter[str]:
    """Let them work, kill, and hold the books against what was answered. What was done, counted by name."""
    from tests.bonus.conftest import build

    world = build()
    people = [world.member() for _ in range(PEOPLE)]
    for subject in people:
        world.earn(subject, 5000)
    connections.close_all()
    until, chance, done = time.time() + seconds, random.Random(3), Counter()  # noqa: S311

    def start(number: int) -> Any:
        process = FORK.Process(target=work, args=(world, people, until, number, told / str(number)))
        process.start()
        return process

    running = [start(number) for number in range(clients)]
    while time.time() < until:
        time.sleep(every)
        what = ("client", "backend", "server")[done.total() % 3]
        if what == "client":
            victim = chance.randrange(len(running))
            os.kill(running[victim].pid, signal.SIGKILL)
            running[victim].join()
            running[victim] = start(1000 + done.total())
        else:
            _kill_server(chance, whole=what == "server")
        done[what] += 1
    for process in running:
        process.join()
    postgres.default_server().start()
    connections.close_all()
    _hold(world, told, done, len(people) * 5000)
    return done


def _kill_server(chance: random.Random, *, whole: bool) -> None:
    """SIGKILL one backend, upon which PostgreSQL recovers by itself, or all of it, which is started again."""
    server = postgres.default_server()
    master = server.status().pid
    assert master is not None
    backends = _children(master)
    for pid in [master, *backends] if whole else backends[chance.randrange(len(backends)) :][:1]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    if whole:
        until = time.monotonic() + WAIT
        while server.status().running and time.monotonic() < until:
            time.sleep(0.02)
        server.start()
    connections.close_all()


def _children(master: int) -> list[int]:
    found = Path(f"/proc/{master}/task/{master}/children").read_text("utf-8").split()
    return [int(pid) for pid in found]


def _hold(world: Any, told: Path, done: Counter[str], given: int) -> None:
    """Every book adds up, every balance is its history, and everything that was answered is there."""
    from tests.bonus.test_vouchers import sums
    from tillit.bonus import voucher_endings
    from tillit.bonus.models import Voucher
    from tillit.kernel.scope import Scope, system
    from tillit.ledger import queries as ledger

    sums(world)
    controller, earned = world.controllers["nordkai"].pk, given
    with Scope(system("test", {controller}), "proof"):
        assert list(voucher_endings.faults(controller, clock.today())) == []
    with Scope(system("test", {controller}), "bookkeeping"):
        for line in "".join(file.read_text("utf-8") for file in sorted(told.iterdir())).splitlines():
            what, *facts = line.split()
            done[what] += 1
            if what == "earned":
                earned += int(facts[0])
                continue
            voucher = Voucher.objects.get(subject_id=int(facts[0]), id=UUID(facts[1]))
            assert (voucher.status, voucher.used) == ("used", int(facts[2]))
        issued = sum(-line.moved for line in ledger.trial_balance() if line.kind == "issued")
    assert issued >= earned


def main() -> None:
    """A server of its own in `TILLIT_VAR`, the storm, and the server's end."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--clients", type=int, default=64)
    asked.add_argument("--seconds", type=float, default=180)
    asked.add_argument("--every", type=float, default=3)
    given = asked.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tillit.settings"
    database.ensure_running()
    try:
        subprocess.run([sys.executable, "-m", "tillit.faces.cli", "migrate"], check=True, stdout=subprocess.DEVNULL)
        django.setup()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
            assert cursor.fetchone() == ("on", "on")
        told = paths.var() / "told"
        told.mkdir()
        done = storm(clients=given.clients, seconds=given.seconds, every=given.every, told=told)
        sys.stdout.write(" ".join(f"{name}={count}" for name, count in sorted(done.items())) + "\n")
    finally:
        connections.close_all()
        postgres.default_server().stop()


if __name__ == "__main__":
    main()
