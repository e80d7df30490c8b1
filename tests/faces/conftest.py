"""Published example controllers and people who can sign in."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests.benefits.conftest import World
from tests.support.authenticator import app_code
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as outbox
from tillit.messages.envelopes import Envelope
from tillit.messages.transports import TRANSPORTS
from tillit.parties import directories, factors
from tillit.parties.contacts import record_address
from tillit.parties.credential_models import TimeCode
from tillit.parties.digests import Kind, digest
from tillit.parties.models import StaffMember
from tillit.parties.operations import record_fact


@dataclass(frozen=True)
class Person:
    """Somebody with an e-mail address and a phone number on record."""

    subject_id: int
    controller: Controller
    email: str
    phone: str


def make_person(controller: Controller, given: str, family: str, phone: str, kind: str = "member") -> Person:
    """A person related to the controller since last year, who can sign in."""
    subject = person(controller, kind, started=date(2025, 3, 1), account=False, given=given, family=family)
    email = f"{given}.{family}@post.example".lower().replace("å", "a")
    holder = holder_of(controller_id=controller.pk)
    activity = "membership_administration" if kind == "member" else "customer_administration"
    with Scope(system("test", {controller.pk, holder}), activity) as scope:
        for name, text in (("email", email), ("phone", phone)):
            record_address(
                scope=scope,
                register_id=controller.register_id,
                subject_id=subject,
                controller_id=holder,
                kind=name,
                text=text,
                source="data_subject",
                at=clock.now(),
            )
    return Person(subject, controller, email, phone)


def last_code() -> str:
    """The one-time code in the latest mail."""
    outbox.wait()
    found = re.search(r"\b\d{6}\b", mail.outbox[-1].body)
    assert found is not None
    return found.group()


def sign_in(client: Client, someone: Person) -> None:
    """Sign the client in the way a browser does."""
    key = someone.controller.key
    assert client.post(f"/{key}/sign-in/", {"address": someone.email}).status_code == 302
    answer = client.post(f"/{key}/sign-in/code/", {"code": last_code()})
    assert (answer.status_code, answer["Location"]) == (302, f"/{key}/min-side/")


def staff_sign_in(client: Client, email: str) -> None:
    """Sign the client in as a member of staff, with the code by e-mail and an authenticator app, set up if need be."""
    client.post("/staff/sign-in/", {"address": email})
    owed = client.post("/staff/sign-in/code/", {"code": last_code()})
    staff = StaffMember.objects.select_related("login").get(email=email)
    if owed["Location"] == "/staff/sign-in/set-up/":
        client.get("/staff/sign-in/set-up/")
    # As if by an earlier step: a code of the app works once, and tests are quicker than that.
    TimeCode.objects.filter(login=staff.login).update(last_step=0)
    answer = client.post(owed["Location"], {"code": app_code(app_secret(staff), clock.now())})
    assert answer.status_code in {200, 302}, answer.text
    assert client.get("/staff/sign-in/").status_code == 200


def by_mail(staff: StaffMember, client: Client | None = None) -> tuple[Client, str]:
    """A browser that has shown the code by e-mail, and where it was sent on to."""
    client = client or Client(HTTP_HOST="localhost")
    client.post("/staff/sign-in/", {"address": staff.email})
    return client, client.post("/staff/sign-in/code/", {"code": last_code()})["Location"]


def app_secret(staff: StaffMember) -> str:
    """The base32 secret of the colleague's authenticator app."""
    found = TimeCode.objects.get(login=staff.login)
    return base64.b32encode(factors._open(staff.login_id, bytes(found.sealed))).decode()


@pytest.fixture
def controllers(db: Any) -> dict[str, Controller]:
    """Every example controller, published."""
    return publish_examples()


@pytest.fixture
def kari(controllers: dict[str, Controller]) -> Person:
    """A member of the bonus operator."""
    return make_person(controllers["rundtur"], "Kari", "Nordseth", "+47 400 00 111")


@pytest.fixture
def ola(controllers: dict[str, Controller]) -> Person:
    """Another member of the same register."""
    return make_person(controllers["rundtur"], "Ola", "Vestli", "+47 400 00 112")


@pytest.fixture(autouse=True)
def _mail_has_left() -> Iterator[None]:
    """No mail of one test lands in the outbox of the next."""
    yield
    outbox.wait()


class Gateway:
    """An SMS gateway on this machine: what it was handed."""

    def __init__(self) -> None:
        self.sent: list[Envelope] = []

    def ready(self) -> bool:
        return True

    def abroad(self) -> bool:
        return False

    def send(self, envelope: Envelope) -> None:
        self.sent.append(envelope)

    def code(self) -> str:
        outbox.wait()
        found = re.search(r"\b\d{6,8}\b", self.sent[-1].rendered.short)
        assert found is not None
        return found.group()


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    made = Gateway()
    monkeypatch.setitem(TRANSPORTS, "sms", made)
    return made


def _identify(someone: Person) -> None:
    register, subject = someone.controller.register_id, someone.subject_id
    for kind, value in ((Kind.MEMBER_NUMBER, "LY4711"), (Kind.NATIONAL_NUMBER, "15876540077")):
        directories.claim(register_id=register, kind=kind, digest=digest(register, kind, value), subject_id=subject)
    holder = holder_of(controller_id=someone.controller.pk)
    with Scope(system("test", {holder, someone.controller.pk}), "membership_administration") as scope:
        record_fact(
            scope=scope,
            subject_id=subject,
            controller_id=holder,
            category="birth_date",
            kind="birth_date",
            value="1965-07-15",
            source="register",
            at=clock.now(),
        )


@pytest.fixture
def ada(controllers: dict[str, Controller]) -> Person:
    """A member with number, birth date, national number, e-mail and mobile on record."""
    someone = make_person(controllers["lyngheim"], "Ada", "Strand", "+47 400 00 114")
    _identify(someone)
    return someone


@pytest.fixture
def bare(controllers: dict[str, Controller]) -> Person:
    """A member of whom the union gave neither e-mail nor mobile."""
    subject = person(controllers["lyngheim"], "member", account=False, given="Bo", family="Vik")
    made = Person(subject, controllers["lyngheim"], "ny@post.example", "+4740000888")
    _identify(made)
    return made


@pytest.fixture
def eva(world: World, client: Client) -> Person:
    """A union member, signed in; `world` is the test's own."""
    made = make_person(world.controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    sign_in(client, made)
    return made
