"""The pages of a services company (D1, D10, D12): what a customer orders, ends and takes back; partners' lists."""

import re
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from tests.faces.conftest import Person, last_code, make_person, sign_in
from tests.faces.test_beginning import _through as through
from tests.faces.test_staff import at_work, hire
from tillit.declaration.models import Controller
from tillit.faces.jobs.tasks import JOBS
from tillit.journeys.files import sending
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import lookup
from tillit.parties.models import Relationship
from tillit.services import partners
from tillit.services.agreement_models import Agreement
from tillit.services.entitlement_models import Entitlement, QuarantinedEntitlement
from tillit.services.product_models import Partner, ProductPrice, ServiceProduct

NB = {"Accept-Language": "nb"}
HEAD = "fornavn;etternavn;kundenummer;produkt"
PATH = "/trygghavn/min-side/services/"


@pytest.fixture
def berit(controllers: dict[str, Controller]) -> Person:
    trygghavn = controllers["trygghavn"]
    product = ServiceProduct.objects.create(
        controller=trygghavn,
        key="trygg",
        names={"nb": "Trygg hverdag", "en": "Safe days"},
        services=["card_blocking"],
        payers=["customer", "partner"],
        starts=date(2025, 1, 1),
    )
    ProductPrice.objects.create(product=product, minor=9900, starts=date(2025, 1, 1))
    partners.keep(controller=trygghavn, key="fjordbank")
    return make_person(trygghavn, "Berit", "Havn", "+47 400 00 151", "customer")


def page(client: Client, **typed: str) -> Any:
    answer = client.post(PATH, typed, follow=True, headers={"Accept-Language": "nb"})
    return answer.text


def test_d1_a_customer_orders_a_service_ends_it_and_takes_the_ending_back(client: Client, berit: Person) -> None:
    sign_in(client, berit)
    shown = client.get(PATH, headers={"Accept-Language": "nb"}).text
    assert "Du har ingen tjenester ennå" in shown
    assert "99,00" in shown.replace("\xa0", " ")
    young = f"{clock.today() - timedelta(days=17 * 365)}"
    assert "Du må være 18 år for å abonnere" in page(client, act="order", product="trygg", birth_date=young)
    assert "Se over fødselsdatoen" in page(client, act="order", product="trygg", birth_date="3024-01-01")
    assert "Tjenesten er bestilt" in page(client, act="order", product="trygg", birth_date="1980-02-29")
    shown = client.get(PATH, headers={"Accept-Language": "nb"}).text
    number = re.search(r'name="agreement" value="(\d+)"', shown)
    assert number
    assert "Tjenesten er avsluttet" in page(client, act="end", agreement=number[1])
    clock.travel(clock.now() + timedelta(days=10))
    JOBS["agreements"].work()
    clock.travel(clock.now() - timedelta(days=10))
    assert "Alt er som før" in page(client, act="undo", agreement=number[1])
    assert client.post(PATH, {"act": "end", "agreement": "17"}).status_code == 422
    assert client.post(PATH, {"act": "x"}).status_code == 404


def test_d1_a5_a_stranger_orders_a_service_with_a_code_and_is_a_customer_by_it(client: Client, berit: Person) -> None:
    site, path = berit.controller, "/trygghavn/order-service/"
    assert path in client.get("/trygghavn/").text
    assert "Trygg hverdag" in client.get(path, headers=NB).text
    said = {
        "product": "trygg", "name": "Turid Ås", "email": "turid.aas@post.example", "mobile": "400 00 451",
        "birth_date": "1980-02-29", "terms": "1",
    }  # fmt: skip
    young = f"{clock.today() - timedelta(days=17 * 365)}"
    for wrong, words in (
        ({"birth_date": young}, "for ung"),
        ({"product": "hus"}, "Velg en"),
        ({"terms": ""}, "Kryss av"),
    ):
        refused = client.post(path, {**said, **wrong}, headers=NB)
        assert (refused.status_code, words in refused.text) == (422, True), wrong
    done = through(client, path, said)
    assert done.status_code == 200
    subject = lookup.by_address(register_id=site.register_id, text=said["email"])
    with Scope(system("test", {site.pk}), "customer_administration"):
        (made,) = Agreement.objects.filter(subject_id=subject)
        assert (made.product.key, made.payer, made.price, made.starts) == ("trygg", "customer", 9900, clock.today())
        assert Relationship.objects.get(subject_id=subject).kind == "customer"
    assert "Trygg hverdag" in client.get(PATH, headers=NB).text, "signed in, and it is there to be ended"
    again = through(Client(), path, {**said, "email": berit.email, "mobile": "400 00 452"})
    assert again.status_code == 200, "who is known orders as themselves"
    with Scope(system("test", {site.pk}), "customer_administration"):
        assert Agreement.objects.filter(subject_id=berit.subject_id).count() == 1


