"""Many at once, and processes and the server killed in between: one use of a voucher, and no øre lost or made (C9)."""

import multiprocessing
import os
import random
import signal
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.db.utils import Error

from tests.bonus.conftest import World, build
from tests.bonus.test_vouchers import code, made, sums, till
from tests.conftest import TestDatabase
from tillit.bonus import operations, queries, voucher_endings, vouchers
from tillit.bonus.errors import VoucherError
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system

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


def _work(world: World, people: list[int], until: float, seed: int) -> None:
    """Random operations until the time is up, whatever the server does meanwhile."""
    chance = random.Random(seed)  # noqa: S311 (a repeatable mix)
    programme = world.programmes["nordkai"]
    while time.time() < until:
        subject, amount = chance.choice(people), chance.randint(1, 300)
        try:
            match chance.randrange(5):
                case 0:
                    world.earn(subject, amount)
                case 1 | 2:
                    voucher = made(world, subject, amount)
                    if chance.random() < 0.8:
                        with world.scope("bonus_use", club="nordkai") as scope:
                            vouchers.redeem(
                                scope=scope,
                                till=till(world),
                                code=code(world, voucher),
                                amount=chance.randint(1, amount),
                                at=clock.now(),
                                reference=str(chance.random()),
                            )
                    elif chance.random() < 0.5:
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
                    voucher_endings.release_lapsed(
                        programme=programme, at=clock.now() + timedelta(hours=2), subject_id=subject
                    )
        except (TillitError, Error):
            connections.close_all()


def _storm(*, clients: int, seconds: float, every: float) -> None:
    """Clients at random, one of them or one of the server's backends killed every so often, then the books."""
    world = build()
    people = [world.member() for _ in range(8)]
    for subject in people:
        world.earn(subject, 5000)
    connections.close_all()
    until, chance = time.time() + seconds, random.Random(3)  # noqa: S311

    def start(number: int) -> Any:
        process = FORK.Process(target=_work, args=(world, people, until, number))
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
def test_c9_no_ore_is_lost_or_made_in_three_minutes_of_kills(fresh_db: TestDatabase) -> None:
    _storm(clients=64, seconds=180, every=3)
