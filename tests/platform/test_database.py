"""Who the tests and the product are on the database."""

from typing import Any

import psycopg
import pytest
from django.db import connection

from tillit.platform import database


def _one(query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    assert row is not None
    return tuple(row)


@pytest.mark.django_db
def test_the_tests_run_as_a_role_that_cannot_escape_row_security() -> None:
    role, superuser, bypass, create_role, create_db = _one(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = session_user"
    )
    assert role == database.APP
    assert not any([superuser, bypass, create_role, create_db])
    assert _one("SELECT count(*) FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')") == (1,)


@pytest.mark.django_db
def test_the_application_owns_nothing_and_cannot_create() -> None:
    assert _one("SELECT count(*) > 0 FROM pg_class WHERE relowner = 'tillit_owner'::regrole") == (True,)
    assert _one("SELECT count(*) FROM pg_class WHERE relowner = session_user::regrole") == (0,)
    with pytest.raises(Exception, match="permission denied"):
        _one("CREATE TABLE mine (x int)")


def test_a_fresh_database_keeps_what_is_committed_and_is_the_tests_own(fresh_db: Any, owner_connection: Any) -> None:
    owner_connection.execute("CREATE TABLE seen (x int)")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO seen VALUES (7)")
    with fresh_db.connect("backup") as other:
        assert other.execute("SELECT x FROM seen").fetchall() == [(7,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute("DELETE FROM seen")
