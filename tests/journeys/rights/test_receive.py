"""Requests come in from Min side and through staff; identity; what is done at once (H1, H6, H7, H8)."""

import json
from datetime import date, timedelta

import pytest
from django.core import mail

from tests.journeys.rights.conftest import NOW, Asking, asking, staff
from tillit.audit.models import Event
from tillit.cases import operations, queries
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.models import Case, Document
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.consent.queries import switches
from tillit.journeys.rights import handling, identity
from tillit.journeys.rights.errors import RequestError
from tillit.journeys.rights.receive import receive, receive_from_stranger
from tillit.journeys.sign_in import TooManyTriesError
from tillit.kernel import clock
from tillit.kernel.scope import ScopeError
from tillit.messages import mail as outbox
from tillit.parties.actors import staff_actor
from tillit.parties.errors import AlreadyClaimedError, NotAssignedError
from tillit.parties.models import Fact, Relationship

pytestmark = pytest.mark.django_db


def ask(kari: Asking, right: str, **fields: object) -> Case:
    return receive(
        actor=kari.member,
        controller=kari.controller,
        subject_id=kari.subject,
        right=right,
        channel="self_service",
        fields=fields,
    )


def registered(kari: Asking, right: str, **given: object) -> Case:
    values = {"channel": "email"} | given
    return receive(
        actor=kari.adviser,
        controller=kari.controller,
        subject_id=kari.subject,
        right=right,
        **values,  # type: ignore[arg-type]
    )


def test_h1_a_signed_in_person_gets_everything_at_once_sealed_and_kept_for_its_own_time(kari: Asking) -> None:
    case = ask(kari, "access")
    assert (case.stage, case.verified_how, case.outcome) == ("closed", "session", "carried_out")
    assert case.answered_at == NOW
    with kari.scope() as scope:
        (copy,) = queries.documents(case=case)
        body = operations.open_document(scope=scope, document=Document.objects.get(id=copy.id))
        content = json.loads(body)
        assert content["format"] == "tillit-access-1"
        assert "Nordmann" in body.decode()
        assert b"Nordmann" not in bytes(Document.objects.get(id=copy.id).sealed)
        assert Event.objects.get(subject_id=kari.subject, type="person.exported").details["case"] == case.id
    said = kari.answer(case.id)
    assert "Navn og kundeopplysninger: 2 opplysninger i kopien." in said
    assert "1. april 2026" in said
    assert "Kopien sier også hvordan opplysningene er sikret" in said
    assert "April 1, 2026" in kari.answer(case.id, "en")


def test_h6_portability_gives_the_same_whole_in_machine_readable_form(kari: Asking) -> None:
    case = ask(kari, "portability")
    assert case.outcome == "carried_out"
    assert "JSON og CSV" in kari.answer(case.id)
    with kari.scope():
        assert [one.name for one in queries.documents(case=case)] == ["portability"]


def test_h8_the_same_request_again_is_the_first_while_it_is_open(kari: Asking) -> None:
    first = ask(kari, "erasure", ground="no_longer_needed")
    assert ask(kari, "erasure", ground="no_longer_needed").id == first.id
    assert ask(kari, "erasure", ground="unlawful").id != first.id


def test_h8_staff_register_a_request_with_its_own_day_and_the_person_is_told_the_deadline(kari: Asking) -> None:
    case = registered(kari, "access", channel="post", received_at=NOW - timedelta(days=3))
    assert (case.stage, case.channel, case.verified_at) == ("received", "post", None)
    assert queries.standing(case).last_day == date(2026, 3, 27)
    with kari.scope():
        event = Event.objects.get(subject_id=kari.subject, type="request.received")
        assert event.details == {"case": case.id, "right": "access", "due": "2026-03-27"}
        assert (event.actor_kind, event.actor_ref) == ("staff", str(kari.adviser_id))


