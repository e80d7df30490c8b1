"""A scope's settings travel with its first statement (A9): never without it, never late, never to somebody else's."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.db.utils import DataError, ProgrammingError

from tests.conftest import TestDatabase
from tillit.kernel.scope import Scope, system

ACTOR = system("test", {1, 2})
LOOK = "SELECT current_setting('tillit.activity', true), current_setting('tillit.controllers', true)"


def look() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(LOOK)
        found: tuple[str, str] = cursor.fetchone()
        return found


def fail_after(statement: str, *values: str) -> None:
    """Raise in a scope that has carried out one statement."""
    with Scope(ACTOR, "retention"), connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1
        raise ValueError("on purpose")


@contextmanager
def messages() -> Iterator[list[str]]:
    """The texts that go to the server, on a connection that has been used before."""
    with Scope(ACTOR, "proof"):
        look()
    sent: list[str] = []

    def note(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        sent.append(str(sql))
        return execute(sql, params, many, context)

    connection.execute_wrappers.append(note)
    try:
        yield sent
    finally:
        connection.execute_wrappers.remove(note)


def test_a9_settings_begin_and_first_statement_are_one_message(fresh_db: TestDatabase) -> None:
    with messages() as sent, Scope(ACTOR, "proof"):
        assert look() == ("proof", "{1,2}")
        assert look() == ("proof", "{1,2}")
    assert len(sent) == 2
    assert sent[0].startswith("BEGIN; SELECT set_config")
    assert sent[1] == LOOK
    assert look() == ("", "")


def test_a9_a_scope_without_a_statement_sends_nothing(fresh_db: TestDatabase) -> None:
    with messages() as sent, Scope(ACTOR, "proof"):
        pass
    assert sent == []


def test_a9_scopes_inside_one_another_and_savepoints(fresh_db: TestDatabase) -> None:
    with Scope(ACTOR, "proof"):
        with Scope(ACTOR, "retention", controllers=frozenset({2})):
            assert look() == ("retention", "{2}")
        assert look() == ("proof", "{1,2}")
        with pytest.raises(ValueError, match="on purpose"):
            fail_after(LOOK)
        assert look() == ("proof", "{1,2}")
        with Scope(ACTOR, "retention"):
            pass
        assert look() == ("proof", "{1,2}")
    with transaction.atomic():
        with Scope(ACTOR, "proof"):
            look()
        assert look() == ("", "")


def test_a9_a_first_statement_that_fails_leaves_no_open_door(fresh_db: TestDatabase) -> None:
    with Scope(ACTOR, "proof"):
        with pytest.raises((ProgrammingError, TypeError)), connection.cursor() as cursor:
            cursor.execute("SELECT %s, %s", [1])  # refused before anything is sent
        assert look() == ("proof", "{1,2}")
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE tried (n integer)")
    with pytest.raises(DataError), Scope(ACTOR, "proof"), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert look() == ("", "")
    assert connection.get_autocommit()


def test_a9_what_a_scope_wrote_with_its_first_statement_is_undone_with_it(fresh_db: TestDatabase) -> None:
    insert = "INSERT INTO declaration_register (key) VALUES (%s)"
    with pytest.raises(ValueError, match="on purpose"):
        fail_after(insert, "undone")
    with Scope(ACTOR, "proof"), connection.cursor() as cursor:
        cursor.execute(insert, ["per cent %"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM declaration_register WHERE key LIKE 'per cent %' OR key = 'undone'")
        assert cursor.fetchall() == [("per cent %",)]


def test_a9_values_with_quotes_and_per_cent_signs_are_values(fresh_db: TestDatabase) -> None:
    actor = system("o'Brien %s %", {1})
    with Scope(actor, "proof"), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('tillit.actor'), %s", ["x%"])
        assert cursor.fetchone() == ("system:o'Brien %s %", "x%")
    with Scope(actor, "proof"), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('tillit.actor') LIKE '%Brien%'")
        assert cursor.fetchone() == (True,)
