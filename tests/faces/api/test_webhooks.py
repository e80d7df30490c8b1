"""Webhooks both ways (C5): signed, once, tried again, given up, sent again; and nothing of a person in any."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from standardwebhooks import Webhook, WebhookVerificationError

from tests.faces.api.conftest import Partner, line, problem
from tillit.declaration.models import Controller
from tillit.faces.api import webhook_sending, webhooks
from tillit.faces.api.keys import KeyRefusedError
from tillit.faces.api.models import ApiClient, WebhookDelivery, WebhookEndpoint
from tillit.kernel import clock
from tillit.purchases.models import Batch


class Taker:
    """A partner's endpoint, over a real socket: what came, and what it answers."""

    def __init__(self) -> None:
        self.came: list[tuple[bytes, dict[str, str]]] = []
        self.answer = 200
        taker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taker.came.append((body, {key.lower(): value for key, value in self.headers.items()}))
                self.send_response(taker.answer)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def taker() -> Iterator[Taker]:
    made = Taker()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def endpoint(partner: Partner, taker: Taker) -> tuple[WebhookEndpoint, str]:
    return webhooks.add(client=ApiClient.objects.get(), url=taker.url)


def event(*rows: Any, kind: str = "purchases.created") -> str:
    return json.dumps({"type": kind, "timestamp": "2026-03-02T11:31:00Z", "data": {"purchases": rows}})


def send(
    partner: Partner, endpoint: WebhookEndpoint, secret: str, body: str, identity: str = "", *, age: int = 0
) -> HttpResponse:
    at, known = datetime.now(UTC) - timedelta(seconds=age), identity or f"msg_{uuid4()}"
    heads = {
        "webhook-id": known,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(known, at, body),
    }
    path = f"/api/v1/webhooks/{endpoint.public}"
    return partner.browser.post(path, body, content_type="application/json", headers=heads)


def test_c5_a_signed_event_is_taken_in_once_by_the_statements_of_calls_and_files(
    partner: Partner, endpoint: tuple[WebhookEndpoint, str]
) -> None:
    made, secret = endpoint
    card = next(iter(partner.club.members.values()))
    body = event(line(1, card), line(2, card))
    first = send(partner, made, secret, body, "msg_1")
    assert (first.status_code, json.loads(first.content)["accepted"]) == (201, 2)
    again = send(partner, made, secret, body, "msg_1")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert partner.send(line(1, card), line(2, card)).status_code == 200  # the same rows, by a call
    assert Batch.objects.count() == 1
    refused = send(partner, made, secret, event(line(3, "12")))
    assert [row["code"] for row in problem(refused)["rows"]]
    assert Batch.objects.count() == 1


def test_c5_what_is_not_signed_or_too_old_is_refused(partner: Partner, endpoint: tuple[WebhookEndpoint, str]) -> None:
    made, secret = endpoint
    card = next(iter(partner.club.members.values()))
    body = event(line(1, card))
    other = "whsec_" + "A" * 43 + "="
    for answer in (send(partner, made, other, body), send(partner, made, secret, body, age=600)):
        assert problem(answer)["code"] == "signature-invalid"
    path = f"/api/v1/webhooks/{made.public}"
    for heads in ({}, {"webhook-id": "1", "webhook-timestamp": "x", "webhook-signature": "y"}):
        plain = partner.browser.post(path, body, content_type="application/json", headers=heads)
        assert problem(plain)["code"] == "signature-invalid"
    assert problem(send(partner, made, secret, event(kind="other")))["code"] == "event-unknown"
    assert problem(send(partner, made, secret, "[1"))["code"] == "body-unreadable"
    assert problem(send(partner, made, secret, event()))["code"] == "body-shape"
    assert Batch.objects.count() == 0
    webhooks.stop(endpoint=made)
    assert problem(send(partner, made, secret, body))["code"] == "not-found"


