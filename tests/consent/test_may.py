"""May we? One statement answers for one person and for the set (F1, F2, H4, H5, H7, F9, D14)."""

from datetime import date

import pytest
from django.db import connection

from tests.support.world import person, publish_examples
from tillit.consent import operations, queries
from tillit.consent.errors import NotLawfulError, UnknownChoiceError
from tillit.consent.models import Choice, ConsentEvent, EventKind
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import deaths, merging
from tillit.parties.errors import UnknownSubjectError
from tillit.parties.models import Fact, Relationship
from tillit.parties.operations import relate

pytestmark = pytest.mark.django_db


@pytest.fixture
def club() -> Controller:
    return publish_examples("bonus")["rundtur"]


def _say(club: Controller, subject: int, kind: EventKind, activity: str, channel: str = "") -> ConsentEvent:
    with Scope(system("test", {club.pk}), "consent_management") as scope:
        return operations.record(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            activity=activity,
            channel=channel,
            kind=kind,
            route="self_service",
            wording="w1",
            at=clock.now(),
        )


def test_f1_marketing_waits_for_consent_per_channel(club: Controller) -> None:
    kari = person(club, given="Kari")
    ask = {"controller_id": club.pk, "activity": "marketing", "subject_id": kari}
    assert queries.may(**ask, channel="email").reason == "no-consent"
    _say(club, kari, EventKind.GIVEN, "marketing", "email")
    assert queries.may(**ask, channel="email")
    assert queries.may(**ask, channel="sms").reason == "no-consent"
    assert queries.may(**ask, channel="phone").reason == "channel-not-declared"
    assert queries.lawful_subjects(controller_id=club.pk, activity="marketing", channel="email") == {kari}


def test_f9_no_marketing_to_people_without_an_account(club: Controller) -> None:
    kari, ola = person(club, given="Kari"), person(club, given="Ola", account=False)
    for subject in (kari, ola):
        _say(club, subject, EventKind.GIVEN, "marketing")
    found = queries.reasons(controller_id=club.pk, activity="marketing", channel="email")
    assert found == {kari: "", ola: "no-account"}


def test_a7_c3_whoever_is_known_to_have_died_under_another_registration_is_not_written_to(club: Controller) -> None:
    kari, twin = person(club, given="Kari"), person(club, given="Kari")
    ask = {"controller_id": club.pk, "activity": "important_notices", "subject_id": kari, "channel": "email"}
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        deaths.record(
            scope=scope, subject_id=twin, controller_id=club.pk, day=clock.today(), source="register", at=clock.now()
        )
        assert queries.may(**ask)
        merging.merge(scope=scope, subject_id=twin, into=kari)
    assert queries.may(**ask).reason == "deceased"
    assert queries.reasons(controller_id=club.pk, activity="important_notices", channel="email")[kari] == "deceased"


def test_f2_withdrawal_holds_for_the_next_statement_and_history_stays(club: Controller) -> None:
    kari = person(club, given="Kari")
    _say(club, kari, EventKind.GIVEN, "marketing", "email")
    assert queries.may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="email")
    _say(club, kari, EventKind.WITHDRAWN, "marketing")
    decision = queries.may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="email")
    assert decision.reason == "no-consent"
    with pytest.raises(NotLawfulError):
        decision.require()
    with Scope(system("test", {club.pk}), "consent_proof"):
        assert [e.kind for e in ConsentEvent.objects.filter(subject_id=kari).order_by("recorded_at", "at")] == [
            "given",
            "withdrawn",
        ]
    with Scope(system("test", {club.pk}), "consent_management"):
        assert not Choice.objects.filter(subject_id=kari, consented=True).exists()


def test_f6_the_proof_of_a_consent_is_read_only_to_prove_it(club: Controller) -> None:
    """Row security: the choice in effect is open to who must keep to it; its proof, to who proves it."""
    kari = person(club, given="Kari")
    _say(club, kari, EventKind.GIVEN, "marketing", "email")
    reads, writes = {"choice": set(), "proof": set()}, set()
    for activity in [a.key for a in current(controller_id=club.pk, on=clock.today()).activities]:
        with Scope(system("test", {club.pk}), activity, frozenset({kari})):
            reads["choice"] |= {activity} if Choice.objects.filter(subject_id=kari).exists() else set()
            reads["proof"] |= {activity} if ConsentEvent.objects.filter(subject_id=kari).exists() else set()
            writes |= {activity} if ConsentEvent.objects.filter(subject_id=kari).update(evidence="seen") else set()
    assert {"consent_management", "self_service", "newsletter", "marketing"} <= reads["choice"]
    assert reads["proof"] == {"consent_proof", "rights_requests", "retention", "proof"}
    assert writes == {"consent_proof", "rights_requests", "retention"}
    readers = {key for key, role in vocabulary().roles.items() if {"consent_proof", "rights_requests"} & {*role.may}}
    assert readers == {"privacy_adviser"}


def test_h5_objection_to_marketing_is_absolute_even_with_consent(club: Controller) -> None:
    kari = person(club, given="Kari")
    _say(club, kari, EventKind.GIVEN, "marketing", "email")
    _say(club, kari, EventKind.OBJECTED, "marketing")
    assert (
        queries.may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="email").reason == "objected"
    )
    _say(club, kari, EventKind.GIVEN, "marketing", "email")
    assert (
        queries.may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="email").reason == "objected"
    )


def test_c16_objection_stops_profiling_on_legitimate_interest_and_refusal_resumes_it(club: Controller) -> None:
    kari, ola = person(club, given="Kari"), person(club, given="Ola")
    assert queries.lawful_subjects(controller_id=club.pk, activity="profiling") == {kari, ola}
    _say(club, kari, EventKind.OBJECTED, "profiling")
    assert queries.lawful_subjects(controller_id=club.pk, activity="profiling") == {ola}
    _say(club, kari, EventKind.OBJECTION_REFUSED, "profiling")
    assert queries.lawful_subjects(controller_id=club.pk, activity="profiling") == {kari, ola}


