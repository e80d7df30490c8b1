"""A person uses their rights on Min side, sees how it goes, reads the answer and takes it away (H1-H9)."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in
from tillit.cases.rights import RIGHTS
from tillit.declaration.models import Controller
from tillit.journeys.rights import handling
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.parties.models import Login

pytestmark = pytest.mark.django_db
BASE = "/rundtur/min-side/requests/"


@pytest.fixture
def browser(kari: Person) -> Client:
    client = Client()
    sign_in(client, kari)
    return client


def made(client: Client, right: str, **fields: object) -> str:
    """The address of the request made."""
    answer = client.post(f"{BASE}new/{right}/", fields)
    assert answer.status_code == 302, answer.text
    return str(answer["Location"])


def test_h1_every_right_has_a_form_and_the_page_lists_them(browser: Client) -> None:
    page = browser.get(BASE).text
    for right in RIGHTS:
        assert f"{BASE}new/{right}/" in page
        assert browser.get(f"{BASE}new/{right}/").status_code == 200
    assert browser.get(f"{BASE}new/immortality/").status_code == 404
    assert BASE in browser.get("/rundtur/min-side/your-data/").text
    assert BASE in browser.get("/rundtur/min-side/").text


def test_h1_access_is_answered_at_once_and_downloaded(browser: Client) -> None:
    address = made(browser, "access")
    page = browser.get(address).text
    assert "Gjennomført" in page
    assert "opplysninger i kopien" in page
    assert "Datatilsynet" in page
    body = browser.post(f"{address}download/", {"form": "zip"})
    assert body["Content-Type"] == "application/zip"
    names = zipfile.ZipFile(io.BytesIO(body.content)).namelist()
    assert {"data.json", "data.pdf"} <= set(names)
    content = json.loads(browser.post(f"{address}download/", {"form": "json"}).content)
    assert content["format"] == "tillit-access-1"
    assert browser.post(f"{address}download/", {"form": "pdf"}).content.startswith(b"%PDF-")
    assert browser.post(f"{address}download/", {"form": "exe"}).status_code == 404
    assert browser.get(f"{address}download/").status_code == 405


def test_h6_portability_gives_machine_readable_files_only(browser: Client) -> None:
    address = made(browser, "portability")
    body = browser.post(f"{address}download/", {"form": "zip"}).content
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert "data.pdf" not in names
    assert "data.json" in names
    assert any(name.endswith(".csv") for name in names)


def test_h8_an_open_request_shows_the_days_left_and_is_taken_back(browser: Client) -> None:
    address = made(
        browser, "erasure", ground="no_longer_needed", sure="1", text="Slett <b>alt</b>", category="interest"
    )
    page = browser.get(address).text
    assert "dager igjen" in page
    assert "Slett &lt;b&gt;alt&lt;/b&gt;" in page
    browser.post(f"{address}take-back/")
    page = browser.get(address).text
    assert "Trukket tilbake" in page
    assert "dager igjen" not in page
    browser.post(f"{address}take-back/")
    assert "Det går ikke nå" in browser.get(address).text


def test_h8_a_late_answer_is_marked_with_where_to_complain(kari: Person, browser: Client) -> None:
    address = made(browser, "erasure", ground="no_longer_needed", sure="1")
    with clock.travel(clock.now() + timedelta(days=40)):
        again = Client()
        sign_in(again, kari)
        page = again.get(address).text
        assert "dager for sent" in page
        assert "Fristen er ute" in page
        assert "dager for sent" in again.get(BASE).text


def test_h3_an_erasure_needs_its_ground_and_a_yes(browser: Client) -> None:
    for fields in ({"sure": "1", "ground": "boredom"}, {"ground": "unlawful"}):
        answer = browser.post(f"{BASE}new/erasure/", fields)
        assert answer.status_code == 422
    assert "for personvernerklæringen" not in browser.get(f"{BASE}new/erasure/").text
    assert "checked" in browser.post(f"{BASE}new/erasure/", {"ground": "unlawful"}).text


def test_h5_objection_to_marketing_and_to_an_interest(browser: Client) -> None:
    page = browser.get(made(browser, "objection", activity="all_marketing")).text
    assert "Tatt til følge" in page
    form = browser.get(f"{BASE}new/objection/").text
    assert "Hva protesterer du mot?" in form
    page = browser.get(made(browser, "objection", activity="profiling")).text
    assert browser.post(f"{BASE}new/objection/", {"activity": "bookkeeping"}).status_code == 422
    assert browser.post(f"{BASE}new/objection/", {"activity": ""}).status_code == 422


def test_h7_h9_withdrawal_and_complaint(browser: Client) -> None:
    assert "ikke gitt et slikt samtykke" in browser.get(made(browser, "withdrawal", activity="")).text
    assert "personvernrådgiveren" in browser.get(made(browser, "complaint", text="Dere svarte ikke")).text


def test_h2_h4_rectification_and_restriction_are_received(browser: Client) -> None:
    page = browser.get(made(browser, "rectification", **{"name.family": "Nordvik"})).text
    assert "dager igjen" in page
    assert browser.post(f"{BASE}new/rectification/", {}).status_code in {302, 422}
    assert "dager igjen" in browser.get(made(browser, "restriction", ground="accuracy", text="Feil")).text


def test_a9_nobody_sees_anothers_request(browser: Client, ola: Person) -> None:
    address = made(browser, "access")
    assert browser.get(address).status_code == 200
    other = Client()
    sign_in(other, ola)
    for path in (address, f"{BASE}1/", f"{BASE}99999999999999999999999/", f"{BASE}no-number/"):
        assert other.get(path).status_code == 404
    assert other.post(f"{address}download/", {"form": "zip"}).status_code == 404
    assert other.post(f"{address}take-back/").status_code == 404
    assert Client().get(address)["Location"] == "/rundtur/sign-in/"


def test_h8_what_the_adviser_writes_is_shown_and_notes_are_not(kari: Person, browser: Client) -> None:
    address = made(browser, "erasure", ground="unlawful", sure="1")
    number = int(address.rstrip("/").rsplit("/", 1)[1])
    everyone = Controller.objects.filter(register_id=kari.controller.register_id).values_list("id", flat=True)
    who = {"actor": system("rights", everyone), "controller": kari.controller, "case_id": number}
    handling.write(**who, text="Hvilken konto gjelder det?", shown=True)
    handling.write(**who, text="Virker irritert", shown=False)
    page = browser.get(address).text
    assert "Hvilken konto gjelder det?" in page
    assert "Virker irritert" not in page


def test_h1_in_english(kari: Person) -> None:
    client = Client(headers={"Accept-Language": "en"})
    sign_in(client, kari)
    assert Login.objects.filter(subject_id=kari.subject_id).exists()
    page = client.get(made(client, "access")).text
    assert "records in the copy" in page
    assert "Carried out" in page


def test_the_pages_work_for_a_customer_of_another_kind(controllers: dict[str, Controller]) -> None:
    per = make_person(controllers["trygghavn"], "Per", "Sand", "+47 400 00 113", "customer")
    client = Client()
    sign_in(client, per)
    assert client.get("/trygghavn/min-side/requests/").status_code == 200
    answer = client.post("/trygghavn/min-side/requests/new/access/", {})
    assert "Gjennomført" in client.get(answer["Location"]).text
