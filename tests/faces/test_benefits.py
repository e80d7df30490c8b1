"""Membership card, benefits and orders on Min side, and the suppliers' pages (B2, B3, B4, B5, B11, G4)."""

import base64
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from tests.benefits.conftest import World, build
from tests.faces.conftest import Person, make_person, sign_in
from tillit.benefits import codes
from tillit.benefits.models import Kind, UseCount
from tillit.benefits.order_models import Order
from tillit.faces.api import keys
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import card_codes, cards

MIN = "/lyngheim/min-side"
FORM = {
    "name": "Eva Strand",
    "address": "Tarebrygga 12",
    "postal_code": "5003",
    "postal_place": "Bergen",
    "phone": "400 00 113",
    "quantity": "1",
}


@pytest.fixture
def world(db: Any) -> World:
    return build()


def supplier(world: World, key: str = "hotell", **changes: Any) -> Client:
    """A browser signed in with the supplier's key."""
    browser = Client()
    facts = {"supplier": world.suppliers[key], "name": "till", "scopes": list(keys.SUPPLIER_SCOPES), **changes}
    _, text = keys.add(**facts)
    assert browser.post("/supplier/", {"key": text}).status_code == 302
    return browser


def one_order(world: World) -> Order:
    with Scope(system("test", {world.controllers["lyngheim"].pk}), "benefit_delivery"):
        return Order.objects.get()


def test_b2_the_card_shows_union_and_number_and_a_phone_gets_its_own_key(
    world: World, client: Client, eva: Person
) -> None:
    page = client.get(f"{MIN}/card/")
    assert "Lyngheim" in page.text
    assert "Eva Strand" in page.text
    assert "<svg" in page.text, "also without scripts"
    told = client.post(f"{MIN}/card/key/", {"device": "1"}).json()
    assert told["key"] not in page.text
    key, reference = base64.b64decode(told["key"]), base64.b64decode(told["reference"])
    assert reference == card_codes.reference(subject_id=eva.subject_id, card_id=int(told["card"]))
    shown = card_codes.make(
        subject_id=eva.subject_id, card_id=int(told["card"]), key=key, step=cards.step_of(clock.now())
    )
    till = supplier(world)
    assert "Gyldig" in till.post("/card/", {"code": shown}).text
    assert client.post(f"{MIN}/card/", {"card": told["card"]}).status_code == 302, "the phone was lost"
    answer = till.post("/card/", {"code": shown}).text
    assert "Ikke gyldig" in answer
    assert "Eva" not in answer
    assert shown not in answer
    assert Client().post(f"{MIN}/card/key/").status_code == 302
    assert client.get(f"{MIN}/card/key/").status_code == 405


def test_b2_the_check_asks_for_a_key_and_a_revoked_one_ends_it(world: World) -> None:
    assert Client().get("/card/")["Location"] == "/supplier/?next=%2Fcard%2F"
    browser = Client()
    assert browser.post("/supplier/", {"key": "tillit_x"}).status_code == 422
    client, text = keys.add(supplier=world.suppliers["kino"], name="k", scopes=["cards:verify"], per_minute=1)
    assert browser.post("/supplier/", {"key": text, "next": "https://elsewhere.example/"})["Location"] == "/card/"
    assert browser.get("/supplier/orders/").status_code == 302, "not with this key"
    assert browser.post("/card/", {"code": "x"}).status_code == 200
    assert browser.post("/card/", {"code": "x"}).status_code == 429
    keys.revoke(client=client)
    assert browser.get("/card/").status_code == 302


def test_b3_the_catalogue_is_the_member_s_own_and_leads_out_with_a_notice(
    world: World, client: Client, eva: Person
) -> None:
    assert "ingen fordeler" in client.get(f"{MIN}/benefits/").text
    world.benefit("fly", kind=Kind.LINK, title="Flyreiser", url="https://fly.example/medlem", member_price=129_900)
    world.benefit("andre", unions=("steinlia",), title="Andres")
    page = client.get(f"{MIN}/benefits/").text
    assert "Flyreiser" in page
    assert "Andres" not in page
    assert "Flyreiser" in client.get(f"{MIN}/benefits/?q=flyreise").text
    assert "Ingen fordeler passer" in client.get(f"{MIN}/benefits/?q=bank").text
    assert client.get(f"{MIN}/benefits/andre/").status_code == 404
    shown = client.get(f"{MIN}/benefits/fly/").text
    assert "https://fly.example" not in shown, "the way out leads over the notice"
    out = client.get(f"{MIN}/benefits/fly/out/").text
    assert 'href="https://fly.example/medlem" rel="external noopener noreferrer"' in out
    assert "Der gjelder deres vilkår" in out


