"""Members may sign in with a passkey: the better choice beside the code (B6, H18)."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.faces.conftest import Person, sign_in
from tests.support.authenticator import Device
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.journeys.departure import depart
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import staff as staffing
from tillit.parties.actors import member_actor
from tillit.parties.credential_models import Passkey
from tillit.parties.models import Login, Session
from tillit.privacy.erasure import erase

pytestmark = pytest.mark.django_db
OWN = "/rundtur/min-side/sign-ins/"


def browser() -> Client:
    return Client(HTTP_HOST="localhost")


def with_passkey(someone: Person) -> tuple[Client, Device]:
    client, device = browser(), Device("https://localhost")
    sign_in(client, someone)
    key = someone.controller.key
    made = device.create(client.post(f"/{key}/min-side/sign-ins/passkey/options/").json())
    assert client.post(f"/{key}/min-side/sign-ins/passkey/", {"passkey": made}).status_code == 302
    return client, device


def use(client: Client, device: Device, key: str = "rundtur") -> Any:
    answer = device.get(client.post(f"/{key}/sign-in/passkey/options/").json())
    return client.post(f"/{key}/sign-in/passkey/", {"passkey": answer})


def test_b6_a_member_adds_a_passkey_and_signs_in_with_it(kari: Person) -> None:
    client, device = with_passkey(kari)
    key = Passkey.objects.get()
    assert str(key.pk) in client.get(OWN).text
    other = browser()
    assert use(other, device)["Location"] == "/rundtur/min-side/"
    assert other.get("/rundtur/min-side/").status_code == 200
    assert Session.objects.filter(login__subject_id=kari.subject_id, method="passkey").count() == 1
    with Scope(system("test", {kari.controller.pk}), "security_log"):
        kinds = [(e.type, e.details.get("method", e.details.get("kind"))) for e in Event.objects.order_by("at", "id")]
    assert ("factor.added", "passkey") in kinds
    assert kinds[-1] == ("login.succeeded", "passkey")
    client.post(OWN, {"passkey": "not an id"})
    assert Passkey.objects.exists()
    client.post(OWN, {"passkey": str(key.pk)})
    assert use(browser(), device).status_code == 422


def test_a1_a_passkey_of_one_register_or_of_staff_opens_no_other(
    kari: Person, controllers: dict[str, Controller]
) -> None:
    _, device = with_passkey(kari)
    assert use(browser(), device, key="lyngheim").status_code == 422
    client = browser()
    answer = device.get(client.post("/staff/sign-in/passkey/options/").json())
    assert client.post("/staff/sign-in/passkey/", {"passkey": answer}).status_code == 422
    staff = staffing.add(
        email="siv@arbeid.example",
        name="Siv Vakt",
        controller=controllers["rundtur"],
        role="customer_service",
        confidentiality=date(2026, 1, 1),
    )
    Passkey.objects.update(login=staff.login)
    device.user = ""
    assert use(browser(), device).status_code == 422


def test_h18_the_options_tell_nothing_of_who_has_a_passkey(kari: Person) -> None:
    with_passkey(kari)
    asked = browser().post("/rundtur/sign-in/passkey/options/").json()
    assert not asked.get("allowCredentials")
    assert asked["userVerification"] == "required"
    counts = []
    for device in (Device("https://localhost", user="AAAA"), Device("https://elsewhere.example")):
        with CaptureQueriesContext(connection) as seen:
            assert use(browser(), device).status_code == 422
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_h18_a_remembered_browser_cannot_add_a_passkey_without_signing_in_again(kari: Person) -> None:
    start = clock.now()
    with clock.travel(start):
        client = browser()
        sign_in(client, kari)
        assert client.post(f"{OWN}passkey/options/").status_code == 200
    with clock.travel(start + timedelta(minutes=15)):
        assert client.post(f"{OWN}passkey/options/").status_code == 302
        assert "data-passkey" not in client.get(OWN).text


def test_h6_a_passkey_goes_with_the_person(kari: Person) -> None:
    with_passkey(kari)
    assert Passkey.objects.exists()
    me = member_actor(register_id=kari.controller.register_id, subject_id=kari.subject_id, login_id=1)
    depart(actor=me, controller=kari.controller, subject_id=kari.subject_id)
    party = Controller.objects.filter(register_id=kari.controller.register_id).values_list("id", flat=True)
    erase(actor=system("test", party), subject_id=kari.subject_id, ground="consent_withdrawn", at=clock.now())
    assert not Login.objects.filter(subject_id=kari.subject_id).exists()
    assert not Passkey.objects.exists()
