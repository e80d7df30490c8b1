"""Events are written by one function and by nothing else, and hold no free text whoever writes them."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from tests.audit.trail import CLUB, KARI, OLA, OTHER, append
from tillit.audit import events, operations, queries
from tillit.audit.errors import EventRefusedError
from tillit.kernel.scope import Scope, system

RAW = """SELECT audit_append(%(controller)s, 'person.read', now(), %(kind)s, %(ref)s, 'customer_service',
         ARRAY[41]::bigint[], NULL, %(details)s::jsonb)"""
PLAIN = {"controller": CLUB, "kind": "system", "ref": "17", "details": "{}"}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _waiting(controller: int = CLUB) -> int:
    return queries.window(controller=controller)[0]


@pytest.mark.django_db
def test_a9_an_event_says_who_what_why_and_when() -> None:
    [event] = append(subject=KARI, details={"purpose": "enquiry", "case": 7})
    append(events.BACKUP_MADE, controller=0, activity="security_log", details={"tables": 3})
    shown = [e for e in queries.since(controller=CLUB, since=LONG_AGO) if e.event_id == event]
    assert [(e.type, e.actor, e.activity, e.subject_id, e.seq) for e in shown] == [
        ("person.read", "system:17", "customer_service", KARI, None)
    ]
    assert shown[0].details == '{"case": 7, "purpose": "enquiry"}'
    assert (_waiting(), _waiting(0)) == (1, 1)


@pytest.mark.django_db
def test_a_list_of_people_seen_is_one_event_a_person_and_a_set_operation_one_in_all() -> None:
    assert len(set(append(subjects=[KARI, OLA, 43]))) == 3
    assert len(append(events.IMPORT_BATCH, batch=99, details={"rows": 1_000_000})) == 1
    assert append(subjects=[]) == []
    assert _waiting() == 4


@pytest.mark.django_db
def test_an_event_stands_or_falls_with_the_act_it_tells_of() -> None:
    append()
    with suppress(RuntimeError), transaction.atomic():
        append()
        assert _waiting() == 2
        raise RuntimeError
    assert _waiting() == 1


@pytest.mark.django_db
def test_what_an_event_lacks_is_said() -> None:
    for given, code in (
        ({"type": events.PERSON_READ}, "event-actor"),
        ({"type": events.PERSON_READ, "actor": system("x", {1}), "activity": "proof"}, "event-subject"),
        ({"type": events.PROOF_RUN, "actor": system("x", {1}), "activity": "proof", "subject": 3}, "event-subject"),
        ({"type": events.PROOF_RUN, "actor": system("x", {1, 2}), "activity": "proof"}, "event-controller"),
    ):
        with pytest.raises(EventRefusedError) as refusal:
            operations.append(**given)  # type: ignore[arg-type]
        assert refusal.value.code == code


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"ref": "18"}, {"kind": "staff"}, {"controller": OTHER}])
def test_inside_a_scope_nobody_can_sign_for_another_actor_or_controller(wrong: dict[str, Any]) -> None:
    with Scope(system("17", {CLUB}), "customer_service"), connection.cursor() as cursor:
        cursor.execute(RAW, PLAIN)
        with pytest.raises(ProgrammingError) as refused, transaction.atomic():
            cursor.execute(RAW, PLAIN | wrong)
        assert refused.value.__cause__.sqlstate == "42501"  # type: ignore[union-attr]
    assert _waiting() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"details": '{"purpose": "Kari Nordmann ringte"}'},
        {"details": '{"codes": ["fine", ["not fine"]]}'},
        {"details": '{"deep": {"deeper": "æøå"}}'},
        {"details": '["fine"]'},
        {"details": f'{{"long": "{"x" * 65}"}}'},
        {"details": f'{{"many": {list(range(2000))}}}'},
        {"ref": "Kari Nordmann"},
        {"kind": "Staff"},
    ],
)
def test_a9_postgresql_itself_refuses_free_text(wrong: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RAW, PLAIN)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            cursor.execute(RAW, PLAIN | wrong)
        assert refused.value.__cause__.sqlstate == "23514"  # type: ignore[union-attr]
    assert _waiting() == 1


WRITES = [
    "INSERT INTO audit_event (subject_id, controller_id, at, recorded_at, actor_kind, actor_ref, activity, type,"
    " details) VALUES (1, 1, now(), now(), 'system', 'x', 'proof', 'proof.run', '{}')",
    "UPDATE audit_event SET details = '{}'",
    "UPDATE audit_event SET actor_ref = 'nobody'",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
    "COPY audit_event FROM STDIN",
    "INSERT INTO audit_link VALUES (1, 99, 1, 1, now(), '', '', '')",
    "UPDATE audit_link SET disposed_batch = 1",
    "DELETE FROM audit_link",
    "TRUNCATE audit_link",
    "INSERT INTO audit_queue VALUES (1, '1', now(), 1)",
    "UPDATE audit_queue SET event_id = 1",
    "DELETE FROM audit_queue",
    "DROP TABLE audit_link",
    "ALTER TABLE audit_event DISABLE ROW LEVEL SECURITY",
    "SET ROLE tillit_audit",
]


def test_a9_the_application_cannot_write_the_trail_in_plain_sql(fresh_db: Any) -> None:
    append(subject=KARI)
    with fresh_db.connect("app", autocommit=True) as plain:
        role = plain.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert role.fetchone() == ("tillit_app", False, False)
        plain.execute("SELECT set_config('tillit.activity', 'security_log', false)")
        plain.execute("SELECT set_config('tillit.controllers', '{1}', false)")
        assert plain.execute("SELECT count(*) FROM audit_since(1, '2020-01-01', 0, 9)").fetchone() == (1,)
        for statement in WRITES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
                plain.execute(statement)
            assert refused.value.sqlstate == "42501", statement


@pytest.mark.django_db
@pytest.mark.parametrize(
    "call",
    [
        "SELECT * FROM audit_page(1, 0, 10)",
        "SELECT * FROM audit_since(1, '2020-01-01', 0, 10)",
        "SELECT * FROM audit_unlinked(1, 10)",
        "SELECT * FROM audit_strays(1, 10)",
        "SELECT audit_dispose('{41}', '{1}')",
    ],
)
def test_whole_chains_open_only_to_the_scopes_meant_for_them(call: str) -> None:
    [event] = append(subject=41)
    operations.link(controller=CLUB)
    call = call.replace("'{1}'", f"'{{{event}}}'")
    for controllers, activity in (({CLUB}, "customer_service"), ({OTHER}, "security_log"), ({OTHER}, "retention")):
        with Scope(system("x", controllers), activity), connection.cursor() as cursor:
            with pytest.raises(ProgrammingError) as refused, transaction.atomic():
                cursor.execute(call)
            assert refused.value.__cause__.sqlstate == "42501"  # type: ignore[union-attr]
