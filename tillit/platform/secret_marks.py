"""Whether the secrets at hand are those that a database was filled with.

A secret that is missing is made anew, which is right on a new installation and ruin on an old one: nobody would be
found by number or address again, and nothing sealed would open. So a database carries a mark of each secret that its
rows depend on, as a setting of its own which no dump carries; a dump has the same marks in its manifest. A mark is a
keyed digest that tells nothing of the secret, which is 32 random bytes.
"""

import hmac
from typing import Any

import psycopg
from psycopg import sql

from tillit.platform import database
from tillit.platform.errors import SecretError
from tillit.platform.secrets import secret

MARKED = ("api_keys", "digest_root", "envelope", "files", "key_encryption", "quarantine")
"""Secrets that rows are sealed with, or found by, and that have no version in the rows."""
SETTING = "tillit.secrets"
_MESSAGE = b"tillit mark of a secret"


def marks() -> dict[str, str]:
    """The marks of the secrets at hand, by name; makes what is missing."""
    return {name: hmac.digest(secret(name), _MESSAGE, "sha256")[:8].hex() for name in MARKED}


def refuse_others(known: dict[str, str], *, what: str) -> None:
    """Raise `SecretError` naming each secret whose mark in `known` is another. `what`: whose marks they are."""
    mine = marks()
    other = sorted(name for name, mark in known.items() if name in mine and mine[name] != mark)
    if other:
        variables = ", ".join(f"TILLIT_SECRET_{name.upper()}" for name in other)
        raise SecretError(
            f"{what} was filled with other secrets: {', '.join(other)}. Put back var/secrets.json, or {variables}, "
            "from where they are kept; with new ones nobody is found and nothing sealed opens"
        )


def check(where: database.Place, *, login: database.Login = "app") -> None:
    """Raise `SecretError` when the database carries marks of other secrets than those at hand."""
    with database.connect(login, name=where.name) as connection:
        refuse_others(_carried(connection), what=f"the database {where.name}")


def remember(where: database.Place) -> None:
    """Put the marks on the database, beside those it carries. Raises `SecretError` where one differs."""
    with database.connect("owner", name=where.name, autocommit=True) as connection:
        known = _carried(connection)
        refuse_others(known, what=f"the database {where.name}")
        found = known | marks()
        if found != known:
            text = " ".join(f"{name}={mark}" for name, mark in sorted(found.items()))
            statement = sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                sql.Identifier(where.name), sql.Identifier(*SETTING.split(".")), sql.Literal(text)
            )
            connection.execute(statement)


def _carried(connection: psycopg.Connection[Any]) -> dict[str, str]:
    row = connection.execute(
        "SELECT substr(one, length(%s) + 2) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase,"
        " unnest(s.setconfig) AS one WHERE s.setrole = 0 AND d.datname = current_database() AND starts_with(one, %s)",
        [SETTING, f"{SETTING}="],
    ).fetchone()
    return dict(part.split("=", 1) for part in row[0].split()) if row else {}
