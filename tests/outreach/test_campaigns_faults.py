"""A faulty campaign is set aside, who wrote it does not approve it, its pace holds over pauses (F3)."""

from datetime import timedelta

import pytest
from django.core import mail

from tests.outreach.test_campaigns import actor, approved, club, draft, member
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.outreach.campaigns import operations, running
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.models import Campaign, State

__all__ = ["club"]
pytestmark = pytest.mark.django_db


def refused(club: Controller, **words: str) -> str:
    with pytest.raises(CampaignError) as error:
        draft(club, **words)
    return error.value.code


def test_f3_words_that_no_mail_can_hold_are_refused_and_a_faulty_campaign_stops_no_other(club: Controller) -> None:
    member(club, "Kari")
    for sign in ("\x0b", "\x01", "\x7f", "\ufffe", "⟦leave:url⟧"):
        assert refused(club, body=f"Hei{sign}du") == refused(club, subject=sign) == "characters"
    for link in (
        "[Les](https://a.example/?n={given_name})",
        "Se https://a.example/{given_name}.",
        "www.{given_name}.no",
    ):
        assert refused(club, body=link) == "field-in-link"
    assert draft(club, body="Hei\tdu, {given_name}\r\n\r\n[Les](https://a.example/)").pk
    faulty, waiting, good = approved(club), approved(club), approved(club, subject="Frisk")
    assert running.start(campaign=faulty)
    Campaign.objects.filter(pk=faulty.pk).update(body="Hei\x0bdu")
    Campaign.objects.filter(pk=waiting.pk).update(body="Noe annet")
    assert running.run_everywhere() == 1
    assert [one.subject for one in mail.outbox] == ["Frisk"]
    for one in (faulty, waiting, good):
        one.refresh_from_db()
    assert [(one.status, one.problem) for one in (faulty, waiting, good)] == [
        ("paused", "layout"), ("approved", "changed"), ("sent", ""),
    ]  # fmt: skip
    assert operations.move(actor=actor(club), campaign=faulty, to=State.SENDING).problem == ""


def test_f3_who_made_it_or_last_changed_it_does_not_approve_it_also_where_the_set_has_grown(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(club, "Kari")
    alone = operations.approve(actor=actor(club), campaign=draft(club))
    monkeypatch.setattr(operations, "ANOTHER_ABOVE", 1)
    member(club, "Ola")
    changed = operations.change(actor=actor(club, "8"), campaign=draft(club), subject="Mitt")
    for one in ("7", "8"):
        with pytest.raises(CampaignError, match="a colleague"):
            operations.approve(actor=actor(club, one), campaign=changed)
    same = operations.change(actor=actor(club, "9"), campaign=changed, subject="Mitt")
    assert operations.approve(actor=actor(club, "9"), campaign=same).status == State.APPROVED, "nothing was changed"
    operations.move(actor=actor(club), campaign=same, to=State.CANCELLED)
    running.run_everywhere()
    alone.refresh_from_db()
    assert (alone.status, alone.problem, mail.outbox) == ("approved", "own-campaign", [])


def test_f3_no_more_than_so_many_in_any_hour_however_long_it_stood_still(club: Controller) -> None:
    for n in range(9):
        member(club, f"P{n}")
    campaign = approved(club, per_hour=4)
    running.start(campaign=campaign)
    begun = clock.now()
    operations.move(actor=actor(club), campaign=campaign, to=State.PAUSED)
    with clock.travel(begun + timedelta(hours=10)):
        operations.move(actor=actor(club), campaign=campaign, to=State.SENDING)
        assert running.run_everywhere() == 4
    with clock.travel(begun + timedelta(hours=10, minutes=50)):
        assert running.run_everywhere() == 0
    with clock.travel(begun + timedelta(hours=11, minutes=1)):
        assert running.run_everywhere() == 4
