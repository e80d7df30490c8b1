"""Pages of the services that are cases, and of registered objects (D3, D4, D5, D6): the person's and the desk's."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import ProgrammingError, transaction
from django.test import Client
from PIL import Image

from tests.faces.conftest import Person, make_person, sign_in, staff_sign_in
from tillit.cases.models import Case, Document
from tillit.declaration.models import Controller
from tillit.disclosure.models import Disclosure
from tillit.journeys import belongings, family
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import staff
from tillit.services.acting.models import Counterpart, Letter, Mandate
from tillit.services.concierge.models import Offer
from tillit.services.family_models import FamilyMember
from tillit.services.objects.models import Thing, ThingFile
from tillit.services.product_models import ServiceSupplier

MIN, DESK = "/trygghavn/min-side", "/staff/trygghavn"
NB = {"Accept-Language": "nb"}
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


@pytest.fixture
def berit(controllers: dict[str, Controller]) -> Person:
    return make_person(controllers["trygghavn"], "Berit", "Havn", "+47 400 00 151", "customer")


@pytest.fixture
def own(client: Client, berit: Person) -> Client:
    sign_in(client, berit)
    return client


def agent(berit: Person, role: str) -> Client:
    email = f"{role}@trygghavn.example"
    given: dict[str, Any] = {"controller": berit.controller, "confidentiality": date(2026, 1, 1)}
    staff.add(email=email, name="Siv Vakt", role=role, **given)
    found = Client(HTTP_HOST="localhost", headers=NB)
    staff_sign_in(found, email)
    return found


def rows(berit: Person, model: Any) -> list[Any]:
    with Scope(system("test", {berit.controller.pk}), "rights_requests", frozenset({berit.subject_id})):
        return list(model.objects.filter(subject_id=berit.subject_id))


def file(body: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def sign(client: Client, case: str) -> Any:
    page = client.get(case).text
    found = re.search(r'name="wording" value="(\w+)"', page)
    assert found is not None
    return client.post(case, {"act": "sign", "sure": "1", "wording": found.group(1)})


def test_d3_a_customer_signs_an_agent_writes_and_nobody_else_finds_the_case(own: Client, berit: Person) -> None:
    start = f"{MIN}/help/id-protection/"
    assert start in own.get(f"{MIN}/help/").text
    assert own.post(start, {"text": ""}).status_code == 422
    begun = own.post(
        start, {"text": "Et lån er tatt opp", "misuse": "loan", "name": "Kredittbanken", "address": "Postboks 1"}
    )
    case = begun["Location"]
    assert "Ingenting hentes eller sendes før du signerer" in own.get(case, headers=NB).text
    assert rows(berit, Mandate) == []
    id_agent, others = agent(berit, "id_agent"), agent(berit, "service_agent")
    number = case.rstrip("/").rsplit("/", 1)[1]
    desk = f"{DESK}/help/id-protection/{number}/"
    assert f'href="{desk}"' in id_agent.get(f"{DESK}/help/id-protection/").text
    (bank,) = rows(berit, Counterpart)
    letter = {"act": "letter", "counterpart": str(bank.id), "template": "dispute", "language": "nb"}
    refused = id_agent.post(desk, letter)
    assert (refused.status_code, "Ingen fullmakt gjelder" in refused.text) == (422, True)
    assert rows(berit, Letter) == rows(berit, Disclosure) == []
    assert own.post(case, {"act": "sign", "wording": "x"}).status_code == 422
    assert sign(own, case).status_code == 302
    assert id_agent.post(desk, letter).status_code == 302
    (made,) = rows(berit, Letter)
    assert [one.recipient for one in rows(berit, Disclosure)] == ["creditor"]
    pdf = id_agent.get(f"{desk}file/{made.document_id}/")
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
    assert own.get(f"{case}file/{made.document_id}/").content == pdf.content
    for post in (
        {"act": "posted", "letter_id": str(made.id)},
        {"act": "answer", "counterpart": str(bank.id), "file": file(PDF, "svar.pdf")},
        {"act": "settle", "counterpart": str(bank.id), "stage": "done", "text": "Kravet er frafalt"},
        {"act": "reply", "text": "Nå er det i orden"},
    ):
        assert id_agent.post(desk, post).status_code == 302, post
    page = own.get(case, headers=NB).text
    assert "Kravet er frafalt" in page
    assert "Nå er det i orden" in page
    assert own.post(case, {"act": "withdraw"}).status_code == 302
    assert id_agent.post(desk, letter).status_code == 422
    for path in (f"{DESK}/help/id-protection/", desk, f"{desk}file/{made.document_id}/"):
        assert others.get(path).status_code == 404
        assert agent(berit, "privacy_adviser").get(path).status_code == 404 if path == desk else True


def test_d4_a_site_is_asked_to_remove_content_and_looked_at_again(own: Client, berit: Person) -> None:
    begun = own.post(
        f"{MIN}/help/clean-up/",
        {"text": "Et gammelt bilde", "name": "Bildesiden", "url": "https://bilder.example/17"},
    )
    case = begun["Location"]
    assert sign(own, case).status_code == 302
    desk = agent(berit, "id_agent")
    path = case.replace(MIN, DESK)
    (site,) = rows(berit, Counterpart)
    letter = {"act": "letter", "counterpart": str(site.id), "template": "removal", "language": "en"}
    assert desk.post(path, letter).status_code == 302
    done = {"act": "settle", "counterpart": str(site.id), "stage": "done", "again_on": "2001-01-01"}
    assert desk.post(path, done).status_code == 422
    assert desk.post(path, done | {"again_on": ""}).status_code == 302
    assert desk.post(path, done | {"stage": "back"}).status_code == 302
    assert rows(berit, Counterpart)[0].stage == "new"


def test_d5_an_offer_is_chosen_and_abroad_only_after_a_yes_then_booked_and_reported(own: Client, berit: Person) -> None:
    ServiceSupplier.objects.create(
        controller=berit.controller, key="hotell", name="Hotell Fjern", country="US", needs=["name", "email"]
    )
    case = own.post(f"{MIN}/help/concierge/", {"text": "Et rom i juli", "first": "2026-07-01"})["Location"]
    desk, path = agent(berit, "service_agent"), case.replace(MIN, DESK)
    offer = {"act": "offer", "supplier": "hotell", "what": "Dobbeltrom", "amount": "1 990,00", "needs": ["name"]}
    assert desk.post(path, offer | {"needs": ["address"]}).status_code == 422
    assert desk.post(path, offer).status_code == 302
    (made,) = rows(berit, Offer)
    assert (made.amount, made.abroad, made.needs) == (199000, True, ["name"])
    assert desk.post(path, {"act": "book", "offer": str(made.id)}).status_code == 422
    choose = {"act": "choose", "offer": str(made.id)}
    assert own.post(case, choose).status_code == 422
    assert rows(berit, Offer)[0].standing == "offered"
    assert own.post(case, choose | {"abroad": "1"}).status_code == 302
    booked = desk.post(path, {"act": "book", "offer": str(made.id)})
    assert (booked.status_code, "Berit Havn" in booked.text) == (200, True)
    (sent,) = rows(berit, Disclosure)
    assert (sent.recipient, sent.party, sent.country) == ("concierge_supplier", "hotell", "US")
    assert (sent.transfer_ground, sent.wording, sent.asked_at is not None) == (
        "contract_necessity", rows(berit, Offer)[0].wording, True,
    )  # fmt: skip
    assert sent.fields == {"identity": ["name"], "booking": ["booked"]}
    back = {"act": "report", "offer": str(made.id), "confirmation": "HX17", "text": "Innsjekk kl. 15"}
    assert desk.post(path, back).status_code == 302
    assert "HX17" in own.get(case).text


def photo() -> bytes:
    made = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "KAMERAMERKE"
    Image.new("RGB", (40, 30), "red").save(made, "JPEG", exif=exif)
    return made.getvalue()


def test_d6_objects_are_entered_with_photos_changed_deleted_brought_back_and_taken_along(
    own: Client, berit: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = f"{MIN}/objects/"
    assert own.post(start, {"name": "Sykkel", "kind": "bicycle", "price": "mye"}).status_code == 422
    thing = own.post(start, {"name": "Sykkel", "kind": "bicycle", "price": "12 500,00", "serial_number": "AB-1"})
    path = thing["Location"]
    body = photo()
    assert b"KAMERAMERKE" in body
    assert own.post(path, {"act": "attach", "what": "photo", "file": file(PDF, "a.pdf")}).status_code == 422
    assert own.post(path, {"act": "attach", "what": "photo", "file": file(body, "a.jpg")}).status_code == 302
    assert own.post(path, {"act": "attach", "what": "receipt", "file": file(PDF, "a.pdf")}).status_code == 302
    first, _ = sorted(rows(berit, ThingFile), key=lambda one: one.what)
    kept = own.get(f"{path}file/{first.id}/").content
    assert kept[:3] == b"\xff\xd8\xff"
    assert b"KAMERAMERKE" not in kept
    assert kept not in bytes(first.sealed)
    changed = {"act": "change", "name": "Rød sykkel", "kind": "bicycle", "price": "12500"}
    assert own.post(path, changed).status_code == 302
    streamed = own.post(f"{start}extract/", {})
    pieces = list(streamed.streaming_content)
    assert len(pieces) > 2, "a file at a time, not all of it in memory"
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as extract:
        assert sorted(extract.namelist()) == ["001-photo-1.jpg", "001-receipt-2.pdf", "objects.pdf"]
        assert extract.read("objects.pdf")[:5] == b"%PDF-"
    monkeypatch.setattr(belongings, "LARGEST_EXTRACT", 10)
    assert "for store for én nedlasting" in own.post(f"{start}extract/", {}, follow=True, headers=NB).text
    assert own.post(path, {"act": "remove"}).status_code == 302
    assert own.get(path).status_code == 404
    (gone,) = rows(berit, Thing)
    assert "Rød sykkel" in own.get(start).text
    assert own.post(start, {"act": "bring_back", "thing": str(gone.id)}).status_code == 302
    assert own.get(path).status_code == 200
    assert len([one for one in rows(berit, ThingFile) if one.removed_at is None]) == 2
    stranger = Client(HTTP_HOST="localhost")
    sign_in(stranger, make_person(berit.controller, "Ola", "Lund", "+47 400 00 152", "customer"))
    assert stranger.get(path).status_code == 404
    assert stranger.get(f"{path}file/{first.id}/").status_code == 404
    assert clock.now() >= gone.added_at
    assert rows(berit, Case) == rows(berit, Document) == []


def test_d4_d12_a_parent_cleans_up_for_a_child_until_it_is_fifteen_and_then_it_signs_itself(
    own: Client, berit: Person
) -> None:
    born = clock.today().replace(year=clock.today().year - 15) + timedelta(days=40)
    child = {"act": "child", "given": "Liv", "family": "Havn", "born": f"{born}", "agreed": "1"}
    assert own.post(f"{MIN}/family/", child).status_code == 302
    start = re.search(r'href="([^"]+/clean-up/)"', own.get(f"{MIN}/family/", headers=NB).text)
    assert start is not None
    assert "For Liv Havn, til" in own.get(start[1], headers=NB).text
    begun = own.post(start[1], {"text": "Et bilde av Liv", "name": "Bildesiden", "url": "https://bilder.example/17"})
    case, number = begun["Location"], int(begun["Location"].rstrip("/").rsplit("/", 1)[1])
    assert "foreldreansvar" in own.get(case, headers=NB).text
    assert rows(berit, Case) == [], "it is the child's, not the parent's"
    with Scope(system("test", {berit.controller.pk}), "rights_requests"):
        found = Case.objects.get(id=number)
    liv = replace(berit, subject_id=found.subject_id)
    assert sign(own, case).status_code == 302
    (mandate,) = rows(liv, Mandate)
    assert (mandate.by_guardian, mandate.signed_by.startswith("member:")) == (True, True)
    assert clock.local_date(mandate.expires_at) == born.replace(year=born.year + 15), "no longer than until it decides"
    with Scope(system("test", {berit.controller.pk}), "self_service", frozenset({berit.subject_id})):
        ungrounded = Mandate(
            subject_id=berit.subject_id, controller_id=berit.controller.pk, case_id=number, purpose="web_cleanup",
            version=1, language="nb", wording="x", scope=["remove"], signed_at=clock.now(), signed_by="member:1",
            by_guardian=True, expires_at=mandate.expires_at,
        )  # fmt: skip
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            ungrounded.save(force_insert=True)
    desk, worker = f"{DESK}/help/clean-up/{number}/", agent(berit, "id_agent")
    (site,) = rows(liv, Counterpart)
    assert "Liv Havn" in worker.get(desk).text
    letter = {"act": "letter", "counterpart": str(site.id), "template": "removal"}
    assert worker.post(desk, letter).status_code == 302
    (sent,) = rows(liv, Letter)
    written = own.get(f"{case}file/{sent.document_id}/")
    assert written.content.startswith(b"%PDF-")
    stranger = Client(HTTP_HOST="localhost")
    sign_in(stranger, make_person(berit.controller, "Ola", "Lund", "+47 400 00 152", "customer"))
    assert stranger.get(case).status_code == 404
    clock.travel(datetime.combine(born.replace(year=born.year + 15), time(9), UTC))
    again = Client(HTTP_HOST="localhost")
    sign_in(again, berit)
    refused = again.get(case, follow=True, headers=NB)
    assert "Barnet har fylt 15 år" in refused.text, "refused in words"
    worker = Client(HTTP_HOST="localhost", headers=NB)
    staff_sign_in(worker, "id_agent@trygghavn.example")
    assert worker.post(desk, letter).status_code == 422, "nothing goes under the parent's mandate"
    assert rows(liv, Letter) == [sent]


def test_d3_d12_what_a_parent_signed_is_over_with_the_parent_s_yes(own: Client, berit: Person) -> None:
    born = clock.today().replace(year=clock.today().year - 10)
    child = {"act": "child", "given": "Liv", "family": "Havn", "born": f"{born}", "agreed": "1"}
    assert own.post(f"{MIN}/family/", child).status_code == 302
    start = re.search(r'href="([^"]+/clean-up/)"', own.get(f"{MIN}/family/", headers=NB).text)
    assert start is not None
    begun = own.post(start[1], {"text": "Et bilde av Liv", "name": "Bildesiden", "url": "https://bilder.example/17"})
    case, number = begun["Location"], int(begun["Location"].rstrip("/").rsplit("/", 1)[1])
    with Scope(system("test", {berit.controller.pk}), "rights_requests"):
        liv = replace(berit, subject_id=Case.objects.get(id=number).subject_id)
    assert sign(own, case).status_code == 302
    desk, worker = f"{DESK}/help/clean-up/{number}/", agent(berit, "id_agent")
    (site,) = rows(liv, Counterpart)
    letter = {"act": "letter", "counterpart": str(site.id), "template": "removal"}
    assert worker.post(desk, letter).status_code == 302
    (written,) = rows(liv, Letter)
    (tie,) = rows(liv, FamilyMember)
    clock.travel(clock.now() + timedelta(minutes=1))
    assert own.post(f"{MIN}/family/", {"act": "remove", "member": str(tie.id)}).status_code == 302
    (mandate,) = rows(liv, Mandate)
    assert mandate.withdrawn_at == rows(liv, FamilyMember)[0].ends, "in the same moment"
    clock.travel(clock.now() + timedelta(minutes=1))
    assert worker.post(desk, {"act": "posted", "letter_id": str(written.id)}).status_code == 422
    assert worker.post(desk, letter).status_code == 422
    assert [one.posted_at for one in rows(liv, Letter)] == [None]
    with Scope(system("test", {berit.controller.pk}), "web_cleanup", frozenset({liv.subject_id})):
        Mandate.objects.filter(subject_id=liv.subject_id).update(withdrawn_at=None)  # were it forgotten, too
        late = Letter.objects.filter(subject_id=liv.subject_id, id=written.id)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            late.update(posted_at=clock.now())
        assert late.update(posted_at=tie.starts + timedelta(seconds=1)) == 1, "while the parent's yes stood"


def test_d4_d12_from_fifteen_a_child_of_the_family_asks_and_signs_by_their_own_sign_in(
    client: Client, berit: Person
) -> None:
    controller = berit.controller
    secret = family.invite(controller=controller, subject_id=berit.subject_id, name="Per", relation="child")
    per = make_person(controller, "Per", "Havn", "+47 400 00 153", "subscriber")
    born = clock.today().replace(year=clock.today().year - 16)
    page = f"/trygghavn/family/{secret}/"
    sign_in(client, per)
    start = f"{MIN}/help/clean-up/"
    assert client.post(page, {"act": "accept", "born": f"{born}", "agreed": "1"}).status_code == 302
    begun = client.post(start, {"text": "Et bilde av meg", "name": "Bildesiden", "url": "https://bilder.example/18"})
    assert begun.status_code == 302
    assert sign(client, begun["Location"]).status_code == 302
    (mandate,) = rows(per, Mandate)
    assert not mandate.by_guardian
    parent = Client(HTTP_HOST="localhost")
    sign_in(parent, berit)
    shown = parent.get(f"{MIN}/family/", headers=NB).text
    assert "Per Havn" in shown
    assert "clean-up" not in shown, "nothing of it is the parent's to ask for"