def test_h5_no_objection_to_what_the_contract_needs(club: Controller) -> None:
    kari = person(club, given="Kari")
    _say(club, kari, EventKind.OBJECTED, "bonus_earning")
    assert queries.may(controller_id=club.pk, activity="bonus_earning", subject_id=kari)


def test_h4_restriction_hides_every_row_at_once_and_lifting_shows_them(club: Controller) -> None:
    kari, ola = person(club, given="Kari"), person(club, given="Ola")
    actor = system("test", {club.pk})

    def seen(activity: str) -> tuple[set[int], set[int]]:
        with Scope(actor, activity):
            return (
                set(Fact.objects.values_list("subject_id", flat=True)),
                set(Relationship.objects.values_list("subject_id", flat=True)),
            )

    assert seen("membership_administration") == ({kari, ola}, {kari, ola})
    with Scope(actor, "rights_requests") as scope:
        operations.restrict(scope=scope, subject_id=kari, controller_id=club.pk, ground="accuracy", at=clock.now())
    assert seen("membership_administration") == ({ola}, {ola})
    assert seen("rights_requests") == ({kari, ola}, {kari, ola})
    assert queries.may(controller_id=club.pk, activity="profiling", subject_id=kari).reason == "restricted"
    person_row = person(club, given="Per")
    with Scope(actor, "rights_requests") as scope:
        assert operations.lift(scope=scope, subject_id=kari, at=clock.now()) == 1
    assert seen("membership_administration") == ({kari, ola, person_row}, {kari, ola, person_row})


def test_h4_whoever_restricts_every_row_of_the_register_is_restricted() -> None:
    clubs = publish_examples("bonus")
    town, club = clubs["rundtur"], clubs["skogheim"]
    kari = person(club, given="Kari")
    with Scope(system("test", {town.pk}), "membership_administration", subjects=frozenset({kari})) as scope:
        relate(scope=scope, subject_id=kari, controller_id=town.pk, kind="member", started=date(2026, 1, 1))

    def live() -> set[str]:
        found = set()
        for controller in clubs.values():
            with Scope(system("test", {controller.pk}), "membership_administration", subjects=frozenset({kari})):
                rows = [*Fact.objects.filter(subject_id=kari), *Relationship.objects.filter(subject_id=kari)]
                found |= {f"{row._meta.db_table} {row.controller_id}" for row in rows}
        return found

    before = live()
    assert len(before) == 3
    with Scope(system("test", {club.pk}), "rights_requests") as scope:
        operations.restrict(scope=scope, subject_id=kari, controller_id=club.pk, ground="accuracy", at=clock.now())
    assert live() == set()
    with Scope(system("test", {club.pk}), "rights_requests") as scope:
        operations.lift(scope=scope, subject_id=kari, at=clock.now())
    assert live() == before


def test_h4_a_person_who_is_not_there_is_an_answer_not_a_crash(club: Controller) -> None:
    with pytest.raises(UnknownSubjectError):
        _say(club, 12345, EventKind.GIVEN, "marketing")
    assert queries.may(controller_id=club.pk, activity="marketing", subject_id=12345).reason == "not-applicable"


def test_h4_a_row_added_while_restricted_is_born_restricted(club: Controller) -> None:
    kari = person(club, given="Kari")
    actor = system("test", {club.pk})
    with Scope(actor, "rights_requests") as scope:
        operations.restrict(scope=scope, subject_id=kari, controller_id=club.pk, ground="claims", at=clock.now())
    _say(club, kari, EventKind.GIVEN, "marketing", "email")
    with Scope(actor, "consent_management"):
        assert set(Choice.objects.filter(subject_id=kari).values_list("state", flat=True)) == {1}
    with Scope(actor, "marketing"):
        assert not Choice.objects.filter(subject_id=kari).exists()


def test_d14_and_a2_not_declared_not_applicable(club: Controller) -> None:
    kari = person(club, given="Kari")
    assert queries.may(controller_id=club.pk, activity="power_supply", subject_id=kari).reason == "not-declared"
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        from tillit.parties.operations import end_relationship

        end_relationship(
            scope=scope, subject_id=kari, controller_id=club.pk, kind="member", ended=date(2026, 2, 1), reason="left"
        )
    assert queries.may(controller_id=club.pk, activity="profiling", subject_id=kari).reason == "not-applicable"


def test_a2_a_choice_nobody_declared_is_refused(club: Controller) -> None:
    kari = person(club, given="Kari")
    with pytest.raises(UnknownChoiceError):
        _say(club, kari, EventKind.GIVEN, "power_supply")
    with pytest.raises(UnknownChoiceError):
        _say(club, kari, EventKind.GIVEN, "newsletter", "phone")


def test_f1_one_and_set_agree(club: Controller) -> None:
    people = [person(club, given=f"P{n}") for n in range(12)]
    kinds = [EventKind.GIVEN, EventKind.WITHDRAWN, EventKind.OBJECTED, EventKind.OBJECTION_LIFTED]
    for n, subject in enumerate(people):
        for step in range(n % 5):
            _say(club, subject, kinds[(n * 7 + step * 3) % 4], "marketing", ["", "email", "sms"][(n + step) % 3])
    for channel in ("email", "sms", "post"):
        lawful = queries.lawful_subjects(controller_id=club.pk, activity="marketing", channel=channel)
        single = {
            s for s in people if queries.may(controller_id=club.pk, activity="marketing", subject_id=s, channel=channel)
        }
        assert lawful == single
    assert connection.vendor == "postgresql"
