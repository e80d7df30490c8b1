"""The benchmarks of money run, hold their sums, and say what they should; a balance does not look at the history."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.bonus.conftest import build
from tests.bonus.test_vouchers import made
from tests.conftest import TestDatabase
from tillit.bonus import queries
from tillit.bonus.models import Programme
from tillit.journeys.bench import redeem
from tillit.journeys.bench.errors import BenchError
from tillit.kernel import clock
from tillit.platform import paths

SIZES = {
    "redeem": ("--people", "200", "--seconds", "1"),
    "balance": ("--people", "100", "--each", "2", "--steps", "2", "--sample", "20"),
    "register": ("--members", "1000"),
    "readings": ("--points", "20", "--days", "40"),
    "cost": ("--points", "100", "--pages", "20", "--two-years"),
    "comparison": ("--points", "300"),
}


def test_c9_clients_make_and_use_vouchers_and_every_pair_is_held_against_the_books(
    fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redeem, "CLIENTS", 2)
    world = build()
    people = [world.member() for _ in range(4)]
    for subject in people:
        world.earn(subject, 1_000_000)
    programme = Programme.objects.select_related("chain__controller").get(pk=world.programmes["nordkai"].pk)
    found = redeem._together(partial(redeem._operations, programme), people, 0.4)
    assert found.done > found.measured > 0
    assert found.client > 0
    assert len(found.steps["pair"]) == found.measured
    redeem._sums(programme, found.done)
    with pytest.raises(BenchError, match="debited"):
        redeem._sums(programme, found.done + 1)


def test_a_client_that_fails_ends_the_measurement(fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redeem, "CLIENTS", 2)

    def fail(mine: Any, until: float) -> Any:
        raise SystemExit

    with pytest.raises(BenchError, match="a client has failed"):
        redeem._together(fail, [1, 2], 0.1)


def test_c10_a_balance_reads_the_members_accounts_and_not_the_history(fresh_db: TestDatabase) -> None:
    """Also where a voucher has lapsed: its parts are found by their keys."""
    world = build()
    subject = world.member()
    for _ in range(60):
        world.earn(subject, 10)
    with clock.travel(clock.now()):
        made(world, subject, 500)
        clock.advance(timedelta(hours=2))
        with world.scope("self_service", subject), connection.cursor() as cursor:
            (found,) = queries.overview(subject_id=subject, on=clock.today())
            cursor.execute(
                "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'ledger_transfer'"
            )
            read = cursor.fetchone()[0]
    assert (found.available, found.reserved) == (600, 0)
    assert 0 < read <= 4


@pytest.mark.soak
def test_benchmarks_of_money_power_and_the_register_run_at_a_tiny_size(place_for_server: Path) -> None:
    """On a server of their own that may lose nothing."""
    here = {"DATABASE_URL", "TILLIT_DATABASE_NAME"}
    environment = {name: value for name, value in os.environ.items() if name not in here}
    environment |= {"TILLIT_VAR": str(place_for_server), "DJANGO_SETTINGS_MODULE": "tillit.settings"}
    command = [sys.executable, "-m", "tillit.faces.cli"]
    try:
        for name, size in SIZES.items():
            done = subprocess.run(
                [*command, "bench", name, *size, "--json"],
                cwd=paths.root(),
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=900,
            )
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)
            assert found["name"] == name
            assert all(figure["value"] >= 0 for figure in found["figures"].values())
            assert found["bound_by"]
    finally:
        subprocess.run([*command, "db", "stop"], cwd=paths.root(), env=environment, check=False, capture_output=True)
