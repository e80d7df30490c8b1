"""SMS out and in, through the simulated gateway: a process of its own, real sockets both ways (F1, F2, C10, E8)."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest
from django.test import Client

from tests.support.world import person, publish_examples
from tillit.cases import queries as cases
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.faces.gateway.signed import gateway_secret
from tillit.journeys.leave_messages import receives
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox, sms
from tillit.messages.leaving import Leaving
from tillit.messages.models import Message
from tillit.messages.operations import send
from tillit.parties.contacts import record_address
from tillit.parties.models import Fact
from tillit.platform import paths


@dataclass
class Gateway:
    """The simulator's process."""

    port: int

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the simulator something."""
        link = HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request(method, path, json.dumps(body).encode() if body is not None else None)
        said = json.loads(link.getresponse().read())
        link.close()
        return said

    def sent(self) -> list[dict[str, Any]]:
        """What the site has handed over."""
        found: list[dict[str, Any]] = self.call("GET", "/sent")
        return found

    def text_in(self, sender: str, text: str, times: int = 1) -> list[Any]:
        """A person sends an SMS; the site's answers."""
        found: list[Any] = self.call("POST", "/inbound", {"from": sender, "text": text, "times": times})
        return found


@pytest.fixture
def club(transactional_db: object) -> Controller:
    return publish_examples("bonus")["rundtur"]


@pytest.fixture
def gateway(club: Controller, live_server: Any, settings: Any) -> Iterator[Gateway]:
    settings.SECURE_SSL_REDIRECT = False
    command = [sys.executable, "-m", "tillit.faces.cli", "simulator", "sms", "--port", "0", "--controller", "rundtur"]
    process = subprocess.Popen(
        [*command, "--site", live_server.url],
        cwd=paths.root(),
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tillit.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.rpartition(":")[2])
        settings.SMS_GATEWAY = f"http://simulator@127.0.0.1:{port}"
        yield Gateway(port)
    finally:
        process.terminate()
        process.wait(timeout=60)
        if process.stdout:
            process.stdout.close()


def _member(club: Controller, number: str) -> int:
    subject = person(club, given="Kari")
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        record_address(
            scope=scope,
            register_id=club.register_id,
            subject_id=subject,
            controller_id=club.pk,
            kind="phone",
            text=number,
            source="data_subject",
            at=clock.now(),
        )
    return subject


def _put(club: Controller, subject: int, activity: str = "important_notices", text: str = "Hei") -> Message:
    with Scope(system("test", {club.pk}), activity) as scope:
        return send(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            template="free_text",
            values={"subject": "Hei", "text": text},
            channels=["sms"],
            at=clock.now(),
        )


def _row(message: Message) -> Message:
    with Scope(system("test", {message.controller_id}), "rights_requests"):
        return Message.objects.get(subject_id=message.subject_id, id=message.id)


def _dead(club: Controller) -> set[str]:
    with Scope(system("test", {club.pk}), "retention"):
        return {fact.value for fact in Fact.objects.filter(kind="phone", failed_at__isnull=False)}


def _wait(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.1)
    return False


def test_f1_f2_f5_sms_goes_out_is_reported_on_and_stop_comes_back(
    club: Controller, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = {"fine": 510, "unknown": 601, "lost": 702, "twice": 803, "gone": 904, "busy": 605}
    numbers = {what: f"+4741234{end}" for what, end in ends.items()}
    people = {what: _member(club, number) for what, number in numbers.items()}
    lost = people.pop("lost")
    rows = {what: _put(club, subject, text="«Bonus» på vei – 12 kr") for what, subject in people.items()}
    monkeypatch.setattr(sms, "TIMEOUT", 60)
    done = outbox.deliver()
    assert (done.sent, done.again, done.failed) == (3, 1, 1), "busy is tried again, unknown never"
    fine = next(one for one in gateway.sent() if one["to"] == numbers["fine"])
    assert (fine["text"], fine["encoding"], fine["segments"]) == ('"Bonus" på vei - 12 kr', "GSM-7", 1)
    assert fine["from"] == sms.sender(club.name)
    assert _wait(lambda: _row(rows["fine"]).delivered_at is not None)
    assert _wait(lambda: _row(rows["twice"]).delivered_at is not None), "a second report changes nothing"
    assert _wait(lambda: _row(rows["gone"]).message_state == "failed")
    assert _wait(lambda: _dead(club) == {numbers["unknown"], numbers["gone"]})
    with clock.travel(clock.now() + outbox.BACKOFF[0]):
        assert outbox.deliver().sent == 1, "busy is free again"
    with monkeypatch.context() as hasty:
        hasty.setattr(sms, "TIMEOUT", 0.3)
        _put(club, lost)
        done = outbox.deliver()
    assert (done.sent, done.again, done.failed) == (0, 1, 0), "lost is tried again"
    assert [one["to"] for one in gateway.sent()].count(numbers["fine"]) == 1

    kari = people["fine"]
    with Scope(system("test", {club.pk}), "consent_management") as scope:
        consent.record(
            scope=scope, subject_id=kari, controller_id=club.pk, activity="marketing", kind=EventKind.GIVEN,
            route="web", wording="1" * 64, at=clock.now(),
        )  # fmt: skip
    offer = _put(club, kari, "marketing")
    link = Leaving(kari, club.pk, "marketing", "sms")
    assert receives(link)
    first, second = gateway.text_in(numbers["fine"], " stopp! ", times=2)
    assert first["status"] == 200
    assert club.name in first["answer"]["reply"]["text"]
    assert second == {"status": 200, "answer": {}}, "the same SMS again is not acted upon again"
    assert not receives(link)
    assert receives(Leaving(kari, club.pk, "marketing", "email")), "STOP is about SMS"
    outbox.deliver()
    assert _row(offer).message_state == "withheld"
    (answer,) = gateway.text_in("+4741239999", "STOPP")
    assert club.name in answer["answer"]["reply"]["text"], "nobody learns who is on record"

    for text in ("Hvor er bonusen min?", "Hallo?"):
        assert gateway.text_in(numbers["fine"], text)[0]["status"] == 200
    with Scope(system("test", {club.pk}), "customer_service", frozenset({kari})):
        asked = list(cases.of_person(subject_id=kari, kind="enquiry"))
        texts = Message.objects.filter(subject_id=kari, direction="in").values_list("content__text", flat=True)
        assert sorted(texts) == ["Hallo?", "Hvor er bonusen min?"]
    assert {one.channel for one in asked} == {"sms"}


def test_h18_a_webhook_without_the_gateways_signature_is_refused(club: Controller) -> None:
    client = Client()
    body = {"id": "1", "from": "+4741234510", "text": "STOP", "at": "2026-03-02T09:00:00+00:00"}
    for heads in (
        {},
        {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"},
        {"webhook-id": "1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"},
        {"webhook-id": "1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "nonsense"},
    ):
        answer = client.post("/sms/rundtur/in/", body, content_type="application/json", headers=heads, secure=True)
        assert answer.status_code == 401, heads
    assert client.get("/sms/reports/", secure=True).status_code == 405
    assert gateway_secret().startswith("whsec_")
