"""The embedded server survives what machines do to it."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tillit.platform import paths, postgres
from tillit.platform.errors import ServerError
from tillit.platform.postgres import Server


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="t", dir=paths.ensure_var()) as name:
        yield Path(name) / "postgres"


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    made = Server(home, disposable=True)
    yield made
    made.stop()


def _query(server: Server, query: str) -> object:
    with psycopg.connect(
        host=str(server.socket_dir), user=postgres.SUPERUSER, dbname="postgres", autocommit=True
    ) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def _kill(server: Server) -> int:
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def _wait_until_dead(server: Server) -> None:
    deadline = time.monotonic() + 60
    while server.status().running:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_starts_once_answers_and_stops(server: Server) -> None:
    assert not server.status().running
    server.start()
    first = server.status()
    assert (first.running, first.phase) == (True, "ready")
    assert _query(server, "SELECT 1") == 1
    server.start()
    assert server.status().pid == first.pid
    server.stop()
    assert not server.status().running
    server.stop()


def test_it_is_private_and_on_no_network(server: Server) -> None:
    server.start()
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert _query(server, "SHOW listen_addresses") == ""
    with pytest.raises(psycopg.OperationalError, match=r"tillit_nobody|password|authentication"):
        psycopg.connect(host=str(server.socket_dir), user="tillit_nobody", dbname="postgres")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data_checksums", "on"),
        ("log_statement", "none"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
        ("TimeZone", "UTC"),
        ("password_encryption", "scram-sha-256"),
        ("server_encoding", "UTF8"),
    ],
)
def test_the_settings_are_those_promised(server: Server, setting: str, value: str) -> None:
    server.start()
    assert _query(server, f"SHOW {setting}") == value


def test_only_a_disposable_server_gives_up_crash_safety() -> None:
    sizes = {"memory": 24 << 30, "socket_dir": "x"}
    kept = postgres.server_config.settings(**sizes, disposable=False)
    assert (kept["fsync"], kept["full_page_writes"], kept["synchronous_commit"]) == ("on", "on", "on")
    assert postgres.server_config.settings(**sizes, disposable=True)["fsync"] == "off"


def test_a_failing_row_does_not_reach_the_log(server: Server) -> None:
    server.start()
    with psycopg.connect(
        host=str(server.socket_dir), user=postgres.SUPERUSER, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute("CREATE TEMP TABLE person (name text, CHECK (name <> 'Canary Kanarifugl'))")
        with pytest.raises(psycopg.errors.CheckViolation, match="Canary Kanarifugl"):
            connection.execute("INSERT INTO person VALUES ('Canary Kanarifugl')")
    server.stop()
    logs = "".join(path.read_text() for path in [server.data / "start.log", *(server.data / "log").iterdir()])
    assert "violates check constraint" in logs
    assert "Canary" not in logs


def test_it_comes_back_after_sigkill_with_what_was_committed(server: Server) -> None:
    server.start()
    with psycopg.connect(
        host=str(server.socket_dir), user=postgres.SUPERUSER, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute("SET synchronous_commit = on")
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 42 AS x")
        killed = _kill(server)  # with a session open
    _wait_until_dead(server)
    assert (server.data / "postmaster.pid").exists()
    server.start()
    assert server.status().pid != killed
    assert _query(server, "SELECT x FROM kept") == 42


def test_a_process_id_used_again_after_a_reboot_does_not_block_the_start(server: Server) -> None:
    server.start()
    _kill(server)
    _wait_until_dead(server)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    try:
        for path in (server.data / "postmaster.pid", server.socket_dir / ".s.PGSQL.5432.lock"):
            lines = path.read_text().splitlines()
            path.write_text("\n".join([str(bystander.pid), *lines[1:], ""]))
        assert not server.status().running
        server.start()
        assert server.status().pid != bystander.pid
        assert bystander.poll() is None
        assert _query(server, "SELECT 1") == 1
    finally:
        bystander.kill()
        bystander.wait()


def test_an_empty_pid_file_does_not_block_the_start(server: Server) -> None:
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text("")
    server.start()
    assert server.status().phase == "ready"


def test_processes_that_start_it_at_once_get_one_server(server: Server) -> None:
    code = (
        "import pathlib, sys; from tillit.platform.postgres import Server\n"
        "s = Server(pathlib.Path(sys.argv[1]), disposable=True); s.start(); sys.stdout.write(str(s.status().pid))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(server.home)], stdout=subprocess.PIPE) for _ in range(5)
    ]
    answers = {process.communicate(timeout=120)[0] for process in started}
    assert [process.returncode for process in started] == [0] * 5
    assert answers == {str(server.status().pid).encode()}


def test_an_interrupted_initialisation_is_begun_anew(place_for_server: Path) -> None:
    server = Server(place_for_server / "postgres", disposable=True)
    (server.home / "data.new").mkdir(parents=True)
    (server.home / "data.new" / "PG_VERSION").write_text("18")
    try:
        server.start()
        assert server.status().phase == "ready"
        assert not (server.home / "data.new").exists()
    finally:
        server.stop()


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(place_for_server: Path) -> None:
    server = Server(place_for_server / ("long" * 20) / "postgres", disposable=True)
    try:
        server.start()
        assert len(os.fsencode(server.socket_dir / ".s.PGSQL.5432")) <= 107
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        assert _query(server, "SELECT 1") == 1
    finally:
        server.stop()
        server.socket_dir.rmdir()


def test_a_socket_directory_planted_by_another_is_refused(place_for_server: Path) -> None:
    server = Server(place_for_server / ("long" * 20) / "postgres", disposable=True)
    server.socket_dir.symlink_to(place_for_server)
    try:
        with pytest.raises(ServerError, match="not a directory of our own"):
            server.start()
    finally:
        server.socket_dir.unlink()


def test_data_of_another_version_is_refused_with_advice(place_for_server: Path) -> None:
    server = Server(place_for_server / "postgres", disposable=True)
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServerError, match=r"PostgreSQL 15.*dump and restore"):
        server.start()


def test_a_server_without_room_to_start_says_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    server.stop()
    (server.data / "postgresql.auto.conf").write_text("nonsense\n")
    with pytest.raises(ServerError, match=r"did not start: (?!the disk)"):
        server.start()
    monkeypatch.setattr(postgres, "ROOM", 1 << 60)  # as much as no disk has free
    with pytest.raises(ServerError, match=r"did not start: the disk of \S+ is full, \d+ MiB are free: "):
        server.start()
