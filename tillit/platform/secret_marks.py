"""Whether the secrets at hand are those that a database was filled with.

A secret that is missing is made anew, which is right on a new installation and ruin on an old one: nobody would be
found by number or address again, and nothing sealed would open. So a database carries a mark of each secret that its
rows depend on, as a comment, which no dump brings along; a dump has the same marks in its manifest. A mark is a
keyed digest that tells nothing of the secret, which is 32 random bytes.
"""

import hmac

from tillit.platform import database, database_marks, key_encryption
from tillit.platform.errors import SecretError
from tillit.platform.secrets import known, secret

SEALED_WITH = ("api_keys", "digest_root", "envelope", "files", "quarantine")
"""Secrets that rows are sealed with, or found by, and that have no version."""
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
        refuse_others(_of_secrets(database_marks.carried(connection, where.name)), what=f"the database {where.name}")


def remember(where: database.Place, *, forget: tuple[str, ...] = ()) -> None:
    """Put the marks on the database, beside those it carries, but for those to `forget`. Raises `SecretError` where one
    differs.
    """
    with database.connect("owner", name=where.name, autocommit=True) as connection:
        before = database_marks.carried(connection, where.name)
        refuse_others(_of_secrets(before), what=f"the database {where.name}")
        found = {name: mark for name, mark in (before | marks(*marked())).items() if name not in forget}
        if found != before:
            database_marks.put(connection, where.name, found)


def _of_secrets(carried: dict[str, str]) -> dict[str, str]:
    return {name: mark for name, mark in carried.items() if name != database_marks.OPENED[0]}
