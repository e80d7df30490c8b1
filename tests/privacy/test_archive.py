"""Archives: entered on their day where the controller is, opened for their readers only, left by joining again."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import tried
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.parties.errors import UnknownSubjectError
from tillit.parties.models import Fact, Relationship, Subject
from tillit.privacy import archive, retention
from tillit.privacy.compiler import Party
from tillit.privacy.models import RetentionRun
from tillit.privacy.records import Recorder
from tillit.privacy.stages import archive_plans

pytestmark = pytest.mark.django_db
JOINED, LEFT = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def union() -> Controller:
    return publish_examples("union_benefits")["lyngheim"]


def _leave(controller: Controller, subject: int, kind: str = "member") -> None:
    activity = "membership_administration" if kind == "member" else "customer_administration"
    with Scope(system("test", {controller.pk}), activity) as scope:
        parties.end_relationship(
            scope=scope, subject_id=subject, controller_id=controller.pk, kind=kind, ended=LEFT, reason="left"
        )


def _join(controller: Controller, subject: int, on: date) -> None:
    with Scope(system("test", {controller.pk}), "membership_administration") as scope:
        parties.relate(scope=scope, subject_id=subject, controller_id=controller.pk, kind="member", started=on)


def _entered(registers: dict[int, list[Party]], on: date) -> list[int]:
    """How many rows would enter, by what is counted of them."""
    rehearsal = RetentionRun.objects.create(started_at=clock.now(), as_of=on, dry_run=True)
    archive.enter(registers, on, recorder=Recorder(rehearsal))
    return list(rehearsal.results.values_list("rows", flat=True))


def _names(controller: Controller, activity: str) -> set[str]:
    with Scope(system("test", {controller.pk}), activity):
        return set(Fact.objects.filter(kind="name.given").values_list("value", flat=True))


def test_b7_who_leaves_is_archived_for_joining_again_only_and_joining_restores(union: Controller) -> None:
    kari = person(union, given="Kari")
    person(union, given="Ola")
    assert _names(union, "membership_administration") == {"Kari", "Ola"}
    _leave(union, kari)
    with clock.travel(date(2026, 3, 1)):
        retention.run()
        assert _names(union, "membership_administration") == {"Ola"}
        assert _names(union, "rejoining") == {"Kari", "Ola"}
        assert archive.restore(subject_id=kari, controller_id=union.pk) == 0, "not while nobody has joined"
        _join(union, kari, date(2026, 3, 1))
        assert archive.restore(subject_id=kari, controller_id=union.pk) == 2, "the name and the former membership"
        assert _names(union, "membership_administration") == {"Kari", "Ola"}
        with Scope(system("test", {union.pk}), "membership_administration"):
            assert Relationship.objects.filter(subject_id=kari).count() == 2
        retention.run()
        assert _names(union, "membership_administration") == {"Kari", "Ola"}
        with pytest.raises(UnknownSubjectError):
            archive.restore(subject_id=12345, controller_id=union.pk)


def test_b7_a_restricted_person_comes_back_restricted(union: Controller) -> None:
    from tillit.consent.operations import restrict

    kari = person(union, given="Kari")
    _leave(union, kari)
    with clock.travel(date(2026, 3, 1)):
        with Scope(system("test", {union.pk}), "rights_requests") as scope:
            restrict(scope=scope, subject_id=kari, controller_id=union.pk, ground="claims", at=clock.now())
        retention.run()
        with Scope(system("test", {union.pk}), "rights_requests") as scope:
            assert set(Fact.objects.values_list("state", flat=True)) == {3}
            parties.relate(
                scope=scope, subject_id=kari, controller_id=union.pk, kind="member", started=date(2026, 3, 1)
            )
        archive.restore(subject_id=kari, controller_id=union.pk)
        with Scope(system("test", {union.pk}), "rights_requests"):
            assert set(Fact.objects.values_list("state", flat=True)) == {1}


def test_d10_the_historical_archive_opens_for_a_mistaken_ending_not_for_a_new_start() -> None:
    company = publish_examples("loyalty_services")["trygghavn"]
    kari = person(company, "customer", given="Kari")
    _leave(company, kari, "customer")
    with clock.travel(date(2026, 2, 2)):
        retention.run()
        assert _names(company, "customer_administration") == set()
        assert _names(company, "claims_defence") == {"Kari"}
        with Scope(system("test", {company.pk}), "rights_requests"):
            Relationship.objects.filter(subject_id=kari).update(ended=None)
        assert archive.restore(subject_id=kari, controller_id=company.pk) == 0
        assert archive.restore(subject_id=kari, controller_id=company.pk, mistaken=True) == 2
        assert _names(company, "customer_administration") == {"Kari"}


@settings(max_examples=tried(25), deadline=None)
@given(
    st.sampled_from([datetime(2026, 6, 30, 21, 59, tzinfo=UTC), datetime(2026, 6, 30, 22, 0, tzinfo=UTC)]),
    st.sampled_from(["superseded", "year_end(superseded)"]),
    st.dates(date(2026, 6, 28), date(2027, 1, 3)),
)
def test_d10_a_day_is_the_controllers_day(moment: datetime, text: str, on: date) -> None:
    """The last evening minute in Oslo and the first of the next day, as an archive's clock."""
    union = publish_examples("union_benefits")["lyngheim"]
    kari = person(union, given="Kari")
    with Scope(system("test", {union.pk}), "rights_requests"):
        Fact.objects.filter(subject_id=kari).update(superseded_at=moment, state=0)
    said = current(controller_id=union.pk, on=on)
    first = said.archives[0].model_copy(update={"clock": text, "categories": ("identity",)})
    party = Party(union.pk, union.pk, said.model_copy(update={"archives": (first,)}))
    local = date(2026, 6, 30) if moment.minute else date(2026, 7, 1)
    expected = on >= (date(2027, 1, 1) if "year" in text else local)
    assert sum(_entered({union.register_id: [party]}, on)) == expected
    with Scope(system("test", {union.pk}), "rights_requests"):
        Fact.objects.filter(subject_id=kari).delete()
    assert len(list(archive_plans(party))) == 1


