"""The pages of payments (D8): what a customer sees and fetches, and the desk."""

import re
from datetime import date
from io import BytesIO

import pytest
from django.test import Client

from tests.bonus.test_camt import entry, statement
from tests.faces.conftest import Person, make_person, sign_in, staff_sign_in
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import staff
from tillit.services import invoices, terms
from tillit.services.payment_models import Invoice, OneOffOrder

PATH, DESK = "/trygghavn/min-side/payments/", "/staff/trygghavn/payments/"
EN = {"Accept-Language": "en"}


@pytest.fixture
def berit(controllers: dict[str, Controller]) -> Person:
    trygghavn = controllers["trygghavn"]
    terms.keep_terms(controller=trygghavn, starts=date(2020, 1, 1), account="12345678903")
    return make_person(trygghavn, "Berit", "Havn", "+47 400 00 151", "customer")


def agent(berit: Person, role: str = "service_agent") -> Client:
    email = f"{role}@trygghavn.example"
    staff.add(email=email, name="Vakt", controller=berit.controller, role=role, confidentiality=date(2026, 1, 1))
    client = Client()
    staff_sign_in(client, email)
    return client


def billed(berit: Person) -> Invoice:
    subjects = frozenset({berit.subject_id})
    with Scope(system("test", {berit.controller.pk}), "service_payments", subjects) as scope:
        return invoices.issue(
            scope=scope,
            subject_id=berit.subject_id,
            controller_id=berit.controller.pk,
            lines=[("Trygghet", 49_900)],
            at=clock.now(),
        )


def test_d8_a_customer_sees_invoices_and_fetches_them(client: Client, berit: Person) -> None:
    sign_in(client, berit)
    assert "No invoices yet" in client.get(PATH, headers=EN).text
    one = billed(berit)
    page = client.get(PATH, headers=EN).text
    assert one.kid in page
    assert "499.00" in page
    pdf = client.get(f"{PATH}invoices/{one.id}/")
    assert pdf.content.startswith(b"%PDF")
    assert client.get(f"{PATH}invoices/{one.id}/").content == pdf.content
    assert client.get(f"{PATH}invoices/1/").status_code == 404
    assert client.post(PATH, {"invoice": str(one.id)}, headers=EN).status_code == 422  # no acquirer is named


def test_d8_the_desk_takes_the_bank_s_file_in_orders_and_credits(client: Client, berit: Person) -> None:
    one = billed(berit)
    desk = agent(berit)
    page = desk.get(DESK, headers=EN).text
    assert one.kid in page
    file = BytesIO(statement(entry(one.kid, "100.00", bank="B1"), entry("", "50.00", bank="B2")))
    file.name = "camt.xml"
    page = desk.post(DESK, {"act": "file", "file": file}, follow=True, headers=EN).text
    assert "2 new, 1 of them paid an invoice" in page
    (line,) = re.findall(r'name="line" value="(\d+)"', page)
    assert desk.post(DESK, {"act": "put", "line": line, "text": "99"}, headers=EN).status_code == 422
    desk.post(DESK, {"act": "see_to", "line": line, "text": "Sendt tilbake"})
    bad = BytesIO(b"<x/>")
    bad.name = "x.xml"
    assert "neither camt.053" in desk.post(DESK, {"act": "file", "file": bad}, headers=EN).text
    person = desk.post(DESK, {"act": "find", "text": one.kid})["Location"]
    assert "Berit Havn" in desk.get(person).text
    order = {"act": "order", "kind": "tickets", "title": "Konserten", "amount": "800,00", "quantity": "2"}
    assert desk.post(person, order | {"amount": "0"}).status_code == 422
    desk.post(person, order)
    desk.post(person, {"act": "credit", "invoice": str(one.id), "amount": "399,00"})
    subjects = frozenset({berit.subject_id})
    with Scope(system("test", {berit.controller.pk}), "bookkeeping", subjects):
        (placed,) = OneOffOrder.objects.all()
        assert (placed.amount, placed.quantity) == (80_000, 2)
        settled = Invoice.objects.get(id=one.id)
        assert (settled.left, settled.invoice_state) == (0, "credited")
    desk.post(person, {"act": "bill", "order": str(placed.id)})
    page = desk.get(person, headers=EN).text
    assert "Invoice 2" in page
    pdf = re.findall(r'href="([^"]*/payments/\d+/)"', page)[0]
    assert desk.get(pdf).content.startswith(b"%PDF")
    sign_in(client, berit)
    assert "Konserten" in client.get(PATH).text


def test_d8_the_books_are_for_those_who_keep_or_audit_them(berit: Person) -> None:
    billed(berit)
    assert agent(berit).get("/staff/trygghavn/books/").status_code == 404
    auditor = agent(berit, "auditor")
    assert auditor.get(DESK).status_code == 404
    assert auditor.get("/staff/trygghavn/books/").status_code == 200
    today = clock.today()
    days = {"start": today.replace(day=1).isoformat(), "end": today.replace(year=today.year + 1, day=1).isoformat()}
    body = auditor.post("/staff/trygghavn/books/file/", days).content.decode("utf-8-sig")
    assert body.count(";1500;owed;") == 1
    assert body.count(";3000;sales;") == 1
    assert "Havn" not in body
