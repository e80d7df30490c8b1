"""Requests that are not answered, deadlines that were moved, answers to nobody: each is seen (H5, H8)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.privacy.prove.conftest import Installation
from tillit.cases.models import Case
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.rights import handling, objecting
from tillit.journeys.rights.receive import receive
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system

TABLES = ("cases_case", "cases_entry", "cases_document", "consent_event", "consent_choice")


@pytest.fixture(autouse=True)
def _undone(live: Installation) -> Iterator[None]:
    with live.undone(*TABLES):
        yield


def _request(live: Installation, key: str = "fjordlys", right: str = "access", **given: Any) -> tuple[Controller, Case]:
    controller = live.controllers[key]
    case = receive(
        actor=system("test", [controller.pk]),
        controller=controller,
        subject_id=live.people[key, "Kari"],
        right=right,
        channel="email",
        **given,
    )
    return controller, case


def _faults(live: Installation, kind: str = "rights", key: str = "fjordlys") -> str:
    return "; ".join(fault for proof in live.proofs(kind, controller=key) for fault in proof.finding.faults)


def test_h8_a_request_at_day_31_shows_as_broken(live: Installation) -> None:
    start = clock.now().replace(hour=9, month=8, day=3)  # a month of 31 days
    with clock.travel(start):
        controller, case = _request(live)
    with clock.travel(start + timedelta(days=30)):
        assert live.states("rights", "fjordlys") == {"kept"}
    with clock.travel(start + timedelta(days=31)):
        assert live.states("rights", "fjordlys") == {"broken"}
        assert f"case {case.id}: no answer by" in _faults(live)
        assert live.states("rights", "solvik") == {"kept"}
        handling.refuse(
            actor=system("test", [controller.pk]),
            controller=controller,
            case_id=case.id,
            reason="unverified",
            text="Vi vet ikke hvem du er.",
        )
        (proof,) = live.proofs("rights", controller="fjordlys")
        assert (proof.finding.status, proof.finding.evidence["answered_late"]) == ("kept", 1)


def test_h8_an_interim_answer_in_time_keeps_the_promise_until_its_own_day(live: Installation) -> None:
    start = clock.now()
    with clock.travel(start):
        controller, case = _request(live)
        until = clock.today() + timedelta(days=60)
        handling.extend(
            actor=system("test", [controller.pk]), controller=controller, case_id=case.id, until=until, reason="Mye"
        )
    with clock.travel(start + timedelta(days=31)):
        assert live.states("rights", "fjordlys") == {"kept"}
    with clock.travel(start + timedelta(days=62)):
        assert live.states("rights", "fjordlys") == {"broken"}


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE cases_case SET due_at = due_at + interval '10 days'", "moved without an interim answer"),
        ("UPDATE cases_case SET due_at = NULL", "no answer by any day"),
        ("UPDATE cases_case SET received_at = received_at + interval '3 days', due_at = due_at + interval '3 days'",
         "nothing tells that it came in by then"),
        ("UPDATE cases_case SET closed_at = now(), stage = 'closed'", "closed without an answer"),
        ("DELETE FROM cases_entry", "nothing tells that it came in by then"),
    ],
)  # fmt: skip
def test_h8_a_case_that_is_tampered_with_is_seen(live: Installation, tampering: str, fault: str) -> None:
    _request(live)
    assert live.states("rights", "fjordlys") == {"kept"}
    live.owner.execute(tampering)
    assert live.states("rights", "fjordlys") == {"broken"}
    assert fault in _faults(live)


def test_h8_an_extension_beyond_the_law_is_seen(live: Installation) -> None:
    controller, case = _request(live)
    until = clock.today() + timedelta(days=45)
    handling.extend(
        actor=system("test", [controller.pk]), controller=controller, case_id=case.id, until=until, reason="Mye"
    )
    assert live.states("rights", "fjordlys") == {"kept"}
    live.owner.execute("UPDATE cases_case SET due_at = due_at + interval '6 months'")
    assert "beyond two further months" in _faults(live)


def test_h8_data_given_to_somebody_unverified_is_seen(live: Installation) -> None:
    _, case = _request(live, verified_how="id_document")
    assert case.outcome == "carried_out"
    assert live.states("rights", "fjordlys") == {"kept"}
    live.owner.execute("UPDATE cases_case SET verified_at = NULL, verified_how = ''")
    assert f"case {case.id}: answered, and the identity was never verified" in _faults(live)
    live.owner.execute("UPDATE cases_case SET outcome = ''")
    assert "never verified" in _faults(live), "the copy alone tells it"


def test_h5_processing_that_goes_on_while_the_objection_is_undecided_is_seen(live: Installation) -> None:
    controller, person = live.controllers["fjordlys"], live.people["fjordlys", "Kari"]
    declared = current(controller_id=controller.pk, on=clock.today())
    activity = next(one.key for one in objecting.objectable(declared) if not objecting.is_marketing(one.key))
    _request(live, right="objection", fields={"activity": activity})
    assert live.states("objections", "fjordlys") == {"kept"}
    live.owner.execute("UPDATE consent_choice SET objected = false WHERE activity = %s", [activity])
    assert f"{activity} goes on though it is objected to" in _faults(live, "objections")
    with Scope(system("test", {controller.pk}), "consent_management") as scope:
        record(
            scope=scope,
            subject_id=person,
            controller_id=controller.pk,
            activity=activity,
            kind=EventKind.OBJECTION_LIFTED,
            route="web",
            wording="",
            at=clock.now(),
        )
    assert live.states("objections", "fjordlys") == {"kept"}, "the person took it back"
