"""The breach desk on the staff pages: for those who handle breaches at this controller, and nobody else (H12, A9)."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.faces.conftest import Person
from tests.faces.test_staff import at_work, hire
from tests.support.world import person
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.privacy.breach import operations
from tillit.privacy.models import Breach

pytestmark = pytest.mark.django_db
DESK = "/staff/rundtur/breaches/"


def test_h12_the_adviser_registers_assesses_and_closes(kari: Person) -> None:
    client = at_work(hire(kari.controller, "privacy_adviser"))
    assert "Ingen åpne avvik" in client.get(DESK).text
    assert client.post(DESK, {"what": "", "sort": "known"}).status_code == 422
    answer = client.post(DESK, {"what": "En liste ble sendt feil.", "sort": "known"})
    breach = Breach.objects.get()
    page = f"{DESK}{breach.reference}/"
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert "Meldes innen" in client.get(DESK).text
    assert "Må vurderes" in client.get(page).text
    refused = client.post(page, {"step": "close", "text": "Lærdom"})
    assert refused.status_code == 422
    assert "Noe gjenstår" in refused.text
    client.post(page, {"step": "assess", "risk": "risk", "consequences": "Søppelpost"})
    assert client.get(f"{page}form/").content.startswith(b"%PDF")
    client.post(page, {"step": "authority", "number": "26/1"})
    assert client.post(page, {"step": "close", "text": "Lærdom"}).status_code == 302
    assert "Lærdom" in client.get(page).text
    assert breach.reference in client.get(f"{DESK}?closed=1").text
    assert breach.reference not in client.get(DESK).text


def test_h12_the_adviser_does_all_that_is_owed_on_the_page(controllers: dict[str, Controller]) -> None:
    house = controllers["solvik"]
    kari = person(house, "customer", given="Kari", email="kari@eksempel.example")
    client, desk = at_work(hire(house, "privacy_adviser")), "/staff/solvik/breaches/"
    client.post(desk, {"what": "Noen var inne i regnskapet.", "sort": "known"})
    breach = Breach.objects.get()
    operations.affect(actor=system("test", {house.pk}), breach=breach, subject_ids=[kari], at=clock.now())
    page = f"{desk}{breach.reference}/"
    client.post(page, {"step": "assess", "risk": "high", "crime": "1", "business": "1"})
    shown = client.get(page).text
    for words in ("Må anmeldes", "Mangler rapport fra leverandøren", "Bedriftskunder skal varsles"):
        assert words in shown, words
    done = (
        {"step": "authority", "number": "26/1"},
        {"step": "people", "text": "Bytt passord."},
        {"step": "police", "number": "15987654"},
        {"step": "supplier", "risk": "phishing", "text": "Falsk innlogging"},
        {"step": "business", "text": "Ringt til begge."},
    )
    for step in done:
        assert client.post(page, {"step": "close", "text": "Lærdom"}).status_code == 422, step
        assert client.post(page, step).status_code == 302, step
    assert client.post(page, {"step": "close", "text": "Lærdom"}).status_code == 302


def test_h12_late_is_refused_without_a_reason_and_a_suspicion_is_confirmed_or_dismissed(kari: Person) -> None:
    client = at_work(hire(kari.controller, "privacy_adviser"))
    client.post(DESK, {"what": "Mistanke en", "sort": "suspected"})
    client.post(DESK, {"what": "Mistanke to", "sort": "suspected"})
    first, second = Breach.objects.order_by("pk")
    assert client.post(f"{DESK}{first.reference}/", {"step": "unfounded", "text": "Rolig"}).status_code == 302
    client.post(f"{DESK}{second.reference}/", {"step": "confirm"})
    old = clock.now() - timedelta(hours=80)
    Breach.objects.filter(pk=second.pk).update(known_at=old, due_at=old + timedelta(hours=72))
    assert "Fristen gikk ut" in client.get(DESK).text
    late = client.post(f"{DESK}{second.reference}/", {"step": "authority"})
    assert "si hvorfor" in late.text
    assert client.post(f"{DESK}{second.reference}/", {"step": "authority", "text": "Ferie"}).status_code == 302


def test_a9_h12_nobody_else_finds_the_desk(kari: Person, controllers: dict[str, Controller]) -> None:
    adviser = at_work(hire(kari.controller, "privacy_adviser"))
    adviser.post(DESK, {"what": "En liste ble sendt feil.", "sort": "known"})
    reference = Breach.objects.get().reference
    assert adviser.get(f"{DESK}{reference}/").status_code == 200
    clerk = at_work(hire(kari.controller, "customer_service", "Per Disk"))
    other = at_work(hire(controllers["solvik"], "privacy_adviser", "Eva Tall"))
    for client in (clerk, other, Client()):
        for address in (DESK, f"{DESK}{reference}/", f"{DESK}{reference}/form/"):
            assert client.get(address).status_code in {302, 404}
    assert other.get(f"/staff/solvik/breaches/{reference}/").status_code == 404
    assert "Avvik" not in clerk.get("/staff/rundtur/").text
