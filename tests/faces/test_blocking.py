"""The blocking service's pages (D2): what a customer sees and does, and the desk."""

import re
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in, staff_sign_in
from tests.services.conftest import CONFIRMS, REJECTS, number_that
from tillit.audit.models import Event
from tillit.cases.models import Document
from tillit.declaration.models import Controller
from tillit.faces.jobs.tasks import ProcrastinateJob
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import staff
from tillit.privacy import retention
from tillit.services.models import BlockOrder, Instrument, Issuer

PATH, DESK = "/trygghavn/min-side/blocking/", "/staff/trygghavn/blocks/"
SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64)


@pytest.fixture
def berit(controllers: dict[str, Controller]) -> Person:
    trygghavn = controllers["trygghavn"]
    for key, name, kind in (("nordbank", "Nordbank", "card"), ("fjellmobil", "Fjellmobil", "subscription")):
        Issuer.objects.create(controller=trygghavn, key=key, name=name, kind=kind, phone="+47 400 00 099")
    return make_person(trygghavn, "Berit", "Havn", "+47 400 00 151", "customer")


@pytest.fixture
def agent(berit: Person) -> str:
    email = "vakt@trygghavn.example"
    staff.add(
        email=email, name="Vakt", controller=berit.controller, role="blocking_agent", confidentiality=date(2026, 1, 1)
    )
    return email


def rows(berit: Person, model: Any) -> list[Any]:
    with Scope(system("test", {berit.controller.pk}), "rights_requests", frozenset({berit.subject_id})):
        return list(model.objects.filter(subject_id=berit.subject_id))


def add(client: Client, number: str, **more: str) -> Any:
    return client.post(PATH, {"act": "add", "issuer": "nordbank", "number": number, **more}, follow=True)


def test_d2_a_customer_enters_a_card_blocks_it_and_takes_it_off(client: Client, berit: Person) -> None:
    sign_in(client, berit)
    assert "Du har ikke lagt inn noe" in client.get(PATH, headers={"Accept-Language": "nb"}).text
    number = number_that(CONFIRMS)
    page = add(client, number, expires="2029-05").text
    assert f"•••• {number[-4:]}" in page
    assert number not in page
    (card,) = rows(berit, Instrument)
    assert card.expires_on == date(2029, 5, 31)
    assert PATH in client.get("/trygghavn/min-side/").text
    wrong = client.post(PATH, {"act": "add", "issuer": "nordbank", "number": number[:-1]})
    assert wrong.status_code == 422
    assert number[:-1] not in wrong.text
    assert client.post(PATH, {"act": "block"}).status_code == 422
    page = client.post(PATH, {"act": "block", "instrument": str(card.id)}, follow=True).text
    assert len(rows(berit, BlockOrder)) == 1
    assert ProcrastinateJob.objects.filter(args={"name": "blocks"}).exists()
    assert client.post(PATH, {"act": "remove", "instrument": str(card.id)}).status_code == 422  # it is being blocked
    assert rows(berit, Instrument)[0].sealed


def test_d2_the_desk_settles_what_an_issuer_rejects_and_plays_recordings_on_record(
    client: Client, berit: Person, agent: str
) -> None:
    sign_in(client, berit)
    add(client, number_that(REJECTS))
    (card,) = rows(berit, Instrument)
    client.post(PATH, {"act": "block", "instrument": str(card.id)})
    desk = Client(HTTP_HOST="localhost")
    staff_sign_in(desk, agent)
    listed = desk.get(DESK).text
    found = re.search(r"/staff/trygghavn/blocks/(\d+)/", listed)
    assert found is not None
    case = found.group()
    assert "Berit Havn" in desk.get(case).text
    with Scope(system("test", {berit.controller.pk}), "security_log", frozenset({berit.subject_id})):
        assert Event.objects.get(type="person.read", actor_kind="staff").details["purpose"] == "card_blocking"
    (order,) = rows(berit, BlockOrder)
    upload = {"act": "recording", "recorded_at": "2020-01-01T00:00"}
    assert desk.post(case, upload | {"recording": _file(b"no sound")}).status_code == 422
    assert desk.post(case, upload | {"recording": _file(SOUND), "recorded_at": _yesterday()}).status_code == 302
    (document,) = rows(berit, Document)
    assert SOUND not in bytes(document.sealed)
    play = f"{case}recordings/{document.id}/"
    assert desk.post(play, {"purpose": "curiosity"}).status_code == 404
    assert desk.post(play, {"purpose": "doubt"}).content == SOUND
    with Scope(system("test", {berit.controller.pk}), "security_log", frozenset({berit.subject_id})):
        assert Event.objects.get(type="recording.played").details["purpose"] == "doubt"
    assert desk.post(case, {"act": "cancelled", "order": str(order.id)}).status_code == 422
    assert desk.post(case, {"act": "by_phone", "order": str(order.id), "text": "Ringt"}).status_code == 302
    assert rows(berit, BlockOrder)[0].order_state == "by_phone"
    assert "Ringt" in desk.get(case).text
    clock.travel(clock.now() + timedelta(days=70))
    retention.run()
    assert len(rows(berit, Document)) == 1
    clock.travel(clock.now() + timedelta(days=40))
    retention.run()
    assert rows(berit, Document) == []
    assert rows(berit, BlockOrder) != []


def test_d2_nobody_but_who_blocks_cards_gets_to_the_desk(client: Client, berit: Person) -> None:
    email = "selger@trygghavn.example"
    staff.add(
        email=email, name="Selger", controller=berit.controller, role="marketing", confidentiality=date(2026, 1, 1)
    )
    staff_sign_in(client, email)
    assert client.get("/staff/trygghavn/").status_code == 200
    for path in (DESK, f"{DESK}17/"):
        assert client.get(path).status_code == 404
    assert client.post(f"{DESK}17/recordings/3/", {"purpose": "doubt"}).status_code == 404


def _file(body: bytes) -> BytesIO:
    found = BytesIO(body)
    found.name = "samtale.wav"
    return found


def _yesterday() -> str:
    return (clock.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
