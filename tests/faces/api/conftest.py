"""A club with a programme and two members, and a partner's system that calls the API with a key."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.benefits import conftest as benefits
from tests.conftest import TestDatabase
from tests.faces.api.outside import Union, union_with_system
from tests.services import products
from tests.support import databases
from tests.support.intake import NOW, SOURCE, Club, club
from tillit.benefits.models import Kind
from tillit.faces.api import keys
from tillit.kernel import clock
from tillit.purchases.models import Source

PURCHASES = "/api/v1/purchases"
_turn = itertools.count(1)


@dataclass
class Partner:
    """Calls as the tills' system does; every call has an `Idempotency-Key` of its own unless one is given."""

    club: Club
    key: str
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def send(self, *rows: Any, once: str | None = None, **headers: str) -> HttpResponse:
        return self.post(json.dumps({"purchases": rows}), once=once, **headers)

    def post(self, body: str | bytes, once: str | None = None, **headers: str) -> HttpResponse:
        given = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": once or f"call-{next(_turn)}", **headers}
        named = {name: value for name, value in given.items() if value}
        return self.browser.post(PURCHASES, body, content_type="application/json", headers=named)

    def get(self, path: str) -> HttpResponse:
        return self.browser.get(path, headers={"Authorization": f"Bearer {self.key}"})


def _club() -> tuple[Club, str]:
    with clock.travel(NOW):
        made = club(members=2)
        _, text = keys.add(source=Source.objects.get(key=SOURCE), name="tills", scopes=list(keys.SCOPES))
    return made, text


@pytest.fixture(scope="session")
def clubs(django_db_setup: None, django_db_blocker: Any) -> Iterator[databases.Stock]:
    with django_db_blocker.unblock(), databases.filled(_club) as made:
        yield made


@pytest.fixture
def stock(clubs: databases.Stock, request: pytest.FixtureRequest) -> databases.Stock:
    return clubs if "partner" in request.fixturenames else databases.Stock(databases.template())


@pytest.fixture
def partner(stock: databases.Stock, fresh_db: TestDatabase) -> Iterator[Partner]:
    made, text = stock.facts
    with clock.travel(NOW):
        yield Partner(made, text)


def line(number: int | str, card: str, **changes: Any) -> dict[str, Any]:
    """A purchase of 100 kroner as JSON."""
    row = {"id": f"A{number}", "time": "2026-03-02T12:30:00+01:00", "chain": "fjellmat", "store": "1"}
    return {**row, "amount": "100.00", "card": card, **changes}


def problem(response: HttpResponse) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert response.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(response.content)
    assert found["status"] == response.status_code
    assert found["type"] == f"urn:tillit:problem:{found['code']}"
    return found


@pytest.fixture
def union(db: None) -> Iterator[Union]:
    """A union with two members and its system."""
    with union_with_system() as made:
        yield made


@pytest.fixture
def world(db: None) -> benefits.World:
    """A union with one benefit that is ordered."""
    clock.travel(benefits.NOW)
    made = benefits.build()
    made.benefit("rom", kind=Kind.ORDER, needs=("order_name", "order_phone"))
    return made


@pytest.fixture
def trygghavn(fresh_db: object) -> products.Company:
    """The loyalty-services company with its paying partners."""
    clock.travel(products.NOW)
    return products.company()
