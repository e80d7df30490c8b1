"""Systems of others that call the API: a union's own, and a paying partner's."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.benefits.conftest import NOW
from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.faces.api import keys
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.services.product_models import Partner

PDF = b"%PDF-1.4 signed form\n%%EOF\n"
WORDS = "Jeg sier ja til at Fjordbank melder meg på nyhetsbrevet fra Trygghavn."
SYSTEM, ACTIVITY = "samklang_fordel", "membership_administration"


@dataclass
class Caller:
    """Calls as a system does; every call has an `Idempotency-Key` of its own unless one is given."""

    key: str
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    calls: int = 0

    def get(self, path: str) -> HttpResponse:
        return self.browser.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.key}"})

    def send(self, path: str, body: Any, *, once: str = "", verb: str = "POST") -> HttpResponse:
        self.calls += 1
        heads = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": once or f"call-{id(self)}-{self.calls}"}
        return self.browser.generic(
            verb, f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=heads
        )


@dataclass
class Union:
    """A union with two members and its system."""

    controller: Controller
    kari: int
    ola: int
    system: Caller

    def scope(self, subject: int, activity: str = "rights_requests") -> Scope:
        return Scope(system("test", {self.controller.pk}), activity, frozenset({subject}))

    def find(self, **whom: str) -> Any:
        return self.system.send("members/find", whom).json()


def somebody(controller: Controller, given: str, family: str) -> int:
    address = f"{given.lower()}@eksempel.example"
    made = person(controller, given=given, family=family, email=address)
    register = controller.register_id
    directories.claim(
        register_id=register, kind=Kind.EMAIL, digest=digest(register, Kind.EMAIL, address), subject_id=made
    )
    return made


@contextmanager
def union_with_system() -> Iterator[Union]:
    """A union with two members, one of another union beside them, and its system."""
    with clock.travel(NOW):
        controllers = publish_examples("union_benefits")
        lyngheim = controllers["lyngheim"]
        kari = somebody(lyngheim, "Kari", "Lund")
        ola = somebody(lyngheim, "Ola", "Vik")
        somebody(controllers["steinlia"], "Per", "Annen")
        _, text = keys.add(
            controller=lyngheim,
            system_key=SYSTEM,
            activity=ACTIVITY,
            name="crm",
            scopes=list(keys.SYSTEM_SCOPES),
        )
        yield Union(lyngheim, kari, ola, Caller(text))


def said(controller: Any, subject: int, kind: EventKind, activity: str, channel: str = "") -> None:
    """A minute later the person says it on Min side."""
    clock.advance(timedelta(minutes=1))
    with Scope(system("test", {controller.pk}), "consent_management", frozenset({subject})) as scope:
        consent.record(
            scope=scope,
            subject_id=subject,
            controller_id=controller.pk,
            activity=activity,
            channel=channel,
            kind=kind,
            route="min_side",
            wording="0" * 64,
            at=clock.now(),
        )


class Bank:
    """A paying partner's system."""

    def __init__(self, partner: Partner) -> None:
        self.key = keys.add(partner=partner, name="core", scopes=list(keys.PARTNER_SCOPES))[1]
        self.calls = 0

    def send(self, path: str, body: dict[str, Any], once: str = "") -> Any:
        self.calls += 1
        heads = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": once or f"{self.key[-9:]}-{self.calls}"}
        return Client().post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=heads)


def permission(at: datetime | None = None, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"number": "K-1", "activity": "newsletter", "channel": "email", "given": True}
    body |= {"said_at": (at or clock.now()).isoformat(), "wording": WORDS}
    return body | {"evidence": {"reference": "skjema 311", "file": b64encode(PDF).decode()}} | changes
