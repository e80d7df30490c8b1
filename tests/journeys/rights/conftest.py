"""The power retailer with a customer and a privacy adviser, and the bonus clubs with a member of one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from tests.faces.conftest import Person, make_person
from tests.support.world import publish_examples
from tillit.cases import queries
from tillit.cases.models import Case, Entry
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import staff as staffing
from tillit.parties.actors import member_actor, staff_actor
from tillit.parties.models import Login, StaffMember
from tillit.parties.operations import open_account

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def staff(controller: Controller, role: str, name: str) -> StaffMember:
    return staffing.add(
        email=f"{name.lower()}@arbeid.example",
        name=name,
        controller=controller,
        role=role,
        confidentiality=date(2026, 1, 1),
    )


@dataclass(frozen=True)
class Asking:
    """A person, the controller they ask, themselves and the privacy adviser as actors."""

    controller: Controller
    person: Person
    member: Actor
    adviser: Actor
    adviser_id: int

    @property
    def subject(self) -> int:
        return self.person.subject_id

    def scope(self, activity: str = "rights_requests") -> Scope:
        everyone = Controller.objects.filter(register_id=self.controller.register_id).values_list("id", flat=True)
        return Scope(system("test", everyone), activity, frozenset({self.subject}))

    def case(self, case_id: int) -> Case:
        with self.scope():
            return queries.case(case_id=case_id)

    def entries(self, case_id: int) -> list[Entry]:
        with self.scope():
            return queries.entries(case=queries.case(case_id=case_id))

    def answer(self, case_id: int, language: str = "nb") -> str:
        """Every line of the latest answer."""
        given = [entry for entry in self.entries(case_id) if entry.details.get("said")]
        return "\n".join(given[-1].details["said"][language])


def asking(controller: Controller, kind: str, given: str = "Kari") -> Asking:
    someone = make_person(controller, given, "Nordmann", "91234567" if given == "Kari" else "91234568", kind)
    with Scope(system("test", {controller.pk}), "sign_in", frozenset({someone.subject_id})) as scope:
        login: Login = open_account(
            scope=scope, subject_id=someone.subject_id, register_id=controller.register_id, at=clock.now()
        )
    member = member_actor(register_id=controller.register_id, subject_id=someone.subject_id, login_id=login.pk)
    found = staff(controller, "privacy_adviser", f"Ada{controller.key}")
    return Asking(controller, someone, member, staff_actor(staff=found), found.pk)


@pytest.fixture
def kari(db: None) -> Asking:
    clock.travel(NOW)
    return asking(publish_examples("power")["fjordlys"], "customer")


@pytest.fixture
def clubs(db: None) -> Callable[[], dict[str, Controller]]:
    clock.travel(NOW)
    return lambda: publish_examples("bonus")
