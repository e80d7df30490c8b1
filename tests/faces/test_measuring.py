"""Opens and clicks, only of who said yes to just that; nobody else's mail has a picture or a link of ours (F4)."""

import re

import pytest
from django.core import mail
from django.test import Client

from tests.outreach.test_campaigns import approved, member, says
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.messages import tokens
from tillit.outreach.campaigns import queries, running

pytestmark = pytest.mark.django_db


def test_f4_only_whoever_agreed_is_measured_and_a_no_holds_for_links_already_sent(
    controllers: dict[str, Controller],
) -> None:
    club = controllers["rundtur"]
    kari, _ = member(club, "Kari"), member(club, "Ola")
    says(club, kari, EventKind.GIVEN, "message_measurement")
    campaign = approved(club)
    running.run_everywhere()
    html = {one.to[0].split("@")[0]: (one.alternatives[0].content, one.body) for one in mail.outbox}
    plain, text = html["ola"]
    assert "/m/" not in plain + text
    assert "<img" not in plain
    assert "https://klubb.example/side" in plain
    measured, text = html["kari"]
    assert "/m/" not in text, "the text part is as it was written"
    links = re.findall(r'href="http://[^"]*?(/m/[^"]+)"', measured)
    (picture,) = re.findall(r'<img src="http://[^"]*?(/m/[^"]+)"', measured)
    assert len(links) == 2
    assert not any("/u/" in one for one in links), "the way out leads straight"
    client = Client()
    for _ in range(2):
        assert client.get(picture)["Content-Type"] == "image/gif"
        answer = client.get(links[1])
        assert (answer.status_code, answer["Location"]) == (302, "https://klubb.example/a?b=1&c=2")
    assert not client.cookies
    found = queries.progress(campaign=campaign)
    assert (found.opened, dict(found.clicked)) == (1, {"https://klubb.example/a?b=1&c=2": 1})
    says(club, kari, EventKind.WITHDRAWN, "message_measurement")
    assert client.get(links[0])["Location"] == "https://klubb.example/side", "it still leads on"
    assert queries.progress(campaign=campaign).clicked == found.clicked, "and nothing is noted"
    forged = tokens.make("unsubscribe", kari, club.pk, 1, "https://elsewhere.example/")
    assert client.get(f"/m/{forged}/").status_code == 404
