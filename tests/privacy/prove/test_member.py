"""A member's own view: what is held, why, until when, and that it is kept (H1, H10)."""

from datetime import date

import pytest

from tests.support.world import person, publish_examples
from tillit.kernel import clock
from tillit.kernel.scope import Scope, UnscopedAccessError, system
from tillit.parties import operations as parties
from tillit.parties.actors import member_actor
from tillit.parties.models import Login
from tillit.privacy.prove.member import Item, promises_for

pytestmark = pytest.mark.django_db


def _mine(register_id: int, subject: int, language: str = "nb") -> dict[str, Item]:
    login = Login.objects.get(subject_id=subject)
    actor = member_actor(register_id=register_id, subject_id=subject, login_id=login.pk)
    with Scope(actor, "self_service", frozenset({subject})):
        return {item.category: item for item in promises_for(subject_id=subject, language=language)}


def test_h1_h10_a_member_sees_what_is_held_why_and_until_when() -> None:
    club = publish_examples("bonus")["rundtur"]
    kari, ola = person(club, given="Kari", email="kari@eksempel.example"), person(club, given="Ola")
    items = _mine(club.register_id, kari)
    assert {"identity", "contact", "relationship"} <= set(items)
    assert items["identity"].rows == 1
    assert items["identity"].why
    assert items["identity"].rules
    assert items["identity"].until is None, "kept while she is a member"
    assert {item.state for item in items.values()} == {"kept"}
    assert "contact" not in _mine(club.register_id, ola)
    assert _mine(club.register_id, kari, "en")["identity"].name == "Name and customer details"
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.end_relationship(
            scope=scope, subject_id=kari, controller_id=club.pk, kind="member", ended=date(2026, 3, 1), reason="left"
        )
    with clock.travel(date(2026, 2, 1)):
        until = _mine(club.register_id, kari)["contact"].until
        assert until is not None
        assert until >= date(2026, 3, 1)
    with clock.travel(date(2031, 1, 1)):
        assert _mine(club.register_id, kari)["contact"].state == "broken", "the disposal did not run"


def test_h1_outside_a_scope_nothing_is_told() -> None:
    with pytest.raises(UnscopedAccessError):
        promises_for(subject_id=1, language="nb")
