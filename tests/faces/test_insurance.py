"""The pages of insurance (D7): a claim from Min side to its payment on the desk."""

import re
from datetime import date
from io import BytesIO

import pytest
from babel.dates import format_date
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in, staff_sign_in
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import staff
from tillit.services import covers
from tillit.services.insurance_models import PaidClaim

PATH, DESK = "/trygghavn/min-side/insurance/", "/staff/trygghavn/insurance/"
EN = {"Accept-Language": "en"}


@pytest.fixture
def berit(controllers: dict[str, Controller]) -> Person:
    return make_person(controllers["trygghavn"], "Berit", "Havn", "+47 400 00 151", "customer")


def insure(berit: Person) -> int:
    terms = covers.keep_terms(
        controller=berit.controller,
        product="trygg",
        policy="TH-1",
        insures={"nb": "Sykkel", "en": "Bicycle"},
        most=2_000_000,
        own_share=50_000,
        starts=date(2020, 1, 1),
    )
    subjects = frozenset({berit.subject_id})
    with Scope(system("test", {berit.controller.pk}), covers.ACTIVITY, subjects) as scope:
        return covers.insure(
            scope=scope, subject_id=berit.subject_id, terms=terms, starts=date(2024, 1, 1), ends=None, at=clock.now()
        ).id


def test_d7_a_claim_goes_from_min_side_over_the_desk_to_its_payment(client: Client, berit: Person) -> None:
    sign_in(client, berit)
    assert "None of your services has insurance" in client.get(PATH, headers=EN).text
    cover = insure(berit)
    form = {"cover": str(cover), "item": "Sykkelen", "loss_kind": "stolen", "text": "Låst i kjelleren"}
    wrong = client.post(PATH, form | {"loss_on": "2023-12-31"}, headers=EN)
    assert wrong.status_code == 422
    assert "did not hold on that day" in wrong.text
    assert "Låst i kjelleren" in wrong.text
    file = BytesIO(b"%PDF-1.4\nkvittering\n%%EOF\n")
    file.name = "kvittering.pdf"
    day = clock.today().isoformat()
    page = client.post(PATH, form | {"loss_on": day, "claimed": "9 000", "file": file}, follow=True, headers=EN)
    (number,) = set(re.findall(r"/min-side/insurance/(\d+)/files/", page.text))
    assert "Claim received" in page.text
    words = format_date(clock.today(), format="long", locale="en_GB")
    assert f"<dd>{words}</dd>" in page.text
    saved = client.get(re.findall(r'href="([^"]*/files/[^"]*)"', page.text)[0])
    assert saved.content.startswith(b"%PDF")
    email = "skade@trygghavn.example"
    staff.add(
        email=email, name="Skade", controller=berit.controller, role="claims_handler", confidentiality=date(2026, 1, 1)
    )
    desk = Client()
    staff_sign_in(desk, email)
    assert f"{DESK}{number}/" in desk.get(DESK).text
    one = f"{DESK}{number}/"
    seen = desk.get(one, headers=EN).text
    assert "Berit Havn" in seen
    assert "Låst i kjelleren" in seen
    assert day not in seen, "days stand in words"
    assert f"<dd>{words}</dd>" in seen
    assert desk.post(one, {"act": "decide", "amount": ""}).status_code == 422
    desk.post(one, {"act": "asked", "text": "Send oss anmeldelsen"})
    assert "Send oss anmeldelsen" in client.get(f"{PATH}{number}/").text
    client.post(f"{PATH}{number}/", {"text": "Den er vedlagt"})
    desk.post(one, {"act": "decide", "amount": "7 500,00", "text": "Egenandelen er trukket fra"})
    assert desk.post(one, {"act": "pay", "method": "bank", "account": "12345678901"}).status_code == 422
    desk.post(one, {"act": "pay", "method": "bank", "account": "1234 56 78903"})
    mine = client.get(PATH, headers=EN).text
    assert "Egenandelen er trukket fra" in mine
    assert "7,500.00" in mine
    with Scope(system("test", {berit.controller.pk}), "insurance_claims", frozenset({berit.subject_id})):
        assert PaidClaim.objects.get().amount == 750_000


def test_d7_claims_are_for_those_who_handle_them(client: Client, berit: Person) -> None:
    email = "selger@trygghavn.example"
    staff.add(
        email=email, name="Selger", controller=berit.controller, role="service_agent", confidentiality=date(2026, 1, 1)
    )
    staff_sign_in(client, email)
    assert client.get("/staff/trygghavn/").status_code == 200
    assert client.get(DESK).status_code == 404
    assert client.get(f"{DESK}1/").status_code == 404
