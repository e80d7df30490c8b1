"""Lifting a suspension reaches what is on its way in, and nobody who has left (C13, C14)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread

from django.db import connection

from tests.conftest import TestDatabase
from tests.journeys.intake_world import NOW, World, bought, build
from tillit.journeys import suspending
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.purchases.models import Batch

START = datetime(2026, 3, 2, tzinfo=UTC)


def park() -> int:
    stopped, _ = suspending.suspend(chain_key="mat", what="earn", starts=START, reason="outage", parked=True)
    return stopped.pk


def test_c14_a_chunk_in_flight_while_a_suspension_is_lifted_earns_what_was_parked(fresh_db: TestDatabase) -> None:
    with clock.travel(NOW):
        world = build()
        member, stopped = world.member(1), park()
        with fresh_db.connect() as holding, fresh_db.connect(autocommit=True) as looking:

            def locks_held(condition: str) -> Callable[[], bool]:
                sql = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {condition}"
                return lambda: looking.execute(sql).fetchone() != (0,)  # type: ignore[arg-type]

            def hold(batch: Batch) -> None:
                holding.execute("SELECT id FROM purchases_batch WHERE id = %s FOR UPDATE", [batch.pk])

            taking = _started(lambda: world.take_in([bought(1, 1)], staged=hold))
            until(locks_held("application_name LIKE 'tillit intake %' AND wait_event_type = 'Lock'"), taking)
            lifting = _started(lambda: suspending.lift(suspension_id=stopped))
            until(locks_held("wait_event = 'advisory'"), lifting)
            holding.rollback()
            for one in (taking, lifting):
                one.join(60)
        assert world.balances(member) == {"lot": 1_00}


def _started(act: Callable[[], object]) -> Thread:
    def run() -> None:
        try:
            with clock.travel(NOW):
                act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def until(true: Callable[[], bool], thread: Thread) -> None:
    """Wait until it is so, or the thread has ended, which the test then finds."""
    end = time.monotonic() + 60
    while thread.is_alive() and not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_c13_c14_who_left_before_the_lift_gets_nothing_of_what_was_parked(db: None) -> None:
    with clock.travel(NOW):
        world: World = build()
        stays, left, stopped = world.member(1), world.member(2), park()
        world.take_in([bought(1, 1), bought(2, 2)])
        leave(subject_id=left, controller_id=world.controllers["nordkai"].pk, at=NOW)
        suspending.lift(suspension_id=stopped)
        assert (world.balances(stays), world.balances(left)) == ({"lot": 1_00}, {})
