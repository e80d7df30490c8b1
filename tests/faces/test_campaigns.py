"""The marketers' pages: a campaign from draft to sent, as they work with it (F3, A9)."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests.faces.test_staff import at_work, hire, reads
from tests.outreach.test_campaigns import member, says
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.messages import mail as unstored
from tillit.outreach.campaigns import running
from tillit.outreach.campaigns.models import Campaign

pytestmark = pytest.mark.django_db
WORDS: dict[str, Any] = {
    "name": "Sommer", "subject": "Hei {given_name}", "body": "# Sommer\n\nTekst.", "fallback": "du", "mode": "all",
    "c0": "related_for", "v0": "0", "n0": "0", "c1": "interest=none", "per_hour": "", "starts_at": "",
}  # fmt: skip


def post(client: Client, path: str, act: str, **more: str) -> Any:
    return client.post(path, {**WORDS, "c1": "", "act": act, **more})


def test_f3_a_marketer_makes_counts_previews_tests_approves_and_follows_a_campaign(
    controllers: dict[str, Controller],
) -> None:
    club = controllers["rundtur"]
    kari = member(club, "Kari")
    says(club, member(club, "Eva"), EventKind.OBJECTED)
    staff = hire(club, "marketing")
    client = at_work(staff)
    assert "Ingenting er laget ennå" in client.get("/staff/rundtur/campaigns/").text
    made = client.post("/staff/rundtur/campaigns/", {"name": "Sommer", "purpose": "marketing:email"})
    path = made["Location"]
    page = client.get(path).text
    assert "Interesse" in page
    counted = post(client, path, "count").text
    assert "Kan få den" in counted
    assert "Har reservert seg" in counted
    assert counted.count("ikke oppgitt") >= 3, "few are not told apart"
    assert "Hei du" in post(client, path, "preview").text
    refused = post(client, path, "person")
    assert refused.status_code == 422, "one person: a preview would tell who"
    assert reads(club, kari) == []
    others = [member(club, f"P{number}") for number in range(9)]
    shown = post(client, path, "person").text
    assert "Hei Kari" in shown or "Hei P" in shown
    seen = [one for one in (kari, *others) if reads(club, one) == [("marketing", ["identity"])]]
    assert len(seen) == 1, "and whoever it was sees it"
    html = client.get(path + "html/")
    assert "sandbox" in html["Content-Security-Policy"]
    assert "Sommer" in html.text
    mail.outbox.clear()
    post(client, path, "test")
    unstored.wait()
    assert (mail.outbox[0].to, mail.outbox[0].subject) == ([staff.email], "[Test] Hei du")
    assert mail.outbox[0].alternatives
    assert post(client, path, "save", c0="bought_within", v0="x").status_code == 422
    assert post(client, path, "approve").status_code == 302
    assert "Godkjent" in client.get(path).text
    mail.outbox.clear()
    assert running.run_everywhere() == 10
    assert ["kari@eksempel.example"] in [one.to for one in mail.outbox]
    page = client.get(path).text
    assert "Framdrift" in page
    assert "Utelatt da den startet" in page
    assert post(client, path, "save").status_code == 422, "it is over"
    copied = post(client, path, "copy")
    assert copied["Location"] != path
    assert Campaign.objects.count() == 2
    assert client.post(copied["Location"], {"act": "cancel"}).status_code == 302
    assert "Avbrutt" in client.get(copied["Location"]).text


def test_f3_others_find_no_campaigns(controllers: dict[str, Controller]) -> None:
    client = at_work(hire(controllers["rundtur"]))
    assert client.get("/staff/rundtur/campaigns/").status_code == 404
    assert client.get("/staff/rundtur/campaigns/1/").status_code == 404
