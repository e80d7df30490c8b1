"""A request made before the person was merged with another registration concerns all of the person (C3, H1, H3, H4)."""

import json

import pytest

from tests.journeys.rights.conftest import Asking
from tests.journeys.rights.test_handling import carry_out, known
from tests.support.world import person
from tillit.cases.models import Case
from tillit.journeys.merging import merge
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Fact
from tillit.parties.operations import end_relationship
from tillit.privacy import access

pytestmark = pytest.mark.django_db


def _merged(kari: Asking, case: Case) -> int:
    """The person whom the one with the case turns out to be."""
    own = person(kari.controller, "customer", given="Karianne")
    actor = system("staff", {kari.controller.pk})
    merge(
        actor=actor,
        controller=kari.controller,
        subject_id=case.subject_id,
        into=own,
        reason="same_person",
        at=clock.now(),
    )
    return own


def test_c3_h4_the_restriction_asked_for_before_restricts_the_whole_person(kari: Asking) -> None:
    case = known(kari, "restriction", ground="accuracy")
    own = _merged(kari, case)
    with kari.scope("customer_service"):
        assert set(Fact.objects.values_list("subject_id", flat=True)) == {kari.subject, own}
    assert carry_out(kari, case).stage == "in_force"
    with kari.scope("customer_service"):
        assert not Fact.objects.exists()


def test_c3_h3_the_erasure_asked_for_before_erases_the_whole_person(kari: Asking) -> None:
    case = known(kari, "erasure", ground="no_longer_needed")
    own = _merged(kari, case)
    for one in (kari.subject, own):
        with Scope(system("test", {kari.controller.pk}), "customer_administration") as scope:
            end_relationship(
                scope=scope,
                subject_id=one,
                controller_id=kari.controller.pk,
                kind="customer",
                ended=clock.today(),
                reason="own_wish",
            )
    assert carry_out(kari, case).outcome == "carried_out"
    with Scope(system("test", {kari.controller.pk}), "rights_requests"):
        assert not Fact.objects.filter(subject_id__in=[kari.subject, own]).exists()


def test_c3_h1_the_copy_asked_for_before_holds_the_whole_person(kari: Asking) -> None:
    case = known(kari, "access")
    own = _merged(kari, case)
    carry_out(kari, case)
    actor = system("test", {kari.controller.pk})
    answer = json.dumps(access.collect(actor=actor, subject_id=kari.subject, language="nb"))
    assert "Karianne" in answer
    assert own != kari.subject
