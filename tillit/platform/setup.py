"""Makes the roles and the database, again and again with the same result.

Who may do what:

========================  ==========================================================================================
``tillit_owner``          owns schema and tables, migrates; member of the keepers so that it can hand functions to them
``tillit_app``            reads and writes rows of ordinary tables, under row-level security
``tillit_backup``         reads tables and sequences, writes nothing; sees rows only where a policy lets it
the keepers, no login     own the security-definer functions that write ledger, audit, directories and keys
========================  ==========================================================================================

Tables that the owner creates are open to ``tillit_app`` for select, insert, update and delete by default; a migration
or the enforcement compiler takes away what a table must not allow.
"""

from typing import Any, LiteralString

import psycopg
from psycopg import sql

from tillit.platform import database, database_marks
from tillit.platform.errors import DatabaseError

EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent", "citext")

_LOGINS: tuple[database.Login, ...] = ("app", "owner", "backup")
_LOCK = 0x7469_6C6C_6974  # "tillit": one set-up at a time on a server
_PLAIN = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"


def ensure_database(name: str | None = None, *, reset_passwords: bool = False, closed: bool = False) -> database.Place:
    """Create or complete roles, database and extensions. Returns the place.

    `name`: another database than the configured one. `closed`: let neither the application nor backups in yet.
    `reset_passwords`: give existing roles of an external server the passwords of this installation. Raises
    `DatabaseError` for a server before version 16, for an application role that could escape row security, and when
    the login may not do what is missing.
    """
    where = database.place(name)
    with _maintenance(where) as connection:
        if connection.info.server_version < database.OLDEST_SERVER:
            raise DatabaseError(
                f"PostgreSQL 16 or later is needed, this server is {connection.info.server_version // 10000}"
            )
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            _roles(connection, where, reset_passwords=reset_passwords)
            refuse_unsafe_roles(connection)
            _database(connection, where, closed=closed)
            with database.connect("owner", name=where.name, autocommit=True) as owner:
                _contents(owner)
        except psycopg.errors.InsufficientPrivilege as error:
            raise DatabaseError(
                f"the login in DATABASE_URL may not do this: {error.diag.message_primary}; it needs CREATEROLE and "
                "CREATEDB, or a database administrator runs tillit db setup once"
            ) from None
    return where


def refuse_unsafe_roles(connection: psycopg.Connection[Any]) -> None:
    """Raise `DatabaseError` if a role that works under row security could escape it."""
    watched = [database.APP, database.BACKUP, *database.KEEPERS]
    rows = connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (rolsuper OR rolbypassrls) ORDER BY rolname",
        [watched],
    ).fetchall()
    if rows:
        names = ", ".join(row[0] for row in rows)
        raise DatabaseError(f"{names} can bypass row-level security: ALTER ROLE … NOSUPERUSER NOBYPASSRLS")
    member = connection.execute(
        "SELECT r.rolname FROM pg_roles r WHERE r.rolname <> %s AND pg_has_role(%s, r.oid, 'MEMBER') "
        "AND (r.rolsuper OR r.rolbypassrls OR r.rolname = ANY(%s)) ORDER BY 1",
        [database.APP, database.APP, [database.OWNER, *database.KEEPERS]],
    ).fetchone()
    if member:
        raise DatabaseError(f"{database.APP} is a member of {member[0]}, which defeats row-level security: REVOKE it")


def _maintenance(where: database.Place) -> psycopg.Connection[Any]:
    """A connection of the administrator to a database that surely exists; all set-ups use the same, for the lock."""
    try:
        return psycopg.connect(where.address("admin", dbname="postgres"), autocommit=True)
    except psycopg.OperationalError as error:
        try:
            return psycopg.connect(where.address("admin"), autocommit=True)
        except psycopg.OperationalError:
            raise database.unreachable(where, error) from None


def _roles(connection: psycopg.Connection[Any], where: database.Place, *, reset_passwords: bool) -> None:
    rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'tillit%%'", []).fetchall()
    known = {row[0] for row in rows}
    for role in (database.OWNER, database.APP, database.BACKUP):
        if role not in known:
            _run(connection, f"CREATE ROLE {{}} LOGIN {_PLAIN}", role)
    for role in database.KEEPERS:
        if role not in known:
            _run(connection, f"CREATE ROLE {{}} NOLOGIN {_PLAIN}", role)
        if not _may_set(connection, database.OWNER, role):
            _run(connection, "GRANT {} TO {} WITH INHERIT TRUE, SET TRUE", role, database.OWNER)
    if not _may_set(connection, connection.info.user, database.OWNER):
        _run(connection, "GRANT {} TO {} WITH INHERIT TRUE, SET TRUE", database.OWNER, connection.info.user)
    for login in _LOGINS:
        _password(connection, where, login, fresh=database._LOGIN_ROLES[login] not in known or reset_passwords)


