"""Retention runs by itself from the declarations: each row on its day, not before, nothing overdue (H10, C17)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import digests, directories
from tillit.parties import operations as parties
from tillit.parties.models import Fact, Relationship, Subject
from tillit.privacy import retention
from tillit.privacy.models import Hold
from tillit.purchases.models import Purchase

pytestmark = pytest.mark.django_db


@pytest.fixture
def club() -> Controller:
    return publish_examples("bonus")["rundtur"]


def _buy(club: Controller, subject: int, at: datetime) -> None:
    with Scope(system("test", {club.pk}), "bonus_earning"):
        Purchase.objects.create(
            subject_id=subject,
            id=uuid4(),
            controller_id=club.pk,
            source_id=1,
            chain_id=1,
            store_id=1,
            event_at=at,
            amount=10000,
            currency="NOK",
            batch_id=1,
        )


def _leave(club: Controller, subject: int, on: date) -> None:
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.end_relationship(
            scope=scope, subject_id=subject, controller_id=club.pk, kind="member", ended=on, reason="left"
        )


def _held(club: Controller) -> dict[str, int]:
    with Scope(system("test", {club.pk}), "rights_requests"):
        return {
            "facts": Fact.objects.count(),
            "relationships": Relationship.objects.count(),
            "purchases": Purchase.objects.count(),
        }


def _overdue(on: date) -> int:
    return sum(retention.due_count(actor, plan, on) for actor, plan in retention.all_plans(on))


def test_h10_c17_member_leaves_identity_goes_and_books_stay_their_years(club: Controller) -> None:
    kari, ola = person(club, given="Kari", email="kari@eksempel.example"), person(club, given="Ola")
    _buy(club, kari, datetime(2026, 3, 1, 12, tzinfo=UTC))
    digest = digests.digest(club.register_id, digests.Kind.EMAIL, "kari@eksempel.example")
    directories.claim(register_id=club.register_id, kind=digests.Kind.EMAIL, digest=digest, subject_id=kari)
    before = _held(club)
    assert before == {"facts": 3, "relationships": 2, "purchases": 1}
    with clock.travel(date(2026, 6, 1)):
        retention.run()
        assert _held(club) == before, "nothing is due while they are members"
    _leave(club, kari, date(2026, 6, 15))
    with clock.travel(date(2026, 6, 14)):
        retention.run()
        assert _held(club) == before, "the day before"
    with clock.travel(date(2026, 6, 15)):
        assert _overdue(date(2026, 6, 15)) == 4, "name, address, membership, login"
        retention.run()
        assert _held(club) == {"facts": 1, "relationships": 1, "purchases": 1}
        assert _overdue(date(2026, 6, 15)) == 0
    found = directories.resolve(register_id=club.register_id, kind=digests.Kind.EMAIL, digest=digest)
    assert found is None, "the digest went with the last contact fact"
    last = date(2031, 12, 31)
    with clock.travel(last):
        retention.run()
        assert _held(club)["purchases"] == 1
    with clock.travel(last + timedelta(days=1)):
        retention.run()
        assert _held(club)["purchases"] == 0
        assert not Subject.objects.filter(pk=kari).exists(), "the empty subject goes last"
        assert Subject.objects.filter(pk=ola).exists()


def test_h10_rehearsal_counts_what_the_run_then_disposes_of(club: Controller) -> None:
    kari = person(club, given="Kari")
    _leave(club, kari, date(2026, 2, 1))
    with clock.travel(date(2026, 3, 1)):
        rehearsed = retention.run(dry_run=True)
        counted = sorted(rehearsed.results.values_list("table", "category", "rows"))
        assert counted == [
            ("parties_fact", "identity", 1),
            ("parties_login", "login", 1),
            ("parties_relationship", "relationship", 1),
        ]
        assert _held(club)["facts"] == 1
        assert sorted(retention.run().results.values_list("table", "category", "rows")) == counted
        assert _held(club)["facts"] == 0
        assert not retention.run().results.exists(), "a second run finds nothing"


def test_d11_a_hold_keeps_and_its_release_lets_go(club: Controller) -> None:
    kari = person(club, given="Kari")
    actor = system("test", {club.pk})
    with Scope(actor, "rights_requests"):
        Hold.objects.create(
            subject_id=kari, controller_id=club.pk, reason="claim", since=datetime(2026, 1, 5, tzinfo=UTC)
        )
    _leave(club, kari, date(2026, 2, 1))
    with clock.travel(date(2026, 3, 1)):
        retention.run()
        assert _held(club)["facts"] == 1
        with Scope(actor, "rights_requests"):
            Hold.objects.update(released=clock.now())
        retention.run()
        assert _held(club)["facts"] == 0


def test_h10_rejoining_before_the_day_keeps_everything(club: Controller) -> None:
    kari = person(club, given="Kari")
    _leave(club, kari, date(2026, 2, 1))
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.relate(scope=scope, subject_id=kari, controller_id=club.pk, kind="member", started=date(2026, 2, 10))
    with clock.travel(date(2026, 3, 1)):
        retention.run()
    assert _held(club)["facts"] == 1
