"""What staff do for a customer (D1, D6, D7, D13): order and end, ask the partner, tell the supplier, register objects,
give advice, open a case for who calls; each under the purpose the person was found for, and on record.
"""

import re
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_staff import at_work, find, hire, link
from tillit.audit.models import Event
from tillit.cases.models import Case, Entry
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.disclosure.models import Disclosure
from tillit.faces.simulators.partner import Partner as PartnerOutside
from tillit.journeys import suppliers_told
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.services import advice, covers, partners
from tillit.services.agreement_models import Agreement
from tillit.services.objects.models import Thing
from tillit.services.product_models import ProductPrice, ServiceProduct, ServiceSupplier

NB = {"Accept-Language": "nb"}


@pytest.fixture
def berit(controllers: dict[str, Controller]) -> Person:
    trygghavn = controllers["trygghavn"]
    supplier = ServiceSupplier.objects.create(controller=trygghavn, key="veihjelp", name="Veihjelpen", needs=["name"])
    product = ServiceProduct.objects.create(
        controller=trygghavn, key="trygg", names={"nb": "Trygg hverdag", "en": "Safe days"}, supplier=supplier,
        services=["object_registration", "concierge", "supplied"], payers=["customer", "partner"],
        starts=date(2025, 1, 1),
    )  # fmt: skip
    ProductPrice.objects.create(product=product, minor=9900, starts=date(2025, 1, 1))
    partners.keep(controller=trygghavn, key="fjordbank")
    return make_person(trygghavn, "Berit", "Havn", "+47 400 00 151", "customer")


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[PartnerOutside]:
    """A partner and a supplier over a real socket."""
    server = PartnerOutside(0, token="simulator")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://simulator@127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(site, "PARTNERS", f"fjordbank={address}")
    monkeypatch.setattr(site, "SUPPLIERS", f"veihjelp={address}")
    yield server
    server.shutdown()
    server.server_close()


def found(client: Client, purpose: str) -> str:
    """The services page of the person, found for a purpose."""
    return link(find(client, "Berit", key="trygghavn", purpose=purpose)) + "services/"


def said(client: Client, page: str, **typed: Any) -> str:
    return client.post(page, typed, follow=True, headers=NB).text


def rows(berit: Person, model: Any, activity: str = "rights_requests") -> list[Any]:
    with Scope(system("test", {berit.controller.pk}), activity, frozenset({berit.subject_id})):
        return list(model.objects.filter(subject_id=berit.subject_id).order_by("id"))


def happened(berit: Person, kind: str) -> list[dict[str, Any]]:
    with Scope(system("test", {berit.controller.pk}), "security_log"):
        return [one.details for one in Event.objects.filter(type=kind, subject_id=berit.subject_id).order_by("id")]


def test_d1_staff_order_after_a_preview_take_back_end_and_undo(berit: Person) -> None:
    clerk = at_work(hire(berit.controller, "customer_service"))
    page = found(clerk, "customer_administration")
    preview = said(clerk, page, act="preview_order", product="trygg", free="0", birth_date="1980-02-29")
    assert "Bestille Trygg hverdag?" in preview
    assert rows(berit, Agreement) == [], "a preview orders nothing"
    young = {"act": "order", "product": "trygg", "free": "0", "birth_date": f"{clock.today().replace(day=1)}"}
    assert "Du må være 18" in said(clerk, page, **young)
    order = {"act": "order", "product": "trygg", "free": "0", "birth_date": "1980-02-29"}
    assert "Trygg hverdag er bestilt" in said(clerk, page, **order)
    (first,) = rows(berit, Agreement)
    taken_back = said(clerk, page, act="take_back", agreement=first.id)
    assert ("Bestillingen er tatt tilbake" in taken_back, "den ga aldri tilgang" in taken_back) == (True, True)
    (first,) = rows(berit, Agreement)
    assert first.ends == first.starts, "it never gave access"
    assert "Trygg hverdag er bestilt" in said(clerk, page, **order)
    second = next(one for one in rows(berit, Agreement) if one.ends is None)
    assert "Avslutte Trygg hverdag?" in said(clerk, page, act="preview_end", agreement=second.id)
    assert "Avtalen er avsluttet" in said(clerk, page, act="end", agreement=second.id)
    assert "Avslutningen er angret" in said(clerk, page, act="undo", agreement=second.id)
    assert next(one for one in rows(berit, Agreement) if one.id == second.id).ends is None
    assert clerk.post(page, {"act": "ask"}).status_code == 404, "another purpose's"
    agent = at_work(hire(berit.controller, "service_agent", "Tor Hjelp"))
    assert agent.post(found(agent, "entitlement_check"), {"act": "order"}).status_code == 404


