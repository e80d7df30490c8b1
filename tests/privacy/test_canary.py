"""The canary: a unique value in every column the catalog knows of one person; after erasure none is found anywhere.

Columns come from the database catalog, not from the registry, so an undeclared column is planted too. Presence is
asserted first. Searched afterwards: every column of every table, the planner's statistics, a logical dump, the
server's log and the files of the installation (H3, H10, H11).
"""

import json
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.conftest import TestDatabase
from tests.support.world import person, publish_examples
from tillit.audit.operations import link
from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.ledger.operations import open_book
from tillit.messages import mail
from tillit.messages.mail import send_unstored
from tillit.parties import digests, directories
from tillit.parties import operations as parties
from tillit.platform import database, paths, postgres
from tillit.privacy.access import collect
from tillit.privacy.erasure import erase

_COLUMNS = """
SELECT c.relname, a.attname, t.typname,
       CASE WHEN a.atttypmod > 4 AND t.typname IN ('varchar', 'bpchar') THEN a.atttypmod - 4 END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind = 'r' ORDER BY c.relname, a.attnum
"""
_WHEN = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
_KEY = {"subject_id", "controller_id", "state", "login_id"}
# Of these no key and no digest is written: a mark of eight is not found by chance among a hundred thousand of theirs.
_UNLIKE_HEX = "ghijklmnopqrstuvwxyz"

# What stays, and why. This list may only shrink.
RESIDUE = {
    "audit_event.id": "the random number of an event whose content is gone, in the chain's leaf",
    "ledger_transfer.amount": "part of the closing's sum over everyone in the month",
    "ledger_balance.balance": "part of the closing's sum over everyone in the month",
}


@dataclass(frozen=True)
class Mark:
    """A value planted in one column, and how it reads when the column is cast to text."""

    table: str
    column: str
    text: str


def _value(kind: str, width: int | None) -> tuple[Any, str | None]:
    """A value for a column of the type, and its mark when the type can carry a unique one."""
    token = "".join(secrets.choice(_UNLIKE_HEX) for _ in range(min(width or 24, 24)))
    number = secrets.randbits(61) | 1 << 60
    if kind in {"varchar", "text", "bpchar"}:
        return token, token if len(token) >= 8 else None
    if kind == "uuid":
        made = uuid4()
        return made, str(made)
    plain: dict[str, tuple[Any, str | None]] = {
        "int8": (number, str(number)),
        "bytea": (bytes.fromhex(secrets.token_hex(12)), None),
        "jsonb": (Jsonb({"mark": token}), token),
        "int2": (1, None),
        "int4": (1, None),
        "float8": (1.5, None),
        "bool": (False, None),
        "_int2": ([1], None),
        "_int4": ([1], None),
        "date": (date(2026, 2, 3), None),
        "timestamptz": (_WHEN, None),
        "xid8": ("1", None),
    }
    value, mark = plain[kind]
    return value, value.hex() if kind == "bytea" else mark


def _loosen(owner: psycopg.Connection[Any]) -> None:
    """Take checks, foreign keys and unique rules off, so that any value can be planted; keys and policies stay."""
    for table, name in owner.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype IN ('f', 'c', 'u')"
        " AND connamespace = 'public'::regnamespace AND conrelid <> 0"
    ).fetchall():
        owner.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.SQL(table), sql.Identifier(name)))


