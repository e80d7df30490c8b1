"""A customer with cards on the blocking service, and an issuer in a process of its own."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from typing import Any

import pytest
from django.conf import settings as site

from tests.conftest import TestDatabase
from tests.services.paying import ACCOUNT, AcquirerProcess, Payer
from tests.support import databases
from tests.support.shops import card_number
from tests.support.world import person, publish_examples
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.files.camt import Movement
from tillit.journeys import payout_reports, payouts
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.platform import paths
from tillit.services import acquirer as acquirers
from tillit.services import blocking, instruments, terms
from tillit.services.models import BlockOrder, Instrument, Issuer
from tillit.services.payout_models import Payout

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIRMS, REJECTS, SILENT, SLOW, BUSY, LOST = 5, 0, 1, 2, 3, 4
"""The last digit but one of a card tells the simulated issuer what to do (faces/simulators/issuer.py)."""


def number_that(does: int, *, nth: int = 0) -> str:
    """A test card number with which the simulated issuer does so; another for each `nth`."""
    return next(number for number in (card_number(1000 * nth + n) for n in range(1000)) if number[-2] == str(does))


@dataclass
class Customer:
    """A customer of the services company, and what can be done with their cards."""

    controller: Controller
    subject: int

    def scope(self, activity: str = blocking.ACTIVITY) -> Scope:
        return Scope(system("test", {self.controller.pk}), activity, frozenset({self.subject}))

    def issuer(self, key: str = "nordbank", kind: str = "card") -> Issuer:
        made, _ = Issuer.objects.get_or_create(
            controller=self.controller, key=key, defaults={"kind": kind, "name": key.title(), "phone": "+4740000099"}
        )
        return made

    def put_on(self, number: str, **given: Any) -> Instrument:
        with self.scope() as scope:
            return instruments.put_on(
                scope=scope,
                subject_id=self.subject,
                controller_id=self.controller.pk,
                issuer=given.pop("issuer", None) or self.issuer(),
                number=number,
                at=clock.now(),
                **given,
            )

    def block(self, *chosen: Instrument) -> Case:
        with self.scope() as scope:
            (case,) = blocking.block(
                scope=scope,
                subject_id=self.subject,
                controller_id=self.controller.pk,
                instrument_ids=[one.id for one in chosen],
                channel="phone",
                at=clock.now(),
            )
            return case

    def orders(self, case: Case) -> list[BlockOrder]:
        with self.scope():
            return blocking.orders(case=case)


@dataclass
class IssuerProcess:
    """The simulated issuer."""

    port: int

    def orders(self) -> dict[str, dict[str, Any]]:
        """reference → what came: last four, name, how many times it was sent and asked about."""
        link = HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request("GET", "/orders")
        said: dict[str, dict[str, Any]] = json.loads(link.getresponse().read())
        link.close()
        return said

    def has(self, *, orders: int) -> None:
        """Wait until it has taken so many orders; of those it never answers nobody hears when."""
        until = time.monotonic() + 60
        while len(self.orders()) < orders:
            assert time.monotonic() < until, "the order never came"
            time.sleep(0.02)


def _kari() -> Customer:
    with clock.travel(NOW):
        trygghavn = publish_examples("loyalty_services")["trygghavn"]
        subject = person(trygghavn, "customer", given="Kari", family="Nordmann", email="kari@post.example")
    return Customer(trygghavn, subject)


@pytest.fixture(scope="session")
def company(django_db_setup: None, django_db_blocker: Any) -> Iterator[databases.Stock]:
    with django_db_blocker.unblock(), databases.filled(_kari) as made:
        yield made


@pytest.fixture
def stock(published: Callable[[str], databases.Stock], request: pytest.FixtureRequest) -> databases.Stock:
    """A copy of what most of these tests begin with: a customer, or the company's declaration published."""
    if "customer" in request.fixturenames:
        made: databases.Stock = request.getfixturevalue("company")
        return made
    return published("loyalty_services")


@pytest.fixture
def customer(stock: databases.Stock, fresh_db: object) -> Customer:
    clock.travel(NOW)
    return dataclasses.replace(stock.facts)


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[IssuerProcess]:
    command = [sys.executable, "-m", "tillit.faces.cli", "simulator", "issuer", "--port", "0", "--slow", "600"]
    process = subprocess.Popen(command, cwd=paths.root(), stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        named = f"nordbank=http://simulator@127.0.0.1:{port}"
        monkeypatch.setattr(site, "ISSUERS", named)
        monkeypatch.setenv("TILLIT_ISSUERS", named)  # for workers of their own
        for _ in range(600):
            try:
                IssuerProcess(port).orders()
                break
            except OSError:
                time.sleep(0.1)
        yield IssuerProcess(port)
    finally:
        process.kill()
        process.wait(timeout=60)
        if process.stdout:
            process.stdout.close()


def paid_out(controller: Controller) -> int:
    """Everything that waits to go to bank accounts goes there in a file, and the bank pays it; how many."""
    terms.keep_terms(controller=controller, starts=date(2026, 1, 1), account="12345678903")
    clerk, boss = ({"actor": system(one, {controller.pk}), "controller": controller} for one in ("clerk", "boss"))
    run = payouts.propose(**clerk, chosen=[one.id for one in payouts.desk(**clerk).waiting])
    found = payouts.approve(**boss, number=run.number)
    with Scope(clerk["actor"], "payouts", controllers=frozenset({controller.pk})):
        rows = list(Payout.objects.filter(run_id=found.pk))
    for row in rows:
        told = Movement("E", row.reference, clock.today(), -row.amount, row.currency, row.reference)
        assert payout_reports.take_movement(controller=controller, one=told)
    return found.count


@pytest.fixture
def payer(fresh_db: TestDatabase) -> Payer:
    clock.travel(NOW)
    trygghavn = publish_examples("loyalty_services")["trygghavn"]
    terms.keep_terms(controller=trygghavn, starts=date(2026, 1, 1), account=ACCOUNT)
    who = person(trygghavn, "customer", given="Kari", family="Nordmann", email="kari@post.example")
    return Payer(trygghavn, who)


@pytest.fixture(scope="session")
def acquirer_process() -> Iterator[AcquirerProcess]:
    command = [sys.executable, "-m", "tillit.faces.cli", "simulator", "acquirer", "--port", "0", "--slow", "600"]
    process = subprocess.Popen(command, cwd=paths.root(), stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    assert process.stdout is not None
    try:
        yield AcquirerProcess(int(process.stdout.readline().rsplit(":", 1)[1]))
    finally:
        process.kill()
        process.wait(timeout=60)
        process.stdout.close()


@pytest.fixture
def acquirer(acquirer_process: AcquirerProcess, monkeypatch: pytest.MonkeyPatch) -> AcquirerProcess:
    monkeypatch.setattr(site, "ACQUIRER", f"http://simulator@127.0.0.1:{acquirer_process.port}")
    monkeypatch.setattr(acquirers, "TIMEOUT", 60)
    return acquirer_process
