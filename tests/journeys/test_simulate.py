"""A simulated population: nothing overdue at any event or due date; a broken disposal is seen (H10, D10, D11, B7)."""

import json
from typing import Any

import pytest
from django.db import connection

from tests.conftest import TestDatabase
from tests.support import commands
from tests.support.world import EXAMPLES
from tillit.declaration.loader import load
from tillit.declaration.models import Controller
from tillit.journeys.simulate import life, run
from tillit.kernel.scope import Scope, system
from tillit.platform import database
from tillit.privacy import retention, sweep

COMPANY = ("loyalty_services/trygghavn",)
CLUB = ("bonus/rundtur",)


def _declare(*files: str) -> None:
    found = [EXAMPLES / f"{file}.yaml" for file in files]
    run.declare((load(file)[0], file.read_text("utf-8")) for file in found)


def test_h10_d10_d11_two_years_of_customers_leave_nothing_overdue_and_nothing_early(fresh_db: TestDatabase) -> None:
    _declare(*COMPANY)
    steps: list[tuple[str, int, int]] = []
    few = {"buy", "agree", "withdraw", "claim", "ask", "finish", "belonging"}
    report = run.simulate(years=2, people=2, acts=few, progress=lambda *step: steps.append(step))
    assert (report.overdue, report.early, report.kept) == ([], [], True)
    assert {"archive", "erase"} <= set(report.disposed)
    assert report.acts["join"] >= 2
    assert report.acts["leave"] >= 1
    assert report.due_dates > 5
    assert report.outcomes["belonging: removed"] >= 1
    assert report.days_visited == report.runs == len(steps)
    assert steps == sorted(steps)


@pytest.mark.soak
def test_h10_c17_books_lapse_years_after_the_members_left(fresh_db: TestDatabase) -> None:
    """Financial years, statutory minimums, figures that stay."""
    _declare(*CLUB)
    report = run.simulate(years=7, people=1, seed=5, acts=life.ACTS)
    assert (report.overdue, report.early) == ([], [])
    assert report.acts["buy"] >= 1
    assert report.disposed["anonymise"] >= 2


def test_h10_a_disposal_that_does_nothing_is_reported_as_overdue(
    fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    _declare(*COMPANY)
    real = retention.dispose_rows

    def broken(table: Any, **how: Any) -> None:
        if table.table != "parties_fact":
            real(table, **how)

    monkeypatch.setattr(retention, "dispose_rows", broken)
    report = run.simulate(years=2, people=2, acts=life.ACTS)
    assert not report.kept
    assert {fault["table"] for fault in report.overdue} == {"parties_fact"}
    assert {fault["controller"] for fault in report.overdue} == {"trygghavn"}
    assert json.loads(json.dumps(report.as_json()))["kept"] is False


def test_h10_rows_that_go_before_their_day_are_reported(
    fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    _declare(*COMPANY)
    real = sweep.loose_ends
    everyone = list(Controller.objects.values_list("pk", flat=True))

    def hasty() -> None:
        real()
        with Scope(system("retention", everyone), "retention"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM parties_sealed_fact")

    monkeypatch.setattr(sweep, "loose_ends", hasty)
    report = run.simulate(years=1, people=3, acts=life.ACTS)
    assert {fault["table"] for fault in report.early} == {"parties_sealed_fact"}
    assert report.overdue == []


def test_h10_the_command_lives_in_a_database_of_its_own_and_removes_it(fresh_db: TestDatabase) -> None:
    files = [f"--declaration={EXAMPLES / f'{COMPANY[0]}.yaml'}", "--years=1", "--people=1", "--act=correct", "--json"]
    done = commands.tillit("simulate", *files, environment=fresh_db.environment)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["kept"], report["years"], report["people"]) == (True, 1, 1)
    assert "Years go by" in done.stderr
    with database.connect("admin", name="postgres", autocommit=True) as admin:
        assert admin.execute("SELECT count(*) FROM pg_database WHERE datname = 'tillit_simulate'").fetchone() == (0,)


@pytest.mark.soak
@pytest.mark.parametrize("example", ["accounting", "bonus", "loyalty_services", "power", "union_benefits"])
def test_h10_d10_d11_b7_twelve_years_under_every_example(fresh_db: TestDatabase, example: str) -> None:
    run.declare(
        (load(file)[0], file.read_text("utf-8"))
        for file in sorted(EXAMPLES.glob(f"{example}/[!_]*.yaml"))
        if file.name != "coverage.yaml"
    )
    report = run.simulate(years=12, people=6)
    assert (report.overdue, report.early, report.missing) == ([], [], [])
    assert report.acts["leave"] >= 6
    assert report.disposed["erase"] >= 100
