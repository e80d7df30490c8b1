"""Subjects, relationships, facts and staff: who may look at whom (A1, A5, A6, A7, A9)."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError, UnscopedAccessError, system
from tillit.parties import actors, directories
from tillit.parties import operations as parties
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError, NotAssignedError, NotStaffError, SealedValueLostError
from tillit.parties.models import Assignment, Fact, Login, Relationship, SealedFact, StaffMember, StaffRole
from tillit.parties.sealing import open_sealed

pytestmark = pytest.mark.django_db
FNR = "01817012345"


@pytest.fixture
def all_controllers() -> dict[str, Controller]:
    return publish_examples()


def _staff(controller: Controller, role: str, *, confidential: bool = True) -> StaffMember:
    login = Login.objects.create(created_at=clock.now(), password="")
    member = StaffMember.objects.create(
        login=login,
        email=f"{role}.{controller.key}@eksempel.example",
        name="Ansatt",
        confidentiality_signed=clock.today() if confidential else None,
    )
    StaffRole.objects.create(staff=member, controller=controller, role=role, granted=clock.today())
    return member


def _seal(controller: Controller, subject: int) -> SealedFact:
    with Scope(system("test", [controller.pk]), "membership_administration") as scope:
        return parties.seal_fact(
            scope=scope,
            subject_id=subject,
            controller_id=controller.pk,
            category="national_number",
            kind="national_number",
            value=FNR,
            source="union",
            at=clock.now(),
        )


def test_a1_four_arrangements_stand_beside_each_other(all_controllers: dict[str, Controller]) -> None:
    kinds = {c.arrangement for c in all_controllers.values()}
    assert kinds == {"sole", "processor", "joint", "department"}
    joint = [c for c in all_controllers.values() if c.arrangement == "joint"]
    assert len({c.register_id for c in joint}) == 1
    assert [c.key for c in joint if c.holder] == ["rundtur"]
    apart = [c.register_id for c in all_controllers.values() if c.arrangement != "joint"]
    assert len(set(apart)) == len(apart), "unions and departments share no register"


def test_a1_two_unions_with_one_operator_see_only_their_own(all_controllers: dict[str, Controller]) -> None:
    one, other = all_controllers["lyngheim"], all_controllers["steinlia"]
    kari, ola = person(one, given="Kari"), person(other, given="Ola")
    for controller, seen in ((one, kari), (other, ola)):
        with Scope(system("test", [controller.pk]), "membership_administration"):
            assert list(Fact.objects.values_list("subject_id", flat=True)) == [seen]


def test_a1_a_club_reaches_the_shared_profile_of_its_own_people_only(all_controllers: dict[str, Controller]) -> None:
    club, other = all_controllers["nordkai"], all_controllers["skogheim"]
    kari, ola = person(club, given="Kari"), person(other, given="Ola")
    actor = actors.staff_actor(staff=_staff(club, "administrator"), controller=club)
    with Scope(actor, "membership_administration"):
        assert not Fact.objects.exists(), "the jointly held rows open for named people only"
    with actors.person_scope(actor=actor, activity="membership_administration", subject_id=kari):
        assert list(Fact.objects.values_list("value", flat=True)) == ["Kari"]
        assert not Fact.objects.filter(subject_id=ola).exists()
    with pytest.raises(NotAssignedError):
        actors.person_scope(actor=actor, activity="membership_administration", subject_id=ola)


def test_a9_roles_bound_activities_and_confidentiality_comes_first(all_controllers: dict[str, Controller]) -> None:
    union = all_controllers["lyngheim"]
    actor = actors.staff_actor(staff=_staff(union, "marketing"), controller=union)
    with pytest.raises(ScopeError):
        Scope(actor, "membership_administration")
    with pytest.raises(NotStaffError):
        actors.staff_actor(staff=_staff(union, "customer_service", confidential=False))
    gone = _staff(union, "reception")
    StaffRole.objects.filter(staff=gone).update(ended=clock.today())
    with pytest.raises(NotStaffError):
        actors.staff_actor(staff=gone)


def test_a9_where_the_controller_says_so_staff_see_only_people_assigned(
    all_controllers: dict[str, Controller],
) -> None:
    office = all_controllers["elvebakken"]
    kari = person(office, "customer", given="Kari")
    member = _staff(office, "customer_service")
    actor = actors.staff_actor(staff=member, controller=office)
    with pytest.raises(NotAssignedError):
        actors.person_scope(actor=actor, activity="customer_administration", subject_id=kari)
    with Scope(system("test", [office.pk]), "customer_administration"):
        Assignment.objects.create(subject_id=kari, controller_id=office.pk, staff=member, since=clock.today())
    with actors.person_scope(actor=actor, activity="customer_administration", subject_id=kari):
        assert Fact.objects.filter(subject_id=kari).exists()


def test_a5_a_relationship_has_start_end_reason_and_history(all_controllers: dict[str, Controller]) -> None:
    union = all_controllers["lyngheim"]
    kari = person(union, given="Kari")
    common = {"subject_id": kari, "controller_id": union.pk, "kind": "member"}
    with Scope(system("test", [union.pk]), "membership_administration") as scope:
        assert parties.end_relationship(scope=scope, **common, ended=date(2026, 5, 1), reason="left") == 1
        assert parties.end_relationship(scope=scope, **common, ended=date(2026, 5, 2), reason="left") == 0
        parties.relate(scope=scope, **common, started=date(2026, 9, 1))
        parties.relate(scope=scope, **common, started=date(2026, 9, 2))
        history = list(Relationship.objects.order_by("started").values_list("started", "ended", "end_reason"))
        assert history == [(date(2026, 1, 1), date(2026, 5, 1), "left"), (date(2026, 9, 1), None, "")]
        with pytest.raises(IntegrityError), transaction.atomic():
            Relationship.objects.filter(ended__isnull=True).update(ended=date(2026, 1, 1))


def test_a6_a_national_number_is_sealed_and_found_only_by_digest(all_controllers: dict[str, Controller]) -> None:
    union, other = all_controllers["lyngheim"], all_controllers["steinlia"]
    kari, ola = person(union, given="Kari"), person(union, given="Ola")
    fact = _seal(union, kari)
    assert FNR.encode() not in bytes(fact.sealed)
    place = {"controller_id": union.pk, "table": "parties_sealed_fact", "column": "sealed"}
    with Scope(system("test", [union.pk]), "membership_administration") as scope:
        assert parties.open_fact(scope=scope, fact=fact) == FNR
        with pytest.raises(SealedValueLostError):
            open_sealed(subject_id=ola, sealed=fact.sealed, **place)
        with pytest.raises(SealedValueLostError):
            open_sealed(subject_id=kari, sealed=fact.sealed, **{**place, "column": "elsewhere"})
    mine = digest(union.register_id, Kind.NATIONAL_NUMBER, FNR)
    assert mine != digest(other.register_id, Kind.NATIONAL_NUMBER, FNR), "two registers cannot be joined"
    assert mine != digest(union.register_id, Kind.CUSTOMER_NUMBER, FNR)
    find = {"register_id": union.register_id, "kind": Kind.NATIONAL_NUMBER, "digest": mine}
    directories.claim(subject_id=kari, **find)
    directories.claim(subject_id=kari, **find)
    assert directories.resolve(**find) == kari
    with pytest.raises(AlreadyClaimedError):
        directories.claim(subject_id=ola, **find)
    assert directories.unclaim(subject_id=kari, **find)
    assert directories.resolve(**find) is None


def test_a7_a_correction_keeps_what_was_and_its_source(all_controllers: dict[str, Controller]) -> None:
    union = all_controllers["lyngheim"]
    with clock.travel(date(2026, 5, 1)):
        kari = person(union, given="Kari")
    new = {"subject_id": kari, "controller_id": union.pk, "category": "identity", "kind": "name.given"}
    with clock.travel(date(2026, 6, 1)), Scope(system("test", [union.pk]), "membership_administration") as scope:
        parties.record_fact(scope=scope, **new, value="Karin", source="population_register", at=clock.now())
        parties.record_fact(scope=scope, **new, value="Karin", source="union", at=clock.now())
        rows = list(Fact.objects.filter(subject_id=kari).order_by("collected_at").values_list("value", "source"))
        assert rows == [("Kari", "data_subject"), ("Karin", "population_register")]
        superseded = Fact.objects.get(value="Kari").superseded_at
        assert superseded is not None
        assert clock.now() - superseded < timedelta(seconds=1)
        assert Fact.objects.get(value="Karin").collected_under == "membership_administration"


def test_a2_what_the_activity_does_not_record_is_refused_by_the_database(
    all_controllers: dict[str, Controller],
) -> None:
    union = all_controllers["lyngheim"]
    kari = person(union, given="Kari")
    with Scope(system("test", [union.pk]), "membership_card") as scope, pytest.raises(DatabaseError):
        parties.record_fact(
            scope=scope,
            subject_id=kari,
            controller_id=union.pk,
            category="gender",
            kind="gender",
            value="k",
            source="union",
            at=clock.now(),
        )


def test_unscoped_access_raises_and_a_member_names_only_itself(all_controllers: dict[str, Controller]) -> None:
    union = all_controllers["lyngheim"]
    kari, ola = person(union, given="Kari"), person(union, given="Ola")
    with pytest.raises(UnscopedAccessError):
        Fact.objects.count()
    me = actors.member_actor(register_id=union.register_id, subject_id=kari, login_id=1)
    with Scope(me, "self_service"):
        assert list(Fact.objects.values_list("subject_id", flat=True)) == [kari]
    with pytest.raises(ScopeError):
        Scope(me, "self_service", frozenset({ola}))
    with pytest.raises(ScopeError):
        Scope(Actor("member", "1", frozenset({union.pk})), "self_service")
    with Scope(system("test", [union.pk]), "membership_administration"):
        with Scope(me, "self_service"):
            assert Fact.objects.count() == 1
        assert Fact.objects.count() == 2, "the outer scope holds again"
