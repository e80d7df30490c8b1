"""Signing in with an outside service, against a provider in a process of its own: `sub` is kept and nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener, urlopen

import pytest
from django.db import connection
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in
from tests.support.openid_provider import CLIENT, NAME, NATIONAL_NUMBER, SECRET
from tillit.audit.models import Event
from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.schema import Declaration
from tillit.journeys.openid import Provider, providers
from tillit.kernel.scope import Scope, system
from tillit.parties.credential_models import OutsideIdentity
from tillit.parties.models import Session
from tillit.platform import paths

pytestmark = pytest.mark.django_db
WITH = "/lyngheim/sign-in/with/borgerid/"


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass
class Service:
    """The running provider."""

    address: str

    def set(self, **what: str) -> None:
        query = "&".join(f"{key}={value}" for key, value in what.items())
        urlopen(f"{self.address}/control?{query}", timeout=60).close()  # noqa: S310 (ours)

    def pass_through(self, client: Client, start: str = WITH) -> Any:
        """Follow the browser to the service and back."""
        gone = client.get(start)
        assert gone.status_code == 302, gone.text
        assert gone["Location"].startswith(f"{self.address}/authorize?")
        try:
            build_opener(_Stay).open(gone["Location"], timeout=60)
        except HTTPError as answer:
            back = urlsplit(answer.headers["Location"])
            answer.close()
        return client.get(f"{back.path}?{back.query}")


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.openid_provider"], cwd=paths.root(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield Service(process.stdout.readline().strip())
    process.terminate()
    process.wait(timeout=60)
    process.stdout.close()


@pytest.fixture
def service(running: Service, controllers: dict[str, Controller], monkeypatch: pytest.MonkeyPatch) -> Service:
    """The provider, declared at a union and one more controller, with credentials."""
    monkeypatch.setenv("TILLIT_OIDC_BORGERID", f"{CLIENT}:{SECRET}")
    monkeypatch.setattr("tillit.journeys.openid.providers", _declared_as(running.address))
    for module in ("sign_in", "sign_ins"):
        monkeypatch.setattr(f"tillit.faces.member_web.{module}.providers", _declared_as(running.address))
    running.set()
    return running


def _declared_as(address: str) -> Any:
    def declared(declaration: Declaration) -> list[Provider]:
        moved = tuple(one.model_copy(update={"issuer": address}) for one in declaration.sign_in_providers)
        return providers(declaration.model_copy(update={"sign_in_providers": moved}))

    return declared


@pytest.fixture
def eva(controllers: dict[str, Controller]) -> Person:
    return make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")


def connect(service: Service, someone: Person) -> Client:
    client = Client()
    sign_in(client, someone)
    assert service.pass_through(client)["Location"] == "/lyngheim/min-side/sign-ins/"
    return client


def held() -> str:
    """All text in every table that the application may read without a scope, sessions opened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relrowsecurity AND relnamespace ="
            " 'public'::regnamespace AND has_table_privilege(oid, 'SELECT')"
        )
        found = []
        for (table,) in cursor.fetchall():
            if table != DeclarationVersion._meta.db_table:
                cursor.execute(f"SELECT coalesce(string_agg(one::text, ' '), '') FROM {table} one")
                found.append(cursor.fetchone()[0])
    return " ".join(found) + repr([row.get_decoded() for row in Session.objects.all()])


def test_a6_h18_a_member_connects_an_outside_identity_and_nothing_but_its_digest_is_kept(
    service: Service, eva: Person, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert service.pass_through(Client()).status_code == 422, "not connected yet"
    client = connect(service, eva)
    assert "BorgerID" in client.get("/lyngheim/min-side/sign-ins/").text
    other = Client()
    assert service.pass_through(other)["Location"] == "/lyngheim/min-side/"
    assert other.get("/lyngheim/min-side/").status_code == 200
    identity = OutsideIdentity.objects.get()
    assert (identity.provider, len(bytes(identity.digest))) == ("borgerid", 32)
    everything = held() + caplog.text + capsys.readouterr().err
    with Scope(system("test", {eva.controller.pk}), "security_log"):
        events = [(e.type, e.details.get("kind") or e.details.get("method")) for e in Event.objects.order_by("at")]
        everything += repr(list(Event.objects.values_list("details", flat=True)))
    assert "borgerid" in everything
    for word in (NAME, NAME.split()[1], NATIONAL_NUMBER, "1972-12-13", "person-1"):
        assert word not in everything
    assert ("factor.added", "borgerid") in events
    assert events[-1] == ("login.succeeded", "borgerid")


@pytest.mark.parametrize("fault", ["state", "nonce", "audience", "issuer", "expired", "signature", "unsigned"])
def test_h18_an_answer_that_cannot_be_trusted_signs_nobody_in(service: Service, eva: Person, fault: str) -> None:
    connect(service, eva)
    service.set(fault=fault)
    client = Client()
    assert service.pass_through(client).status_code == 422
    assert client.get("/lyngheim/min-side/").status_code == 302


def test_h18_a_service_is_who_it_names_itself_letter_by_letter_a_last_slash_too(
    service: Service, eva: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.set(end="/")
    assert Client().get(WITH).status_code == 422, "declared without the slash it ends with"
    monkeypatch.setattr("tillit.journeys.openid.providers", _declared_as(f"{service.address}/"))
    connect(service, eva)
    assert service.pass_through(Client())["Location"] == "/lyngheim/min-side/"
    service.set()
    assert Client().get(WITH).status_code == 422, "declared with a slash it does not have"


def test_h18_an_answer_works_once_and_in_the_browser_that_asked(service: Service, eva: Person) -> None:
    connect(service, eva)
    client = Client()
    service.pass_through(client)
    assert client.get(f"{WITH}back/?code=x&state=y").status_code == 422
    assert Client().get(f"{WITH}back/?code=x&state=y").status_code == 422
    assert client.get("/rundtur/sign-in/with/borgerid/").status_code == 404, "not declared there"


def test_a1_an_identity_is_one_person_s_in_a_register_and_each_register_s_own(
    service: Service, eva: Person, controllers: dict[str, Controller]
) -> None:
    connect(service, eva)
    liv = make_person(controllers["lyngheim"], "Liv", "Sund", "+47 400 00 118")
    client = Client()
    sign_in(client, liv)
    service.pass_through(client)
    assert OutsideIdentity.objects.get().login.subject_id == eva.subject_id
    assert service.pass_through(Client(), "/steinlia/sign-in/with/borgerid/").status_code == 422
    there = make_person(controllers["steinlia"], "Eva", "Strand", "+47 400 00 113")
    client = Client()
    sign_in(client, there)
    service.pass_through(client, "/steinlia/sign-in/with/borgerid/")
    digests = [bytes(one.digest) for one in OutsideIdentity.objects.all()]
    assert len(set(digests)) == 2, "the same person, and nobody can join the two"


def test_a_connection_is_taken_away_by_the_person(service: Service, eva: Person) -> None:
    client = connect(service, eva)
    client.post("/lyngheim/min-side/sign-ins/", {"outside": "borgerid"})
    assert not OutsideIdentity.objects.exists()
    assert service.pass_through(Client()).status_code == 422


def test_a_service_that_does_not_answer_is_said_so(
    service: Service, eva: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tillit.journeys.openid.providers", _declared_as("http://127.0.0.1:9"))
    answer = Client().get(WITH)
    assert answer.status_code == 422
    assert "svarer ikke" in answer.text