def _may_set(connection: psycopg.Connection[Any], member: str, role: str) -> bool:
    row = connection.execute("SELECT pg_has_role(%s, %s, 'SET')", [member, role]).fetchone()
    return bool(row and row[0])


def _password(
    connection: psycopg.Connection[Any], where: database.Place, login: database.Login, *, fresh: bool
) -> None:
    """Set the role's password if it is new, or if this is our own server and the present one does not fit."""
    if login == "owner" and not where.embedded:
        return  # the given login acts as the owner; nobody logs in as the owner itself
    facts = where.login(login)
    if not fresh:
        try:
            psycopg.connect(where.address(login, dbname=connection.info.dbname)).close()
        except psycopg.OperationalError as error:
            if "CONNECT privilege" in str(error) or "pg_hba" in str(error):
                return
            if not where.embedded:
                raise DatabaseError(
                    f"{facts['user']} exists with another password: set TILLIT_SECRET_DATABASE_{login.upper()}, "
                    "or run tillit db setup --reset-passwords"
                ) from None
        else:
            return
    # Only the SCRAM verifier travels, so no statement ever holds the password.
    verifier = connection.pgconn.encrypt_password(facts["password"].encode(), facts["user"].encode(), b"scram-sha-256")
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(facts["user"]), sql.Literal(verifier.decode())))


def open_to_application(where: database.Place) -> None:
    """Let the application in, and say so on the database: nothing restored is waiting for the journal any more.

    The mark is one that no dump brings along (`database_marks`).
    """
    with database.connect("owner", name=where.name, autocommit=True) as owner:
        database_marks.put(
            owner, where.name, {**database_marks.carried(owner, where.name), **dict([database_marks.OPENED])}
        )
    with _maintenance(where) as connection:
        _run(connection, "GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}", where.name, database.APP)
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", where.name, database.BACKUP)


def older_than_backups(where: database.Place) -> bool:
    """Whether the database is empty, or was migrated before there were backups: then it is no restored dump."""
    with database.connect("owner", name=where.name) as connection:
        row = connection.execute("SELECT to_regclass('public.privacy_backup_run') IS NULL").fetchone()
        return bool(row and row[0])


def is_open(connection: psycopg.Connection[Any], where: database.Place) -> bool:
    """Whether the database carries the mark, as a comment or, made by an earlier version, as a setting; or could not
    need it.
    """
    if database_marks.carried(connection, where.name).get(database_marks.OPENED[0]) == database_marks.OPENED[1]:
        return True
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase AND s.setrole = 0"
        " WHERE d.datname = %s AND 'tillit.opened=yes' = ANY (s.setconfig))",
        [where.name],
    ).fetchone()
    return bool(row and row[0]) or older_than_backups(where)


def _database(connection: psycopg.Connection[Any], where: database.Place, *, closed: bool) -> None:
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [where.name]).fetchone()
    if not known:
        locale = (
            "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            if connection.info.server_version >= 170000
            else "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'"
        )
        _run(
            connection,
            f"CREATE DATABASE {{}} OWNER {{}} TEMPLATE template0 ENCODING 'UTF8' {locale}",
            where.name,
            database.OWNER,
        )
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", where.name)
    if closed or not is_open(connection, where):
        return
    _run(connection, "GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}", where.name, database.APP)
    _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", where.name, database.BACKUP)


def _contents(connection: psycopg.Connection[Any]) -> None:
    """Extensions and default privileges inside the database, as its owner."""
    for extension in EXTENSIONS:
        try:
            _run(connection, "CREATE EXTENSION IF NOT EXISTS {} SCHEMA public", extension)
        except psycopg.errors.FeatureNotSupported:
            raise DatabaseError(f"the server lacks the extension {extension}: install PostgreSQL's contrib") from None
    _run(connection, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    _run(connection, "GRANT USAGE ON SCHEMA public TO {}, {}", database.APP, database.BACKUP)
    for keeper in database.KEEPERS:
        _run(connection, "GRANT USAGE ON SCHEMA public TO {}", keeper)
    for rights, role in (
        ("SELECT, INSERT, UPDATE, DELETE ON TABLES", database.APP),
        ("USAGE, SELECT ON SEQUENCES", database.APP),
        ("SELECT ON TABLES", database.BACKUP),
        ("SELECT ON SEQUENCES", database.BACKUP),
    ):
        _run(
            connection,
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA public GRANT {rights} TO {{}}",
            database.OWNER,
            role,
        )


def _run(connection: psycopg.Connection[Any], statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
