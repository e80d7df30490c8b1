"""Erasure: what may go goes everywhere, what stays is told with its reason (H3)."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.consent.models import ConsentEvent, EventKind
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.parties.journal_models import JournalEntry
from tillit.parties.models import Fact, Login, Subject
from tillit.privacy.erasure import Item, erase
from tillit.privacy.models import Hold
from tillit.purchases.models import Purchase, Seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def club() -> Controller:
    return publish_examples("bonus")["rundtur"]


def _erase(club: Controller, subject: int) -> dict[tuple[str, str], Item]:
    ids = Controller.objects.filter(register=club.register).values_list("id", flat=True)
    items = erase(actor=system("rights", ids), subject_id=subject, ground="no_longer_needed", at=clock.now())
    return {(item.category, item.outcome): item for item in items}


def _bought(club: Controller, subject: int, at: datetime) -> None:
    with Scope(system("test", {club.pk}), "bonus_earning"):
        bought = Purchase.objects.create(
            subject_id=subject,
            id=uuid4(),
            controller_id=club.pk,
            source_id=1,
            chain_id=1,
            store_id=1,
            event_at=at,
            amount=10000,
            currency="NOK",
            product="Brød",
            batch_id=1,
        )
        Seen.objects.create(source_id=1, digest=bought.id, payload=uuid4(), event_on=at.date())


def _leave(club: Controller, subject: int) -> None:
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.end_relationship(
            scope=scope, subject_id=subject, controller_id=club.pk, kind="member", ended=clock.today(), reason="left"
        )


def test_h3_a_member_who_stays_keeps_what_the_contract_needs_and_is_told(club: Controller) -> None:
    kari = person(club, given="Kari")
    outcome = _erase(club, kari)
    assert outcome["identity", "kept"].rule == "identity_member"
    assert outcome["identity", "kept"].until is None
    assert ("identity", "erased") not in outcome


def test_h3_leaving_and_erasure_leave_only_the_books_without_identity(club: Controller) -> None:
    with clock.travel(date(2026, 5, 4)):
        kari, ola = person(club, given="Kari", email="kari@eksempel.example"), person(club, given="Ola")
        for subject in (kari, ola):
            _bought(club, subject, datetime(2026, 4, 1, 10, tzinfo=UTC))
        _leave(club, kari)
        outcome = _erase(club, kari)
    assert outcome["identity", "erased"].rows == 1
    assert outcome["contact", "erased"].rows == 1
    kept = outcome["purchase", "kept"]
    assert (kept.rule, kept.until, kept.rows) == ("purchase_books", date(2032, 1, 1), 1)
    with Scope(system("test", {club.pk}), "rights_requests"):
        assert list(Fact.objects.values_list("subject_id", flat=True)) == [ola]
        assert Purchase.objects.filter(subject_id=kari).count() == 1
    assert Seen.objects.count() == 2, "the purchase is still counted once"
    assert list(Login.objects.values_list("subject_id", flat=True)) == [ola]
    assert JournalEntry.objects.filter(subject_id=kari, kind="erasure").count() == 1
    with clock.travel(date(2032, 1, 1)):
        assert _erase(club, kari)["purchase", "erased"].rows == 1
    assert Seen.objects.count() == 1
    assert _left(club, kari) <= {"access_record"}


def _left(club: Controller, subject: int) -> set[str]:
    """Categories in which anything is left: the log of the erasure itself is evidence."""
    assert Subject.objects.filter(pk=subject).exists()
    return {item.category for item in _erase(club, subject).values()}


def test_h3_a_hold_keeps_and_says_so(club: Controller) -> None:
    kari = person(club, given="Kari")
    with Scope(system("test", {club.pk}), "rights_requests"):
        Hold.objects.create(subject_id=kari, controller_id=club.pk, reason="claim", since=clock.now())
    _leave(club, kari)
    assert _erase(club, kari)["identity", "kept"].rule == "hold"


def test_h3_proof_of_consent_is_evidence_and_stays_its_time(club: Controller) -> None:
    with clock.travel(date(2026, 5, 4)):
        kari = person(club, given="Kari")
        with Scope(system("test", {club.pk}), "consent_management") as scope:
            consent.record(
                scope=scope,
                subject_id=kari,
                controller_id=club.pk,
                activity="marketing",
                kind=EventKind.GIVEN,
                route="self_service",
                wording="w1",
                at=clock.now(),
            )
        _leave(club, kari)
        kept = _erase(club, kari)["consent_evidence", "kept"]
        assert (kept.rule, kept.until) == ("consent_evidence", date(2029, 5, 4))
    with Scope(system("test", {club.pk}), "consent_proof"):
        assert ConsentEvent.objects.filter(subject_id=kari).count() == 1
