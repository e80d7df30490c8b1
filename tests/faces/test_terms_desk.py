"""Rates and offers from a draft to their day, and offers for an audience (C6, C11, C16, A4)."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.faces.test_staff import at_work, hire
from tests.journeys.intake_world import NOW, World, bought, build
from tillit.bonus.models import Offer, OfferAudience, RateRule, TermsDraft
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.journeys import terms_editor
from tillit.kernel import clock
from tillit.messages.models import Message
from tillit.parties.actors import staff_actor
from tillit.parties.operations import open_account

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}
TERMS = "/staff/nordkai/terms/"


@pytest.fixture
def world() -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def told(world: World, template: str) -> int:
    with world.scope("important_notices"):
        return Message.objects.filter(template=template).count()


def test_c6_a4_terms_are_drafted_tried_published_with_notice_and_undone_before_the_day(world: World) -> None:
    for card in (1, 2, 3):
        world.member(card)
    world.take_in([bought(n, 1 + n % 3, "100.00", time="2026-05-20T12:00:00+02:00") for n in range(6)])
    club = world.controllers["nordkai"]
    desk = at_work(hire(club, role="administrator", name="Ada Admin"))
    old = RateRule.objects.get(chain__key="mat")
    assert "1 %" in desk.get(TERMS, headers=EN).text
    assert desk.post(TERMS, {"chain": "mat", "starts": "2026-06-01"}).status_code == 422
    assert desk.post(TERMS, {"chain": "hotell", "starts": "2026-06-05"}).status_code == 422
    here = desk.post(TERMS, {"chain": "mat", "starts": "2026-06-05"})["Location"]
    assert desk.post(here, {"act": "publish"}).status_code == 422
    assert desk.post(here, {"act": "rate", "percent": "200", "mode": "set"}).status_code == 422
    assert desk.post(here, {"act": "end", "rule": str(old.pk)}).status_code == 302
    weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    rate = {"act": "rate", "percent": "0,5", "mode": "set", "weekdays": weekdays}
    assert desk.post(here, rate).status_code == 302
    assert desk.post(here, {**rate, "percent": "4"}).status_code == 422  # two of the same rank
    assert (
        desk.post(here, {**rate, "percent": "1", "mode": "add", "store": "2", "hour_from": "09:00"}).status_code == 302
    )
    assert desk.post(here, {"act": "publish"}).status_code == 422  # not tried
    assert desk.post(here, {"act": "try", "from": "2026-05-01", "to": "2026-06-01"}).status_code == 302
    draft = TermsDraft.objects.get()
    assert (draft.tried["less"], draft.tried["before"], draft.tried["after"]) == (3, 6_00, 3_00)
    assert "Members who get less" in desk.get(here, headers=EN).text
    refused = desk.post(here, {"act": "publish"}, headers=EN)
    assert (refused.status_code, "told first" in refused.text) == (422, True)  # thirty days, as declared
    assert RateRule.objects.filter(chain__key="mat").count() == 1
    assert desk.post(here, {"act": "move", "starts": "2026-07-01"}).status_code == 302
    assert desk.post(here, {"act": "publish"}).status_code == 422  # changed since it was tried
    desk.post(here, {"act": "try", "from": "2026-05-01", "to": "2026-06-01"})
    assert desk.post(here, {"act": "publish"}).status_code == 302
    assert told(world, "bonus_terms_worse") == 3
    assert RateRule.objects.filter(chain__key="mat").count() == 3
    old.refresh_from_db()
    assert old.ends is not None
    assert desk.post(here, {"act": "undo"}).status_code == 302
    old.refresh_from_db()
    assert (old.ends, list(RateRule.objects.filter(chain__key="mat"))) == (None, [old])
    assert told(world, "bonus_terms_stay") == 3
    assert at_work(hire(club, role="reception", name="Per Port")).get(TERMS).status_code == 404


def test_c6_published_terms_hold_from_their_day_and_are_not_undone_then(world: World) -> None:
    subject, club = world.member(1), world.controllers["nordkai"]
    actor = staff_actor(staff=hire(club, role="administrator", name="Ada Admin"), controller=club)
    here = {"actor": actor, "controller": club}
    draft = terms_editor.begin(**here, chain_key="mat", starts=date(2026, 6, 3))
    here |= {"number": draft.pk}
    terms_editor.add_rate(**here, said={"percent": "5"})
    terms_editor.try_out(**here, start=date(2026, 5, 1), end=date(2026, 6, 1))
    _, people = terms_editor.publish(**here)
    assert people == 0  # nobody gets less
    clock.advance(timedelta(days=3))
    world.take_in([bought(1, time="2026-06-02T12:00:00+02:00"), bought(2, time="2026-06-03T12:00:00+02:00")])
    assert world.balances(subject)["lot"] == 1_00 + 5_00
    with pytest.raises(terms_editor.TermsError) as late:
        terms_editor.undo(**here)
    assert late.value.code == "too-late"


def test_c11_c16_an_offer_is_made_to_who_said_yes_and_did_not_object_and_they_are_told(world: World) -> None:
    club = world.controllers["nordkai"]
    people = [world.member(card) for card in (1, 2, 3, 4)]
    world.take_in([bought(n, n, "500.00", time="2026-05-20T12:00:00+02:00") for n in (1, 2, 3)])
    for person in people[:3]:
        with world.scope("membership_administration") as scope:
            open_account(scope=scope, subject_id=person, register_id=club.register_id, at=clock.now())
    for person, activity, kind in (
        (people[0], "marketing", EventKind.GIVEN),
        (people[1], "marketing", EventKind.GIVEN),
        (people[1], "profiling", EventKind.OBJECTED),
        (people[3], "marketing", EventKind.GIVEN),
    ):
        with world.scope("consent_management") as scope:
            record(
                scope=scope,
                subject_id=person,
                controller_id=club.pk,
                activity=activity,
                channel="",
                kind=kind,
                route="web",
                wording="w",
                at=clock.now(),
            )
    admin = staff_actor(staff=hire(club, role="administrator", name="Ada Admin"), controller=club)
    draft = {"actor": admin, "controller": club}
    draft |= {"number": terms_editor.begin(**draft, chain_key="mat", starts=date(2026, 6, 3)).pk}
    offer = {"key": "takk", "name": "Takk", "percent": "5", "targeted": True, "until": "2026-08-01"}
    terms_editor.add_offer(**draft, said=offer)
    terms_editor.try_out(**draft, start=date(2026, 5, 1), end=date(2026, 6, 1))
    terms_editor.publish(**draft)
    made = Offer.objects.get(key="takk")
    desk = at_work(hire(club, role="marketing", name="Mina Marked"))
    assert "Takk" in desk.get("/staff/nordkai/audiences/").text
    here = f"/staff/nordkai/audiences/{made.pk}/"
    page = desk.post(here, {"act": "count", "how": "bought", "days": "90", "spent": "100"}, headers=EN).text
    assert "Objected to profiling" in page
    with world.scope("marketing"):
        assert not OfferAudience.objects.exists()
    form = {"act": "make", "how": "bought", "days": "90", "spent": "100"}
    for _ in range(2):
        assert desk.post(here, form).status_code == 302
    with world.scope("marketing"):
        assert list(OfferAudience.objects.values_list("subject_id", flat=True)) == [people[0]]
        assert list(Message.objects.filter(template="bonus_offer").values_list("subject_id", flat=True)) == [people[0]]
    assert desk.post(here, {"act": "count", "how": "x"}).status_code == 422
    assert at_work(hire(club, role="reception", name="Per Port")).get(here).status_code == 404
    with pytest.raises(terms_editor.TermsError):
        terms_editor.undo(**draft)
