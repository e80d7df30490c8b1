"""Every command that a document shows is executed, as it stands there and in that order."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TestDatabase
from tests.docs.shown import Shown, everything
from tests.docs.test_promises import _tests
from tests.docs.worlds import BEFORE, NOW, Reader, installation
from tests.support import databases
from tillit.kernel import clock
from tillit.platform import paths

# What needs a server of its own, minutes, a browser or somebody outside → the test that executes it.
ELSEWHERE = {
    "giver $ tillit handover announce": "test_a10_people_go_straight_to_another_installation_whatever_breaks",
    "giver $ tillit handover carry-out": "test_a10_people_go_straight_to_another_installation_whatever_breaks",
    "giver $ tillit handover plan": "test_a10_people_go_straight_to_another_installation_whatever_breaks",
    "receiver $ tillit handover close": "test_a10_people_go_straight_to_another_installation_whatever_breaks",
    "tillit backup": "test_h11_an_operator_backs_up_lists_verifies_and_restores",
    "tillit bench register --json": "test_benchmarks_of_money_power_and_the_register_run_at_a_tiny_size",
    "tillit doctor": "test_an_installation_is_looked_at_whole_and_told_in_three_forms",
    "tillit db": "test_a_new_installation_from_nothing_to_stopped",
    "tillit migrate": "test_a_new_installation_from_nothing_to_stopped",
    "tillit restore": "test_h11_an_operator_backs_up_lists_verifies_and_restores",
    "tillit serve": "test_a_member_sees_changes_and_leaves_with_a_copy_without_any_script",
    "tillit simulate ": "test_h10_the_command_lives_in_a_database_of_its_own_and_removes_it",
    "tillit simulator": "test_a_stand_in_that_a_page_shows_starts",
}
# docs/programme.md is one journey from an empty installation: tests/docs/test_programme_page.py.
JOURNEYS = {"programme.md": "test_c1_c4_c5_c6_from_nothing_to_posted_bonus_by_commands_and_the_api"}
SHOWN = everything()
STAND_INS = sorted({one.command for one in SHOWN if one.command.startswith("tillit simulator")})


def _elsewhere(one: Shown) -> bool:
    return one.called.startswith(tuple(ELSEWHERE))


PAGES = sorted({one.page for one in SHOWN if not _elsewhere(one)} - JOURNEYS.keys())


@pytest.fixture(scope="session")
def furnished(django_db_setup: None, django_db_blocker: Any) -> Iterator[databases.Stock]:
    with django_db_blocker.unblock(), databases.filled(installation) as made:
        yield made


@pytest.fixture
def stock(furnished: databases.Stock) -> databases.Stock:
    return furnished


@pytest.fixture
def reader(
    stock: databases.Stock,
    fresh_db: TestDatabase,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> Iterator[Reader]:
    settings.POST_IN_BATCHES = True
    monkeypatch.chdir(tmp_path)
    clock.travel(NOW)
    with ExitStack() as until:
        yield Reader(stock.facts, tmp_path, capsys, monkeypatch, settings, until)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_runs_in_order(page: str, reader: Reader) -> None:
    before: dict[str, Callable[[Reader], None]] = dict(BEFORE.get(page, {}))
    for one in SHOWN:
        if one.page == page and not _elsewhere(one):
            for beginning in [each for each in before if one.command.startswith(each)]:
                before.pop(beginning)(reader)
            reader(one.command, one.given)
    assert not before, "prepared for a command that the page does not show"


def test_what_is_executed_elsewhere_is_shown_and_its_test_exists() -> None:
    assert {*ELSEWHERE.values(), *JOURNEYS.values()} <= _tests()
    assert [each for each in ELSEWHERE if not any(one.called.startswith(each) for one in SHOWN)] == []
    assert set(JOURNEYS) <= {one.page for one in SHOWN}


def test_a_command_that_fails_fails_its_page(reader: Reader) -> None:
    assert "no webhooks yet" in reader("tillit webhook list")
    with pytest.raises(AssertionError, match="exit code 2"):
        reader("tillit webhook rotate 1")


@pytest.mark.soak
@pytest.mark.parametrize("command", STAND_INS)
def test_a_stand_in_that_a_page_shows_starts(command: str) -> None:
    words = re.sub(r"--port \d+", "--port 0", command).split()[1:]
    program = [sys.executable, "-m", "tillit.faces.cli", *words]
    with subprocess.Popen(program, cwd=paths.root(), stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as run:
        try:
            assert run.stdout is not None
            assert int(run.stdout.readline().rsplit(":", 1)[1]) > 0
        finally:
            run.terminate()
