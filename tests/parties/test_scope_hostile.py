"""Scopes opened, closed and used in every wrong way; and what the application role can do with plain SQL (A9)."""

import contextlib
import contextvars
import threading
from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from django.db import connection, transaction

from tests.conftest import TestDatabase
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, ScopeError, UnscopedAccessError, current, system
from tillit.parties.models import Fact
from tillit.parties.operations import relate

SETTINGS = ("actor", "activity", "controllers", "subjects", "now", "closed")


@pytest.fixture
def union(request: pytest.FixtureRequest) -> Controller:
    request.getfixturevalue("fresh_db")
    return publish_examples("union_benefits")["lyngheim"]


def _settings() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"current_setting('tillit.{name}', true)" for name in SETTINGS))
        return [value or "" for value in cursor.fetchone()]


def _scope(union: Controller, activity: str = "membership_administration") -> Scope:
    return Scope(system("test", {union.pk}), activity)


def test_a9_settings_hold_inside_and_are_gone_after_whatever_happens(union: Controller) -> None:
    def fail(*activities: str) -> None:
        with contextlib.ExitStack() as stack:
            for activity in activities:
                stack.enter_context(_scope(union, activity))
                assert _settings()[1] == activity
            raise ZeroDivisionError

    for activities in (("membership_administration",), ("membership_administration", "rejoining")):
        with pytest.raises(ZeroDivisionError):
            fail(*activities)
        assert current() is None
        assert _settings() == [""] * len(SETTINGS)
    with _scope(union):
        with pytest.raises(ZeroDivisionError), _scope(union, "rejoining"):
            raise ZeroDivisionError
        assert _settings()[1] == "membership_administration"
        point = transaction.savepoint()
        with _scope(union, "rejoining"):
            pass
        transaction.savepoint_rollback(point)
        assert _settings()[1] == "membership_administration"
    with pytest.raises(UnscopedAccessError):
        Fact.objects.count()


def test_a9_a_scope_is_open_once(union: Controller) -> None:
    scope = _scope(union)
    with scope, pytest.raises(ScopeError), scope:
        pass
    with scope:
        assert current() is scope
    assert current() is None


def test_a9_a_scope_held_by_a_generator_closes_in_turn_or_not_at_all(union: Controller) -> None:
    person(union, given="Kari")

    def names() -> Iterator[str]:
        with _scope(union):
            yield from Fact.objects.values_list("value", flat=True)

    walk = names()
    assert next(walk) == "Kari"
    with pytest.raises(ScopeError), _scope(union, "rejoining"):
        walk.close()  # closes the outer scope while the inner is open
    assert current() is None
    with _scope(union):
        assert Fact.objects.count() == 1


