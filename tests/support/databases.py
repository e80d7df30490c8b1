"""Databases for tests: a template built once per schema by the real ``tillit migrate``, and cheap copies of it.

Names: ``tillit_template_<hash of schema>`` and ``tillit_test_<process id>_<counter>``. A copy left by a killed run is
dropped when its process is gone. The embedded test server (crash safety off) stays up while any test run uses it.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tillit.platform import database, paths, postgres
from tillit.platform.locks import exclusive

_COUNTER = itertools.count(1)
# What decides the schema: models, migrations, SQL, registrations, the vocabulary and the enforcement compiler.
_SCHEMA_FILES = (
    "tillit/**/models.py",
    "tillit/**/*_models.py",
    "tillit/**/fields.py",
    "tillit/**/personal_data.py",
    "tillit/**/migrations/*.py",
    "tillit/**/sql/**/*.sql",
    "tillit/declaration/**/*",
    "tillit/platform/*.py",
    "tillit/settings.py",
    "tillit/faces/cli/migrate.py",
    "requirements.lock",
)


def schema_hash() -> str:
    """Hash of every file that decides what the template holds."""
    digest = hashlib.sha256()
    root = paths.root()
    files = sorted({path for pattern in _SCHEMA_FILES for path in root.glob(pattern)})
    for path in files:
        if path.is_file() and path.suffix != ".pyc":
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def server() -> postgres.Server:
    """The embedded test server."""
    return postgres.Server(paths.var() / "postgres", disposable=True)


def start() -> None:
    """Have the test server run; nothing to do where ``DATABASE_URL`` names one."""
    if database.place().embedded:
        server().start()


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Mark the test server as used by this process. The last process to leave stops it."""
    if not database.place().embedded:
        yield
        return
    path = paths.ensure_var() / "in-use.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            server().stop()
    finally:
        os.close(handle)


@cache
def template() -> str:
    """Name of the template database of the schema at the start; builds it if it is missing."""
    start()
    name = f"tillit_template_{schema_hash()}"
    with exclusive(paths.ensure_var() / "template.lock", timeout=600):
        if name not in _names():
            _sweep()
            _build(name)
    return name


def clone(source: str) -> str:
    """A new copy of the database `source`; returns its name."""
    name = f"tillit_test_{os.getpid()}_{next(_COUNTER)}"
    with _admin() as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        connection.execute(statement.format(*map(sql.Identifier, (name, source, database.OWNER))))
        # A copy does not inherit who may connect.
        for text, role in (
            ("REVOKE ALL ON DATABASE {} FROM PUBLIC", None),
            ("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}", database.APP),
            ("GRANT CONNECT ON DATABASE {} TO {}", database.BACKUP),
        ):
            names = [name] if role is None else [name, role]
            connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))
        # Nor the mark that it is no restored dump.
        connection.execute(sql.SQL("ALTER DATABASE {} SET tillit.opened = 'yes'").format(sql.Identifier(name)))
    return name


@dataclasses.dataclass(frozen=True)
class Stock:
    """A database to make copies of, what was said of it as it was filled, and the files that belong to it."""

    name: str
    facts: Any = None
    files: Path | None = None


# Where an installation keeps what is not in its database: variable → the name beside a test's other files.
FILES = {
    "TILLIT_AUDIT_HEADS": "heads",
    "TILLIT_BACKUPS": "tillit_backups",
    "TILLIT_KEY_BACKUPS": "tillit_key_backups",
    "TILLIT_JOURNAL": "tillit_journal",
}


@contextlib.contextmanager
def filled(make: Callable[[], Any]) -> Iterator[Stock]:
    """A copy of the template that `make` fills, once, for many tests to have copies of; what `make` returns goes along.
    Nothing may write into it afterwards.
    """
    name = clone(template())
    with tempfile.TemporaryDirectory(prefix="f", dir=paths.ensure_var()) as folder:
        kept = {variable: os.environ.get(variable) for variable in FILES}
        os.environ |= {variable: str(Path(folder) / short) for variable, short in FILES.items()}
        before = repoint(name)
        try:
            facts = make()
        finally:
            repoint(before)
            for variable, value in kept.items():
                os.environ.pop(variable)
                if value is not None:
                    os.environ[variable] = value
        try:
            yield Stock(name, facts, Path(folder))
        finally:
            drop(name)


def drop(name: str) -> None:
    """Remove the database `name`, ending its sessions."""
    with _admin() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def repoint(name: str) -> str:
    """Make Django's connections go to the database `name` as the application; returns the name they went to."""
    from django.db import connections

    connections.close_all()
    settings: dict[str, Any] = connections.settings["default"]
    before: str = settings["NAME"]
    settings.update(database.django_settings("app", name=name))
    settings["CONN_MAX_AGE"] = 0
    os.environ["TILLIT_DATABASE_NAME"] = name  # for commands that tests start
    return before


def _build(name: str) -> None:
    building = f"{name}_new"
    drop(building)
    done = subprocess.run(
        [sys.executable, "-m", "tillit.faces.cli", "migrate"],
        cwd=paths.root(),
        env=os.environ | {"TILLIT_DATABASE_NAME": building, "DJANGO_SETTINGS_MODULE": "tillit.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the template database could not be built: {done.stdout}{done.stderr}")
    with _admin() as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(name))
        )


def _sweep() -> None:
    """Drop templates of other schemas, and copies whose process is gone."""
    for name in _names():
        owner = name.split("_")[2]
        if name.startswith("tillit_template_") or not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(psycopg.errors.ObjectInUse):
                drop(name)


def _names() -> list[str]:
    with _admin() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^tillit_(template|test)_'")
        return [row[0] for row in rows]


def _admin() -> psycopg.Connection[Any]:
    return database.connect("admin", name="postgres", autocommit=True)
