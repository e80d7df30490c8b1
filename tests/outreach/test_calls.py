"""The callers' list: one person at a time, outcomes, a no that holds at once, the call centre's file (F2, F3)."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.faces.test_staff import at_work, hire
from tests.outreach.phoning import calling_campaign, people_with_numbers
from tests.outreach.test_campaigns import says
from tests.support.world import publish_examples
from tillit.audit.models import Event
from tillit.consent.models import ConsentEvent, EventKind
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.models import Message
from tillit.outreach.campaigns import operations, running
from tillit.outreach.campaigns.models import Campaign, State
from tillit.parties.models import Fact

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None) -> Controller:
    return publish_examples("loyalty_services")["trygghavn"]


def called(company: Controller, people: int) -> tuple[Campaign, list[int]]:
    """A campaign over the phone under way, and its people."""
    made = people_with_numbers(company, people)
    for one in made:
        says(company, one, EventKind.GIVEN)
    campaign = calling_campaign(company)
    running.run_everywhere()
    campaign.refresh_from_db()
    assert campaign.status == "sending", "calls wait for people"
    return campaign, made


def act(desk: Client, path: str, what: str) -> str:
    shown = re.search(r'name="call" value="(\d+)"', desk.get(path).text)
    given = {"call": shown[1]} if shown else {}
    return desk.post(path, {"act": what} | given, follow=True).text


def number(page: str) -> str:
    found = re.search(r'href="tel:(\+\d+)"', page)
    assert found is not None, "nobody to call"
    return found[1]


def rows(company: Controller) -> dict[str, tuple[str, str]]:
    with Scope(system("test", {company.pk}), "rights_requests"):
        facts = dict(Fact.objects.filter(kind="marketing.phone").values_list("subject_id", "value"))
        return {facts[m.subject_id]: (m.message_state, m.reason) for m in Message.objects.filter(channel="phone")}


def test_f2_f3_callers_get_one_person_at_a_time_and_an_objection_holds_at_once(company: Controller) -> None:
    campaign, people = called(company, 5)
    path = f"/staff/trygghavn/campaigns/{campaign.pk}/calls/"
    desks = []
    for name in ("Mari Marked", "Odd Ringer"):
        desk = at_work(hire(company, "marketing", name))
        desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        desks.append(desk)
    first, second = (number(act(desk, path, "next")) for desk in desks)
    assert first != second, "each caller another person"
    page = act(desks[0], path, "next")
    assert number(page) == first, "and the same until it is told"
    assert "Hei, vi ringer om vern." in page
    assert "STOP" not in page
    assert "nobody calls that person" in act(desks[0], path, "objected")
    assert "two hours" in act(desks[1], path, "later")
    assert rows(company)[first] == ("sent", "")
    assert rows(company)[second][0] == "queued"
    with Scope(system("test", {company.pk}), "security_log"):
        objector = next(one for one, n in zip(people, range(5), strict=True) if first == f"+474000{n:04d}")
        seen = set(Event.objects.filter(subject_id=objector).values_list("type", flat=True))
    assert {"person.read", "consent.changed"} <= seen
    third = number(act(desks[0], path, "next"))
    assert third not in {first, second}
    act(desks[0], path, "wrong")
    with Scope(system("test", {company.pk}), "rights_requests"):
        assert Fact.objects.get(kind="marketing.phone", value=third).failed_at is not None, (
            "a wrong number is used no more"
        )
    left = sorted({f"+474000{n:04d}" for n in range(5)} - {first, second, third})
    says(company, people[int(left[0][-4:])], EventKind.WITHDRAWN)
    assert number(act(desks[1], path, "next")) == left[1], "who took the yes back is not called"
    act(desks[1], path, "reached")
    assert "Nobody waits" in act(desks[1], path, "next")
    assert sorted(state for state, _ in rows(company).values()) == ["failed", "queued", "sent", "sent", "withheld"]
    with clock.travel(clock.now() + timedelta(hours=3)):
        assert number(act(desks[0], path, "next")) == second, "who did not answer comes again"
    with clock.travel(clock.now() + timedelta(hours=4)):
        assert number(act(desks[1], path, "next")) == second, "and to a colleague when the caller goes away"
    other = at_work(hire(company, "customer_service", "Siv Annen"))
    assert other.get(path).status_code == 404


def noes(company: Controller, person: int) -> list[str]:
    with Scope(system("test", {company.pk}), "consent_proof"):
        events = ConsentEvent.objects.filter(subject_id=person, activity="marketing")
        return list(events.order_by("at").values_list("kind", flat=True))


def test_f2_a_no_counts_from_who_was_handed_the_call_though_it_is_somebody_else_s_or_its_campaign_over(
    company: Controller,
) -> None:
    campaign, people = called(company, 2)
    path = f"/staff/trygghavn/campaigns/{campaign.pk}/calls/"
    one, other = (at_work(hire(company, "marketing", name)) for name in ("Mari Marked", "Odd Ringer"))
    page = one.post(path, {"act": "next"}, follow=True).text
    call, mine = re.search(r'name="call" value="(\d+)"', page), number(page)
    assert call is not None
    objector = people[int(mine[-4:])]
    told = {"act": "objected", "call": call[1]}
    with clock.travel(clock.now() + timedelta(minutes=14)):
        assert number(one.get(path).text) == mine, "an open page keeps the call"
    with clock.travel(clock.now() + timedelta(minutes=20)):
        assert number(other.post(path, {"act": "next"}, follow=True).text) != mine
        assert other.post(path, told).status_code == 422, "nobody speaks for a call that was never theirs"
        assert noes(company, objector) == ["given"]
    with clock.travel(clock.now() + timedelta(minutes=40)):
        for _ in range(2):
            other.post(path, {"act": "next"}, follow=True)
            other.post(path, {"act": "later", "call": re.search(r'name="call" value="(\d+)"', other.get(path).text)[1]})
        who = Actor("staff", "8", frozenset({company.pk}), frozenset({"marketing"}))
        operations.move(actor=who, campaign=campaign, to=State.CANCELLED)
        assert one.post(path, {"act": "reached", "call": call[1]}).status_code == 422
        assert one.post(path, told).status_code == 302
    assert noes(company, objector) == ["given", "withdrawn"]


def test_f3_the_declared_call_centre_gets_a_file_until_it_is_handed_over_and_nobody_else(company: Controller) -> None:
    campaign, people = called(company, 4)
    path = f"/staff/trygghavn/campaigns/{campaign.pk}/calls/"
    desk = at_work(hire(company, "marketing", "Mari Marked"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = desk.post(path, {"act": "next"}, follow=True).text
    mine = number(page)
    assert "Call centre" in desk.get(path).text
    file = desk.post(path, {"act": "file"})
    assert file["Content-Type"].startswith("text/csv")
    text = file.content.decode("utf-8-sig")
    assert text.count("+474000") == 3
    assert mine not in text, "who is being spoken to is not called by the centre too"
    away = next(one for place, one in enumerate(people) if f"+474000{place:04d}" in text)
    says(company, away, EventKind.WITHDRAWN)
    with clock.travel(clock.now() + timedelta(hours=1)):
        again = desk.post(path, {"act": "file"}).content.decode("utf-8-sig")
        assert again.count("+474000") == 2, "a file that was lost comes again, without whom has said no since"
        assert "Download the file again (2 calls)" in desk.get(path).text
        assert "2 calls are handed over" in desk.post(path, {"act": "handed"}, follow=True).text
        act(desk, path, "reached")
    with Scope(system("test", {company.pk}), "rights_requests"):
        found = sorted(Message.objects.values_list("message_state", "carrier"))
        assert found == [("sent", ""), ("sent", "ringesvar"), ("sent", "ringesvar"), ("withheld", "")]
    with Scope(system("test", {company.pk}), "security_log"):
        assert Event.objects.filter(subject_id=people[0], type="person.read").exists()
    running.run_everywhere()
    campaign.refresh_from_db()
    assert campaign.status == "sent"