def test_a9_another_connection_is_outside_the_scope(union: Controller) -> None:
    person(union, given="Kari")
    found: list[object] = []

    def look() -> None:
        try:
            found.append(Fact.objects.count())
        except UnscopedAccessError as error:
            found.append(error)
        finally:
            connection.close()

    with _scope(union):
        assert Fact.objects.count() == 1
        thread = threading.Thread(target=contextvars.copy_context().run, args=(look,))
        thread.start()
        thread.join(timeout=60)
    assert isinstance(found[0], UnscopedAccessError)


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT * FROM "parties_fact"',
        "SELECT * FROM PARTIES_FACT",
        "SELECT * FROM public.Parties_Fact",
        "PREPARE p AS SELECT * FROM parties_fact",
        "SAVEPOINT a; SELECT * FROM parties_fact",
        "TRUNCATE parties_fact",
        "CREATE TEMP VIEW v AS SELECT * FROM parties_fact",
    ],
)
def test_a9_the_guard_knows_a_table_however_it_is_written(union: Controller, statement: str) -> None:
    with pytest.raises(UnscopedAccessError), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a9_the_application_role_can_do_no_more_than_rows(union: Controller, fresh_db: TestDatabase) -> None:
    """Each refused by PostgreSQL, after the same session has shown that it can read what it may."""
    kari = person(union, given="Kari")
    with fresh_db.connect("app", autocommit=True) as app:
        assert app.execute("SELECT count(*) FROM parties_subject WHERE id = %s", [kari]).fetchone() == (1,)
        for statement in (
            "SET ROLE tillit_owner",
            "SET ROLE tillit_keys",
            "SET SESSION AUTHORIZATION tillit_owner",
            "CREATE TABLE public.copy AS SELECT 1",
            "CREATE FUNCTION public.tillit_now() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE SCHEMA mine",
            "ALTER TABLE parties_fact DISABLE ROW LEVEL SECURITY",
            "ALTER POLICY tillit_select ON parties_fact USING (true)",
            "DROP POLICY tillit_select ON parties_fact",
            "CREATE POLICY p ON parties_fact USING (true)",
            "TRUNCATE parties_fact",
            "SELECT * FROM parties_data_key",
            "SELECT * FROM parties_directory",
            "INSERT INTO parties_directory VALUES (1, 1, gen_random_uuid(), 1, 1)",
            "DELETE FROM audit_event",
            "UPDATE declaration_version SET digest = ''",
            "DELETE FROM declaration_version",
            "COPY parties_fact TO PROGRAM 'cat'",
            "COPY parties_fact FROM STDIN",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT lo_import('/etc/passwd')",
            "CREATE EXTENSION dblink",
            "ALTER ROLE tillit_app BYPASSRLS",
            "GRANT tillit_owner TO tillit_app",
            "SET session_replication_role = replica",
            "SET row_security = off; SELECT * FROM parties_fact",
        ):
            with pytest.raises(psycopg.Error) as refused:
                app.execute(statement)
            assert refused.value.sqlstate in {"42501", "0A000", "58P01", "42704"}, (statement, refused.value)
            app.execute("RESET ALL")
        assert app.execute("SELECT current_user, session_user").fetchone() == ("tillit_app", "tillit_app")


def test_a9_a_temporary_table_of_the_same_name_gives_no_rights(union: Controller, fresh_db: TestDatabase) -> None:
    person(union, given="Kari")
    with fresh_db.connect("app", autocommit=True) as app:
        for table in ("declaration_grant", "declaration_controller"):
            app.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM public.{table} WHERE false")
        app.execute(
            "INSERT INTO pg_temp.declaration_grant (controller_id, row_controller_id, activity, category, rights)"
            " SELECT %s, %s, 'made_up', n, 63 FROM generate_series(1, 100) n",
            [union.pk, union.pk],
        )
        for head, result in (
            ("tillit_keys(integer, integer) RETURNS integer[]", "ARRAY[1]"),
            ("tillit_reached(smallint[], integer) RETURNS text", "'*'::text"),
        ):
            app.execute(f"CREATE FUNCTION pg_temp.{head} LANGUAGE sql AS $$ SELECT {result} $$")
        for activity, rows in (("membership_administration", 1), ("made_up", 0)):
            with app.transaction():
                app.execute(
                    "SELECT set_config('tillit.activity', %s, true), set_config('tillit.controllers', %s, true),"
                    " set_config('tillit.subjects', '*', true)",
                    [activity, f"{{{union.pk}}}"],
                )
                assert app.execute("SELECT count(*) FROM parties_fact").fetchone() == (rows,), activity
                assert app.execute("SELECT count(*) FROM parties_relationship").fetchone() == (rows,), activity


def test_a9_nothing_of_a_scope_reaches_the_next_transaction_of_the_connection(
    union: Controller, fresh_db: TestDatabase
) -> None:
    kari = person(union, given="Kari")
    with _scope(union) as scope:
        relate(scope=scope, subject_id=kari, controller_id=union.pk, kind="member", started=date(2026, 1, 1))
    with connection.cursor() as cursor:
        kept = "SELECT count(*) FROM pg_settings WHERE name LIKE 'tillit.r\\_%' AND setting <> ''"
        asked = "current_setting('tillit.controllers', true), tillit_reach('tillit.r_1_1', '{1}', 1)"
        cursor.execute(f"SELECT {asked}, ({kept})")
        assert cursor.fetchone() == ("", [], 0)