def test_h8_nothing_leaves_before_the_identity_is_verified(kari: Asking) -> None:
    case = registered(kari, "access")
    with pytest.raises(CaseError) as refused:
        handling.carry_out(actor=kari.adviser, controller=kari.controller, case_id=case.id)
    assert refused.value.code == "not-verified"
    with kari.scope():
        assert not queries.documents(case=case)
        assert not Event.objects.filter(subject_id=kari.subject, type="person.exported").exists()
    identity.verify(actor=kari.adviser, controller=kari.controller, case_id=case.id, how="id_document")
    done = handling.carry_out(actor=kari.adviser, controller=kari.controller, case_id=case.id)
    assert (done.stage, done.verified_how) == ("closed", "id_document")
    with kari.scope():
        assert len(queries.documents(case=done)) == 1


def test_h8_a_code_to_the_known_address_verifies_once_and_a_wrong_one_never(kari: Asking) -> None:
    case = registered(kari, "access", channel="phone")
    assert not identity.confirm_code(actor=kari.adviser, controller=kari.controller, case_id=case.id, typed="000000")
    assert identity.send_code(actor=kari.adviser, controller=kari.controller, case_id=case.id)
    outbox.wait()
    sent = mail.outbox[-1]
    assert sent.to == [kari.person.email]
    code = "".join(sign for sign in sent.body.split("Koden er ")[1][:6])
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert not identity.confirm_code(actor=kari.adviser, controller=kari.controller, case_id=case.id, typed=wrong)
    assert kari.case(case.id).verified_at is None
    assert identity.confirm_code(actor=kari.adviser, controller=kari.controller, case_id=case.id, typed=code)
    assert kari.case(case.id).verified_how == "code"
    with pytest.raises(CaseError):
        identity.send_code(actor=kari.adviser, controller=kari.controller, case_id=case.id)


def test_h8_codes_are_limited(kari: Asking) -> None:
    case = registered(kari, "access", channel="phone")
    for _ in range(5):
        assert identity.send_code(actor=kari.adviser, controller=kari.controller, case_id=case.id)
    with pytest.raises(TooManyTriesError):
        identity.send_code(actor=kari.adviser, controller=kari.controller, case_id=case.id)


def test_h8_the_front_desk_takes_requests_in_and_does_not_handle_them(kari: Asking) -> None:
    desk = staff_actor(staff=staff(kari.controller, "customer_service", "Siv"))
    case = receive(
        actor=desk,
        controller=kari.controller,
        subject_id=kari.subject,
        right="erasure",
        channel="phone",
        verified_how="call_back",
        fields={"ground": "unlawful"},
    )
    assert (case.stage, case.verified_how) == ("verified", "call_back")
    for act in (
        lambda: handling.carry_out(actor=desk, controller=kari.controller, case_id=case.id),
        lambda: identity.verify(actor=desk, controller=kari.controller, case_id=case.id, how="id_document"),
        lambda: handling.write(actor=desk, controller=kari.controller, case_id=case.id, text="x", shown=False),
    ):
        with pytest.raises(ScopeError):
            act()
    nobody = staff_actor(staff=staff(kari.controller, "payroll", "Per"))
    with pytest.raises(ScopeError):
        receive(actor=nobody, controller=kari.controller, subject_id=kari.subject, right="access", channel="phone")