def test_d1_a_partner_is_asked_over_a_socket_and_a_supplier_told_what_it_needs(
    berit: Person, outside: PartnerOutside
) -> None:
    clerk, agent = (at_work(hire(berit.controller, role, role)) for role in ("customer_service", "service_agent"))
    page = found(agent, "entitlement_check")
    asked = {"act": "ask", "partner": "fjordbank", "product": "trygg"}
    assert "Skriv personens kundenummer" in said(agent, page, **asked)
    assert rows(berit, Disclosure) == []
    assert "Ja: Fjordbank sier" in said(agent, page, **asked, customer_number="K-12")
    assert "Nei: Fjordbank sier ikke" in said(agent, page, **asked, customer_number="K-13")
    assert [(one.recipient, one.party, one.fields) for one in rows(berit, Disclosure)] == [
        ("entitling_partner", "fjordbank", {"identity": ["customer_number"]})
    ] * 2
    assert {one["answer"] for one in happened(berit, "entitlement.asked")} == {"yes", "no"}
    order = {"act": "order", "product": "trygg", "free": "0", "birth_date": "1980-02-29"}
    said(clerk, found(clerk, "customer_administration"), **order)
    (agreement,) = rows(berit, Agreement)
    page = found(agent, "service_delivery")
    assert "Veihjelpen har det som trengs" in said(agent, page, act="tell", agreement=agreement.id)
    told = [one for one in outside.had.values() if one["path"] == "/customers"]
    assert [(one["name"], one["product"], sorted(one)) for one in told] == [
        ("Berit Havn", "trygg", ["name", "path", "product", "reference", "times"])
    ], "what it is set up to need, and nothing else"
    assert sorted(one.party for one in rows(berit, Disclosure)) == ["fjordbank", "fjordbank", "veihjelp"]
    assert "Leverandøren har det" in agent.get(page, headers=NB).text
    assert "har det allerede" in said(agent, page, act="tell", agreement=agreement.id)
    outside.shutdown()
    outside.server_close()
    page = found(agent, "entitlement_check")
    assert "De svarte ikke" in said(agent, page, **asked, customer_number="K-12")


def test_d1_what_a_supplier_refused_stands_at_the_desk_and_is_told_by_hand(
    berit: Person, outside: PartnerOutside
) -> None:
    clerk, agent = (at_work(hire(berit.controller, role, role)) for role in ("customer_service", "service_agent"))
    order = {"act": "order", "product": "trygg", "free": "0", "birth_date": "1980-02-29"}
    said(clerk, found(clerk, "customer_administration"), **order)
    (agreement,) = rows(berit, Agreement)
    desk = "/staff/trygghavn/suppliers/"
    assert "Alle leverandører har det de trenger" in agent.get(desk, headers=NB).text
    outside.faults.append("refused")
    which = {"agreement": agreement.id}
    assert "Leverandøren sa nei" in said(agent, found(agent, "service_delivery"), act="tell", **which)
    listed = agent.get(desk, headers=NB).text
    assert "De sa nei: unknown-area" in listed
    assert "Berit" not in listed, "nobody is named before they are opened"
    assert "Leverandører" in agent.get("/staff/trygghavn/desk/", headers=NB).text
    number = re.search(r'name="notice" value="(\d+)"', listed)
    assert number
    assert agent.post(desk, {"notice": "1"}).status_code == 404
    opened = agent.post(desk, {"notice": number[1]}, follow=True, headers=NB)
    assert "De sa nei: unknown-area" in opened.text
    page = opened.redirect_chain[-1][0]
    shown = said(agent, page, act="tell_myself", **which)
    assert "Si til Veihjelpen" in shown
    assert "Berit Havn" in shown
    assert "Veihjelpen har det som trengs" in said(agent, page, act="passed_on", **which)
    assert "Alle leverandører har det de trenger" in agent.get(desk, headers=NB).text
    assert sorted(one["outcome"] for one in happened(berit, "supplier.told")) == ["confirmed", "refused"]
    clerk_s = found(clerk, "customer_administration")
    said(clerk, clerk_s, act="take_back", **which)
    assert suppliers_told.tell_everywhere() == 0
    listed = agent.get(desk, headers=NB).text
    assert "Avtalen er over" in listed
    assert "Berit" not in listed
    number = re.search(r'name="over" value="(\d+)"', listed)
    assert number
    assert agent.post(desk, {"over": "1"}).status_code == 404
    assert "Veihjelpen vet at det er over" in agent.post(desk, {"over": number[1]}, follow=True, headers=NB).text
    assert "Alle leverandører har det de trenger" in agent.get(desk, headers=NB).text
    assert {one["outcome"] for one in happened(berit, "supplier.told")} == {"confirmed", "refused", "ended", "by_hand"}
    keeper = at_work(hire(berit.controller, "blocking_agent", "Per Sperr"))
    assert keeper.get(desk).status_code == 404
    assert keeper.post(desk, {"over": number[1]}).status_code == 404
    assert outside.had == {}


