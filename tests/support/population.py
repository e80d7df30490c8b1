"""A power retailer with customers, and a population register on this machine."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.faces.simulators.population import PopulationRegister
from tillit.journeys import person_facts, population
from tillit.kernel import clock
from tillit.kernel.identifiers import national_number
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Fact
from tillit.registers.client import Register


def number(born: date, serial: int, *, d_number: bool = False) -> str:
    """A synthetic national number (month + 80) or D-number that is valid, the first at or after `serial`."""
    day = born.day + (40 if d_number else 0)
    for person_number in range(serial, 500):
        for check in range(100):
            text = f"{day:02d}{born.month + 80:02d}{born.year % 100:02d}{person_number:03d}{check:02d}"
            if national_number.is_valid(text):
                return text
    raise AssertionError


@dataclass
class World:
    """The retailer, its register, and a run."""

    controller: Controller
    outside: PopulationRegister
    register: Register
    numbers: dict[int, str] = field(default_factory=dict)

    def customer(self, serial: int, *, d_number: bool = False, **facts: str) -> int:
        """A customer with a national number and an address; the register knows them as we do."""
        facts = {"given": "Kari", "family": "Lunde", **facts}
        subject = person(self.controller, "customer", **facts)
        mine = number(date(1980, 1, 5), serial, d_number=d_number)
        values = {
            "national_number": mine,
            "address.street": "Gamleveien 1",
            "address.postal_code": "6004",
            "address.city": "Ålesund",
        }
        with Scope(system("test", {self.controller.pk}), "customer_administration") as scope:
            for kind, text in values.items():
                person_facts.keep(
                    scope=scope,
                    subject_id=subject,
                    controller_id=self.controller.pk,
                    register_id=self.controller.register_id,
                    kind=kind,
                    text=text,
                    source="data_subject",
                    at=clock.now(),
                )
        self.numbers[subject] = mine
        self.outside.play({"people": {mine: record()}, "quiet": True})
        return subject

    def happens(self, subject: int, **changes: Any) -> None:
        """Something happens to the customer, and the register tells of it."""
        before = self.outside.people[self.numbers[subject]]
        after = changes.pop("number", self.numbers[subject])
        was = {"was": self.numbers[subject]} if after != self.numbers[subject] else {}
        self.outside.play({"people": {after: {**before, **changes, **was}}})
        self.numbers[subject] = after

    def run(self) -> population.Refreshed:
        return population.refresh(controller=self.controller, register=self.register)

    def facts(self, subject: int) -> dict[str, Fact]:
        with Scope(system("test", {self.controller.pk}), "customer_administration", frozenset({subject})):
            rows = Fact.objects.filter(subject_id=subject, superseded_at__isnull=True)
            return {row.kind: row for row in rows}


def record(**changes: Any) -> dict[str, Any]:
    """What the register knows of somebody."""
    return {
        "name": {"given": "Kari", "family": "Lunde"},
        "address": {"street": "Gamleveien 1", "postal_code": "6004", "city": "Ålesund"},
        **changes,
    }


def listen(outside: PopulationRegister) -> World:
    """The power retailer at a register that knows nobody yet."""
    outside.people.clear(), outside.events.clear(), outside.faults.clear(), outside.asked.clear()
    outside.former.clear()
    controllers = publish_examples("power")
    return World(controllers["fjordlys"], outside, Register(outside.address, waits=(0, 0, 0), timeout=60))