def test_d1_an_agent_sends_a_partner_s_list_looks_at_it_and_has_it_taken_in(berit: Person) -> None:
    agent = at_work(hire(berit.controller, "service_agent", "Tor Hjelp"))
    files = "/staff/trygghavn/files/"
    target = f"fjordbank-{Partner.objects.get(key='fjordbank').pk}-full"
    assert "Rett til tjenester" in agent.get(files, headers=NB).text

    def send(*rows: str) -> Any:
        file = BytesIO("\n".join((HEAD, *rows)).encode() + b"\n")
        file.name = "liste.csv"
        sent = agent.post(files, {"for": f"entitlements:{target}", "file": file})
        assert sent.status_code == 302, sent.text
        return sent["Location"]

    everybody = [f"Kari{n};Fjell;K-{n};trygg" for n in "ABCDEFGHIJ"]
    everybody[-1] = "Kari;Fjell;K-J;hytte"
    first = send(*everybody)
    shown = agent.get(first, headers=NB).text
    assert "nye med rett" in shown
    assert "Produktet finnes ikke" in shown
    agent.post(first, {"act": "confirm"})
    assert sending.take_in_waiting() == 1
    rows = f"{files}entitlements/{target}/rows/"
    assert "Én rad venter" in agent.get(files, headers=NB).text
    waiting = QuarantinedEntitlement.objects.get()
    fields = {"f-given": "Kari", "f-family": "Fjell", "f-customer_number": "K-J", "f-product": "trygg"}
    agent.post(f"{rows}{waiting.pk}/", {"act": "repair", **fields})
    assert "Ingen rader venter" in agent.get(rows, headers=NB).text
    second = send(*everybody[:3])
    assert "flere enn partneren har som grense" in agent.get(second, headers=NB).text
    agent.post(second, {"act": "confirm"})
    assert sending.take_in_waiting() == 0, "nobody has approved it"
    agent.post(second, {"act": "confirm", "approve": "yes"})
    assert sending.take_in_waiting() == 1
    with Scope(system("test", {berit.controller.pk}), "rights_requests"):
        assert Entitlement.objects.filter(end_reason="not_listed").count() == 7


FAMILY = "/trygghavn/min-side/family/"


def test_d12_a_link_is_handed_over_and_a_stranger_says_yes_by_their_own_sign_in(client: Client, berit: Person) -> None:
    sign_in(client, berit)
    service = {"act": "order", "product": "trygg", "birth_date": "1980-02-29"}
    assert "Ingen av tjenestene dine" in client.get(FAMILY, headers=NB).text
    client.post(PATH, service)
    born = f"{clock.today() - timedelta(days=10 * 365)}"
    child = {"act": "child", "given": "Liv", "family": "Havn", "born": born}
    assert "forelder eller verge og samtykker" in client.post(FAMILY, child, headers=NB).text
    assert "Barnet er lagt til" in client.post(FAMILY, child | {"agreed": "1"}, follow=True, headers=NB).text
    made = client.post(FAMILY, {"act": "invite", "name": "Ola", "relation": "partner"}, headers=NB).text
    found = re.search(r"http://[^<\s]+/trygghavn/family/[^<\s]+/", made)
    assert found
    link = found[0].replace("http://testserver", "").replace("http://localhost", "")
    assert link not in client.get(FAMILY, headers=NB).text, "shown once"
    ola = Client(HTTP_HOST="localhost")
    shown = ola.get(link, headers=NB).text
    assert "Berit vil la en tjeneste" in shown
    assert "Berit Havn" not in shown, "the given name alone"
    typed = {"given": "Ola", "family": "Vik", "email": "ola.vik@post.example", "born": "1985-01-01", "act": "accept"}
    assert "Kryss av for å si ja" in ola.post(link, typed, headers=NB).text
    young = ola.post(link, typed | {"agreed": "1", "born": f"{clock.today()}"}, headers=NB)
    assert "Be en av foreldrene" in young.text
    code_page = ola.post(link, typed | {"agreed": "1"}, headers=NB).text
    pending = re.search(r'name="pending" value="([^"]+)"', code_page)
    assert pending
    assert ola.post(link, {"pending": pending[1], "code": "000000"}, headers=NB).status_code == 422
    done = ola.post(link, {"pending": pending[1], "code": last_code()}, follow=True, headers=NB).text
    assert "Takk. Du er lagt til" in done, re.findall(r"role=.alert.*?</p>|validation-message.*?</p>", done, re.S)
    assert "Du får hjelp gjennom Berit Havn" in done
    assert ola.get(link).status_code == 404
    assert "Ola Vik" in client.get(FAMILY, headers=NB).text
    mine = re.search(r'name="member" value="(\d+)"', done)
    assert mine
    assert (
        "Samtykket er tatt tilbake"
        in ola.post(FAMILY, {"act": "withdraw", "member": mine[1]}, follow=True, headers=NB).text
    )
    assert "Ola Vik" not in client.get(FAMILY, headers=NB).text
