"""A person sees who looked at their data and why, and of nobody else; staff without the purpose see none of it."""

import pytest
from django.db import connection

from tests.audit.trail import append
from tests.support.world import person, publish_examples
from tillit.audit import events, operations, queries
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel.scope import Actor, Scope, UnscopedAccessError, system


@pytest.fixture
def club(db: None) -> Controller:
    return publish_examples("power")["fjordlys"]


def _see(scope: Scope) -> list[tuple[str, str, str, int]]:
    """The events about people that a scope sees (the publishing of the declaration is one about nobody)."""
    with scope:
        seen = Event.objects.exclude(type="declaration.published")
        return [(e.type, f"{e.actor_kind}:{e.actor_ref}", e.activity, e.subject_id) for e in seen]


def test_a9_the_person_sees_who_looked_and_why_and_only_at_them(club: Controller) -> None:
    mine, another = person(club, "customer"), person(club, "customer")
    staff = Actor("staff", "17", frozenset({club.pk}))
    with Scope(staff, "customer_service") as scope:
        operations.append(type=events.PERSON_READ, scope=scope, subject=mine, details={"purpose": "enquiry"})
        operations.append(type=events.PERSON_READ, scope=scope, subject=another)
        operations.append(type=events.PERSON_SEARCHED, scope=scope, details={"by": "name", "hits": 2})
    member = Actor("member", "1", frozenset({club.pk}), subjects=frozenset({mine}))
    expected = ("person.read", "staff:17", "customer_service", mine)
    assert _see(Scope(member, "self_service")) == [expected]
    with Scope(member, "self_service") as scope:
        assert [e.details for e in queries.about(scope=scope, subject_id=mine)] == [{"purpose": "enquiry"}]
        assert list(queries.about(scope=scope, subject_id=another)) == []
    assert len(_see(Scope(system("security", {club.pk}), "security_log"))) == 3


def test_a9_the_trail_is_seen_only_for_a_purpose_the_declaration_gives(club: Controller) -> None:
    append(controller=club.pk, subject=person(club, "customer"))
    assert len(_see(Scope(system("x", {club.pk}), "security_log"))) == 1
    assert _see(Scope(system("x", {club.pk}), "customer_service")) == []
    assert _see(Scope(system("x", {club.pk + 1000}), "security_log")) == []
    with pytest.raises(UnscopedAccessError):
        Event.objects.count()


def test_restriction_may_set_the_state_and_nothing_else(club: Controller) -> None:
    append(controller=club.pk, subject=person(club, "customer"))
    with Scope(system("rights", {club.pk}), "rights_requests"):
        assert Event.objects.exclude(type="declaration.published").update(state=1) == 1
    assert [e[0] for e in _see(Scope(system("security", {club.pk}), "security_log"))] == ["person.read"]
    with Scope(system("rights", {club.pk}), "rights_requests"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.column_privileges WHERE table_name = 'audit_event'"
            " AND grantee = 'tillit_app' AND privilege_type IN ('UPDATE', 'INSERT')"
        )
        assert cursor.fetchall() == [("state",)]
