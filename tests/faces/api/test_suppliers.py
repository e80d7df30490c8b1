"""Suppliers of benefits by the API: one bit of a card (B2), orders as far as the frame reaches (B4, B5)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.benefits.conftest import NOW, World, build
from tests.benefits.test_orders import place
from tests.membership.test_cards import code, issue, leave
from tillit.benefits.models import Kind
from tillit.faces.api import keys
from tillit.faces.api.keys import KeyRefusedError
from tillit.kernel import clock


@dataclass
class System:
    """Calls as a supplier's system does."""

    key: str
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def post(self, path: str, body: dict[str, Any]) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.browser.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers)

    def get(self, path: str) -> HttpResponse:
        return self.browser.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.key}"})

    def valid(self, text: str) -> Any:
        return self.post("cards/verify", {"code": text}).json()


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def system_of(world: World, supplier: str = "hotell", **changes: Any) -> System:
    facts = {"supplier": world.suppliers[supplier], "name": "till", "scopes": list(keys.SUPPLIER_SCOPES), **changes}
    return System(keys.add(**facts)[1])


def test_b2_a_verified_card_reveals_nothing_but_validity(world: World, capfd: Any) -> None:
    union, kari = world.controllers["lyngheim"], world.member(given="Kari", family="Nordseth")
    hotel, shop = system_of(world), system_of(world, "varer")
    shown = code(kari, issue(union, kari))
    capfd.readouterr()
    answer = hotel.post("cards/verify", {"code": f"https://min.example/card/#{shown}"})
    assert (answer.status_code, answer.json()) == (200, {"valid": True})
    log = "".join(capfd.readouterr())
    for secret in (shown, shown[:20], str(kari), "Nordseth", "lyngheim", "valid"):
        assert secret not in log
    assert set(answer.headers) == set(hotel.post("cards/verify", {"code": "x"}).headers)
    assert shop.valid(shown) == {"valid": False}, "shown elsewhere a moment ago"
    clock.advance(timedelta(seconds=30))
    again = issue(union, kari)
    assert shop.valid(code(kari, again)) == {"valid": True}
    leave(union, kari)
    clock.advance(timedelta(seconds=30))
    for text in (code(kari, again), "nothing", shown):
        assert hotel.valid(text) == {"valid": False}, "why is not told"


def test_b2_a_key_asks_so_many_times_a_minute_and_only_what_it_may(world: World) -> None:
    few = system_of(world, per_minute=2)
    assert [few.post("cards/verify", {"code": "x"}).status_code for _ in range(3)] == [200, 200, 429]
    orders_only = system_of(world, scopes=["orders"])
    assert orders_only.post("cards/verify", {"code": "x"}).json()["code"] == "scope-missing"
    assert system_of(world, scopes=["cards:verify"]).get("orders").json()["code"] == "scope-missing"
    for wrong in ({}, {"code": ""}, {"code": 1}, {"code": "x", "name": "y"}, {"code": "x" * 601}):
        assert system_of(world).post("cards/verify", wrong).json()["code"] == "body-shape"
    with pytest.raises(KeyRefusedError):
        keys.add(supplier=world.suppliers["hotell"], name="x", scopes=["purchases:write"])
    from tillit.benefits import editing

    stranger = editing.add_supplier(key="fremmed", name="Fremmed")
    with pytest.raises(KeyRefusedError):
        keys.add(supplier=stranger, name="x", scopes=["orders"])


def test_b4_b5_orders_are_received_answered_and_asked_about(world: World) -> None:
    world.benefit("rom", kind=Kind.ORDER, needs=("order_name", "order_phone", "order_address"))
    kari, hotel, goods = world.member(), system_of(world), system_of(world, "varer")
    order = place(world, kari)
    assert hotel.get(f"orders/{order.reference}").status_code == 404, "not before it is sent"
    (told,) = hotel.get("orders").json()["orders"]
    assert (told["order"], told["union"], told["status"]) == (str(order.reference), "lyngheim", "sent")
    assert set(told["fields"]) == {"ordered", "order_name", "order_phone"}
    assert told["may_ask"] == ["order_address", "order_place"]
    at = f"orders/{order.reference}"
    assert goods.get("orders").json() == {"orders": [], "next": None}
    assert goods.get(at).json()["code"] == "order-unknown"
    assert goods.post(f"{at}/status", {"status": "confirmed"}).json()["code"] == "order-unknown"
    assert hotel.post(f"{at}/ask", {"fields": ["order_phone"]}).json()["code"] == "more-undeclared"
    assert hotel.post(f"{at}/ask", {"fields": ["order_address"]}).json()["asked"] == ["order_address"]
    assert hotel.post(f"{at}/ask", {"fields": ["order_address"]}).json()["code"] == "more-asked"
    assert hotel.post(f"{at}/status", {"status": "rejected"}).json()["code"] == "reason-unknown"
    assert hotel.post(f"{at}/status", {"status": "cancelled"}).json()["code"] == "body-shape"
    assert hotel.post(f"{at}/status", {"status": "confirmed"}).json()["status"] == "confirmed"
    assert hotel.post(f"{at}/status", {"status": "rejected", "reason": "sold_out"}).json()["reason"] == "sold_out"
    assert hotel.post(f"{at}/status", {"status": "delivered"}).json()["code"] == "order-state"
    assert hotel.get("orders").json() == {"orders": [], "next": None}
    for _ in range(52):
        place(world, kari)
    page = hotel.get("orders").json()
    assert len(page["orders"]) == 50
    clock.advance(timedelta(minutes=1))
    rest = hotel.get(page["next"].removeprefix("/api/v1/")).json()
    assert (len(rest["orders"]), rest["next"]) == (2, None)
    assert hotel.get("orders?after=x").json()["code"] == "body-shape"
    assert [one["status"] for one in hotel.get("orders?status=ended").json()["orders"]] == ["rejected"]
