"""Making a dump (H11): one snapshot, read by a role that may write nothing, straight into a sealed file."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.sql import load
from tillit.platform import database, programs, sealed_files, secret_marks
from tillit.privacy.backup import places, segments
from tillit.privacy.backup.archive import Manifest
from tillit.privacy.errors import BackupError

Progress = Callable[[str], None]


def longest_kept() -> IsoPeriod:
    """How long a dump may be kept: the shortest promise of all declarations, since every dump holds everybody."""
    on = clock.today()
    promised = [
        IsoPeriod.parse(current(controller_id=controller.pk, on=on).backup.kept)
        for controller in Controller.objects.filter(versions__isnull=False).distinct()
    ]
    return min(promised, key=lambda period: period.add_to(on), default=IsoPeriod.parse("P1Y"))


def make(*, progress: Progress = lambda _: None) -> tuple[Path, Manifest]:
    """Dump the configured database into a new sealed file. Returns its path and manifest.

    Raises `BackupError` when anything would be left out, `ProgramError` when `pg_dump` is missing, too old or fails;
    then there is no file.
    """
    where = database.place(working_on())
    with database.connect("backup", name=where.name) as reader, database.connect("owner", name=where.name) as owner:
        snapshot = _snapshot(reader, owner)
        programs.refuse_older("pg_dump", server=reader.info.server_version)
        tables = _counted(reader, owner)
        progress(f"{sum(tables.values())} rows in {len(tables)} tables")
        definitions = b"".join(_definitions(where, snapshot))
        made = clock.now().replace(microsecond=0)
        manifest = Manifest(
            made_at=made.isoformat(),
            database=where.name,
            server=reader.info.server_version,
            kept=longest_kept().text,
            migrations=dict(_rows(reader, "migrations")),
            tables=tables,
            definitions=len(definitions),
            journal=segments.last(),
            secrets=secret_marks.marks(*secret_marks.SEALED_WITH),
        )
        path = places.folder("dump") / places.name("dump", where.name, made)
        if path.exists():
            raise BackupError("too-soon", f"there is a dump of this very second: {path.name}")
        version, context = places.key_version(), places.CONTEXT["dump"]
        with sealed_files.created(path, name=places.SECRETS["dump"], version=version, context=context) as sealed:
            sealed.write(manifest.line())
            sealed.write(definitions)
            for block in _data(where, snapshot):
                sealed.write(block)
    return path, manifest


def working_on() -> str:
    """Name of the database that Django works on."""
    from django.db import connection  # noqa: PLC0415 (a dump is of the database that Django works on)

    return str(connection.settings_dict["NAME"])


def _snapshot(reader: psycopg.Connection[Any], owner: psycopg.Connection[Any]) -> str:
    """One moment that every reader of this dump sees."""
    for one in (reader, owner):
        one.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        one.read_only = True
    row = reader.execute("SELECT pg_export_snapshot()").fetchone()
    assert row is not None  # noqa: S101 (a function returns a row)
    owner.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(row[0])))
    return str(row[0])


def _rows(connection: psycopg.Connection[Any], name: str, **params: object) -> list[tuple[Any, ...]]:
    return connection.execute(load(__file__, "catalog", name).encode(), params).fetchall()


def _counted(reader: psycopg.Connection[Any], owner: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows of each table that belongs in the dump. Raises `BackupError` where the role sees fewer than there are."""
    left_out = registry.out_of_dumps()
    tables = [str(name) for (name,) in _rows(owner, "tables") if name not in left_out]
    if filtered := _rows(owner, "filtered", tables=tables):
        raise BackupError("filtered", f"row security would leave rows of {filtered[0][0]} out: run tillit migrate")
    found = {}
    for table in tables:
        count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        there, seen = owner.execute(count).fetchone(), reader.execute(count).fetchone()
        assert there is not None  # noqa: S101 (count returns a row)
        if there != seen:
            raise BackupError("filtered", f"{database.BACKUP} does not see every row of {table}: run tillit migrate")
        found[table] = int(there[0])
    return found


def _definitions(where: database.Place, snapshot: str) -> Iterable[bytes]:
    """Tables, indexes, functions, policies. Only their owner may read the definitions of tables left out of dumps."""
    options = ["--schema-only", "--no-owner", "--no-privileges", "--no-comments", "--format=custom"]
    return programs.output("pg_dump", [*options, f"--snapshot={snapshot}"], where=where, login="owner")


def _data(where: database.Place, snapshot: str) -> Iterable[bytes]:
    options = ["--data-only", "--enable-row-security", "--no-unlogged-table-data", "--format=custom", "--compress=1"]
    options += [f"--exclude-table=public.{name}" for name in sorted(registry.out_of_dumps())]
    return programs.output("pg_dump", [*options, f"--snapshot={snapshot}"], where=where, login="backup")
