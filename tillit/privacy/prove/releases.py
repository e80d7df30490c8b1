"""What was released says nothing of few (H14): every cell, and what lies between any two releases."""

from collections.abc import Iterator

from django.db import connection, transaction
from django.db.utils import DatabaseError

from tillit.declaration.schema import Declaration
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, texts

DENIED = "42501"
_TABLES = ("disclosure_release", "disclosure_release_cell")


def _promised(declaration: Declaration) -> Iterator[Said]:
    yield Said("minimum_group", texts(declaration, "minimum_group", size=str(declaration.minimum_group)))


def _check(context: Context, said: Said) -> Finding:
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "releases", "cells"), {"controller": context.id})
        releases, cells, few, twice, smallest, overlapping = cursor.fetchone()
        faults = [f"{few} released figures cover fewer than the minimum group"] if few else []
        faults += [f"{twice} released figures have the labels of another one"] if twice else []
        faults += [f"{overlapping} pairs of releases share days: their difference may be of few"] if overlapping else []
        faults += _changeable()
    return judged(faults, releases=releases, figures=cells, smallest_group=smallest)


def _changeable() -> Iterator[str]:
    """What was released must stay: each way of changing it is tried and must be refused."""
    for table in _TABLES:
        for statement in (f"DELETE FROM {table} WHERE false", f"UPDATE {table} SET id = id WHERE false"):
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(statement)
            except DatabaseError as error:
                if getattr(error.__cause__, "sqlstate", "") == DENIED:
                    continue
                raise
            yield f"{table}: the application may {statement.split(' ', 1)[0].lower()}"


KIND = Kind("releases", _promised, _check)
