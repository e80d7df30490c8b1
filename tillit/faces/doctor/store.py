"""The database: it answers, will do, has today's tables, safe roles, the secrets at hand and the same time."""

from collections.abc import Iterator

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import InterfaceError, OperationalError

from tillit.faces.doctor.findings import Finding, ok, warning, wrong
from tillit.kernel import clock
from tillit.platform import database, postgres, programs, secret_marks, secrets, setup

APART, FAR_APART = 2.0, 60.0
"""Seconds between this machine's clock and the database's."""


def answers() -> Iterator[Finding]:
    """Somebody answers, to the application's login, in a database that is open."""
    where = database.place()
    if where.embedded and not postgres.default_server().status().running:
        yield wrong("database", "the embedded server is stopped: run tillit db start")
        return
    try:
        connection.ensure_connection()
    except (OperationalError, InterfaceError) as error:
        yield wrong("database", str(database.unreachable(where, error.__cause__ or error)))
        return
    yield ok("database", f"{where.name} answers" + (" (embedded server)" if where.embedded else ""))


def versions() -> Iterator[Finding]:
    """The server is new enough, and the programs that dump it are not older than it."""
    version = connection.cursor().connection.info.server_version
    if version < database.OLDEST_SERVER:
        yield wrong("server-version", f"PostgreSQL {version // 10000}: 16 or later is needed")
        return
    programs.refuse_older("pg_dump", server=version)
    yield ok("server-version", f"PostgreSQL {version // 10000}.{version % 10000}")


def tables() -> Iterator[Finding]:
    """The tables are those of this Tillit."""
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    later = set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations)
    ours = {app for app, _ in executor.loader.disk_migrations}
    if missing:
        yield wrong("tables", f"{missing} migrations have not been run: stop the site and run tillit migrate")
    elif any(app in ours for app, _ in later):
        yield wrong("tables", "the database was used by a later Tillit: install that one, or restore a dump of before")
    else:
        yield ok("tables", "up to date")


def roles() -> Iterator[Finding]:
    """No role that works under row security could escape it, and the database is open to the application."""
    with database.connect("app") as app:
        setup.refuse_unsafe_roles(app)
        opened = setup.is_open(app, database.place())
    if opened:
        yield ok("roles", "the application is held by row security")
    else:
        yield wrong("roles", "the database was put back with other tools than tillit restore: nothing opens in it")


def secrets_fit() -> Iterator[Finding]:
    """The secrets at hand are those that the rows were sealed and digested with."""
    if all(secrets.known(name) for name in secret_marks.marked()):
        secret_marks.check(database.place())
        yield ok("secrets-fit", "the database was filled with the secrets at hand")
    else:
        yield warning("secrets-fit", "cannot be told before every secret is there")


def clocks() -> Iterator[Finding]:
    """Both machines agree what time it is: deadlines and codes depend on it."""
    with connection.cursor() as cursor:
        before = clock.now()
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
    apart = max(0.0, abs((there - before).total_seconds()))
    said = f"{apart:.1f} seconds between this machine's clock and the database's"
    state = wrong if apart > FAR_APART else warning if apart > APART else ok
    yield state("clocks", said, apart_seconds=apart)