def test_a1_what_is_held_jointly_is_archived_when_no_club_needs_it() -> None:
    clubs = publish_examples("bonus")
    town, club = clubs["rundtur"], clubs["skogheim"]
    kari = person(town, given="Kari")
    with Scope(system("test", {club.pk}), "membership_administration", frozenset({kari})) as scope:
        parties.relate(scope=scope, subject_id=kari, controller_id=club.pk, kind="member", started=JOINED)
    _leave(town, kari)
    template = publish_examples("union_benefits")["lyngheim"]
    on = date(2026, 3, 1)
    said = current(controller_id=template.pk, on=on).archives[0].model_copy(update={"categories": ("identity",)})

    def members() -> list[Party]:
        found = []
        for one in (town, club):
            declared = current(controller_id=one.pk, on=on)
            found.append(Party(one.pk, town.pk, declared.model_copy(update={"archives": (said,)})))
        return found

    assert _entered({town.register_id: members()}, on) == []
    _leave(club, kari)
    assert _entered({town.register_id: members()}, on) == [1]


def test_h10_nothing_goes_before_its_day(union: Controller) -> None:
    kari = person(union, given="Kari")
    with pytest.raises(TillitError, match="not disposed of"):
        retention.run(as_of=date(2990, 1, 1))
    assert retention.run(as_of=date(2990, 1, 1), dry_run=True).finished_at is not None
    assert Subject.objects.filter(pk=kari).exists()


def test_b7_joining_again_through_the_journey_restores_what_was_archived_for_it(union: Controller) -> None:
    from tests.journeys.test_join import KARI
    from tillit.journeys.join import join

    with clock.travel(JOINED):
        kari = join(controller_id=union.pk, applicant=KARI, route="web", at=clock.now()).subject_id
    _leave(union, kari)
    with clock.travel(date(2026, 3, 1)):
        assert _names(union, "membership_administration") == {"Kari"}
        retention.run()
        assert _names(union, "membership_administration") == set()
        assert _names(union, "rejoining") == {"Kari"}
        again = join(controller_id=union.pk, applicant=KARI, route="web", at=clock.now())
        assert (again.subject_id, again.new) == (kari, False)
        assert _names(union, "membership_administration") == {"Kari"}
        retention.run()
        assert _names(union, "membership_administration") == {"Kari"}


def test_d10_who_comes_back_is_recorded_beside_the_archive_that_stays_closed() -> None:
    """A claim's archive does not open for a new customership; what is said anew replaces what lies in it."""
    company = publish_examples("loyalty_services")["trygghavn"]
    kari = person(company, "customer", given="Kari")
    _leave(company, kari, "customer")
    with clock.travel(date(2026, 2, 2)):
        retention.run()
        with Scope(system("test", {company.pk}), "customer_administration") as scope:
            parties.relate(
                scope=scope, subject_id=kari, controller_id=company.pk, kind="customer", started=date(2026, 2, 2)
            )
            parties.record_fact(
                scope=scope,
                subject_id=kari,
                controller_id=company.pk,
                category="identity",
                kind="name.given",
                value="Kaia",
                source="data_subject",
                at=clock.now(),
            )
        assert _names(company, "customer_administration") == {"Kaia"}
        assert _names(company, "claims_defence") == {"Kari", "Kaia"}
        with Scope(system("test", {company.pk}), "claims_defence"):
            assert Fact.objects.get(value="Kari").superseded_at == clock.now()


def test_h4_a_write_under_an_activity_that_may_not_touch_restricted_people_is_refused_clearly(
    union: Controller,
) -> None:
    from tillit.audit import events
    from tillit.audit.models import Event
    from tillit.audit.operations import append
    from tillit.consent.operations import lift, restrict
    from tillit.parties.errors import RestrictedPersonError

    kari = person(union, given="Kari")
    rights = Scope(system("test", {union.pk}), "rights_requests")
    with rights as scope:
        restrict(scope=scope, subject_id=kari, controller_id=union.pk, ground="claims", at=clock.now())
        append(type=events.PERSON_READ, scope=scope, subject=kari, details={"purpose": "enquiry"})
        assert set(Event.objects.filter(subject_id=kari, type="person.read").values_list("state", flat=True)) == {1}
    with (
        Scope(system("test", {union.pk}), "membership_administration") as scope,
        pytest.raises(RestrictedPersonError, match="membership_administration"),
    ):
        parties.record_fact(
            scope=scope,
            subject_id=kari,
            controller_id=union.pk,
            category="identity",
            kind="name.given",
            value="Kaia",
            source="data_subject",
            at=clock.now(),
        )
    with Scope(system("test", {union.pk}), "rights_requests") as scope:
        lift(scope=scope, subject_id=kari, at=clock.now())
        assert set(Event.objects.filter(subject_id=kari).values_list("state", flat=True)) == {0}
