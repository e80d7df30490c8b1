"""Roles and database: what they may do, made again and again with the same result, and refusals."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support import databases
from tillit.platform import database, postgres, secret_marks, setup
from tillit.platform.errors import DatabaseError

ROLES = (database.OWNER, database.APP, database.BACKUP, *database.KEEPERS)


@pytest.fixture
def admin(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    with database.connect("admin", name="postgres", autocommit=True) as connection:
        yield connection


@pytest.fixture
def new_name() -> Iterator[str]:
    name = f"tillit_test_{os.getpid()}_setup"
    yield name
    databases.drop(name)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_can_escape_row_security_or_make_roles(admin: psycopg.Connection[Any], role: str) -> None:
    facts = admin.execute(
        "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles"
        " WHERE rolname = %s",
        [role],
    ).fetchone()
    assert facts == (role not in database.KEEPERS, False, False, False, False, False)


@pytest.mark.parametrize("keeper", database.KEEPERS)
def test_the_owner_can_hand_functions_to_a_keeper_and_the_application_cannot(
    admin: psycopg.Connection[Any], keeper: str
) -> None:
    query = "SELECT pg_has_role(%s, %s, 'SET')"
    assert admin.execute(query, [database.OWNER, keeper]).fetchone() == (True,)
    for other in (database.APP, database.BACKUP):
        assert admin.execute(query, [other, keeper]).fetchone() == (False,)


def test_a_new_database_is_complete_and_making_it_twice_changes_nothing(new_name: str) -> None:
    setup.ensure_database(new_name)
    with database.connect("owner", name=new_name, autocommit=True) as owner:
        owner.execute("CREATE TABLE kept (x int)")
        found = {row[0] for row in owner.execute("SELECT extname FROM pg_extension")}
        assert found >= set(setup.EXTENSIONS)
        before = owner.execute("SELECT defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1").fetchall()
        assert before
    setup.ensure_database(new_name)
    with database.connect("owner", name=new_name) as owner:
        assert owner.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        after = owner.execute("SELECT defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1").fetchall()
        assert after == before
        sorting = owner.execute("SELECT array_agg(x ORDER BY x) FROM unnest(ARRAY['b', 'B', 'a']) x").fetchone()
        assert sorting == (["B", "a", "b"],)
        assert owner.execute("SELECT lower('ÆØÅ'), 'Å'::citext = 'å'::citext").fetchone() == ("æøå", True)


def test_strangers_may_not_connect_or_create(new_name: str, admin: psycopg.Connection[Any]) -> None:
    setup.ensure_database(new_name)
    assert admin.execute("SELECT has_database_privilege(%s, %s, 'CONNECT')", [database.APP, new_name]).fetchone() == (
        True,
    )
    granted = admin.execute(
        "SELECT count(*) FROM pg_database, aclexplode(datacl) WHERE datname = %s AND grantee = 0", [new_name]
    ).fetchone()
    assert granted == (0,)
    with (
        database.connect("app", name=new_name) as application,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        application.execute("CREATE TABLE mine (x int)")


def test_set_ups_at_once_do_not_disturb_each_other(new_name: str) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            setup.ensure_database(new_name)
        except Exception as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []


@pytest.mark.parametrize("attribute", ["SUPERUSER", "BYPASSRLS"])
@pytest.mark.parametrize("role", [database.APP, database.BACKUP, *database.KEEPERS])
def test_a_role_that_could_escape_row_security_is_refused(
    admin: psycopg.Connection[Any], role: str, attribute: str
) -> None:
    setup.refuse_unsafe_roles(admin)
    with contextlib.suppress(psycopg.Rollback), admin.transaction(force_rollback=True):
        admin.execute(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role), sql.SQL(attribute)))
        with pytest.raises(DatabaseError, match=f"{role} can bypass"):
            setup.refuse_unsafe_roles(admin)


@pytest.mark.parametrize("powerful", [database.OWNER, "tillit_ledger", "postgres"])
def test_an_application_that_is_a_member_of_a_powerful_role_is_refused(
    admin: psycopg.Connection[Any], powerful: str
) -> None:
    with admin.transaction(force_rollback=True):
        admin.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(powerful), sql.Identifier(database.APP)))
        with pytest.raises(DatabaseError, match="is a member of"):
            setup.refuse_unsafe_roles(admin)


def test_an_old_server_is_refused(admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST_SERVER", 990000)
    with pytest.raises(DatabaseError, match="16 or later is needed, this server is"):
        setup.ensure_database()


def test_an_address_elsewhere_acts_as_the_owner(place_for_server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with any other server: an administrator's login and password, and the same roles. On a server of the test's
    own: on a shared one, what proves itself meanwhile would rightly report the role.
    """
    name = "tillit_elsewhere"
    server = postgres.Server(place_for_server / "postgres", disposable=True)
    server.start()
    try:
        monkeypatch.delenv("TILLIT_DATABASE_NAME", raising=False)
        host = str(server.socket_dir).replace("/", "%2F")
        monkeypatch.setenv("DATABASE_URL", f"postgresql://{postgres.SUPERUSER}@{host}/tillit")
        setup.ensure_database()
        with database.connect("admin", name="postgres", autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {name} LOGIN CREATEROLE CREATEDB PASSWORD 'p%%:/@'".replace("%%", "%"))
            for role in (database.OWNER, *database.KEEPERS):
                admin.execute(f"GRANT {role} TO {name} WITH ADMIN TRUE, SET TRUE")
            for role in (database.APP, database.BACKUP):
                admin.execute(f"GRANT {role} TO {name} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        monkeypatch.setenv("DATABASE_URL", f"postgresql://{name}:p%25%3A%2F%40@{host}/{name}")
        assert setup.ensure_database().name == name
        with database.connect("owner", autocommit=True) as owner:
            assert owner.execute("SELECT session_user, current_user").fetchone() == (name, database.OWNER)
            owner.execute("CREATE TABLE mine (x int)")
            assert owner.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'mine'").fetchone() == (
                database.OWNER,
            )
        setup.open_to_application(database.place())
        secret_marks.remember(database.place())
        secret_marks.check(database.place())
        with database.connect("app") as application:
            assert application.execute("SELECT count(*), current_user FROM mine GROUP BY 2").fetchall() == []
            assert application.execute("SELECT current_user").fetchone() == (database.APP,)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("mysql://a:hush@b/c", "must start with postgresql://"),
        ("postgresql://a:hush@b/c?nonsense=1", "cannot be read"),
        ("postgresql://a:hush@b/Robert'); DROP", "cannot be read|a database's name"),
    ],
)
def test_a_bad_address_is_refused_without_showing_it(address: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TILLIT_DATABASE_NAME", raising=False)
    monkeypatch.setenv("DATABASE_URL", address)
    with pytest.raises(DatabaseError, match=says) as refused:
        database.place()
    assert "hush" not in str(refused.value)


def test_importing_the_settings_opens_no_connection_and_starts_nothing() -> None:
    code = """
import socket, subprocess, sys
def refuse(*arguments, **keywords): raise SystemExit("touched the outside")
import psycopg
psycopg.connect = psycopg.Connection.connect = subprocess.Popen = socket.socket.connect = refuse
import tillit.settings
assert tillit.settings.DATABASES["default"]["USER"] == "tillit_app"
"""
    environment = {**os.environ, "TILLIT_VAR": os.environ.get("TILLIT_VAR", ""), "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