def test_d6_d7_staff_register_an_object_and_open_cases_for_who_calls(berit: Person) -> None:
    clerk, agent = (at_work(hire(berit.controller, role, role)) for role in ("customer_service", "service_agent"))
    page = found(agent, "object_registration")
    assert "Ingen avtale gir personen tilgang" in agent.get(page, headers=NB).text
    order = {"act": "order", "product": "trygg", "free": "0", "birth_date": "1980-02-29"}
    said(clerk, found(clerk, "customer_administration"), **order)
    assert "Registrert" in said(agent, page, act="thing_add", name="Sykkel", kind="bicycle")
    (thing,) = rows(berit, Thing)
    said(agent, page, act="thing_remove", thing=thing.id)
    said(agent, page, act="thing_back", thing=thing.id)
    changes = {one["change"] for one in happened(berit, "registered_object.changed")}
    assert changes == {"added", "removed", "brought_back"}
    looks = len(happened(berit, "person.read"))
    zipped = agent.post(page + "objects/", {"thing": [thing.id]})
    assert zipped.getvalue().startswith(b"PK")
    taken = [one for one in happened(berit, "registered_object.changed") if one["change"] == "extracted"]
    assert [one["object"] for one in taken] == [thing.id], "what is taken out is on record"
    assert len(happened(berit, "person.read")) == looks + 1
    # a case for who calls
    page = found(agent, "concierge")
    words = {"act": "open", "text": "Bord til fire på lørdag"}
    assert "Si hvordan du forsikret deg" in said(agent, page, **words)
    assert rows(berit, Case) == []
    opened = said(agent, page, **words, identified="called_back")
    (case,) = rows(berit, Case)
    assert f"Sak {case.id} er åpnet" in opened
    assert (case.kind, case.channel) == ("concierge", "phone")
    assert rows(berit, Entry)[0].details == {"channel": "phone", "identified": "called_back"}
    handler = at_work(hire(berit.controller, "claims_handler", "Siv Skade"))
    terms = covers.keep_terms(
        controller=berit.controller, product="trygg", policy="TH-1", insures={"nb": "Sykkel", "en": "Bicycle"},
        most=2_000_000, own_share=0, starts=date(2025, 1, 1),
    )  # fmt: skip
    with Scope(system("test", {berit.controller.pk}), covers.ACTIVITY, frozenset({berit.subject_id})) as scope:
        cover = covers.insure(
            scope=scope, subject_id=berit.subject_id, terms=terms, starts=date(2025, 1, 1), ends=None, at=clock.now()
        )
    page = found(handler, "insurance_claims")
    lost = {"cover": cover.id, "item": "Sykkel", "loss_kind": "stolen", "loss_on": f"{clock.today()}"}
    assert "er åpnet" in said(handler, page, **words, **lost, identified="known_facts", claimed="9 000,00")
    assert ["identity", "insurance_cover"] in [one["categories"] for one in happened(berit, "person.read")]
    claim = next(one for one in rows(berit, Case) if one.kind == "insurance_claim")
    assert (claim.fields["claimed"], claim.fields["text"]) == (900_000, words["text"])


def test_d13_advice_is_fitted_to_gender_only_when_asked_for_and_not_objected_to(client: Client, berit: Person) -> None:
    trygghavn = berit.controller
    for key, gender, text in (
        ("alle", "", "Lås sykkelen"),
        ("kvinner", "female", "Til kvinner"),
        ("menn", "male", "Til menn"),
    ):
        advice.keep(
            controller=trygghavn, key=key, service="object_registration", texts={"nb": text, "en": text}, gender=gender
        )
    with Scope(system("test", {trygghavn.pk}), "tailored_advice", frozenset({berit.subject_id})) as scope:
        parties.record_fact(
            scope=scope, subject_id=berit.subject_id, controller_id=trygghavn.pk, category="gender", kind="gender",
            value="female", source="data_subject", at=clock.now(),
        )  # fmt: skip
    sign_in(client, berit)
    page = "/trygghavn/min-side/advice/"
    assert page in client.get("/trygghavn/min-side/help/").text
    assert "Lås sykkelen" not in client.get(page, headers=NB).text, "nothing is read before it is asked for"
    given = client.post(page, headers=NB).text
    assert "Til kvinner" in given
    assert "Lås sykkelen" in given
    assert "Til menn" not in given
    agent = at_work(hire(trygghavn, "service_agent", "Tor Hjelp"))
    desk = found(agent, "service_delivery")
    assert "Til kvinner" not in agent.get(desk, headers=NB).text
    assert "Til kvinner" in said(agent, desk, act="advise")
    assert {"purpose": "tailored_advice", "categories": ["gender"]} in happened(berit, "person.read")
    with Scope(system("test", {trygghavn.pk}), "consent_management") as scope:
        consent.record(
            scope=scope, subject_id=berit.subject_id, controller_id=trygghavn.pk, activity="tailored_advice",
            kind=EventKind.OBJECTED, route="self_service", wording="", at=clock.now(),
        )  # fmt: skip
    for shown in (client.post(page, headers=NB).text, said(agent, desk, act="advise")):
        assert "Til kvinner" not in shown
        assert "Lås sykkelen" in shown
        assert re.search("protestert mot råd", shown)
