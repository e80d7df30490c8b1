"""What a database says of itself in its comment: that it is open to the application, and the secrets of its rows.

A comment, since its owner may write one on any server, where a setting of the database takes a superuser. No dump of
ours brings it along: pg_restore puts a database's own comment back only with `--create`.
"""

from typing import Any

import psycopg
from psycopg import sql

_BEGINS = "tillit"
OPENED = ("opened", "yes")


def carried(connection: psycopg.Connection[Any], name: str) -> dict[str, str]:
    """The marks of the database `name` on the connection's server."""
    row = connection.execute(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    begins, *marks = row[0].split() if row and row[0] else [""]
    return dict(mark.split("=", 1) for mark in marks) if begins == _BEGINS else {}


def put(connection: psycopg.Connection[Any], name: str, marks: dict[str, str]) -> None:
    """Let the database carry these marks and no others. As its owner."""
    text = " ".join([_BEGINS, *(f"{key}={value}" for key, value in sorted(marks.items()))])
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(text))
    connection.execute(statement)