def test_a1_another_controllers_adviser_reaches_neither_person_nor_case(kari: Asking) -> None:
    from tests.support.world import publish_examples

    other = publish_examples("bonus")["nordkai"]
    stranger = staff_actor(staff=staff(other, "privacy_adviser", "Ola"))
    case = registered(kari, "access")
    with pytest.raises(ScopeError):
        handling.carry_out(actor=stranger, controller=kari.controller, case_id=case.id)
    with pytest.raises(UnknownCaseError):
        handling.carry_out(actor=stranger, controller=other, case_id=case.id)
    with pytest.raises(NotAssignedError):
        receive(actor=stranger, controller=other, subject_id=kari.subject, right="access", channel="email")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"channel": "self_service"}, RequestError),
        ({"channel": "pigeon"}, RequestError),
        ({"verified_how": "session"}, RequestError),
        ({"verified_how": "hunch"}, RequestError),
        ({"language": "tlh"}, RequestError),
        ({"right": "immortality"}, CaseError),
        ({"received_at": NOW + timedelta(days=1)}, CaseError),
    ],
)
def test_h8_what_cannot_be_is_refused(kari: Asking, given: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        registered(kari, **({"right": "access"} | given))  # type: ignore[arg-type]


def test_h8_a_stranger_becomes_an_enquirer_and_is_answered(kari: Asking) -> None:
    case = receive_from_stranger(
        actor=kari.adviser,
        controller=kari.controller,
        name="Ola Fremmed",
        email="ola@post.example",
        right="access",
        channel="email",
    )
    identity.verify(actor=kari.adviser, controller=kari.controller, case_id=case.id, how="call_back")
    done = handling.carry_out(actor=kari.adviser, controller=kari.controller, case_id=case.id)
    assert done.outcome == "carried_out"
    with pytest.raises(AlreadyClaimedError):
        receive_from_stranger(
            actor=kari.adviser,
            controller=kari.controller,
            name="Ola Igjen",
            email=kari.person.email,
            right="access",
            channel="email",
        )


def test_h7_withdrawal_takes_back_what_stands_from_now_on_and_keeps_the_proof(kari: Asking) -> None:
    with kari.scope("consent_management") as scope:
        consents = [
            one for one in switches(subject_id=kari.subject, controller_id=kari.controller.pk) if one.kind == "consent"
        ]
        assert len(consents) > 1
        for one in consents:
            record(
                scope=scope,
                subject_id=kari.subject,
                controller_id=kari.controller.pk,
                activity=one.activity,
                channel=one.channel,
                kind=EventKind.GIVEN,
                route="web",
                wording="",
                at=NOW,
            )
    clock.advance(timedelta(days=1))
    one = consents[0]
    case = ask(kari, "withdrawal", activity=one.activity, channel=one.channel)
    assert case.outcome == "carried_out"
    with kari.scope("consent_management"):
        standing = {
            (s.activity, s.channel): s.on for s in switches(subject_id=kari.subject, controller_id=kari.controller.pk)
        }
        assert standing[one.activity, one.channel] is False
        assert any(standing[c.activity, c.channel] for c in consents[1:])
    ask(kari, "withdrawal")
    with kari.scope("consent_management"):
        left = [s for s in switches(subject_id=kari.subject, controller_id=kari.controller.pk) if s.kind == "consent"]
        assert not any(s.on for s in left)
    again = ask(kari, "withdrawal")
    assert "ikke gitt" in kari.answer(again.id)


def test_h8_the_person_takes_a_request_back(kari: Asking) -> None:
    case = ask(kari, "erasure", ground="no_longer_needed")
    done = handling.take_back(actor=kari.member, controller=kari.controller, subject_id=kari.subject, case_id=case.id)
    assert (done.stage, done.outcome) == ("closed", "taken_back")
    other = asking(kari.controller, "customer", "Ola")
    mine = ask(other, "erasure", ground="no_longer_needed")
    with pytest.raises(UnknownCaseError):
        handling.take_back(actor=kari.member, controller=kari.controller, subject_id=kari.subject, case_id=mine.id)


def test_facts_of_a_stranger_are_only_what_was_said(kari: Asking) -> None:
    case = receive_from_stranger(
        actor=kari.adviser,
        controller=kari.controller,
        name="Ola Fremmed",
        email="ola@post.example",
        right="access",
        channel="email",
    )
    from tillit.kernel.scope import Scope, system

    with Scope(system("test", {kari.controller.pk}), "rights_requests", frozenset({case.subject_id})):
        known = dict(Fact.objects.filter(subject_id=case.subject_id).values_list("kind", "value"))
        assert known == {"name.given": "Ola", "name.family": "Fremmed", "email": "ola@post.example"}
        assert Relationship.objects.get(subject_id=case.subject_id).kind == "enquirer"
