"""Taking a register over: the rules of joining, a set at a time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.journeys.test_join import KARI, NOW, clubs, enrol, scope  # noqa: F401 (clubs is a fixture)
from tests.support.shops import account_number, card_number
from tillit.declaration.models import Controller
from tillit.journeys.join import JoinRefusedError
from tillit.journeys.takeover import Member, take_over
from tillit.membership.models import TermsAcceptance
from tillit.parties import directories, lookup
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Fact, Login, Relationship, Subject
from tillit.purchases.models import PaymentInstrument

SINCE = datetime(2025, 2, 1, 12, tzinfo=UTC)
Clubs = dict[str, Controller]


def member(number: int, *of: Controller, cards: tuple[str, ...] = ()) -> Member:
    stated = replace(KARI, email=f"p{number}@post.example", mobile=f"+4740000{number:03d}")
    return Member(stated, tuple(one.pk for one in of), SINCE, cards)


def test_c1_c2_c4_a_set_has_what_joining_one_by_one_gives(clubs: Clubs) -> None:  # noqa: F811
    people = [
        member(1, clubs["nordkai"], cards=(card_number(1), account_number(9_710_000_000))),
        member(2, clubs["nordkai"], clubs["skogheim"]),
    ]
    done = take_over(members=people, at=NOW)
    assert (done.new, done.known, done.instruments, done.refused) == (2, 0, 2, {})
    one_by_one = enrol(clubs["nordkai"]).subject_id
    register = clubs["rundtur"].register_id
    first = lookup.by_address(register_id=register, text="P1@post.example")
    assert first == lookup.by_address(register_id=register, text="400 00 001")
    with scope(clubs):
        for subject in (first, one_by_one):
            kinds = set(Fact.objects.filter(subject_id=subject).values_list("kind", "controller_id", "collected_under"))
            assert len(kinds) == 9
            assert Login.objects.filter(subject_id=subject, register_id=register).count() == 1
        started = Relationship.objects.filter(subject_id=first).values_list("controller_id", "started")
        assert set(started) == {(clubs[key].pk, date(2025, 2, 1)) for key in ("nordkai", "rundtur")}
        assert Relationship.objects.filter(kind="member").count() == 2 + 3 + 2
        assert TermsAcceptance.objects.filter(route="takeover", accepted_at=SINCE).count() == 5
    with scope(clubs, "bonus_earning"):
        assert PaymentInstrument.objects.filter(subject_id=first, controller_id=clubs["rundtur"].pk).count() == 2
    card = digest(register, Kind.CARD, card_number(1))
    assert directories.resolve(register_id=register, kind=Kind.CARD, digest=card) == first


def test_the_same_set_again_changes_nothing(clubs: Clubs) -> None:  # noqa: F811
    people = [member(n, clubs["nordkai"], cards=(card_number(n),)) for n in range(1, 6)]
    take_over(members=people[:3], at=NOW)
    assert take_over(members=people, at=NOW).new == 2
    again = take_over(members=people, at=NOW)
    assert (again.new, again.known, again.instruments) == (0, 5, 0)
    assert Subject.objects.count() == 5


def test_who_contradicts_another_is_refused_by_place_and_the_rest_is_taken(clubs: Clubs) -> None:  # noqa: F811
    enrol(clubs["nordkai"])
    young = member(4, clubs["nordkai"])
    people = [
        member(1, clubs["nordkai"], cards=(card_number(1),)),
        Member(replace(KARI, email="p1@post.example"), (clubs["nordkai"].pk,), SINCE),  # two people's addresses
        Member(replace(KARI, mobile="+4740000001"), (clubs["nordkai"].pk,), SINCE),
        replace(young, applicant=replace(young.applicant, birth_date=NOW.date() - timedelta(days=5000))),
        member(5, clubs["nordkai"], cards=(card_number(1), "4925000000000000")),  # a card of another, and none at all
    ]
    done = take_over(members=people, at=NOW)
    assert (done.new, done.instruments) == (2, 1)
    assert done.refused == {1: "other-person", 2: "other-person", 3: "too-young"}
    assert set(done.numbers_refused) == {"number-checksum"}
    assert Subject.objects.count() == 3


def test_a_set_is_of_one_register(clubs: Clubs) -> None:  # noqa: F811
    with pytest.raises(JoinRefusedError):
        take_over(members=[member(n, clubs["nordkai"]) for n in range(501)], at=NOW)
    assert not Subject.objects.exists()
