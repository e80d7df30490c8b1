"""Holds: placed for a claim, a dispute or an order, told where the law lets it, released, journalled (D11)."""

import json
from datetime import UTC, date, datetime

import pytest

from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.parties.errors import UnknownSubjectError
from tillit.parties.journal_models import JournalEntry
from tillit.parties.models import Fact
from tillit.privacy import access, erasure, holds, retention
from tillit.privacy.errors import HoldRefusedError
from tillit.privacy.models import Hold
from tillit.privacy.outlook import outlook

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
LATER = date(2026, 3, 1)


@pytest.fixture
def club() -> Controller:
    return publish_examples("bonus")["rundtur"]


def _scope(club: Controller) -> Scope:
    return Scope(system("test", Controller.objects.values_list("id", flat=True)), "rights_requests")


def _place(club: Controller, subject: int, **said: object) -> holds.Held:
    with _scope(club) as scope:
        facts = {"reason": "claim", "at": AT, **said}
        return holds.place(scope=scope, subject_id=subject, controller_id=club.pk, **facts)  # type: ignore[arg-type]


def _leave(club: Controller, subject: int) -> None:
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.end_relationship(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            kind="member",
            ended=date(2026, 2, 1),
            reason="left",
        )


def _facts(club: Controller) -> int:
    with _scope(club):
        return Fact.objects.count()


def test_d11_a_claim_keeps_what_the_declaration_says_until_it_is_released(club: Controller) -> None:
    kari = person(club, given="Kari", birth="x")
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.record_fact(
            scope=scope,
            subject_id=kari,
            controller_id=club.pk,
            category="birth_date",
            kind="birth_date",
            value="1990-01-01",
            source="data_subject",
            at=AT,
        )
    hold = _place(club, kari, reference="2026/14")
    assert "identity" in hold.categories
    assert "birth_date" not in hold.categories
    assert _place(club, kari, reference="2026/14") == hold, "the same matter again"
    _leave(club, kari)
    assert _facts(club) == 3
    with clock.travel(LATER):
        retention.run()
        assert _facts(club) == 2, "the date of birth is no part of a claim"
        with _scope(club) as scope:
            assert [one.id for one in holds.listed()] == [hold.id]
            done = holds.release(scope=scope, subject_id=kari, hold_id=hold.id, at=clock.now())
            again = holds.release(scope=scope, subject_id=kari, hold_id=hold.id, at=clock.now())
            assert done == again
            assert done.released is not None
            assert holds.listed() == []
            assert len(holds.listed(standing=False)) == 1
        retention.run()
        assert _facts(club) == 0
    with _scope(club):
        types = Event.objects.filter(subject_id=kari, type__startswith="hold.").values_list("type", flat=True)
        assert sorted(types) == ["hold.lifted", "hold.placed"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"reason": "curiosity"}, "hold-reason"),
        ({"categories": ["birth_date"]}, "hold-undeclared"),
        ({"categories": ["nonsense"]}, "hold-category"),
        ({"told": False}, "hold-told"),
    ],
)
def test_d11_what_may_not_be_held_is_refused(club: Controller, said: dict[str, object], code: str) -> None:
    kari = person(club, given="Kari")
    with pytest.raises(HoldRefusedError) as refused:
        _place(club, kari, **said)
    assert refused.value.code == code
    with pytest.raises(UnknownSubjectError):
        _place(club, 12345)
    with _scope(club) as scope, pytest.raises(HoldRefusedError, match="no such hold"):
        holds.release(scope=scope, subject_id=kari, hold_id=1, at=AT)
    assert not JournalEntry.objects.filter(relation="privacy_hold").exists()


def test_d11_another_case_or_order_is_another_hold_and_its_end_lets_go_of_nothing_else(club: Controller) -> None:
    kari = person(club, given="Kari")
    first, second = (_place(club, kari, reason="dispute", case_id=case_id) for case_id in (1, 2))
    assert first.id != second.id, "neither has a number, but each has its case"
    assert _place(club, kari, reason="dispute", case_id=2) == second, "the same matter again"
    later = _place(club, kari, reason="dispute", case_id=2, until=date(2026, 5, 1))
    assert (later.id, later.until) == (second.id, date(2026, 5, 1))
    assert _place(club, kari, reason="dispute", case_id=2).until == date(2026, 5, 1), "none given changes none"
    copy = JournalEntry.objects.filter(relation="privacy_hold", subject_id=kari).order_by("id").last()
    assert copy is not None
    assert copy.details["until"] == "2026-05-01"
    assert holds.release_of_case(subject_id=kari, controller_id=club.pk, case_id=1, at=clock.now()) == 1
    _leave(club, kari)
    with clock.travel(LATER):
        retention.run()
        assert _facts(club) == 1, "the second dispute still needs it"
        assert holds.release_of_case(subject_id=kari, controller_id=club.pk, case_id=2, at=clock.now()) == 1
        retention.run()
        assert _facts(club) == 0