def _plant(
    owner: psycopg.Connection[Any], subject: int, login: int, controller: int, real: dict[str, int]
) -> list[Mark]:
    """One row of the person in every personal and owned table, a mark in each column that can carry one.

    real: columns that must name what exists (a ledger book). The planted audit event is queued for its chain, as the
    function that appends events does.
    """
    columns: dict[str, list[tuple[str, str, int | None]]] = {}
    for table, column, kind, width in owner.execute(_COLUMNS).fetchall():
        columns.setdefault(table, []).append((column, kind, width))
    marks, ids = [], {}
    follows = {name for name, owned in registry.OWNED.items() if owned.follows}
    order = sorted({*registry.PERSONAL, *registry.OWNED}, key=lambda name: (name in follows, name))
    for table in order:
        found = registry.PERSONAL.get(table)
        row: dict[str, Any] = {}
        for column, kind, width in columns[table]:
            value, mark = _value(kind, width)
            if column in _KEY:
                value, mark = (
                    {"subject_id": subject, "controller_id": controller, "login_id": login}.get(column, 0),
                    None,
                )
            elif found is not None and column == found.category_column:
                value, mark = vocabulary().categories[found.categories[0]].id, None
            elif (column, kind) == ("told", "bool"):
                value = True  # an order that may not be told of is left out of the answer: test_holds
            elif table in follows and column in {"digest", "purchase_id"}:
                value, mark = ids["purchases_purchase"], None
            row[column] = value
            if mark is not None:
                marks.append(Mark(table, column, mark))
            if column in real:
                row[column] = real[column]
        ids[table] = row.get("id")
        if table == "parties_login":
            continue  # the login itself was opened by the operation; its columns are searched below
        owner.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )
    owner.execute(
        "INSERT INTO audit_queue (controller_id, xact, recorded_at, event_id)"
        " SELECT controller_id, xact, recorded_at, id FROM audit_event WHERE id = %s",
        [ids["audit_event"]],
    )
    return [mark for mark in marks if mark.table != "parties_login"]


def _found(owner: psycopg.Connection[Any], marks: list[Mark]) -> set[str]:
    """The marks found anywhere in any column of any table of the database, and in the planner's statistics."""
    patterns = [mark.text for mark in marks]
    seen: set[str] = set()
    for table in {row[0] for row in owner.execute(_COLUMNS).fetchall()}:
        name = sql.Identifier(table)
        query = sql.SQL("SELECT DISTINCT p FROM {} t, unnest(%s::text[]) p WHERE t::text LIKE '%%' || p || '%%'")
        seen |= {row[0] for row in owner.execute(query.format(name), [patterns]).fetchall()}
    stats = (
        "SELECT DISTINCT p FROM pg_stats s, unnest(%s::text[]) p WHERE s.schemaname = 'public'"
        " AND coalesce(s.most_common_vals::text, '') || coalesce(s.histogram_bounds::text, '') LIKE '%%' || p || '%%'"
    )
    return seen | {row[0] for row in owner.execute(stats, [patterns]).fetchall()}


def _in_files(marks: list[Mark], texts: Iterator[bytes]) -> set[str]:
    body = b"\n".join(texts)
    return {mark.text for mark in marks if mark.text.encode() in body}


def _dump(name: str) -> bytes:
    """A logical dump of the whole database, as the owner."""
    address = database.place(name).address("owner")
    done = subprocess.run([str(postgres.binaries() / "pg_dump"), "--dbname", address], capture_output=True, check=True)
    return done.stdout


def _logs() -> Iterator[bytes]:
    for path in sorted(paths.var().rglob("*")):
        if path.is_file() and (path.suffix in {".log", ".jsonl", ".json", ".txt"}):
            yield path.read_bytes()


@pytest.fixture
def town(fresh_db: TestDatabase) -> Controller:
    return publish_examples("bonus")["rundtur"]


