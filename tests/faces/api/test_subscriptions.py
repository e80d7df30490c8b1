"""Subscriptions: added by the partner's own system, to the internet alone; what was given up is seen and sent again."""

import json
from datetime import timedelta

import pytest

from tests.benefits.conftest import World
from tests.benefits.test_orders import place
from tests.faces.api.outside import Caller
from tests.faces.api.test_suppliers import System, system_of
from tests.faces.test_staff import at_work, hire
from tillit.benefits import orders
from tillit.faces.api import webhook_events, webhook_sending
from tillit.faces.api.models import WebhookDelivery, WebhookEndpoint
from tillit.kernel import clock

URL = "https://hotell.example/tillit"


def caller(system: System) -> Caller:
    return Caller(system.key)


def test_b4_a_supplier_is_told_of_an_order_by_signed_webhook_with_its_reference_alone(world: World) -> None:
    hotel, goods = (caller(system_of(world, key, scopes=["orders", "subscriptions"])) for key in ("hotell", "varer"))
    kari = world.member()
    place(world, kari)  # before there was a subscription
    clock.advance(timedelta(minutes=1))
    made = hotel.send("subscriptions", {"url": URL}, once="s1")
    assert (made.status_code, made.json()["events"]) == (201, sorted(webhook_events.OF_SUPPLIER))
    assert goods.send("subscriptions", {"url": URL}).status_code == 201
    again = hotel.send("subscriptions", {"url": URL}, once="s1").json()
    assert (again["subscription"], again["secret"]) == (made.json()["subscription"], None), "a secret is shown once"
    clock.advance(timedelta(minutes=1))
    order = place(world, kari)
    assert webhook_events.gather() == 1
    assert webhook_events.gather() == 0
    sent: list[tuple[str, bytes, dict[str, str]]] = []

    def post(endpoint: WebhookEndpoint, body: bytes, heads: dict[str, str]) -> int:
        sent.append((endpoint.url, body, heads))
        return 200

    assert webhook_sending.deliver(post=post) == 1
    ((url, body, heads),) = sent
    told = json.loads(body)
    assert (url, told["type"], told["data"]) == (URL, "orders.placed", {"order": str(order.reference)})
    assert heads["webhook-signature"].startswith("v1,")
    assert order.name.encode() not in body
    listed = hotel.get("orders").json()["orders"]
    assert str(order.reference) in {one["order"] for one in listed}, "what there is to know is asked for, on record"
    with world.scope(kari) as scope:
        orders.cancel(scope=scope, subject_id=kari, order_id=order.id, at=clock.now())
    assert webhook_events.gather() == 1
    assert json.loads(WebhookDelivery.objects.get(event="orders.cancelled").body)["data"] == told["data"]
    clock.advance(timedelta(days=40))  # deliveries are forgotten by then
    WebhookDelivery.objects.all().delete()
    assert webhook_events.gather() == 0, "nothing is told twice"


def test_b4_what_was_given_up_is_seen_by_the_supplier_and_by_staff_and_sent_again(world: World) -> None:
    hotel = caller(system_of(world, scopes=["orders", "subscriptions"]))
    number = hotel.send("subscriptions", {"url": URL, "events": ["orders.placed"]}).json()["subscription"]
    clock.advance(timedelta(seconds=1))
    place(world, world.member())
    webhook_events.gather()
    for wait in (timedelta(0), *webhook_sending.WAITS):
        clock.advance(wait)
        webhook_sending.deliver(post=lambda *_: 503)
    at = f"subscriptions/{number}"
    (dead,) = hotel.get(f"{at}/events?state=dead").json()["events"]
    assert (dead["answer"], dead["attempts"]) == (503, len(webhook_sending.WAITS) + 1)
    assert hotel.get("subscriptions").json()["subscriptions"][0]["given_up"] == 1
    staff = at_work(hire(world.controllers["lyngheim"], "it_operations"))
    assert "orders.placed" in staff.get("/staff/lyngheim/webhooks/").text
    assert hotel.send(f"{at}/events/{dead['event']}/replay", {}).json()["state"] == "waiting"
    assert webhook_sending.deliver(post=lambda *_: 204) == 1
    other = caller(system_of(world, "varer", scopes=["orders", "subscriptions"]))
    for path in (f"{at}/events", f"{at}/events?after=x"):
        assert other.get(path).json()["code"] == "not-found"
    assert hotel.get(f"{at}/events?after=x").json()["code"] == "body-shape"
    assert other.send(f"{at}/rotate", {}).json()["code"] == "not-found"
    assert hotel.send(f"{at}/rotate", {}).json()["secret"].startswith("whsec_")
    assert hotel.send(at, {}, verb="DELETE").json()["stopped_at"]
    assert hotel.send(at, {}, verb="DELETE").status_code == 200


def test_h18_a_partner_cannot_have_us_call_our_own_networks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hotel = caller(system_of(world, scopes=["orders", "subscriptions"]))
    for url in (
        "http://hotell.example/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://10.0.0.7/x",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://inside/",
        "https://user:word@hotell.example/",
        "https://hotell.example:99999/",
        "ftp://hotell.example/",
    ):
        assert hotel.send("subscriptions", {"url": url}).json()["code"] == "webhook-refused", url
    assert hotel.send("subscriptions", {"url": URL, "events": ["purchases.batch.finished"]}).json()["code"] == (
        "webhook-refused"
    )
    assert hotel.send("subscriptions", {"url": URL}).status_code == 201
    clock.advance(timedelta(seconds=1))
    place(world, world.member())
    webhook_events.gather()
    asked: list[str] = []

    def leads_inside(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", ("10.0.0.7", port))]

    monkeypatch.setattr("tillit.faces.api.webhook_sending.socket.getaddrinfo", leads_inside)
    assert webhook_sending.deliver() == 0
    assert asked == ["hotell.example"]
    assert WebhookDelivery.objects.get().answer == 0
    for _ in range(4):
        assert hotel.send("subscriptions", {"url": URL}).status_code == 201
    assert hotel.send("subscriptions", {"url": URL}).json()["code"] == "too-many-subscriptions"
