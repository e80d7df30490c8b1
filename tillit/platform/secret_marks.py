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

from tillit.platform import database, key_encryption
from tillit.platform.errors import SecretError
from tillit.platform.secrets import known, secret

SEALED_WITH = ("api_keys", "digest_root", "envelope", "files", "quarantine")
"""Secrets that rows are sealed with, or found by, and that have no version."""
SETTING = "tillit.secrets"
_MESSAGE = b"tillit mark of a secret"


def marked() -> tuple[str, ...]:
    """The secrets that a database carries marks of: those, and the present key-encryption key."""
    return (*SEALED_WITH, key_encryption.name())


def marks(*names: str) -> dict[str, str]:
    """The marks of the secrets named, by name; makes what is missing."""
    return {name: hmac.digest(secret(name), _MESSAGE, "sha256")[:8].hex() for name in names}


def refuse_others(carried: dict[str, str], *, what: str) -> None:
    """Raise `SecretError` naming each secret that is missing here, or another than `carried` says. `what`: whose marks
    they are. Makes no secret.
    """
    other = sorted(name for name, mark in carried.items() if not known(name) or marks(name)[name] != mark)
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


def remember(where: database.Place, *, forget: tuple[str, ...] = ()) -> None:
    """Put the marks on the database, beside those it carries, but for those to `forget`. Raises `SecretError` where one
    differs.
    """
    with database.connect("owner", name=where.name, autocommit=True) as connection:
        before = _carried(connection)
        refuse_others(before, what=f"the database {where.name}")
        found = {name: mark for name, mark in (before | marks(*marked())).items() if name not in forget}
        if found != before:
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