def test_c5_an_event_may_do_no_more_than_its_key(partner: Partner, endpoint: tuple[WebhookEndpoint, str]) -> None:
    made, secret = endpoint
    card = next(iter(partner.club.members.values()))
    assert send(partner, made, secret, event(line(1, card))).status_code == 201
    ApiClient.objects.update(scopes=["purchases:read"])
    refused = problem(send(partner, made, secret, event(line(2, card))))
    assert (refused["status"], refused["code"]) == (403, "scope-missing")
    assert Batch.objects.count() == 1
    described = partner.browser.get("/api/v1/openapi.json").json()["paths"]["/api/v1/webhooks/{public}"]["post"]
    assert "scope-missing" in described["responses"]["403"]["description"]


def test_c5_a_finished_batch_is_told_of_once_with_counts_and_nothing_of_a_person(
    partner: Partner, endpoint: tuple[WebhookEndpoint, str], taker: Taker
) -> None:
    _, secret = endpoint
    card = next(iter(partner.club.members.values()))
    partner.send(line(1, card), line(2, "4925000000000004"))
    assert webhook_sending.run() == 1
    assert webhook_sending.run() == 0
    ((body, heads),) = taker.came
    with pytest.raises(WebhookVerificationError):  # the clock of this test is another day's
        Webhook(secret).verify(body, heads)
    at = datetime.fromtimestamp(int(heads["webhook-timestamp"]), UTC)
    assert heads["webhook-signature"] == Webhook(secret).sign(heads["webhook-id"], at, body.decode())
    told = json.loads(body)
    assert (told["type"], told["data"]["rows"]) == ("purchases.batch.finished", 2)
    assert set(told["data"]) == {"batch", "finished_at", "rows", "put_aside"}
    assert card[-4:] not in body.decode()


def test_c5_what_is_not_taken_is_tried_ever_later_given_up_and_sent_again_by_staff(
    partner: Partner, endpoint: tuple[WebhookEndpoint, str], taker: Taker
) -> None:
    made, _ = endpoint
    taker.answer = 500
    partner.send(line(1, next(iter(partner.club.members.values()))))
    at = clock.now()
    webhook_sending.run()
    for wait in webhook_sending.WAITS:
        with clock.travel(at + wait - timedelta(seconds=1)):
            webhook_sending.run()
        at += wait
        with clock.travel(at):
            webhook_sending.run()
    assert len(taker.came) == len(webhook_sending.WAITS) + 1
    assert len({heads["webhook-id"] for _, heads in taker.came}) == 1
    (dead,) = webhooks.dead(controller=Controller.objects.get(key="rundtur"))
    assert (dead.answer, dead.attempts) == (500, len(webhook_sending.WAITS) + 1)
    assert not webhooks.dead(controller=Controller(pk=0, register_id=0)).exists()
    taker.answer = 204
    assert webhooks.replay(delivery=dead)
    webhook_sending.run()
    assert WebhookDelivery.objects.get().state == "sent"
    taker.answer = 410
    partner.send(line(2, next(iter(partner.club.members.values()))))
    webhook_sending.run()
    made.refresh_from_db()
    assert made.stopped_at is not None


def test_c5_both_secrets_count_for_a_day_after_a_rotation(
    partner: Partner, endpoint: tuple[WebhookEndpoint, str], taker: Taker
) -> None:
    made, before = endpoint
    after = webhooks.rotate(endpoint=made)
    made.refresh_from_db()
    card = next(iter(partner.club.members.values()))
    for number, secret in enumerate((before, after)):
        assert send(partner, made, secret, event(line(number, card))).status_code == 201
    webhook_sending.run()
    assert len(re.findall(r"v1,", taker.came[0][1]["webhook-signature"])) == 2
    with clock.travel(clock.now() + timedelta(days=1, minutes=1)):
        assert problem(send(partner, made, before, event(line(5, card))))["code"] == "signature-invalid"
    assert before.removeprefix("whsec_").encode() not in bytes(made.sealed)


@pytest.mark.parametrize("url", ["http://partner.example", "ftp://partner.example", "https://a:b@partner.example", "x"])
def test_c5_an_endpoint_on_another_machine_is_https(partner: Partner, url: str) -> None:
    with pytest.raises(KeyRefusedError):
        webhooks.add(client=ApiClient.objects.get(), url=url)
