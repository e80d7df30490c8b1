"""A dump back into a database, and the journal over it, before anything may read (H11).

Everything happens in a database of its own, ``<name>_restoring``, which neither the application nor backups may enter.
It takes the wanted name, and lets them in, as the very last thing; if anything fails, it is dropped.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

from tillit.audit import events
from tillit.audit.operations import accept_restore, append
from tillit.declaration.enforce import enforce_all, enforce_grants
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import guard, system
from tillit.platform import database, programs, secret_marks, setup
from tillit.privacy import retention
from tillit.privacy.backup import archive, key_store, places, segments
from tillit.privacy.backup.replay import Replayed, replay
from tillit.privacy.errors import BackupError

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """What a restore did. `keys`: how many came back; `disposed`: rows that had fallen due since the dump."""

    manifest: archive.Manifest
    name: str
    keys: int
    entries: int
    replayed: Replayed
    disposed: int


def restore(
    *, path: Path, name: str, keys: Path | None = None, without_keys: bool = False, progress: Progress = lambda _: None
) -> Restored:
    """Restore the dump at `path` into the database `name`, which does not exist or is empty.

    `keys`: a copy of the key store; by default the newest of the dumped database. `without_keys`: accept that no sealed
    value will open. Raises `SecretError` for a dump of other secrets, and `BackupError`: damaged, wrong key, older than
    promised, not empty, no keys, a gap in the journal. Then nothing is left of the attempt.
    """
    progress("reading the dump to its end")
    manifest = archive.check(path)
    _refuse_lapsed(manifest, path)
    if not without_keys:
        secret_marks.refuse_others(manifest.secrets, what=str(path))
    chosen = _keys(manifest, keys, without_keys=without_keys)
    _refuse_gaps(manifest)
    where, side = database.place(name), database.place(f"{name}_restoring")
    _refuse_occupied(where)
    _drop(side)
    try:
        setup.ensure_database(side.name, closed=True)
        _load(side, path, manifest, progress)
        held = _load_keys(side, chosen)
        with _owner_of(side):
            done = _bring_up(path, progress)
        _take_name(side, where)
    except BaseException:
        _drop(side)
        raise
    return Restored(manifest, where.name, held, *done)


def _refuse_lapsed(manifest: archive.Manifest, path: Path) -> None:
    if IsoPeriod.parse(manifest.kept).add_to(manifest.moment) < clock.now():
        raise BackupError("lapsed", f"{path}: it is older than the {manifest.kept} that it may be kept and used")


def _keys(manifest: archive.Manifest, given: Path | None, *, without_keys: bool) -> Path | None:
    there = [kept.path for kept in places.listed("keys") if kept.database == manifest.database]
    chosen = given or (there[-1] if there else None)
    if chosen is None and not without_keys:
        raise BackupError("no-keys", "there is no copy of the key store: without it no sealed value opens again")
    if chosen is not None:
        key_store.check(chosen)
    return chosen


def _refuse_gaps(manifest: archive.Manifest) -> None:
    """The journal must reach back to the dump without a gap, and at least as far as it did then."""
    found = segments.listed()
    for segment in found:
        for _ in segments.entries(segment):
            pass
    if segments.last() < manifest.journal or (found and found[0][0] > manifest.journal + 1):
        raise BackupError("journal-gap", f"the journal does not cover the time since {manifest.made_at}")


def _refuse_occupied(where: database.Place) -> None:
    with _administrator(where) as admin:
        if not _exists(admin, where.name):
            return
    with database.connect("owner", name=where.name) as owner:
        tables = owner.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchone()
        if tables and tables[0]:
            raise BackupError("occupied", f"the database {where.name} is not empty: restore beside it, with --into")


def _load(side: database.Place, path: Path, manifest: archive.Manifest, progress: Progress) -> None:
    """Tables, rows, then indexes and rules. Raises `BackupError` when a table holds other than its count of rows."""
    programs.refuse_older("pg_restore", server=manifest.server)
    options = ["--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={side.name}"]
    reading = archive.Reading(path)
    definitions = reading.definitions()
    progress("making the tables")
    programs.feed("pg_restore", [*options, "--section=pre-data"], [definitions], where=side, login="owner")
    progress("putting the rows back")
    programs.feed("pg_restore", [*options, "--data-only"], reading.rows(), where=side, login="owner")
    progress("building indexes and rules")
    programs.feed("pg_restore", [*options, "--section=post-data"], [definitions], where=side, login="owner")
    with database.connect("owner", name=side.name) as owner:
        for table, rows in manifest.tables.items():
            found = owner.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
            if found != (rows,):
                raise BackupError("damaged", f"{table} holds other than its {rows} rows")


def _load_keys(side: database.Place, chosen: Path | None) -> int:
    if chosen is None:
        return 0
    with database.connect("owner", name=side.name) as owner:
        return key_store.load(owner=owner, path=chosen)


def _bring_up(path: Path, progress: Progress) -> tuple[int, Replayed, int]:
    """Today's tables and rules, the journal, what has fallen due. Returns (entries, what was replayed, rows gone)."""
    progress("bringing the tables up to date")
    with _changing_tables():
        call_command("migrate", interactive=False, verbosity=0)
        enforce_all()
    enforce_grants()
    entries = segments.take_in(progress)
    done = replay(progress=progress)
    progress("disposing of what has fallen due since")
    run = retention.run()
    disposed = sum(run.results.values_list("rows", flat=True))
    accept_restore()
    append(
        type=events.RESTORE_MADE,
        actor=system("backup", []),
        activity="security_log",
        controller=0,
        details={
            "digest": places.sha256(path),
            "replayed": done.total,
            "controllers": list(Controller.objects.order_by("id").values_list("id", flat=True))[:50],
        },
    )
    return entries, done, disposed


@contextmanager
def _owner_of(side: database.Place) -> Iterator[None]:
    """Django's connection works as the owner of the closed database; nobody else is let in meanwhile."""
    settings: dict[str, Any] = connections.settings["default"]
    before = dict(settings)
    connection.close()
    made = database.django_settings("owner", name=side.name)
    options = made["OPTIONS"]
    options["options"] = f"{options.get('options', '')} -c tillit.opened=yes".strip()
    settings.update(made)
    settings["CONN_MAX_AGE"] = 0
    try:
        yield
    finally:
        connection.close()
        settings.clear()
        settings.update(before)


@contextmanager
def _changing_tables() -> Iterator[None]:
    """Definitions name personal tables, too, outside every scope: only the owner's migrations may."""
    connection.ensure_connection()  # which is when the guard is put on it
    installed = guard in connection.execute_wrappers
    if installed:
        connection.execute_wrappers.remove(guard)
    try:
        yield
    finally:
        if installed:
            connection.execute_wrappers.append(guard)


def _take_name(side: database.Place, where: database.Place) -> None:
    """The last step: the wanted name, and only then the door."""
    with _administrator(where) as admin:
        if _exists(admin, where.name):
            _run(admin, "DROP DATABASE {}", where.name)
        _run(admin, "ALTER DATABASE {} RENAME TO {}", side.name, where.name)
    secret_marks.remember(where)
    setup.open_to_application(where)


def _drop(side: database.Place) -> None:
    with _administrator(side) as admin:
        _run(admin, "DROP DATABASE IF EXISTS {} WITH (FORCE)", side.name)


def _administrator(where: database.Place) -> psycopg.Connection[Any]:
    return database.connect("admin", name="postgres", autocommit=True)


def _exists(admin: psycopg.Connection[Any], name: str) -> bool:
    return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _run(admin: psycopg.Connection[Any], statement: LiteralString, *names: str) -> None:
    admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
