"""Every failure of a command is one clear line and an exit code."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.support import commands
from tests.support.world import publish_examples
from tillit.faces.cli import COMMANDS, main
from tillit.faces.cli.main import run
from tillit.platform import paths


def _tillit(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "TILLIT_DATABASE_NAME"}
    return commands.tillit(
        *arguments, environment=environment | {"DJANGO_SETTINGS_MODULE": "tillit.settings"} | changes
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists_and_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert f"tillit {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "no command 'nonsense'"),
        (["db", "nonsense"], "No such command"),
        (["serve", "--port", "99999"], "--port"),
        (["db", "psql", "--as", "root"], "app, owner, backup or admin"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    message = capsys.readouterr().err.strip()
    assert says in message
    assert message.startswith("tillit: ")
    assert "\n" not in message


def test_no_command_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)


def test_an_unreachable_database_is_one_line_without_the_password() -> None:
    for command in (("db", "status"), ("migrate",), ("db", "setup"), ("serve", "--port", "8999")):
        done = _tillit(*command, DATABASE_URL="postgresql://someone:hush@127.0.0.1:9/nothing")
        assert done.returncode == 1
        (message,) = done.stderr.strip().splitlines()[-1:]
        assert message.startswith("tillit: the database cannot be reached")
        assert "hush" not in done.stderr + done.stdout
        assert "Traceback" not in done.stderr


def test_an_unexpected_error_shows_its_place_and_no_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tillit.platform import database

    def fail() -> None:
        raise ValueError("Kari Nordmann is not a number")

    monkeypatch.setattr(database, "place", fail)
    assert run(["db", "status"]) == 1
    message = capsys.readouterr().err
    assert "internal error: ValueError at" in message
    assert "Kari" not in message


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _tillit("migrate", TILLIT_VAR=str(tmp_path / "file"), DATABASE_URL="")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == f"tillit: File exists: {tmp_path / 'file'}"


def test_a_setting_that_cannot_be_read_is_named() -> None:
    refused = _tillit("prove", TILLIT_BEHIND_PROXY="yes")
    assert refused.returncode == 1
    assert refused.stderr.strip() == "tillit: TILLIT_BEHIND_PROXY must be the number of proxies before the site: 0, 1 …"


def test_the_settings_printed_are_the_ones_the_proof_asks_for(capsys: pytest.CaptureFixture[str], db: None) -> None:
    assert run(["db", "settings"]) == 0
    printed = re.findall(r"ALTER SYSTEM SET (\w+) = '(.*)';", capsys.readouterr().out)
    assert len(printed) > 5
    with connection.cursor() as cursor:
        for name, value in printed:
            cursor.execute("SELECT setting FROM pg_settings WHERE name = %s", [name])
            assert cursor.fetchone() == (value,)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tillit.faces.cli", "db", "--help"],
        cwd=paths.root(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) in {0, 1}


def test_status_of_a_stopped_server_is_said_with_exit_code_1(tmp_path: Path) -> None:
    done = _tillit("db", "status", TILLIT_VAR=str(tmp_path), DATABASE_URL="")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.strip().endswith("stopped")


def test_a_new_installation_from_nothing_to_stopped(place_for_server: Path) -> None:
    here = {"TILLIT_VAR": str(place_for_server / "var"), "DATABASE_URL": ""}
    try:
        first = _tillit("migrate", **here)
        assert (first.stdout.strip(), first.stderr) == ("database tillit: up to date", "")
        assert _tillit("migrate", **here).returncode == 0
        assert _tillit("db", "start", **here).returncode == 0
        assert ": ready, process" in _tillit("db", "status", **here).stdout
        assert _tillit("db", "psql", **here).returncode == 0
    finally:
        stopped = _tillit("db", "stop", **here)
    assert (stopped.returncode, stopped.stdout.strip()) == (0, "stopped")


def test_migrating_again_changes_nothing_and_keeps_the_rows(fresh_db: Any) -> None:
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 1 AS x")
        before = owner.execute("SELECT count(*) FROM pg_policies").fetchone()
    done = _tillit("migrate", TILLIT_DATABASE_NAME=fresh_db.name)
    assert (done.returncode, done.stderr) == (0, "")
    with fresh_db.connect("owner") as owner:
        assert owner.execute("SELECT x FROM kept").fetchone() == (1,)
        assert owner.execute("SELECT count(*) FROM pg_policies").fetchone() == before
        assert before is not None
        assert before[0] > 0


_NEW_STAFF = ["staff", "add", "a@arbeid.example", "A", "--controller", "rundtur", "--role", "customer_service"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["bonus", "report", "--controller", "rundtur", "--month", "9999-12"],
        ["bonus", "report", "--controller", "rundtur", "--month", "0001-01"],
        ["bonus", "expire", "--on", "0001-01-01"],
        ["bonus", "expire", "--on", "9999-12-31", "--dry-run"],
        ["retain", "--at", "0001-01-01"],
        ["retain", "--at", "9999-12-31", "--dry-run"],
        [*_NEW_STAFF, "--confidentiality", "2099-01-01"],
    ],
)
def test_a_day_beyond_all_sense_is_bad_input(
    publish: dict[str, Any], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    (message,) = capsys.readouterr().err.strip().splitlines()
    assert "is not between 1990-01-01 and" in message


def test_a_value_python_cannot_hold_is_not_told_as_a_database_that_cannot_be_reached(
    publish: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from django.db import connection

    from tillit.platform import database

    def too_early() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT '0044-03-15 BC'::date")
            cursor.fetchone()

    monkeypatch.setattr(database, "place", too_early)
    assert run(["db", "status"]) == 1
    message = capsys.readouterr().err
    assert "a value does not fit between the database and Tillit: DataError at " in message
    assert "reached" not in message
    assert "0044" not in message


@pytest.fixture
def publish(db: Any) -> dict[str, Any]:
    return publish_examples("bonus")
