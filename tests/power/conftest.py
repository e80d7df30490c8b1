"""The market hub that tests of power customers speak to, and the desk of a retailer beside it."""

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.conf import settings

from tests.support.population import number as national_number
from tests.support.power import customer, number, retailer, scope_for
from tillit.faces.simulators.market_hub import MarketHub
from tillit.journeys import market_hub, person_facts, power_supply
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.power.hub.client import Hub
from tillit.power.hub.models import HubProcess
from tillit.power.switch_models import Switch

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = date(2026, 4, 1)
KARIS = national_number(date(1980, 1, 5), 100)


@pytest.fixture(scope="module")
def outside():
    hub = MarketHub(0, token="of-the-test")
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield hub
    hub.shutdown()
    hub.server_close()


@dataclass
class Desk:
    """The retailer, the hub, and a customer with a national number."""

    controller: Any
    outside: MarketHub
    kari: int
    switch: int = 0

    def acting(self) -> dict[str, Any]:
        return {
            "actor": system("test", {self.controller.pk}), "controller": self.controller, "subject_id": self.kari,
            "at": clock.now(),
        }  # fmt: skip

    def run(self) -> market_hub.Exchanged:
        return market_hub.exchange(controller=self.controller, hub=Hub(self.outside.address, timeout=60))

    def ask_in(self, reason="switch", day=DAY, serial=1) -> Switch:
        facts = {"price_area": "NO3", "kind": "spot", "reason": reason, "day": day, "number": number(serial)}
        switch = power_supply.request_in(**self.acting(), **facts)
        self.switch = switch.id
        return power_supply.confirm(**self.acting(), switch_id=switch.id, seen="passport")

    def of(self, model):
        with scope_for(self.controller, self.kari):
            return list(model.objects.filter(subject_id=self.kari).order_by("recorded_at"))

    def sent(self) -> list[Any]:
        return list(self.outside.requests.values())

    def stands(self) -> tuple[str, str]:
        """The latest switch's state, and that of the last process of it."""
        (switch,) = [one for one in self.of(Switch) if one.id == self.switch]
        asked = sorted((one.process, one.status) for one in self.of(HubProcess) if one.switch_id == self.switch)
        return switch.status, asked[-1][1]


@pytest.fixture
def desk(db, outside, monkeypatch):
    outside.clear()
    with clock.travel(NOW):
        controller = retailer()
        monkeypatch.setitem(settings.MARKET_HUBS, "fjordlys", outside.address)
        kari = customer(controller, given="Kari", family="Lunde")
        with Scope(system("test", {controller.pk}), "customer_administration") as scope:
            person_facts.keep(
                scope=scope, subject_id=kari, controller_id=controller.pk, register_id=controller.register_id,
                kind="national_number", text=KARIS, source="data_subject", at=clock.now(),
            )  # fmt: skip
        yield Desk(controller, outside, kari)