def test_h3_canary_nothing_of_an_erased_person_is_left_anywhere(
    town: Controller, fresh_db: TestDatabase, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "tillit.messages.mail_folder.EmailBackend"
    settings.EMAIL_FILE_PATH = paths.var() / "mail"
    with clock.travel(date(2026, 1, 2)):
        kari = person(town, given="Kari", email="kari@eksempel.example")
    login = parties.Login.objects.get(subject_id=kari).pk
    digest = digests.digest(town.register_id, digests.Kind.EMAIL, "kari@eksempel.example")
    directories.claim(register_id=town.register_id, kind=digests.Kind.EMAIL, digest=digest, subject_id=kari)
    book = open_book(controller_id=town.pk, key="canary", currency="NOK", category="bonus").pk
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("DELETE FROM parties_relationship")
        _loosen(owner)
        marks = _plant(owner, kari, login, town.pk, {"book_id": book})
        ola = person(town, given="Ola")
        _plant(owner, ola, parties.Login.objects.get(subject_id=ola).pk, town.pk, {"book_id": book})
        marks += [Mark("parties_directory", "digest", str(digest)), Mark("parties_fact", "value", "kari@eksempel")]
        link()
        owner.execute("ANALYZE")
        assert len({mark.table for mark in marks}) >= len(registry.PERSONAL)
        present = _found(owner, marks)
        missing = {(m.table, m.column) for m in marks if m.text not in present}
        assert not missing, "every mark is present before the erasure"
        send_unstored(to="kari@eksempel.example", subject="123456", text="123456", sender="Rundtur")
        mail.wait()
        assert "kari@eksempel" in _in_files(marks, _logs()), "a mail file names the person"
        in_dump = _in_files(marks, iter([_dump(fresh_db.name)]))
        assert {m.text for m in marks} - in_dump <= {m.text for m in marks if m.table == "parties_data_key"} | in_dump
        assert in_dump

        with clock.travel(date(2060, 1, 1)):
            ids = Controller.objects.filter(register=town.register).values_list("id", flat=True)
            items = erase(actor=system("rights", ids), subject_id=kari, ground="consent_withdrawn", at=clock.now())
        assert {item.table for item in items} >= {"parties_fact", "purchases_purchase", "audit_event"}
        assert not [item for item in items if item.outcome == "kept"]
        owner.execute("VACUUM ANALYZE")
        left = _found(owner, marks)
        remains = {f"{m.table}.{m.column}" for m in marks if m.text in left}
        assert remains <= set(RESIDUE), remains - set(RESIDUE)
        gone = [m for m in marks if f"{m.table}.{m.column}" not in RESIDUE]
        assert len(gone) == len(marks) - len(RESIDUE)
        assert _in_files(gone, iter([_dump(fresh_db.name)])) == set()
        assert _in_files(marks, _logs()) == set()
    connection.close()


_KEYS_OF_ROWS = {"subject_id", "controller_id", "state", "login_id", "register_id", "id"}


def test_h1_an_access_request_shows_every_column_or_says_why_not(town: Controller, fresh_db: TestDatabase) -> None:
    """Every mark of the catalog is in the answer, or its column is named as left out; none of anybody else's is."""
    kari, ola = person(town, given="Kari"), person(town, given="Ola")
    book = open_book(controller_id=town.pk, key="canary", currency="NOK", category="bonus").pk
    planted = {}
    with fresh_db.connect("owner", autocommit=True) as owner:
        _loosen(owner)
        for subject in (kari, ola):
            login = parties.Login.objects.get(subject_id=subject).pk
            planted[subject] = _plant(owner, subject, login, town.pk, {"book_id": book})
    answer = collect(actor=system("rights", [town.pk]), subject_id=kari, language="en")
    text = json.dumps({key: answer[key] for key in ("data", "readers")})
    left_out = {(item["table"], item["column"]) for item in answer["left_out"]}
    shown = {(m.table, m.column) for m in planted[kari] if m.text in text}
    assert ("parties_fact", "value") in shown
    assert ("parties_session", "session_key") in left_out
    assert not shown & left_out
    sealed = {(t.table, column) for t in registry.PERSONAL.values() for column in t.sealed}
    for mark in planted[kari]:
        if mark.column not in _KEYS_OF_ROWS and (mark.table, mark.column) not in shown | sealed:
            assert left_out & {(mark.table, mark.column), (mark.table, "*")}, f"{mark.table}.{mark.column}"
    assert all(item["because"] for item in answer["left_out"])
    whole = json.dumps(answer)
    assert not [mark for mark in planted[ola] if mark.text in whole]
    assert len(planted[ola]) == len(planted[kari])
    connection.close()


def test_h3_the_columns_that_carry_no_mark_are_known(town: Controller, fresh_db: TestDatabase) -> None:
    """Every column of a personal table is planted; types without a mark are numbers (a list, too), dates and flags."""
    with fresh_db.connect("owner") as owner:
        kinds = {row[2] for row in owner.execute(_COLUMNS).fetchall() if row[0] in registry.PERSONAL}
    for kind in kinds:
        value, mark = _value(kind, None)
        assert mark is not None or isinstance(value, (int, float, bool, date, datetime, str)) or value == [1], kind
    assert isinstance(uuid4(), UUID)
    connection.close()