@pytest.mark.parametrize("reference", ["", "K-77"])
def test_d11_a_secret_order_is_never_taken_for_one_that_is_told_of(club: Controller, reference: str) -> None:
    kari = person(club, given="Kari")
    told = _place(club, kari, reason="legal_order", reference=reference)
    secret = _place(club, kari, reason="legal_order", reference=reference, told=False)
    assert (told.told, secret.told) == (True, False)
    with _scope(club):
        assert len(holds.listed()) == 2
    again = _place(club, kari, reason="legal_order", reference=reference, told=False)
    assert (again == secret) == bool(reference), "without a number, nobody can know that it is the same"


def test_d11_an_order_of_an_authority_may_hold_anything(club: Controller) -> None:
    kari = person(club, given="Kari")
    assert _place(club, kari, reason="legal_order").categories == ()
    assert _place(club, kari, reason="legal_order", categories=["birth_date"]).categories == ("birth_date",)


def test_d11_h3_h1_the_person_is_told_of_the_hold_and_of_its_matter(club: Controller) -> None:
    kari = person(club, given="Kari")
    hold = _place(club, kari, reference="2026/14")
    actor = system("rights", Controller.objects.values_list("id", flat=True))
    told = access.collect(actor=actor, subject_id=kari, language="en")
    (rows,) = [part["rows"] for part in told["data"] if part["table"] == "privacy_hold"]
    assert [row["reference"] for row in rows] == ["2026/14"]
    assert {part["on_hold"] for part in told["data"] if part["table"] == "parties_fact"} == {True}
    with _scope(club):
        assert {cell.category for cell in outlook(subject_id=kari) if cell.held} >= {"identity", "relationship"}
    _leave(club, kari)
    with clock.travel(LATER):
        items = erasure.erase(actor=actor, subject_id=kari, ground="no_longer_needed", at=clock.now())
    kept = {item.category: item for item in items if item.outcome == "kept"}
    assert kept["identity"].rule == "hold"
    assert kept["identity"].hold == ("claim 2026/14",)
    assert _facts(club) == 1
    assert hold.told


def test_d11_a_secret_order_keeps_and_is_not_told_of(club: Controller) -> None:
    kari = person(club, given="Kari")
    _place(club, kari, reason="legal_order", reference="K-77", told=False)
    actor = system("rights", Controller.objects.values_list("id", flat=True))
    with _scope(club):
        assert Hold.objects.count() == 1
        assert Event.objects.filter(type="hold.placed").count() == 1
    told = access.collect(actor=actor, subject_id=kari, language="en")
    text = json.dumps(told)
    assert "Kari" in text
    assert "K-77" not in text
    assert "hold.placed" not in text
    assert {"table": "privacy_hold", "column": "*"}.items() <= next(
        left for left in told["left_out"] if left["table"] == "privacy_hold" and left["column"] == "*"
    ).items()
    _leave(club, kari)
    with clock.travel(LATER):
        retention.run()
        items = erasure.erase(actor=actor, subject_id=kari, ground="no_longer_needed", at=clock.now())
    assert {item.hold for item in items if item.outcome == "kept" and item.category == "identity"} == {("law",)}
    assert _facts(club) == 1


def test_d11_h11_the_journal_holds_a_copy_of_each_hold_and_of_its_release(club: Controller) -> None:
    kari = person(club, given="Kari")
    hold = _place(club, kari, reference="2026/14")
    copies = JournalEntry.objects.filter(relation="privacy_hold", subject_id=kari)
    assert [entry.details["released"] for entry in copies] == [None]
    with _scope(club) as scope:
        holds.release(scope=scope, subject_id=kari, hold_id=hold.id, at=clock.now())
    assert [entry.details["released"] is None for entry in copies.order_by("id")] == [True, False]
