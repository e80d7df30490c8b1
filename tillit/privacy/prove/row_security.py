"""PostgreSQL holds exactly the policies that registry and declarations compile to (A1, A9, H4).

The compiled text is compared as PostgreSQL understands it: the expected policies are made on a temporary copy of the
table, read back, and thrown away. Then whether it isolates is tried live: other controllers' rows, asked for by key.
"""

from collections.abc import Iterator

from django.db import connection, transaction

from tillit.declaration import registry
from tillit.declaration.enforce import policies
from tillit.declaration.models import Grant
from tillit.declaration.registry import PersonalTable
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context, Key, seen
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once

COPY = "tillit_expected"


def faults() -> Iterator[str]:
    """Every way in which row security differs from what is compiled."""
    for table in registry.PERSONAL.values():
        with connection.cursor() as cursor:
            cursor.execute(load(__file__, "catalog", "secured"), {"table": table.table})
            switched_on, owner = cursor.fetchone() or (False, "")
        if not switched_on:
            yield f"{table.table}: row security is switched off"
        if owner != "tillit_owner":
            yield f"{table.table}: owned by {owner}"
        yield from _differences(table)


def _policies(table: str) -> dict[str, tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "catalog", "policies"), {"table": table})
        return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}


def _differences(table: PersonalTable) -> Iterator[str]:
    present, expected = _policies(table.table), _expected(table)
    for name in sorted({*present, *expected}):
        if name not in present:
            yield f"{table.table}: the policy {name} is missing"
        elif name not in expected:
            yield f"{table.table}: the policy {name} was not compiled"
        elif present[name] != expected[name]:
            yield f"{table.table}: the policy {name} is another one"


def _expected(table: PersonalTable) -> dict[str, tuple[object, ...]]:
    """The compiled policies as PostgreSQL writes them down, from a copy that no transaction ever commits."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE {COPY} (LIKE {table.table})")
        for _, statement in policies(table):
            cursor.execute(statement.replace(f" ON {table.table} ", f" ON {COPY} ", 1))
        found = _policies(COPY)
        cursor.execute(f"DROP TABLE {COPY}")
    return found


def _check(context: Context, said: Said) -> Finding:
    shared = context.shared.faults
    if "row_security" not in shared:
        with context.scope():
            shared["row_security"] = (list(faults()), {"tables": len(registry.PERSONAL)})
    found, evidence = shared["row_security"]
    strangers, leaked = 0, []
    with context.scope():
        for table, keys in _strangers(context):
            strangers += len(keys)
            if reached := seen(registry.PERSONAL[table], keys):
                leaked.append(f"{table}: {reached} rows of other controllers are seen")
    return judged([*found, *leaked], **evidence, others_rows_tried=strangers)


def _strangers(context: Context) -> Iterator[tuple[str, list[Key]]]:
    """Keys of rows that other controllers hold, by table."""
    for other in context.shared.contexts:
        if other.id != context.id:
            for (table, _), keys in other.samples.items():
                yield table, keys


def _grants(context: Context, said: Said) -> Finding:
    expected = {_as_tuple(grant) for grant in context.shared.grants if grant.controller_id == context.id}
    present = {_as_tuple(grant) for grant in Grant.objects.filter(controller_id=context.id)}
    missing = [f"{activity}: category {number} is missing" for activity, number, *_ in sorted(expected - present)]
    extra = [
        f"{activity}: category {number} of controller {row} was not declared"
        for activity, number, row, _ in sorted(present - expected)
    ]
    return judged([*extra, *missing], grants=len(present))


def _as_tuple(grant: Grant) -> tuple[str, int, int, int]:
    return grant.activity, grant.category, grant.row_controller_id, grant.rights


KIND = Kind("row_security", once("row_security", "controller.arrangement"), _check)
GRANTS = Kind("grants", once("grants", "activities"), _grants)
