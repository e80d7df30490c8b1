"""Nobody's endpoint holds up another's, a key that was taken back is told nothing more, and where we may be sent."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests.benefits.conftest import World
from tests.benefits.test_orders import place
from tests.faces.api.outside import Caller
from tests.faces.api.test_subscriptions import URL, caller
from tests.faces.api.test_suppliers import system_of
from tillit.benefits import orders
from tillit.faces.api import internet, keys, webhook_events, webhook_secrets, webhook_sending, webhooks
from tillit.faces.api.models import ApiClient, WebhookDelivery, WebhookEndpoint
from tillit.faces.jobs import tasks
from tillit.kernel import clock


@pytest.fixture
def hotel(world: World) -> Caller:
    return caller(system_of(world, scopes=["orders", "subscriptions"]))


def _waiting(endpoint: WebhookEndpoint, count: int) -> None:
    now = clock.now()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, event="x", reference=str(n), body="{}", made_at=now, due_at=now)
        for n in range(count)
    )


def test_c5_each_endpoint_has_its_share_and_one_that_does_not_answer_is_let_be(
    hotel: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tasks.JOBS["webhooks"].queue == "outward", "who waits for others holds up nobody"
    for where in ("slow", "loud", "good"):
        assert hotel.send("subscriptions", {"url": f"https://{where}.example/x"}).status_code == 201
    slow, loud, good = WebhookEndpoint.objects.order_by("id")
    _waiting(slow, 40)
    _waiting(loud, 40)
    clock.advance(timedelta(seconds=1))
    _waiting(good, 2)
    monkeypatch.setattr(webhook_sending, "SHARE", 5)
    monkeypatch.setattr(webhook_sending, "AT_ONCE", 8)
    asked: list[int] = []
    within: list[bool] = []
    outside = len(connection.savepoint_ids)

    def post(endpoint: WebhookEndpoint, body: bytes, heads: dict[str, str]) -> int:
        asked.append(endpoint.pk)
        within.append(len(connection.savepoint_ids) > outside)
        assert webhook_sending.deliver(post=lambda *_: 200) >= 0 if len(asked) == 1 else True, "another worker"
        return 0 if endpoint == slow else 200

    webhook_sending.deliver(post=post)
    assert not any(within), "no transaction is open while somebody is waited for"
    assert asked.count(slow.pk) == 1
    first = WebhookDelivery.objects.get(endpoint=slow, attempts=1, state="waiting")
    assert (first.answer, first.due_at) == (0, clock.now() + webhook_sending.WAITS[0])
    assert good.deliveries.filter(state="sent").count() == 2, "beside those who have much to be told"
    assert not WebhookDelivery.objects.filter(attempts__gt=1).exists(), "one attempt is one worker's"


@pytest.fixture
def dripping() -> Iterator[int]:
    """A server that answers byte by byte and never ends."""
    server, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        link, _ = server.accept()
        with link:
            link.recv(9999)
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 4000:
                try:
                    link.send(bytes([byte]))
                except OSError:
                    return
                if over.wait(0.02):
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    over.set()
    thread.join(60)
    server.close()


def test_c5_an_attempt_has_a_time_in_all(hotel: Caller, dripping: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_sending, "DEADLINE", 0.3)
    made, _ = webhooks.add(client=ApiClient.objects.get(), url=f"http://127.0.0.1:{dripping}/x")
    _waiting(made, 1)
    begun = time.monotonic()
    assert webhook_sending.deliver() == 0
    assert time.monotonic() - begun < 60, "eighty seconds by the socket's own time"
    assert WebhookDelivery.objects.get().answer == 0


def test_b4_a_key_that_was_taken_back_is_told_nothing_more(world: World, hotel: Caller) -> None:
    hotel.send("subscriptions", {"url": URL})
    clock.advance(timedelta(seconds=1))
    place(world, world.member())
    assert webhook_events.gather() == 1
    keys.revoke(client=ApiClient.objects.get())
    told: list[Any] = []
    assert webhook_sending.deliver(post=lambda *given: told.append(given) or 200) == 0
    assert told == []
    assert WebhookEndpoint.objects.get().stopped_at is not None
    WebhookEndpoint.objects.update(stopped_at=None)
    WebhookDelivery.objects.update(state="waiting", due_at=clock.now())
    assert webhook_sending.deliver(post=lambda *given: told.append(given) or 200) == 0, "however the endpoint stands"
    assert told == []


def test_b4_the_live_subscriptions_come_first_and_the_others_in_parts(hotel: Caller) -> None:
    client = ApiClient.objects.get()
    for number in range(60):
        made, _ = webhooks.add(client=client, url=f"https://old.example/{number}")
        webhooks.stop(endpoint=made)
    live = hotel.send("subscriptions", {"url": URL}).json()["subscription"]
    part = hotel.get("subscriptions").json()
    found = [one["subscription"] for one in part["subscriptions"]]
    assert found[0] == live
    rest = hotel.get(part["next"].removeprefix("/api/v1/")).json()
    assert rest["next"] is None
    assert len({*found, *(one["subscription"] for one in rest["subscriptions"])}) == 61


def test_b4_a_secret_that_still_counts_is_not_lost_by_another_rotation(hotel: Caller) -> None:
    made = hotel.send("subscriptions", {"url": URL}).json()
    at = f"subscriptions/{made['subscription']}/rotate"
    assert hotel.send(at, {}).status_code == 200
    refused = hotel.send(at, {})
    assert (refused.status_code, refused.json()["code"]) == (409, "secret-rotated")
    row = WebhookEndpoint.objects.get()
    assert made["secret"] in webhook_secrets.opened(public=row.public, sealed=row.sealed)
    clock.advance(webhook_secrets.OVERLAP)
    assert hotel.send(at, {}).status_code == 200


def test_b4_an_order_that_never_reached_the_supplier_is_told_of_in_no_event(world: World, hotel: Caller) -> None:
    hotel.send("subscriptions", {"url": URL})
    clock.advance(timedelta(seconds=1))
    kari = world.member()
    order = place(world, kari)
    with world.scope(kari) as scope:
        orders.cancel(scope=scope, subject_id=kari, order_id=order.id, at=clock.now())
    assert hotel.get(f"orders/{order.reference}").json()["code"] == "order-unknown"
    assert webhook_events.gather() == 0
    place(world, kari)
    assert webhook_events.gather() == 1, "this one they may ask for"


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),
        ("10.0.0.7", False),
        ("::ffff:10.0.0.7", False),
        ("2002:a00:7::1", False),
        ("2001:0:a00:7::1", False),
        ("64:ff9b::a00:7", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::a00:7", False),
        ("::10.0.0.7", False),
        ("::93.184.216.34", False),
        ("224.0.0.1", False),
        ("ff0e::1", False),
        ("fec0::1", False),
        ("240.0.0.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_h18_an_address_is_of_the_internet_by_where_it_leads(address: str, known: bool) -> None:
    assert internet.public(address) is known
    assert internet.may_be(address) is known


def test_h18_the_next_address_is_tried_where_the_first_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def connect(where: tuple[str, int], **_: Any) -> str:
        tried.append(where[0])
        if where[0] == "2606:4700::1":
            raise OSError
        return "connected"

    monkeypatch.setattr("tillit.faces.api.webhook_sending.socket.create_connection", connect)
    assert webhook_sending._connected(["2606:4700::1", "93.184.216.34", "93.184.216.35"], 443) == "connected"
    assert tried == ["2606:4700::1", "93.184.216.34"]
