"""The desk for requests about rights: the queue, one case, and everything that is done on its page (H2-H9)."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.faces.conftest import Person, last_code
from tests.faces.test_staff import at_work, find, hire, link, reads
from tillit.cases import queries
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.disclosure.models import Disclosure, Notice
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Fact

pytestmark = pytest.mark.django_db
BASE = "/staff/rundtur/requests/"


@pytest.fixture
def desk(kari: Person) -> Client:
    """The privacy adviser at work."""
    return at_work(hire(kari.controller, "privacy_adviser", "Ada Vern"))


def scope(kari: Person) -> Scope:
    everyone = Controller.objects.filter(register_id=kari.controller.register_id).values_list("id", flat=True)
    return Scope(system("test", everyone), "rights_requests", frozenset({kari.subject_id}))


def registered(client: Client, right: str, **fields: str) -> str:
    """Search for Kari, register a request from her; the address of the case."""
    purpose = fields.pop("purpose", "rights_requests")
    person = link(find(client, "Kari", purpose=purpose))
    assert f"{person}request/" in client.get(person).text
    assert client.get(f"{person}request/?right={right}").status_code == 200
    values = {"act": "register", "right": right, "channel": "post", "language": "nb"} | fields
    answer = client.post(f"{person}request/", values)
    assert answer.status_code == 302, answer.text
    return str(answer["Location"])


def act(client: Client, address: str, name: str, *, status: int = 302, **fields: object) -> str:
    answer = client.post(address, {"act": name} | fields)
    assert answer.status_code == status, answer.text
    return answer.text if status != 302 else client.get(address).text


def case_of(kari: Person, address: str) -> Case:
    with scope(kari):
        return queries.case(case_id=int(address.rstrip("/").rsplit("/", 1)[1]))


def test_h8_the_queue_shows_days_left_and_what_is_late_and_names_nobody(kari: Person, desk: Client) -> None:
    assert "Ingen krav her" in desk.get(BASE).text
    day = (clock.today() - timedelta(days=40)).isoformat()
    late = registered(desk, "erasure", ground="unlawful", received=day)
    new = registered(desk, "access")
    page = desk.get(BASE).text
    assert "dager for sent" in page
    assert "dager igjen" in page
    assert page.index(late) < page.index(new)
    assert "Nordseth" not in page
    assert "For sent (1)" in page
    filtered = desk.get(f"{BASE}?show=late").text
    assert late in filtered
    assert new not in filtered
    assert new not in desk.get(f"{BASE}?right=erasure").text
    assert "Ingen krav her" in desk.get(f"{BASE}?mine=1").text
    for query in ("show=nonsense", "page=99999999", "page=x", "right=nonsense"):
        assert desk.get(f"{BASE}?{query}").status_code == 200


def test_h8_a_case_is_taken_verified_by_code_and_carried_out(kari: Person, desk: Client) -> None:
    address = registered(desk, "access", channel="phone")
    page = desk.get(address).text
    assert "ikke bekreftet" in page
    assert kari.email in page
    assert reads(kari.controller, kari.subject_id)[-1] == ("rights_requests", ["contact", "identity", "rights_case"])
    assert "Behandles av" in act(desk, address, "take")
    assert address in desk.get(f"{BASE}?mine=1").text
    assert "Bekreft hvem som spør" in act(desk, address, "carry_out", status=422, right="access")
    act(desk, address, "send_code")
    code = last_code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert "feil eller for gammel" in act(desk, address, "confirm_code", status=422, code=wrong)
    assert "kode til kjent adresse" in act(desk, address, "confirm_code", code=code)
    page = act(desk, address, "carry_out", right="access")
    assert "opplysninger i kopien" in page
    assert desk.post(f"{address}download/", {"form": "zip"})["Content-Type"] == "application/zip"
    assert desk.post(f"{address}download/", {"form": "pdf"}).content.startswith(b"%PDF-")
    assert desk.post(f"{address}download/", {"form": "exe"}).status_code == 404


def test_h2_facts_are_corrected_from_the_case_page_and_the_recipient_settled(kari: Person, desk: Client) -> None:
    with scope(kari):
        Disclosure.objects.create(
            subject_id=kari.subject_id,
            controller_id=kari.controller.pk,
            recipient="legal_adviser",
            recipient_kind="other",
            activity="claims_defence",
            ground="legitimate_interest",
            fields={"identity": ["name"]},
            country="NO",
            declaration_version=1,
            disclosed_at=clock.now(),
        )
    address = registered(desk, "rectification", verified="signed_letter", **{"name.family": "Nordvik"})
    assert "Nordseth → Nordvik" in desk.get(address).text
    assert "Fyll ut minst ett felt" in act(desk, address, "carry_out", status=422, right="rectification")
    page = act(desk, address, "carry_out", right="rectification", **{"name.family": "Nordvik"})
    assert "Etternavn er rettet" in page
    with scope(kari):
        assert Fact.objects.filter(subject_id=kari.subject_id, value="Nordvik", superseded_at=None).exists()
        notice = Notice.objects.get(subject_id=kari.subject_id)
    assert "Mottakere som skal ha beskjed" in page
    assert "Velg hvordan mottakeren" in act(desk, address, "told", status=422, notice=notice.id, how="dove")
    assert "fikk beskjed" in act(desk, address, "told", notice=notice.id, how="post")


def test_h3_erasure_needs_a_ground_and_a_yes(kari: Person, desk: Client) -> None:
    address = registered(desk, "erasure", verified="id_document")
    assert "Kryss av" in act(desk, address, "carry_out", status=422, right="erasure", ground="unlawful")
    assert "Velg en grunn" in act(desk, address, "carry_out", status=422, right="erasure", sure="1")
    page = act(desk, address, "carry_out", right="erasure", ground="unlawful", sure="1", category="interest")
    assert "Det var ingenting å slette" in page
    assert case_of(kari, address).outcome == "carried_out"


def test_h4_restriction_is_set_and_lifted(kari: Person, desk: Client) -> None:
    address = registered(desk, "restriction", verified="call_back", ground="accuracy")
    page = act(desk, address, "carry_out", right="restriction", ground="accuracy")
    assert "Begrensningen gjelder" in page
    assert address in desk.get(f"{BASE}?show=in_force").text
    assert "Skriv begrunnelsen" in act(desk, address, "lift", status=422, text=" ")
    assert "Begrensningen er opphevet" in act(desk, address, "lift", text="Kontrollert")
    assert case_of(kari, address).closed_at is not None


@pytest.mark.parametrize(("button", "outcome"), [("uphold", "upheld"), ("reject", "refused")])
def test_h5_the_adviser_decides_an_objection(kari: Person, desk: Client, button: str, outcome: str) -> None:
    address = registered(desk, "objection", verified="call_back", activity="enrichment")
    assert "tvingende berettigede grunner" in desk.get(address).text
    assert "Skriv begrunnelsen" in act(desk, address, button, status=422, text="")
    assert "Derfor." in act(desk, address, button, text="Derfor.")
    assert case_of(kari, address).outcome == outcome


def test_h8_interim_answer_messages_notes_refusal_and_closing(kari: Person, desk: Client) -> None:
    address = registered(desk, "access")
    assert "Skriv en dato" in act(desk, address, "extend", status=422, until="soon", text="Mye")
    far = (clock.today() + timedelta(days=200)).isoformat()
    assert "Høyst to måneder" in act(desk, address, "extend", status=422, until=far, text="Mye")
    until = (clock.today() + timedelta(days=50)).isoformat()
    assert "Svaret tar lengre tid" in act(desk, address, "extend", until=until, text="Mange systemer")
    assert "Hvem er du?" in act(desk, address, "tell", text="Hvem er du?")
    assert "Internt" in act(desk, address, "note", text="Internt")
    assert "Velg en grunn" in act(desk, address, "refuse", status=422, text="Nei", reason="")
    assert "Avslått" in act(desk, address, "refuse", reason="unverified", text="Vi spurte to ganger")
    other = registered(desk, "access")
    assert "Trukket tilbake" in act(desk, other, "close", text="På telefon")
    assert case_of(kari, other).outcome == "taken_back"


def test_h9_a_complaint_is_decided(kari: Person, desk: Client) -> None:
    address = registered(desk, "complaint", verified="known_person", text="Fikk ikke svar")
    page = act(desk, address, "reject", text="Svaret ble sendt 1. mars.")
    assert "Ikke tatt til følge" in page
    assert "Datatilsynet" in page
    assert case_of(kari, address).outcome == "not_upheld"


def test_h8_the_front_desk_takes_in_and_sees_no_queue(kari: Person) -> None:
    siv = at_work(hire(kari.controller))
    assert siv.get(BASE).status_code == 404
    address = registered(siv, "access", purpose="customer_service")
    assert address == "/staff/rundtur/"
    assert "Kravet er registrert" in siv.get(address).text
    with scope(kari):
        (case,) = queries.of_person(subject_id=kari.subject_id)
    for method in (siv.get, siv.post):
        assert method(f"{BASE}{case.id}/", {"act": "take"}).status_code == 404
    assert siv.post(f"{BASE}{case.id}/download/", {"form": "pdf"}).status_code == 404


def test_h8_a_stranger_is_registered(kari: Person, desk: Client) -> None:
    form = f"{BASE}new/"
    assert desk.get(form).status_code == 200
    values = {"act": "register", "right": "access", "channel": "email", "language": "en"}
    assert "Skriv navn" in desk.post(form, values).text
    known = desk.post(form, values | {"name": "Kari Igjen", "email": kari.email})
    assert "finnes hos oss fra før" in known.text
    answer = desk.post(form, values | {"name": "Ola Fremmed", "email": "ola@ute.example"})
    assert answer.status_code == 302
    assert "Ola Fremmed" in desk.get(answer["Location"]).text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"channel": ""}, "Velg hvordan kravet kom inn"),
        ({"received": "yesterday"}, "Skriv en dato"),
        ({"received": "2999-01-01"}, "etter i dag"),
        ({"right": "objection", "activity": ""}, "Det kan ikke protesteres"),
    ],
)
def test_what_is_wrong_in_the_form_is_said(desk: Client, fields: dict[str, str], says: str) -> None:
    person = link(find(desk, "Kari", purpose="rights_requests"))
    values = {"act": "register", "right": "access", "channel": "post"} | fields
    answer = desk.post(f"{person}request/", values)
    assert answer.status_code == 422
    assert says in answer.text


def test_a1_another_controllers_adviser_finds_no_case_of_this_one(
    kari: Person, desk: Client, controllers: dict[str, Controller]
) -> None:
    address = registered(desk, "access")
    number = re.search(r"(\d+)/$", address)
    assert number is not None
    other = at_work(hire(controllers["lyngheim"], "privacy_adviser", "Odd Annen"))
    assert other.get(address).status_code == 404
    assert other.get(f"/staff/lyngheim/requests/{number.group(1)}/").status_code == 404
    assert other.post(f"/staff/lyngheim/requests/{number.group(1)}/", {"act": "take"}).status_code == 404
    assert desk.post(address, {"act": "explode"}).status_code == 404
