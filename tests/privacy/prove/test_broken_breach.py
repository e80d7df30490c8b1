"""A breach past its clock, a deadline that was moved, people who were passed over: each is seen (H12)."""

from datetime import timedelta

import pytest

from tests.privacy.prove.conftest import Installation
from tests.support.world import person
from tillit.audit import events
from tillit.audit import operations as audit
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.models import StaffRole
from tillit.privacy import anomalies
from tillit.privacy.breach import operations


@pytest.mark.parametrize(
    ("risk", "change", "why"),
    [
        (
            "risk",
            "known_at = known_at - interval '73 hours', due_at = due_at - interval '73 hours'",
            "not been told",
        ),
        ("risk", "due_at = due_at + interval '1 hour'", "deadline is later"),
        (
            "risk",
            "answered_at = now(), known_at = known_at - interval '4 days', due_at = due_at - interval '4 days'",
            "late, without a reason",
        ),
        ("risk", "closed_at = clock_timestamp()", "closed, and authority is owed"),
        ("", "known_at = NULL, due_at = NULL, suspected_at = suspected_at - interval '73 hours'", "suspicion"),
        (
            "high",
            "fields = jsonb_set(fields, '{assessed_at}',"
            " to_jsonb((fields->>'assessed_at')::timestamptz - interval '73 hours'))",
            "people at high risk have not been told",
        ),
    ],
)
def test_h12_a_breach_past_its_clock_is_broken(live: Installation, risk: str, change: str, why: str) -> None:
    controller = live.controllers["solvik"]
    actor, now = system("test", {controller.pk}), clock.now()
    with live.undone("cases_matter", "cases_matter_entry"):
        breach = operations.register(actor=actor, controller_id=controller.pk, what="x", at=now, known_at=now)
        if risk:
            operations.assess(actor=actor, breach=breach, risk=risk, at=now)
        assert live.states("breach", "solvik") == {"kept"}
        live.owner.execute("UPDATE cases_matter SET " + change)
        (proof,) = live.proofs("breach", controller="solvik")
        assert proof.finding.status == "broken"
        assert why in proof.finding.why
        assert live.states("breach", "rundtur") == {"kept"}
        live.owner.execute("UPDATE cases_matter SET drill = true")
        assert live.states("breach", "solvik") == {"kept"}, "practice breaks no promise"
    assert live.states("breach", "solvik") == {"kept"}


def test_h12_a_breach_told_late_with_its_reason_is_kept(live: Installation) -> None:
    controller = live.controllers["solvik"]
    actor, now = system("test", {controller.pk}), clock.now()
    known = now - timedelta(hours=80)
    with live.undone("cases_matter", "cases_matter_entry"):
        breach = operations.register(actor=actor, controller_id=controller.pk, what="x", at=now, known_at=known)
        operations.assess(actor=actor, breach=breach, risk="risk", at=now)
        assert live.states("breach", "solvik") == {"broken"}
        operations.told_authority(actor=actor, breach=breach, at=now, because="Omfanget var ukjent")
        assert live.states("breach", "solvik") == {"kept"}


def test_a9_h18_reading_that_stands_out_and_was_not_raised_is_seen(live: Installation) -> None:
    controller = live.controllers["solvik"]
    clerk = StaffRole.objects.get(controller=controller, ended__isnull=True).staff_id
    people = [person(controller, "customer") for _ in range(31)]
    yesterday = clock.now() - timedelta(days=1)
    with live.undone("audit_queue", "audit_event"), live.undone("cases_matter", "cases_matter_entry"):
        assert live.states("reading", "solvik") == {"kept"}
        with Scope(Actor("staff", str(clerk), frozenset({controller.pk})), "customer_service") as scope:
            audit.append(
                type=events.PERSON_READ,
                scope=scope,
                subjects=people,
                at=yesterday,
                details={"purpose": "customer_service", "categories": ["contact"]},
            )
        assert live.states("reading", "solvik") == {"broken"}
        assert len(anomalies.raise_suspicions()) == 1
        assert live.states("reading", "solvik") == {"kept"}
        live.owner.execute("DELETE FROM cases_matter_entry")
        live.owner.execute("DELETE FROM cases_matter")
        assert live.states("reading", "solvik") == {"broken"}
