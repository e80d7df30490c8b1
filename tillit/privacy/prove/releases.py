"""What was released says nothing of few (H14): every cell, and what lies between any two releases."""

from collections.abc import Iterator

from django.db import connection

from tillit.declaration.schema import Declaration
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, texts
from tillit.privacy.prove.writing import DELETE, UPDATE, writable

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
        faults += writable(_TABLES, by=(DELETE, UPDATE))  # what was released stays
    return judged(faults, releases=releases, figures=cells, smallest_group=smallest)


KIND = Kind("releases", _promised, _check)
