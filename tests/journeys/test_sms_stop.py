"""STOP by SMS is the no of everybody in the register who has the number, and of nobody else (F2)."""

import pytest

from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.journeys.leave_messages import receives
from tillit.journeys.sms.dispatch import dispatch
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.leaving import Leaving
from tillit.parties import operations as parties
from tillit.parties.contacts import record_address

NUMBER, OTHER = "+4741234510", "+4741234511"


@pytest.fixture
def clubs(db: None) -> dict[str, Controller]:
    return publish_examples("bonus")


def _asked(club: Controller, offers: str = "", phone: str = "") -> Leaving:
    """Somebody who wants offers by SMS; `offers`: the number given for them, `phone`: their own."""
    subject = person(club, given="Kari")
    everyone = {club.pk, *Controller.objects.filter(holder=True).values_list("pk", flat=True)}
    if offers:
        with Scope(system("test", everyone), "marketing") as scope:
            parties.record_fact(
                scope=scope, subject_id=subject, controller_id=club.pk, category="marketing_contact",
                kind="marketing.phone", value=offers, source="data_subject", at=clock.now(),
            )  # fmt: skip
    if phone:
        with Scope(system("test", everyone), "membership_administration") as scope:
            record_address(
                scope=scope, register_id=club.register_id, subject_id=subject, controller_id=club.pk,
                kind="phone", text=phone, source="data_subject", at=clock.now(),
            )  # fmt: skip
    with Scope(system("test", everyone), "consent_management") as scope:
        consent.record(
            scope=scope, subject_id=subject, controller_id=club.pk, activity="marketing", kind=EventKind.GIVEN,
            route="web", wording="1" * 64, at=clock.now(),
        )  # fmt: skip
    link = Leaving(subject, club.pk, "marketing", "sms")
    assert receives(link)
    return link


def test_f2_stop_is_the_no_of_everybody_with_the_number_at_every_controller_and_of_nobody_else(
    clubs: dict[str, Controller],
) -> None:
    club, shops = clubs["rundtur"], clubs["nordkai"]
    shared = [_asked(club, offers=NUMBER), _asked(club, offers=NUMBER), _asked(shops, offers=NUMBER)]
    own = _asked(club, phone=NUMBER)
    others = [_asked(club, offers=OTHER), _asked(shops, phone=OTHER)]
    answer = dispatch(controller=club, key="1", sender=NUMBER, text="STOPP", at=clock.now())
    assert club.name in answer.text
    assert [receives(link) for link in (*shared, own)] == [False] * 4
    assert all(receives(link) for link in others)


def test_f2_stop_reaches_two_people_who_share_a_number_that_is_nobody_s_own(clubs: dict[str, Controller]) -> None:
    club = clubs["skogheim"]
    shared = [_asked(club, offers=NUMBER), _asked(club, offers=NUMBER)]
    dispatch(controller=clubs["rundtur"], key="1", sender=NUMBER, text="stop", at=clock.now())
    assert [receives(link) for link in shared] == [False, False]
    unknown = dispatch(controller=clubs["rundtur"], key="2", sender=NUMBER, text="SALDO", at=clock.now())
    assert "41234510" not in unknown.text
    assert unknown.tariff == 0, "an answer about one person goes to a number that is one person's alone"
