"""Joining: who may, one account per person, both controllers, terms recorded (C1-C3)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from tests.support.world import publish_examples
from tillit.consent.queries import may
from tillit.declaration.models import Controller
from tillit.journeys.enquiries.opening import enquirer
from tillit.journeys.join import Agreement, Applicant, Joined, JoinRefusedError, join
from tillit.kernel import clock
from tillit.kernel.identifiers import bonus_id
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.membership import bonus_ids
from tillit.membership.models import TermsAcceptance
from tillit.parties import lookup
from tillit.parties.models import Fact, Login, Relationship, Subject
from tillit.parties.operations import relate
from tillit.parties.queries import facts

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
KARI = Applicant(
    given="Kari",
    family="Bjørkelund",
    street="Kaigata 2",
    postal_code="9008",
    city="Tromsø",
    email="Kari.Bjorkelund@post.example",
    mobile="400 00 101",
    birth_date=date(1980, 2, 29),
)
OLA = replace(KARI, given="Ola", email="ola@post.example", mobile="400 00 102")


@pytest.fixture
def clubs(db: None) -> Any:
    with clock.travel(NOW):
        yield publish_examples("bonus")


def enrol(club: Controller, applicant: Applicant = KARI, **more: Any) -> Joined:
    return join(controller_id=club.pk, applicant=applicant, route="web", at=clock.now(), **more)


def scope(clubs: dict[str, Controller], activity: str = "membership_administration") -> Scope:
    return Scope(system("test", {c.pk for c in clubs.values()}), activity)


def test_c1_name_address_phone_and_birth_date_are_registered_and_address_and_number_identify(
    clubs: dict[str, Controller],
) -> None:
    joined = enrol(clubs["nordkai"])
    assert joined.new
    with scope(clubs):
        known = facts(subject_id=joined.subject_id)
        assert known["name.family"] == "Bjørkelund"
        assert (known["phone"], known["birth_date"], known["address.city"]) == ("+4740000101", "1980-02-29", "Tromsø")
        assert set(Fact.objects.values_list("controller_id", flat=True)) == {clubs["rundtur"].pk}
    register = clubs["rundtur"].register_id
    for typed in ("KARI.bjorkelund@POST.example", "+47 40000101"):
        assert lookup.by_address(register_id=register, text=typed) == joined.subject_id
    assert Login.objects.filter(subject_id=joined.subject_id).count() == 1


def test_c2_joining_a_club_enrols_in_the_coalition_and_names_both_controllers(clubs: dict[str, Controller]) -> None:
    joined = enrol(clubs["skogheim"])
    assert joined.controllers == (clubs["skogheim"].name, clubs["rundtur"].name)
    with scope(clubs):
        rows = Relationship.objects.filter(subject_id=joined.subject_id, ended=None)
        assert set(rows.values_list("controller_id", "kind")) == {
            (clubs["skogheim"].pk, "member"),
            (clubs["rundtur"].pk, "member"),
        }


def test_c3_the_bonus_id_is_found_and_linked_on_joining_another_club(clubs: dict[str, Controller]) -> None:
    first = enrol(clubs["nordkai"])
    again = enrol(
        clubs["skogheim"], replace(KARI, given="Someone", street="Elsewhere 9", email="KARI.BJORKELUND@post.example")
    )
    assert (again.subject_id, again.new) == (first.subject_id, False)
    assert enrol(clubs["skogheim"]) == again
    with scope(clubs):
        assert facts(subject_id=first.subject_id)["name.given"] == "Kari"
        assert Relationship.objects.filter(subject_id=first.subject_id, ended=None).count() == 3


def test_c1_the_accepted_version_of_the_terms_is_recorded_for_both(clubs: dict[str, Controller]) -> None:
    joined = enrol(clubs["nordkai"])
    enrol(clubs["nordkai"])
    with scope(clubs):
        rows = set(
            TermsAcceptance.objects.values_list("subject_id", "controller_id", "version", "accepted_at", "route")
        )
    assert rows == {(joined.subject_id, clubs[key].pk, 1, NOW, "web") for key in ("nordkai", "rundtur")}


def test_c1_members_are_over_sixteen(clubs: dict[str, Controller]) -> None:
    with pytest.raises(JoinRefusedError) as refused:
        enrol(clubs["nordkai"], replace(KARI, birth_date=date(2010, 5, 5)))
    assert refused.value.code == "too-young"
    assert not Subject.objects.exists()
    assert enrol(clubs["nordkai"], replace(KARI, birth_date=date(2010, 5, 4))).new


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"birth_date": date(2026, 5, 5)}, "birth-date"),
        ({"birth_date": date(1895, 1, 1)}, "birth-date"),
        ({"mobile": "22 22 55 55"}, "not-mobile"),
        ({"mobile": "40"}, "phone-not-in-use"),
        ({"email": "kari"}, "email-malformed"),
        ({"family": "  "}, "name-empty"),
    ],
)
def test_what_is_no_name_address_or_mobile_is_refused(
    clubs: dict[str, Controller], change: dict[str, Any], code: str
) -> None:
    with pytest.raises((JoinRefusedError, IdentifierError)) as refused:
        enrol(clubs["nordkai"], replace(KARI, **change))
    assert refused.value.code == code
    assert not Subject.objects.exists()


def test_c1_an_address_of_one_and_a_number_of_another_is_nobody(clubs: dict[str, Controller]) -> None:
    enrol(clubs["nordkai"])
    enrol(clubs["nordkai"], replace(KARI, email="per@post.example", mobile="400 00 102"))
    for change in ({"mobile": "400 00 102"}, {"mobile": "400 00 103"}, {"email": "ny@post.example"}):
        with pytest.raises(JoinRefusedError) as refused:
            enrol(clubs["nordkai"], replace(KARI, **change))
        assert refused.value.code == "other-person"
    assert Subject.objects.count() == 2


def test_c1_who_has_only_written_to_us_can_join_and_a_mail_blocks_no_address(clubs: dict[str, Controller]) -> None:
    club, register = clubs["skogheim"], clubs["rundtur"].register_id
    with Scope(system("mail", {club.pk}), "customer_service", controllers=frozenset({club.pk})) as opened:
        wrote = enquirer(scope=opened, controller=club, name="En Annen", email=KARI.email)
    joined = enrol(clubs["nordkai"])
    assert (joined.subject_id, joined.new) == (wrote, True)
    for typed in (KARI.email, KARI.mobile):
        assert lookup.by_address(register_id=register, text=typed) == wrote
    assert Login.objects.filter(subject_id=wrote).count() == 1
    with scope(clubs):
        assert (facts(subject_id=wrote)["name.given"], facts(subject_id=wrote)["name.family"]) == ("Kari", "Bjørkelund")
    with pytest.raises(JoinRefusedError):
        enrol(clubs["nordkai"], replace(KARI, mobile="400 00 103"))


def test_c1_an_enquirer_who_is_also_something_else_anywhere_is_not_joined_by_half(
    clubs: dict[str, Controller],
) -> None:
    club, other = clubs["skogheim"], clubs["nordkai"]
    with Scope(system("mail", {club.pk}), "customer_service", controllers=frozenset({club.pk})) as opened:
        wrote = enquirer(scope=opened, controller=club, name="Kari Dal", email=KARI.email)
        relate(scope=opened, subject_id=wrote, controller_id=club.pk, kind="customer", started=NOW.date())
    with pytest.raises(JoinRefusedError) as refused:
        enrol(other)
    assert refused.value.code == "other-person"


def test_f1_consent_given_while_joining_counts_at_once_and_none_is_assumed(clubs: dict[str, Controller]) -> None:
    asked = enrol(clubs["nordkai"], agreements=[Agreement("newsletter", "w1")])
    silent = enrol(clubs["nordkai"], replace(KARI, email="per@post.example", mobile="400 00 102"))
    with scope(clubs, "consent_management"):
        answers = [
            may(subject_id=joined.subject_id, controller_id=clubs["nordkai"].pk, activity="newsletter", channel="email")
            for joined in (asked, silent)
        ]
    assert [bool(answer) for answer in answers] == [True, False]


def test_c1_one_account_per_person_however_many_join_at_once(fresh_db: Any) -> None:
    clubs = publish_examples("bonus")

    def one(number: int) -> int:
        try:
            club = clubs[("nordkai", "skogheim")[number % 2]]
            return join(controller_id=club.pk, applicant=KARI, route="web", at=NOW).subject_id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        subjects = list(pool.map(one, range(16)))
    assert len(set(subjects)) == 1
    assert Subject.objects.count() == 1
    with scope(clubs):
        assert Relationship.objects.filter(ended=None).count() == 3
        assert Fact.objects.filter(kind="email", superseded_at=None).count() == 1


def test_c3_joining_issues_one_bonus_id_for_each_person_across_clubs_found_by_it(
    clubs: dict[str, Controller],
) -> None:
    kari, ola = enrol(clubs["nordkai"]), enrol(clubs["skogheim"], OLA)
    enrol(clubs["skogheim"])
    with scope(clubs):
        rows = Fact.objects.filter(kind="bonus_id")
        assert set(rows.values_list("controller_id", flat=True)) == {clubs["rundtur"].pk}
        numbers = dict(rows.values_list("subject_id", "value"))
    assert set(numbers) == {kari.subject_id, ola.subject_id}
    register = clubs["rundtur"].register_id
    for subject, number in numbers.items():
        assert lookup.by_number(register_id=register, text=bonus_id.format_for_reader(number)) == subject
        wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
        assert lookup.by_number(register_id=register, text=wrong) is None


def test_c3_existing_members_get_a_bonus_id_each_once_and_the_restricted_later(clubs: dict[str, Controller]) -> None:
    kari, ola = enrol(clubs["nordkai"]), enrol(clubs["skogheim"], OLA)
    register = clubs["rundtur"].register_id
    with Scope(system("test", {c.pk for c in clubs.values()}), "retention"):
        Fact.objects.filter(kind="bonus_id").delete()
    Subject.objects.filter(pk=ola.subject_id).update(state=1)
    assert bonus_ids.issue_missing(register_id=register, at=NOW) == 1
    assert bonus_ids.issue_missing(register_id=register, at=NOW) == 0
    Subject.objects.filter(pk=ola.subject_id).update(state=0)
    assert bonus_ids.issue_everywhere() == 1
    with scope(clubs):
        numbers = dict(Fact.objects.filter(kind="bonus_id").values_list("subject_id", "value"))
    assert set(numbers) == {kari.subject_id, ola.subject_id}
    assert {lookup.by_number(register_id=register, text=one) for one in numbers.values()} == set(numbers)
