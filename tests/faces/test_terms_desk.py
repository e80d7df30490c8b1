"""Rates and offers from a draft to their day, and offers for an audience (C6, C11, C16, A4)."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.faces.test_staff import at_work, hire
from tests.journeys.intake_world import NOW, World, bought, build
from tests.support.world import EXAMPLES
from tillit.audit.models import Event
from tillit.bonus import rates
from tillit.bonus.models import Offer, OfferAudience, RateRule, TermsDraft
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.declaration.loader import load
from tillit.declaration.publish import publish
from tillit.journeys import terms_editor, terms_judged
from tillit.journeys.programme_file import Setup
from tillit.journeys.programme_setup import apply
from tillit.kernel import clock
from tillit.messages.models import Message
from tillit.parties.actors import staff_actor
from tillit.parties.operations import open_account
from tillit.purchases.models import Chain

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


def editor(world: World) -> dict[str, Any]:
    club = world.controllers["nordkai"]
    return {"actor": staff_actor(staff=hire(club, role="administrator", name="Ada Admin"), controller=club)} | {
        "controller": club
    }


def drafted(here: dict[str, Any], days: int, **said: Any) -> dict[str, Any]:
    """A draft that holds in some days; with `ends`, one that ends a rule."""
    made = terms_editor.begin(**here, chain_key="mat", starts=clock.today() + timedelta(days=days))
    one = here | {"number": made.pk}
    if "ends" in said:
        terms_editor.end_rule(**one, rule_id=said.pop("ends"))
    if said:
        terms_editor.add_rate(**one, said=said)
    return one


MAY = {"start": date(2026, 5, 1), "end": date(2026, 6, 1)}


@pytest.mark.parametrize(
    ("said", "bought_any", "less"),
    [
        ({"percent": "0.1"}, True, True),
        ({"percent": "1", "until": "2026-06-09"}, True, True),  # made whole for a week only
        ({"percent": "1"}, True, False),
        ({"percent": "0.1"}, False, True),  # nothing shows otherwise
        ({}, False, True),
    ],
)
def test_c6_a_notice_of_worse_terms_is_not_dodged_by_the_period_that_is_looked_at(
    world: World, said: dict[str, str], bought_any: bool, less: bool
) -> None:
    world.member(1)
    world.member(2)
    if bought_any:
        world.take_in([bought(n, 1, "100.00", time="2026-04-20T12:00:00+02:00") for n in range(3)])
        world.take_in([bought(90, 2, "0.01", time="2026-05-02T12:00:00+02:00")])
    here = drafted(editor(world), 1, ends=RateRule.objects.get(chain__key="mat").pk, **said)
    one, seen = terms_editor.try_out(**here, start=date(2026, 5, 2), end=date(2026, 5, 3))
    assert (seen.purchases, one.tried["less"]) == (int(bought_any), 0)
    assert terms_judged.worse(one) is less
    if less:
        with pytest.raises(terms_editor.TermsError) as early:
            terms_editor.publish(**here)
        assert early.value.code == "notice"
    else:
        assert terms_editor.publish(**here)[1] == 0


def test_c6_what_was_tried_is_what_is_published(world: World) -> None:
    base = editor(world)
    old = RateRule.objects.get(chain__key="mat")
    one, other = drafted(base, 60, percent="5", weekdays=["mon"]), drafted(base, 40, ends=old.pk)
    terms_editor.try_out(**one, **MAY)
    row = TermsDraft.objects.get(pk=one["number"])
    TermsDraft.objects.filter(pk=row.pk).update(document=row.document | {"ends": [old.pk]})  # beside the trial
    with pytest.raises(terms_editor.TermsError) as changed:
        terms_editor.publish(**one)
    assert changed.value.code == "not-tried"
    TermsDraft.objects.filter(pk=row.pk).update(document=row.document)
    terms_editor.try_out(**other, **MAY)
    terms_editor.publish(**other)  # what stands on the first one's day is another thing now
    with pytest.raises(terms_editor.TermsError) as changed:
        terms_editor.publish(**one)
    assert changed.value.code == "not-tried"


def test_c6_a_draft_is_tried_against_what_stands_on_its_day_whatever_held_before(world: World) -> None:
    world.member(1)
    world.take_in([bought(1, 1, "100.00", time="2026-04-20T12:00:00+02:00")])
    base, old = editor(world), RateRule.objects.get(chain__key="mat")
    rates.replace(rule_id=old.pk, at=NOW - timedelta(days=7), basis_points=500)  # since a week ago it is five per cent
    new = RateRule.objects.get(chain__key="mat", basis_points=500)
    here = drafted(base, 40, ends=new.pk, percent="2")  # more than in April, less than now
    one, _ = terms_editor.try_out(**here, start=date(2026, 4, 1), end=date(2026, 6, 1))
    assert (terms_judged.worse(one), one.tried["before"], one.tried["after"]) == (True, 5_00, 2_00)


def test_c6_undoing_a_draft_revives_nothing_that_another_draft_ended(world: World) -> None:
    base, old = editor(world), RateRule.objects.get(chain__key="mat")
    first = drafted(base, 60, ends=old.pk, percent="5")
    terms_editor.try_out(**first, **MAY)
    terms_editor.publish(**first)
    made = RateRule.objects.get(chain__key="mat", basis_points=500)
    second, third = drafted(base, 40, ends=old.pk), drafted(base, 80, ends=made.pk)
    for one in (second, third):
        terms_editor.try_out(**one, **MAY)
        terms_editor.publish(**one)
    old.refresh_from_db()
    ended = old.ends
    assert ended is not None
    for undone_first in (second, third):
        with pytest.raises(terms_editor.TermsError) as refused:
            terms_editor.undo(**first)
        assert refused.value.code == "changed-since"
        old.refresh_from_db()
        assert old.ends == (ended if undone_first is second else ended + timedelta(days=20))
        terms_editor.undo(**undone_first)
    terms_editor.undo(**first)
    old.refresh_from_db()
    assert (old.ends, list(RateRule.objects.filter(chain__key="mat"))) == (None, [old])


def test_c6_a4_where_the_declaration_says_so_nobody_publishes_terms_that_they_wrote(world: World) -> None:
    club = world.controllers["nordkai"]
    ada, bo = (hire(club, role="administrator", name=name) for name in ("Ada Admin", "Bo Bestyrer"))
    one = drafted({"actor": staff_actor(staff=ada, controller=club), "controller": club}, 5, percent="5")
    declared = load(EXAMPLES / "bonus" / "nordkai.yaml")[0]
    changes = declared.changes.model_copy(update={"four_eyes": True})
    publish(declaration=declared.model_copy(update={"changes": changes}), source_text="", at=clock.now())
    here, pressed = f"{TERMS}{one['number']}/", {"act": "publish"}
    terms_editor.try_out(**one, **MAY)
    writer, reader = at_work(ada), at_work(bo)
    assert 'value="publish"' not in writer.get(here).text
    refused = writer.post(here, pressed, headers=EN)
    assert (refused.status_code, "Another than who wrote" in refused.text) == (422, True)
    assert 'value="publish"' in reader.get(here).text
    terms_editor.move(
        **one | {"actor": staff_actor(staff=bo, controller=club)}, starts=clock.today() + timedelta(days=6)
    )
    terms_editor.try_out(**one, **MAY)
    assert reader.post(here, pressed).status_code == 422, "who changed it wrote it, too"
    third = at_work(hire(club, role="administrator", name="Cato Sjef"))
    assert third.post(here, pressed).status_code == 302
    assert TermsDraft.objects.get().state == "published"


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


def test_c12_what_one_of_the_staff_posts_alone_is_set_per_chain_on_record(world: World) -> None:
    club = world.controllers["nordkai"]
    desk = at_work(hire(club, role="administrator", name="Ada Admin"))
    assert 'value="5000.00"' in desk.get(TERMS, headers=EN).text
    for wrong in ("x", "-1", "1.001", "NaN", "1e30"):
        refused = desk.post(TERMS, {"act": "alone", "chain": "mat", "amount": wrong}, headers=EN)
        assert (refused.status_code, "Write the amount" in refused.text) == (422, True), wrong
    assert desk.post(TERMS, {"act": "alone", "chain": "hotell", "amount": "1"}).status_code == 422, "another club's"
    for _ in range(2):
        assert desk.post(TERMS, {"act": "alone", "chain": "mat", "amount": "1 250,50"}).status_code == 302
    assert dict(Chain.objects.values_list("key", "alone_up_to")) == {"mat": 1250_50, "hotell": 5000_00}
    assert 'value="1250,50"' in desk.get(TERMS).text
    higher = {"act": "alone", "chain": "mat", "amount": "9000"}
    for _ in range(2):
        assert "when a colleague saves" in desk.post(TERMS, higher, headers=EN, follow=True).text
        assert Chain.objects.get(key="mat").alone_up_to == 1250_50, "who is limited does not raise it alone"
    second = at_work(hire(club, role="administrator", name="Bo Bestyrer"))
    assert "A colleague proposed" in second.get(TERMS, headers=EN).text
    second.post(TERMS, higher | {"amount": "9001"})
    assert Chain.objects.get(key="mat").alone_up_to == 1250_50, "another amount is a new one"
    desk.post(TERMS, higher | {"amount": "9001"})
    assert Chain.objects.get(key="mat").alone_up_to == 9001_00
    desk.post(TERMS, higher | {"amount": "1250.50"})
    second.post(TERMS, higher)
    second.post(TERMS, higher | {"amount": "1250.50"})
    desk.post(TERMS, higher)
    assert Chain.objects.get(key="mat").alone_up_to == 1250_50, (
        "what was asked for before it was lowered counts no more"
    )
    setup = Setup.model_validate({"chains": [{"key": "mat", "alone_up_to": "0", "alone_days": 7}]})
    assert apply(setup=setup, on=clock.today()) == [
        "~ chain mat: Mat, nordkai, NOK, missing purchases by one alone up to NOK\xa01,250.50 in 30 days"
        " → Mat, nordkai, NOK, missing purchases by one alone up to NOK\xa00.00 in 7 days"
    ]
    with world.scope("security_log"):
        said = [one.details for one in Event.objects.filter(type="programme.alone_limit_set")]
    changes = sorted((one["before"], one["amount"]) for one in said)
    assert changes == [(1250_50, 0), (1250_50, 9001_00), (5000_00, 1250_50), (9001_00, 1250_50)]