def test_b11_looks_and_ways_out_are_counted_and_lead_to_nobody(world: World, client: Client, eva: Person) -> None:
    world.benefit("fly", kind=Kind.LINK, url="https://fly.example/")
    for _ in range(2):
        client.get(f"{MIN}/benefits/fly/")
    client.head(f"{MIN}/benefits/fly/")
    client.get(f"{MIN}/benefits/fly/out/")
    rows = {row["what"]: row for row in UseCount.objects.values()}
    assert {what: row["times"] for what, row in rows.items()} == {"shown": 2, "left_for": 1}
    assert str(eva.subject_id) not in str(rows)
    assert set(rows["shown"]) == {"controller_id", "benefit_id", "month", "what", "times"}


def test_b3_a_single_use_code_is_drawn_and_stays(world: World, client: Client, eva: Person) -> None:
    benefit = world.benefit("kino", kind=Kind.SINGLE_CODE, supplier="kino")
    assert "ingen koder igjen" in client.get(f"{MIN}/benefits/kino/").text
    codes.fill(benefit=benefit, codes=["BILLETT-1"])
    for _ in range(2):
        assert client.post(f"{MIN}/benefits/kino/code/").status_code == 302
    assert "BILLETT-1" in client.get(f"{MIN}/benefits/kino/").text
    assert UseCount.objects.get(what="code").times == 1


def test_b4_b5_from_the_form_to_the_door_with_a_question_on_the_way(world: World, client: Client, eva: Person) -> None:
    world.benefit("rom", kind=Kind.ORDER, title="Rom i fjellet", needs=("order_name", "order_phone"))
    form = client.get(f"{MIN}/benefits/rom/order/").text
    assert "bruker det ikke til noe annet" in form, "what the form says it stores (A2)"
    assert 'value="Eva Strand"' in form
    wrong = client.post(f"{MIN}/benefits/rom/order/", {**FORM, "phone": "1", "key": str(uuid4())})
    assert (wrong.status_code, "aria-invalid" in wrong.text, "Tarebrygga 12" in wrong.text) == (422, True, True)
    key = str(uuid4())
    for _ in range(2):
        placed = client.post(f"{MIN}/benefits/rom/order/", {**FORM, "key": key})
        assert placed["Location"] == f"{MIN}/orders/{key}/"
    order = one_order(world)
    assert order.reference == UUID(key)
    assert "ikke" not in client.get(f"{MIN}/orders/").text.split("<main")[1].split("Rom i fjellet")[0]
    hotel = supplier(world)
    page = hotel.get("/supplier/orders/").text
    assert "Eva Strand" in page
    assert "Tarebrygga" not in page
    assert "Ingen bestillinger" in supplier(world, "varer").get("/supplier/orders/").text
    hotel.post("/supplier/orders/", {"order": key, "act": "ask", "field": ["order_address"]})
    asked = client.get(f"{MIN}/orders/{key}/").text
    assert re.search(r"Fjellduft Hoteller ber om å få vite: adresse i bestillingen", asked)
    client.post(f"{MIN}/orders/{key}/", {"act": "yes"})
    assert "Tarebrygga 12" in hotel.get("/supplier/orders/").text
    received = client.get(f"{MIN}/your-data/received/").text
    assert "Fjellduft Hoteller, når du sier ja" in received
    hotel.post("/supplier/orders/", {"order": key, "act": "confirmed"})
    client.post(f"{MIN}/orders/{key}/", {"act": "cancel"})
    assert one_order(world).status == "cancelled"
    refused = hotel.post("/supplier/orders/", {"order": key, "act": "delivered"}, follow=True)
    assert "ikke lenger der den var" in refused.text
    hotel.post("/supplier/orders/", {"order": "x", "act": "delivered"})
    assert "Avbestilt" in hotel.get("/supplier/orders/?show=ended").text


def test_b4_another_person_s_order_is_not_found(world: World, client: Client, eva: Person) -> None:
    world.benefit("rom", kind=Kind.ORDER)
    key = str(uuid4())
    client.post(f"{MIN}/benefits/rom/order/", {**FORM, "key": key})
    other = Client()
    sign_in(other, make_person(world.controllers["lyngheim"], "Ida", "Vik", "+47 400 00 114"))
    assert other.get(f"{MIN}/orders/{key}/").status_code == 404
    assert client.get(f"{MIN}/orders/{key}/").status_code == 200


def test_pages_of_cards_and_benefits_are_where_they_are_declared(world: World, client: Client, eva: Person) -> None:
    home = client.get(f"{MIN}/").text
    assert f'href="{MIN}/card/"' in home
    assert f'href="{MIN}/benefits/"' in home
    kept = client.get("/lyngheim/app/worker.js").text
    assert f"{MIN}/card/" in kept
    assert "/static/tillit/card.js" in kept
