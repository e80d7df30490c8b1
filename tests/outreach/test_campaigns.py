"""Campaigns: a set by registered facts, approved, sent once to each, stopped by a no at once (F1-F4, F9, D14)."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.outreach.campaigns import operations, queries, running, segments
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.models import Campaign, Recipient, State
from tillit.parties.operations import record_fact

pytestmark = pytest.mark.django_db
MARKETER = "staff"


@pytest.fixture
def club(db: None) -> Controller:
    return publish_examples("bonus")["rundtur"]


def actor(club: Controller, ref: str = "7") -> Any:
    from tillit.kernel.scope import Actor

    return Actor("staff", ref, frozenset({club.pk}), frozenset({"newsletter", "marketing", "profiling"}))


def says(club: Controller, subject: int, kind: EventKind, activity: str = "marketing", channel: str = "") -> None:
    with Scope(system("test", {club.pk}), "consent_management") as scope:
        consent.record(
            scope=scope, subject_id=subject, controller_id=club.pk, activity=activity, kind=kind, route="web",
            wording="1" * 64, at=clock.now(), channel=channel,
        )  # fmt: skip


def likes(club: Controller, subject: int, topic: str) -> None:
    with Scope(system("test", {club.pk}), "newsletter") as scope:
        record_fact(
            scope=scope, subject_id=subject, controller_id=club.pk, category="interest", kind=f"interest.{topic}",
            value=topic, source="data_subject", at=clock.now(),
        )  # fmt: skip


def member(club: Controller, name: str, *, yes: bool = True, **more: Any) -> int:
    made = person(club, given=name, email=f"{name.lower()}@eksempel.example", **more)
    if yes:
        says(club, made, EventKind.GIVEN)
    return made


def draft(club: Controller, **to: Any) -> Campaign:
    made = operations.make(
        actor=actor(club), controller=club, name="Sommer", activity="marketing", channel=to.pop("channel", "email")
    )
    words = {
        "subject": "Sommer, {given_name}",
        "body": "# Hei {given_name}\n\nSe <dette> & mer på https://klubb.example/side.\n\n[Les mer](https://klubb.example/a?b=1&c=2)",
        "fallback": "medlem",
    }
    return operations.change(actor=actor(club), campaign=made, **{**words, **to})


def approved(club: Controller, **to: Any) -> Campaign:
    return operations.approve(actor=actor(club, "8"), campaign=draft(club, **to))


def rows(club: Controller) -> list[Message]:
    with Scope(system("test", {club.pk}), "rights_requests"):
        return list(Message.objects.filter(campaign_id__isnull=False).order_by("queued_at", "id"))


def test_f3_a_campaign_goes_once_to_each_of_a_set_with_text_html_and_the_way_out(club: Controller) -> None:
    kari, ola = member(club, "Kari"), member(club, "Ola")
    member(club, "Eva", yes=False)
    topic = next(iter(segments.offered(controller=club, activity="marketing")["interest"][0].options(club.pk)))
    likes(club, kari, topic)
    likes(club, ola, topic)
    says(club, ola, EventKind.OBJECTED)
    wanted = {"all": [{"fact": "interest", "value": topic}, {"not": {"fact": "related_for", "value": 40000}}]}
    size = queries.size(controller=club, activity="marketing", channel="email", segment=wanted)
    assert (size.picked, size.reached, size.outside, size.left_out) == (2, 1, 1, {"objected": 1})
    campaign = approved(club, segment=wanted)
    assert running.run_everywhere() == 1
    assert running.run_everywhere() == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["kari@eksempel.example"], "Sommer, Kari")
    html = sent.alternatives[0].content
    assert set(re.findall(r' lang="(\w+)"', html)) == {"nb"}, "one language, the campaign's"
    assert "Hei Kari" in sent.body
    assert "Les mer: https://klubb.example/a?b=1&c=2" in sent.body
    assert "Hei Kari" in html
    assert "&lt;dette&gt; &amp; mer" in html
    assert 'href="https://klubb.example/a?b=1&amp;c=2"' in html
    assert "/u/" in html
    assert "/u/" in sent.body
    assert "⟦" not in html + sent.body
    for fetched in ("src=", "@import", "fonts.", "<link"):
        assert fetched not in html, "F4: nothing tells that it was opened"
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    campaign.refresh_from_db()
    assert (campaign.status, campaign.recipients, campaign.left_out) == ("sent", 1, {"not-picked": 1, "objected": 1})
    (row,) = rows(club)
    assert (row.message_state, row.campaign_id, row.content) == ("sent", campaign.pk, {"given_name": "Kari"})
    found = queries.progress(campaign=campaign)
    assert (found.settled, found.waiting, found.states) == (1, 0, {"sent": 1})


def test_f2_f3_a_withdrawal_during_a_campaign_stops_that_persons_message_and_pausing_stops_all(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [member(club, f"P{n}") for n in range(6)]
    campaign = approved(club, per_hour=120)
    running.start(campaign=campaign)
    assert running.put_next(campaign=campaign) == 2, "the first minute's"
    with Scope(system("test", {club.pk}), "marketing"):
        waiting = list(Recipient.objects.filter(put_at__isnull=True).values_list("subject_id", flat=True))
    put = sorted(set(people) - set(waiting))
    says(club, put[0], EventKind.WITHDRAWN)
    says(club, waiting[0], EventKind.WITHDRAWN)
    campaign = operations.move(actor=actor(club), campaign=campaign, to=State.PAUSED)
    assert (outbox.deliver().sent, running.run_everywhere()) == (0, 0), "what waits in the outbox waits, too"
    operations.move(actor=actor(club), campaign=campaign, to=State.SENDING)
    with clock.travel(clock.now() + timedelta(hours=1)):
        running.run_everywhere()
    assert sorted(one.to[0] for one in mail.outbox) == sorted(
        f"p{people.index(one)}@eksempel.example" for one in people if one not in {put[0], waiting[0]}
    )
    assert sorted(row.reason for row in rows(club)) == ["", "", "", "", "no-consent", "no-consent"]


def test_f3_what_was_approved_is_what_is_sent_and_cancelling_ends_it(club: Controller) -> None:
    member(club, "Kari")
    campaign = approved(club, starts_at=clock.now() + timedelta(days=1))
    assert running.run_everywhere() == 0, "not yet"
    changed = operations.change(actor=actor(club), campaign=campaign, subject="Noe annet")
    assert changed.status == State.DRAFT
    campaign = operations.approve(actor=actor(club, "8"), campaign=changed)
    Campaign.objects.filter(pk=campaign.pk).update(body="Smuglet inn", starts_at=None)
    assert running.run_everywhere() == 0
    assert mail.outbox == []
    campaign = operations.move(actor=actor(club), campaign=campaign, to=State.DRAFT)
    campaign = operations.approve(actor=actor(club, "8"), campaign=campaign)
    running.start(campaign=campaign)
    running.put_next(campaign=campaign)
    operations.move(actor=actor(club), campaign=campaign, to=State.CANCELLED)
    assert outbox.deliver().sent == 0
    assert [row.reason for row in rows(club)] == ["cancelled"]
    with pytest.raises(CampaignError, match="cannot become"):
        operations.move(actor=actor(club), campaign=campaign, to=State.SENDING)


def test_f3_facts_outside_the_purpose_are_refused_and_words_are_checked(club: Controller) -> None:
    member(club, "Kari")
    offered = segments.offered(controller=club, activity="newsletter")
    assert (offered["interest"][1], offered["bought_within"][1]) == (True, False)
    for segment, code in (
        ({"fact": "bought_within", "value": 30}, "fact-not-allowed"),
        ({"fact": "nothing", "value": 30}, "fact-unknown"),
        ({"fact": "interest", "value": "'; DROP"}, "value"),
        ({"fact": "interest"}, "segment-malformed"),
        ({"all": []}, "segment-malformed"),
        ([1], "segment-malformed"),
        ({"all": [{"fact": "related_for", "value": 1}] * 13}, "segment-large"),
    ):
        with pytest.raises(CampaignError) as refused:
            segments.check(controller=club, activity="newsletter", segment=segment)
        assert refused.value.code == code, json.dumps(segment)
    for words, code in (
        ({"subject": ""}, "words-missing"),
        ({"body": "Hei {navn}"}, "field-unknown"),
        ({"channel": "sms", "short": ""}, "words-missing"),
        ({"channel": "sms", "short": "ђ" * 900}, "sms-too-long"),
    ):
        with pytest.raises(CampaignError) as refused:
            operations.approve(actor=actor(club, "8"), campaign=draft(club, **words))
        assert refused.value.code in {code, "nobody"}, words
    with pytest.raises(CampaignError, match="around the name"):
        draft(club, body="Hei {given_name")


def test_c16_picking_by_purchases_is_profiling_and_leaves_out_whoever_objected(club: Controller) -> None:
    kari = member(club, "Kari")
    says(club, kari, EventKind.OBJECTED, "profiling")
    segment = {"not": {"fact": "bought_within", "value": 30}}
    size = queries.size(controller=club, activity="marketing", channel="email", segment=segment)
    assert size.left_out == {"profiling-objected": 1}


def test_f3_nobody_gets_more_than_one_in_the_declared_time(db: None) -> None:
    power = publish_examples("power")["fjordlys"]
    kari = person(power, "customer", given="Kari", email="kari@eksempel.example")
    with Scope(system("test", {power.pk}), "newsletter") as scope:
        record_fact(
            scope=scope, subject_id=kari, controller_id=power.pk, category="marketing_contact", kind="marketing.email",
            value="kari@eksempel.example", source="data_subject", at=clock.now(),
        )  # fmt: skip
    says(power, kari, EventKind.GIVEN, "newsletter")
    for expected in ({}, {"too-soon": 1}):
        size = queries.size(controller=power, activity="newsletter", channel="email", segment={})
        assert size.left_out == expected
        if not expected:
            made = operations.make(
                actor=actor(power), controller=power, name="A", activity="newsletter", channel="email"
            )
            made = operations.change(actor=actor(power), campaign=made, subject="Strøm", body="Nytt om strøm")
            operations.approve(actor=actor(power), campaign=made)
            assert running.run_everywhere() == 1
            assert len(mail.outbox) == 1
    with clock.travel(clock.now() + timedelta(days=32)):
        assert queries.size(controller=power, activity="newsletter", channel="email", segment={}).reached == 1


def test_f9_d14_no_campaign_reaches_people_without_account_or_first(club: Controller) -> None:
    member(club, "Kari", account=False)
    size = queries.size(controller=club, activity="marketing", channel="email", segment={})
    assert (size.reached, size.left_out) == (0, {"no-account": 1})
    member(club, "Ola")
    assert queries.size(controller=club, activity="marketing", channel="email", segment={}).reached == 1
    department = publish_examples("accounting")["solvik"]
    with pytest.raises(CampaignError) as refused:
        queries.size(controller=department, activity="marketing", channel="email", segment={})
    assert refused.value.code == "contact-first"
