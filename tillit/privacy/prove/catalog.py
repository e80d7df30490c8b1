"""What PostgreSQL's catalog says: the questions of the checks that hold it against what is compiled."""

from typing import Any

from django.db import connection

from tillit.kernel.sql import load
from tillit.platform.setup import EXTENSIONS

BELONGING = [*EXTENSIONS, "plpgsql"]
"""The extensions that set-up makes; what any other brings counts as made by people."""


def rows(name: str, **params: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement of `sql/catalog.sql`; `extensions` is filled in."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "catalog", name), {"extensions": BELONGING, **params})
        return list(cursor.fetchall())
