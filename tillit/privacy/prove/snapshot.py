"""The tables and functions as PostgreSQL writes them down: those that are there, and those the code would make anew.

The expected ones are made in the session's temporary schema by the very statements that migrations and the compiler of
the rules are made of, read back, and rolled back: so a definition is compared with a definition, and whatever differs
is seen without anybody having thought of it beforehand. What is expected depends on the code only: read once a process.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from procrastinate.schema import SchemaManager

from tillit.declaration import registry
from tillit.declaration.enforce import functions, policies, shape
from tillit.kernel.sql import load
from tillit.privacy.prove.catalog import BELONGING

Key = tuple[str, str, str]
"""(kind, table, name), e.g. ("rule", "ledger_balance", "ledger_balance_holding")."""
BOOKKEEPING = MigrationRecorder.Migration._meta.db_table
"""Django's own list of migrations is no registered model."""


@dataclass(frozen=True)
class Function:
    """A function: its whole definition, the settings it runs under, whether it runs as its owner, and its rights."""

    definition: str
    settings: str
    definer: bool
    owner: str
    callers: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """Every object of the registered tables with its definition, and every function by its full signature."""

    objects: Mapping[Key, str]
    functions: Mapping[str, Function]

    def of(self, *kinds: str) -> dict[Key, str]:
        """The objects of some kinds."""
        return {key: definition for key, definition in self.objects.items() if key[0] in kinds}


def tables() -> tuple[str, ...]:
    """Every table that there should be."""
    known = {*registry.PERSONAL, *registry.OWNED, *registry.NOT_PERSONAL, *registry.TRANSIENT}
    found = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    return (*sorted(known & found), BOOKKEEPING)


def present() -> Snapshot:
    """The tables and functions of the running system."""
    return _read("public", tables())


def expected() -> Snapshot:
    """The tables and functions that the code makes."""
    return _made_anew(tables())


@cache
def _made_anew(names: tuple[str, ...]) -> Snapshot:
    with transaction.atomic(), connection.cursor() as cursor:
        # Tables and types are found in the temporary schema first and made there; functions are made there only.
        cursor.execute("SET LOCAL search_path = pg_temp, public; SET LOCAL check_function_bodies = off")
        cursor.execute("SET LOCAL client_min_messages = error")
        cursor.execute(";\n".join(_statements()))
        cursor.execute("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
        found = _read(cursor.fetchone()[0], names)
        transaction.set_rollback(True)
    return found


def _statements() -> Iterator[str]:
    """What makes every table and function, in order."""
    yield from _made_by_hand()
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        models: list[type[Model]] = [*(m for m in apps.get_models() if not m._meta.proxy), MigrationRecorder.Migration]
        for model in models:
            if model._meta.managed:
                editor.create_model(model)
    yield from (text.rstrip().removesuffix(";") for text in editor.collected_sql if not text.startswith("--"))
    yield SchemaManager.get_schema()
    yield from functions()
    for table in registry.PERSONAL.values():
        yield from shape(table)
        yield from (text for _, text in policies(table))


def _made_by_hand() -> Iterator[str]:
    """The functions that migrations make, the compiled ones (which come later) left out."""
    for (_, _), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        for operation in migration.operations:
            if isinstance(operation, RunSQL) and migration.app_label != "procrastinate":
                text = str(operation.sql).strip()
                if text.startswith("CREATE FUNCTION"):
                    yield text


def _read(schema: str, names: Iterable[str]) -> Snapshot:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "snapshot", "objects"), {"schema": schema, "tables": list(names)})
        objects = {(kind, table, name): definition for kind, table, name, definition in cursor.fetchall()}
        cursor.execute(load(__file__, "snapshot", "functions"), {"schema": schema, "extensions": BELONGING})
        made = {row[0]: Function(row[1], row[2], row[3], row[4], tuple(row[5] or ())) for row in cursor.fetchall()}
    return Snapshot(objects, made)
