"""PostgreSQL refuses what the ledger's functions would never do."""

import itertools
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from tests.conftest import TestDatabase
from tests.ledger.conftest import AT, LOT, Y28, World, build
from tillit.ledger import kinds, operations
from tillit.ledger.operations import Account, Posting

_TRANSFER = (
    "INSERT INTO ledger_transfer (subject_id, id, event_at, amount, controller_id, book_id, debit_expires,"
    " credit_expires, debit_kind, credit_kind, currency, category)"
    " VALUES (%(subject)s, gen_random_uuid(), now(), %(amount)s, 1, 1, %(debit_expires)s, %(credit_expires)s,"
    " %(debit)s, %(credit)s, 'NOK', 17)"
)
_BALANCE = (
    "INSERT INTO ledger_balance (subject_id, id, balance, carried, version, controller_id, book_id, expires_on, kind,"
    " currency, category)"
    " VALUES (%(subject)s, ledger_account(1, %(kind)s::smallint, '9999-12-31') + %(off)s, %(balance)s, 0, 1,"
    " 1, 1, '9999-12-31', %(kind)s, 'NOK', 17)"
)


def posted(world: World) -> int:
    with world.scope() as scope:
        subject = world.subject()
        one = Posting(subject, uuid4(), world.book_id, 10, Account(kinds.ISSUED), Account(LOT, Y28), AT)
        operations.post(scope=scope, postings=[one])
    return subject


_WRITES = (
    "DELETE FROM {}",
    "UPDATE {} SET controller_id = controller_id",
    "UPDATE {} SET book_id = 1",
    "TRUNCATE {}",
    "INSERT INTO {} DEFAULT VALUES",
    "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
    "DROP TABLE {}",
)


def test_raw_writes_are_refused_with_42501(fresh_db: TestDatabase) -> None:
    world = build()
    subject = posted(world)
    with fresh_db.connect() as plain:
        plain.execute("SELECT set_config('tillit.activity', 'bonus_earning', false)")
        plain.execute("SELECT set_config('tillit.controllers', %s, false)", [f"{{{world.controller_id}}}"])
        plain.execute("SELECT set_config('tillit.subjects', '*', false)")
        plain.commit()
        for table, statement in itertools.product(("ledger_transfer", "ledger_balance", "ledger_closing"), _WRITES):
            found = plain.execute("SELECT count(*) FROM ledger_balance WHERE subject_id = %s", [subject]).fetchone()
            assert found == (1,)
            wanted = {"42501"} | ({"42703"} if "controller_id" in statement and table == "ledger_closing" else set())
            with pytest.raises(psycopg.Error) as refused:
                plain.execute(statement.format(table))
            assert refused.value.sqlstate in wanted, (table, statement)
            plain.rollback()


def test_the_row_state_is_all_the_application_may_change(world: World) -> None:
    subject = posted(world)
    with world.scope("bonus_earning"), connection.cursor() as cursor:
        for table in ("ledger_transfer", "ledger_balance"):
            cursor.execute(f"UPDATE {table} SET state = 1 WHERE subject_id = %s", [subject])
            assert cursor.rowcount == 1


def test_no_impossible_transfer(fresh_db: TestDatabase, owner_connection: Any) -> None:
    values = {
        "subject": 1,
        "amount": 1,
        "debit": 1,
        "debit_expires": None,
        "credit": 100,
        "credit_expires": "2028-01-01",
    }
    assert owner_connection.execute(_TRANSFER, values).rowcount == 1
    for changed, constraint in (
        ({"amount": 0}, "ledger_transfer_amount"),
        ({"amount": -1}, "ledger_transfer_amount"),
        ({"debit": 100, "debit_expires": "2028-01-01"}, "ledger_transfer_accounts"),
        ({"credit_expires": None}, "ledger_transfer_expiry"),
        ({"debit_expires": "2028-01-01"}, "ledger_transfer_expiry"),
        ({"credit": 2, "credit_expires": None}, "ledger_transfer_personal"),
    ):
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            owner_connection.execute(_TRANSFER, values | changed)
        assert refused.value.diag.constraint_name == constraint


def test_no_impossible_balance(fresh_db: TestDatabase, owner_connection: Any) -> None:
    world = build()
    with world.scope():
        subject, other = world.subject(), world.subject()
    values = {"subject": subject, "kind": 100, "balance": 1, "off": 0}
    assert owner_connection.execute(_BALANCE, values).rowcount == 1
    values["subject"] = other
    for changed, constraint in (
        ({"balance": -1}, "ledger_balance_holding"),
        ({"kind": 200}, "ledger_balance_owing"),
        ({"kind": 5}, "ledger_balance_personal"),
        ({"off": 1}, "ledger_balance_id"),
    ):
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            owner_connection.execute(_BALANCE, values | changed)
        assert refused.value.diag.constraint_name == constraint
    assert owner_connection.execute(_BALANCE, values | {"kind": 200, "balance": -1}).rowcount == 1


def test_a_balance_belongs_to_a_person_there_is(fresh_db: TestDatabase, owner_connection: Any) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner_connection.execute(_BALANCE, {"subject": 12345, "kind": 100, "balance": 1, "off": 0})
