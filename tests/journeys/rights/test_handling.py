"""The privacy adviser corrects, erases, restricts and lifts, decides, asks for time and refuses (H2-H5, H8, H9)."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from tests.journeys.rights.conftest import NOW, Asking, asking
from tests.journeys.rights.test_receive import ask, registered
from tillit.audit.models import Event
from tillit.cases import queries
from tillit.cases.errors import CaseError
from tillit.cases.models import Case
from tillit.consent.models import Restriction
from tillit.consent.queries import may, switches
from tillit.declaration.models import Controller
from tillit.journeys.rights import handling, identity, objecting
from tillit.journeys.rights.errors import RequestError
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import lookup
from tillit.parties.models import Fact, Login, Relationship, Subject
from tillit.parties.operations import end_relationship

pytestmark = pytest.mark.django_db


def known(kari: Asking, right: str, **fields: object) -> Case:
    """A request by letter whose sender is verified."""
    case = registered(kari, right, channel="post", fields=fields)
    return identity.verify(actor=kari.adviser, controller=kari.controller, case_id=case.id, how="signed_letter")


def carry_out(kari: Asking, case: Case, **what: object) -> Case:
    return handling.carry_out(actor=kari.adviser, controller=kari.controller, case_id=case.id, **what)  # type: ignore[arg-type]


def facts(kari: Asking) -> dict[str, str]:
    with kari.scope():
        rows = Fact.objects.filter(subject_id=kari.subject, superseded_at__isnull=True)
        return dict(rows.values_list("kind", "value"))


def test_h2_staff_correct_facts_and_the_answer_names_each(kari: Asking) -> None:
    assert facts(kari)["name.family"] == "Nordmann"
    wanted = {"name.family": " Nordvik ", "phone": "400 00 222", "name.given": "Kari", "address.city": "Bodø"}
    done = carry_out(kari, known(kari, "rectification", corrections=wanted))
    now = facts(kari)
    assert (now["name.family"], now["phone"], now["address.city"]) == ("Nordvik", "+4740000222", "Bodø")
    said = kari.answer(done.id).splitlines()
    assert "Etternavn er rettet." in said
    assert "Telefonnummeret er rettet." in said
    assert "Fornavn var riktig fra før." in said
    register = kari.controller.register_id
    assert lookup.by_address(register_id=register, text="40000222") == kari.subject
    assert lookup.by_address(register_id=register, text="91234567") is None
    with kari.scope():
        events = Event.objects.filter(subject_id=kari.subject, type="person.corrected")
        assert {event.details["kind"] for event in events} == {"name.family", "phone", "address.city"}
        assert {event.details["case"] for event in events} == {done.id}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({}, "nothing-to-correct"),
        ({"email": "no address"}, "value"),
        ({"birth_date": "31.12.1990"}, "value"),
        ({"national_number": "12345678901"}, "value"),
        ({"shoe_size": "44"}, "cannot-correct"),
    ],
)
def test_h2_what_cannot_be_read_is_not_written(kari: Asking, wanted: dict[str, str], code: str) -> None:
    case, before = known(kari, "rectification"), facts(kari)
    with pytest.raises(RequestError) as refused:
        carry_out(kari, case, corrections={"name.given": "Feil"} | wanted if wanted else {})
    assert refused.value.code == code
    assert facts(kari) == before
    assert kari.case(case.id).stage == "verified"


def test_h2_an_address_that_is_another_persons_is_not_taken(kari: Asking) -> None:
    other = asking(kari.controller, "customer", "Ola")
    with pytest.raises(RequestError) as refused:
        carry_out(kari, known(kari, "rectification"), corrections={"email": other.person.email})
    assert refused.value.code == "taken"


def test_h3_erasure_tells_item_by_item_what_went_and_what_stays_with_rule_and_day(kari: Asking) -> None:
    case = known(kari, "erasure", ground="no_longer_needed")
    done = carry_out(kari, case)
    said = kari.answer(done.id)
    assert "ikke slettet ennå" in said  # the contract runs
    assert "så lenge avtalen eller saken varer" in said
    assert "Sikkerhetskopier slettes når de er 1 år gamle" in said
    with kari.scope():
        assert Relationship.objects.filter(subject_id=kari.subject).exists()


def test_h3_a_former_customer_is_erased_and_the_case_alone_remains(kari: Asking) -> None:
    with Scope(system("test", {kari.controller.pk}), "customer_administration") as scope:
        end_relationship(
            scope=scope,
            subject_id=kari.subject,
            controller_id=kari.controller.pk,
            kind="customer",
            ended=date(2026, 3, 1),
            reason="own_wish",
        )
    assert facts(kari)
    case = known(kari, "erasure", ground="no_longer_needed")
    done = carry_out(kari, case)
    assert facts(kari) == {}
    assert "Navn og kundeopplysninger: 2 opplysninger er slettet." in kari.answer(done.id)
    assert not Login.objects.filter(subject_id=kari.subject).exists()
    assert Subject.objects.filter(pk=kari.subject).exists()
    assert (done.stage, done.outcome) == ("closed", "carried_out")


def test_h3_a_part_may_be_erased_and_a_ground_is_needed(kari: Asking) -> None:
    case = known(kari, "erasure")
    with pytest.raises(RequestError) as refused:
        carry_out(kari, case)
    assert refused.value.code == "no-ground"
    carry_out(kari, case, ground="unlawful", categories=["consent_record"])
    assert facts(kari)
    assert "Det var ingenting å slette." in kari.answer(case.id)


def test_h4_restriction_hides_the_person_at_once_and_is_lifted_only_with_notice(kari: Asking) -> None:
    def seen_by(activity: str) -> bool:
        with kari.scope(activity):
            return Fact.objects.filter(subject_id=kari.subject).exists()

    assert seen_by("customer_service")
    done = carry_out(kari, known(kari, "restriction", ground="accuracy"))
    assert (done.stage, done.answered_at, done.closed_at) == ("in_force", NOW, None)
    assert not seen_by("customer_service")
    assert "du mener opplysningene er feil" in kari.answer(done.id)
    with pytest.raises(RequestError):
        handling.lift(actor=kari.adviser, controller=kari.controller, case_id=done.id, reason="  ")
    assert not seen_by("customer_service")
    clock.advance(timedelta(days=2))
    lifted = handling.lift(
        actor=kari.adviser, controller=kari.controller, case_id=done.id, reason="Opplysningene er kontrollert."
    )
    assert (lifted.stage, lifted.closed_at) == ("closed", clock.now())
    assert seen_by("customer_service")
    with kari.scope():
        assert Restriction.objects.get(subject_id=kari.subject).lifted == clock.now()
        kinds = set(Event.objects.filter(subject_id=kari.subject).values_list("type", flat=True))
        assert {"person.restricted", "person.unrestricted"} <= kinds
        shown = [entry for entry in queries.entries(case=lifted, shown_only=True) if entry.step == "lifted"]
        assert [entry.text for entry in shown] == ["Opplysningene er kontrollert."]
    with pytest.raises(RequestError):
        handling.lift(actor=kari.adviser, controller=kari.controller, case_id=done.id, reason="Igjen")


@pytest.mark.parametrize("ground", ["accuracy", "unlawful", "claims", "objection"])
def test_h4_each_of_the_four_grounds(kari: Asking, ground: str) -> None:
    done = carry_out(kari, known(kari, "restriction", ground=ground))
    with kari.scope():
        assert Restriction.objects.get(subject_id=kari.subject).ground == ground
    assert done.stage == "in_force"
    again = carry_out(kari, known(kari, "restriction", ground="claims"))
    assert "begrenset fra før" in kari.answer(again.id)


def test_h4_no_other_ground_restricts(kari: Asking) -> None:
    with pytest.raises(RequestError) as refused:
        carry_out(kari, known(kari, "restriction"), ground="no_longer_needed")
    assert refused.value.code == "no-ground"


def interest(kari: Asking) -> str:
    """An activity that rests on a legitimate interest, goes on now, and is no marketing."""
    with kari.scope("consent_management"):
        found = [
            one.activity
            for one in switches(subject_id=kari.subject, controller_id=kari.controller.pk)
            if one.kind == "objection" and one.on and not objecting.is_marketing(one.activity)
        ]
    return found[0]


def allowed(kari: Asking, activity: str) -> bool:
    return bool(may(controller_id=kari.controller.pk, activity=activity, subject_id=kari.subject))


def test_h5_the_processing_stops_while_the_adviser_decides_and_stays_stopped_when_upheld(kari: Asking) -> None:
    activity = interest(kari)
    assert allowed(kari, activity)
    case = ask(kari, "objection", activity=activity, text="Det passer ikke i min situasjon")
    assert not allowed(kari, activity)
    assert (case.stage, case.answered_at) == ("with_adviser", None)
    with pytest.raises(RequestError):
        handling.decide(actor=kari.adviser, controller=kari.controller, case_id=case.id, upheld=True, text=" ")
    with pytest.raises(RequestError):
        carry_out(kari, case)
    done = handling.decide(
        actor=kari.adviser, controller=kari.controller, case_id=case.id, upheld=True, text="Hensynet til deg går foran."
    )
    assert (done.stage, done.outcome) == ("closed", "upheld")
    assert not allowed(kari, activity)
    assert "tatt til følge" in kari.answer(case.id)


def test_h5_refused_on_compelling_grounds_it_goes_on_and_the_person_learns_why_and_where_to_complain(
    kari: Asking,
) -> None:
    activity = interest(kari)
    case = ask(kari, "objection", activity=activity)
    assert not allowed(kari, activity)
    handling.decide(
        actor=kari.adviser, controller=kari.controller, case_id=case.id, upheld=False, text="Et rettskrav er reist."
    )
    assert allowed(kari, activity)
    (given,) = [entry for entry in kari.entries(case.id) if entry.step == "answered"]
    assert given.text == "Et rettskrav er reist."
    with kari.scope():
        told = Event.objects.filter(subject_id=kari.subject, type__startswith="objection.").order_by("recorded_at")
        assert {event.type for event in told} == {"objection.made", "objection.refused"}
    assert "Postboks" in given.details["complaint"]["nb"]


def test_h5_an_objection_to_marketing_is_final_at_once_and_never_refused(kari: Asking) -> None:
    case = ask(kari, "objection", activity="all_marketing")
    assert (case.stage, case.outcome) == ("closed", "upheld")
    later = registered(kari, "objection", fields={"activity": "all_marketing"})
    assert later.stage == "received"  # by letter: stopped, answered when it is known who wrote
    with pytest.raises(RequestError) as refused:
        handling.decide(actor=kari.adviser, controller=kari.controller, case_id=later.id, upheld=False, text="Nei")
    assert refused.value.code == "objection-absolute"
    with pytest.raises(RequestError):
        handling.refuse(
            actor=kari.adviser, controller=kari.controller, case_id=later.id, reason="unfounded", text="Nei"
        )


@pytest.mark.parametrize("activity", ["power_supply", "bookkeeping", "no_such_thing", ""])
def test_h5_one_cannot_object_to_contract_or_law(kari: Asking, activity: str) -> None:
    with pytest.raises((RequestError, CaseError)):
        ask(kari, "objection", activity=activity)


def test_h8_an_interim_answer_moves_the_deadline_within_the_law(kari: Asking) -> None:
    case = known(kari, "erasure", ground="unlawful")

    def extend(until: date, reason: str = "Mange systemer.") -> str:
        try:
            handling.extend(actor=kari.adviser, controller=kari.controller, case_id=case.id, until=until, reason=reason)
        except RequestError as error:
            return error.code
        return ""

    assert queries.standing(kari.case(case.id)).last_day == date(2026, 4, 1)
    assert extend(date(2026, 5, 1), " ") == "no-reason"
    assert extend(date(2026, 4, 1)) == "not-later"
    assert extend(date(2026, 6, 2)) == "too-long"
    assert extend(date(2026, 6, 1)) == ""
    stand = queries.standing(kari.case(case.id))
    assert (stand.last_day, stand.late) == (date(2026, 6, 1), False)
    (shown,) = [entry for entry in kari.entries(case.id) if entry.step == "extended"]
    assert (shown.shown, shown.text, shown.details["until"]) == (True, "Mange systemer.", "2026-06-01")


def test_h8_after_the_deadline_only_an_answer_helps(kari: Asking) -> None:
    case = known(kari, "erasure", ground="unlawful")
    clock.travel(NOW + timedelta(days=31))
    assert queries.standing(kari.case(case.id)).late
    with pytest.raises(RequestError) as refused:
        handling.extend(
            actor=kari.adviser, controller=kari.controller, case_id=case.id, until=date(2026, 5, 1), reason="Sent"
        )
    assert refused.value.code == "too-late"


def test_h8_a_refusal_has_its_reason_and_says_where_to_complain(kari: Asking) -> None:
    case = registered(kari, "access")
    for reason, text in (("boredom", "x"), ("unverified", "")):
        with pytest.raises(RequestError):
            handling.refuse(actor=kari.adviser, controller=kari.controller, case_id=case.id, reason=reason, text=text)
    done = handling.refuse(
        actor=kari.adviser,
        controller=kari.controller,
        case_id=case.id,
        reason="unverified",
        text="Vi spurte to ganger.",
    )
    assert (done.stage, done.outcome) == ("closed", "refused_unverified")
    assert "hvem som ba om dette" in kari.answer(case.id)
    (given,) = [entry for entry in kari.entries(case.id) if entry.step == "refused"]
    assert "Datatilsynet" in given.details["complaint"]["nb"]


def test_h9_a_complaint_goes_to_the_adviser_first_and_then_to_the_authority(kari: Asking) -> None:
    case = ask(kari, "complaint", text="Jeg fikk ikke svar")
    assert case.stage == "with_adviser"
    done = handling.decide(
        actor=kari.adviser, controller=kari.controller, case_id=case.id, upheld=False, text="Svaret ble sendt."
    )
    assert (done.stage, done.outcome) == ("closed", "not_upheld")
    (given,) = [entry for entry in kari.entries(case.id) if entry.step == "answered"]
    declared = given.details["complaint"]["nb"]
    assert "Datatilsynet" in declared
    assert "Postboks 458 Sentrum" in declared


def test_h8_messages_are_shown_and_notes_are_not_and_a_closed_case_takes_no_answer(kari: Asking) -> None:
    case = registered(kari, "access")
    handling.write(actor=kari.adviser, controller=kari.controller, case_id=case.id, text="Hvem er du?", shown=True)
    handling.write(actor=kari.adviser, controller=kari.controller, case_id=case.id, text="Ringte", shown=False)
    with kari.scope():
        shown = [entry.text for entry in queries.entries(case=case, shown_only=True)]
        assert shown == ["", "Hvem er du?"]
    handling.close(actor=kari.adviser, controller=kari.controller, case_id=case.id, text="Trakk det på telefon")
    with pytest.raises(CaseError):
        handling.close(actor=kari.adviser, controller=kari.controller, case_id=case.id, text="Igjen")


def test_a1_in_a_joint_register_one_club_answers_for_all_that_is_held(
    clubs: Callable[[], dict[str, Controller]],
) -> None:
    member = asking(clubs()["nordkai"], "member")
    case = ask(member, "access")
    said = member.answer(case.id)
    assert "Kontaktopplysninger" in said
    assert case.controller_id == member.controller.pk
