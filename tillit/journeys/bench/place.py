"""Where benchmarks run: a database of their own, made and removed, and the conditions looked up in it."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection
from psycopg import sql

from tillit.journeys.bench.errors import BenchError
from tillit.platform import database, setup

DATABASE = "tillit_bench"


@contextmanager
def prepared(*names: str) -> Iterator[None]:
    """Databases of the bench's own on the installation's server, empty at the start and gone at the end."""
    try:
        for name in names:
            drop(name)
            setup.ensure_database(name)
        yield
    finally:
        for name in names:
            drop(name)


def migrate(name: str = DATABASE) -> None:
    """Make the tables and rules in a bench's database."""
    environment = {**os.environ, "TILLIT_DATABASE_NAME": name}
    done = subprocess.run(
        [sys.executable, "-m", "tillit.faces.cli", "migrate"], env=environment, check=False, capture_output=True
    )
    if done.returncode:
        raise BenchError("bench-migrate", done.stderr.decode(errors="replace").strip())


def settle(*tables: str) -> None:
    """Each run starts from written pages and known statistics, as on a server that has been up for a while."""
    only = sql.SQL(", ").join(map(sql.Identifier, tables))
    with database.connect("admin", name=DATABASE, autocommit=True) as admin:
        admin.execute(sql.SQL("VACUUM (ANALYZE) {}").format(only))
        admin.execute("CHECKPOINT")


def drop(name: str) -> None:
    """Remove a database of the bench's own, if it is there."""
    with database.connect("admin", name="postgres", autocommit=True) as admin:
        try:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise BenchError("bench-drop", str(error.diag.message_primary)) from None


def hold_server(*, logged: Iterable[str], secured: Iterable[str]) -> None:
    """Raise `BenchError` unless nothing may be lost (fsync, logged tables) and row-level security binds the login."""
    logged, secured = list(logged), list(secured)
    with connection.cursor() as cursor:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            cursor.execute("SELECT current_setting(%s)", [name])
            require(cursor.fetchone()[0] == "on", f"{name} is off")
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = ANY (%s) AND relpersistence = 'p'", [logged])
        require(cursor.fetchone()[0] == len(logged), "a table is not logged")
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = ANY (%s) AND relrowsecurity", [secured])
        require(cursor.fetchone()[0] == len(secured), "row-level security is off")
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        require(not cursor.fetchone()[0], "this login escapes row-level security")


def require(holds: bool, what: str) -> None:  # noqa: FBT001 (a condition)
    """Raise `BenchError` where a condition does not hold: there is nothing to report."""
    if not holds:
        raise BenchError("bench-condition", what)
