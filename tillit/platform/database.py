"""Where the database is and who may log in to it.

Two places: the embedded server, or any PostgreSQL of version 16 or later that ``DATABASE_URL`` names. The login in that
address creates roles and the database; it acts as ``tillit_owner`` when it migrates. Everything else is done as
``tillit_app``, which can neither bypass row security nor create anything. Facts only: see `setup` for what is created.
"""

import dataclasses
import os
import re
from typing import Any, Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tillit.platform import postgres, secrets
from tillit.platform.errors import DatabaseError

Login = Literal["app", "owner", "backup", "admin"]

OWNER = "tillit_owner"
APP = "tillit_app"
BACKUP = "tillit_backup"
# Own the security-definer functions through which ledger, audit, directories and keys are written, and those that count
# rows for the proof whatever the policies say.
KEEPERS = ("tillit_ledger", "tillit_audit", "tillit_directory", "tillit_keys", "tillit_proof")

OLDEST_SERVER = 160000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
# libpq's parameters and the variables its programs read instead.
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "options": "PGOPTIONS",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
_LOGIN_ROLES: dict[Login, str] = {"app": APP, "owner": OWNER, "backup": BACKUP}


@dataclasses.dataclass(frozen=True)
class Place:
    """A database server and a database on it. `parameters` are libpq's, without login and database name."""

    parameters: dict[str, str]
    name: str
    embedded: bool
    admin: dict[str, str] = dataclasses.field(repr=False)  # libpq's user and password of the administrator

    def login(self, login: Login) -> dict[str, str]:
        """libpq parameters to connect as `login`: one of the roles, or the administrator."""
        base = {**self.parameters, "dbname": self.name}
        if login == "admin":
            return base | self.admin
        role = _LOGIN_ROLES[login]
        if login == "owner" and not self.embedded:
            # The given login acts as the owner, so that everything created belongs to one known role.
            options = f"{self.parameters.get('options', '')} -c role={role}".strip()
            return base | self.admin | {"options": options}
        return base | {"user": role, "password": secrets.password(f"database_{login}")}

    def environment(self, login: Login) -> dict[str, str]:
        """`login` as the variables that PostgreSQL's programs read, so that no password stands on a command line."""
        facts = self.login(login)
        unknown = [key for key in facts if key not in _VARIABLES]
        if unknown:
            raise DatabaseError(f"DATABASE_URL: {', '.join(unknown)} cannot be passed on to PostgreSQL's programs")
        return {_VARIABLES[key]: value for key, value in facts.items()}

    def address(self, login: Login, **changes: str) -> str:
        """`login` as one libpq connection string, with `changes`. Holds the password: never show it."""
        return make_conninfo("", **({"connect_timeout": "10"} | self.login(login) | changes))


def place(name: str | None = None) -> Place:
    """The configured place. `name`: another database on the same server. Opens no connection.

    ``TILLIT_DATABASE_NAME`` overrides the name in the address (default ``tillit``). Raises `DatabaseError` for an
    address that cannot be read or is not PostgreSQL's.
    """
    address = os.environ.get("DATABASE_URL", "").strip()
    wanted = name or os.environ.get("TILLIT_DATABASE_NAME")
    if not address:
        server = postgres.default_server()
        parameters = {"host": str(server.socket_dir), "port": str(postgres.PORT)}
        return Place(parameters, _checked(wanted or "tillit"), embedded=True, admin={"user": postgres.SUPERUSER})
    if not address.startswith(("postgresql://", "postgres://")):
        raise DatabaseError("DATABASE_URL must start with postgresql://")
    try:
        facts = {key: str(value) for key, value in conninfo_to_dict(address).items()}
    except psycopg.ProgrammingError:
        raise DatabaseError("DATABASE_URL cannot be read: postgresql://login:password@host:port/name") from None
    admin: dict[str, str] = {key: facts.pop(key) for key in ("user", "password") if key in facts}
    named = facts.pop("dbname", "tillit")
    return Place(facts, _checked(wanted or named), embedded=False, admin=admin)


def connect(login: Login, *, name: str | None = None, **options: Any) -> psycopg.Connection[Any]:
    """A new connection as `login`. Raises `DatabaseError` with a hint; never shows the password."""
    where = place(name)
    try:
        return psycopg.connect(where.address(login), **options)
    except psycopg.OperationalError as error:
        raise unreachable(where, error) from None


def unreachable(where: Place, error: BaseException) -> DatabaseError:
    """What to tell an operator whose database did not answer."""
    if where.embedded:
        status = postgres.default_server().status()
        if not status.running:
            return DatabaseError("the database server is stopped: run tillit db start")
    words = " ".join(str(error).split()) or "no answer"
    return DatabaseError(f"the database cannot be reached: {words}")


def django_settings(login: Login = "app", *, name: str | None = None) -> dict[str, Any]:
    """The entry of Django's ``DATABASES`` for `login`. Opens no connection."""
    where = place(name)
    facts = where.login(login)
    options: dict[str, Any] = {
        key: value for key, value in facts.items() if key not in {"host", "port", "user", "password", "dbname"}
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": where.name,
        "USER": facts.get("user", ""),
        "PASSWORD": facts.get("password", ""),
        "HOST": facts.get("host", ""),
        "PORT": facts.get("port", ""),
        "CONN_MAX_AGE": 900,  # a connection keeps plans that take longer to make than what they answer
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {"connect_timeout": 10} | options | {"application_name": f"tillit-{login}"},
    }


def ensure_running() -> None:
    """Start the embedded server if that is where the database is; an external one is the operator's."""
    if place().embedded:
        postgres.default_server().start()


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise DatabaseError("a database's name is lower-case letters, digits and underscores, at most 63")
    return name
