"""Access that was lost: warned, waited for, stopped, registered by a colleague (H18)."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests.faces.conftest import Gateway, Person, last_code, make_person, sign_in
from tests.faces.test_staff import at_work, find, hire, link
from tests.faces.ways import GOOD, KEY, by_password, choose, home, mails, register
from tests.support.world import person
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys import recovery
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as outbox
from tillit.messages.transports import TRANSPORTS
from tillit.parties import dead, passwords
from tillit.parties.contacts import record_address
from tillit.parties.credential_models import Password
from tillit.parties.merging import merge
from tillit.parties.models import Fact
from tillit.parties.operations import open_account

pytestmark = pytest.mark.django_db


def test_h18_who_has_an_address_gets_new_ones_only_after_a_warning_and_three_days(
    client: Client, ada: Person, gateway: Gateway
) -> None:
    start = clock.now()
    with clock.travel(start):
        old = Client()
        sign_in(old, ada)
        choose(old)
        pending, by_mail, by_sms = register(client, gateway)
        done = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
        assert "venter" in done.text
        assert home(client) == 302
        outbox.wait()
        assert mail.outbox[-1].to == [ada.email], "the old address is told"
        assert gateway.sent[-1].to == "+4740000114"
        assert "/access/" in gateway.sent[-1].rendered.short
    with clock.travel(start + timedelta(hours=71)):
        assert recovery.take_effect() == 0
        sign_in(Client(), ada)
    with clock.travel(start + timedelta(hours=72, minutes=1)):
        assert by_password(Client(), ada.email) == 302
        assert recovery.take_effect() == 1
        assert by_password(Client(), ada.email) == 422, "passwords are forgotten"
        assert home(old) == 302, "and sessions ended"
        sign_in(Client(), replace(ada, email="ny@post.example"))
        before = mails()
        Client().post(f"/{KEY}/sign-in/", {"address": ada.email})
        assert mails() == before
        assert recovery.take_effect() == 0


def test_h18_whoever_reads_the_old_address_stops_it(client: Client, ada: Person, gateway: Gateway) -> None:
    start = clock.now()
    with clock.travel(start):
        pending, by_mail, by_sms = register(client, gateway)
        client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
        outbox.wait()
        stop = re.findall(r"https?://[^/]+(/access/\S+)", mail.outbox[-1].body)[0]
        assert Client().get(stop).status_code == 200
        assert _waiting(ada), "a GET changes nothing"
        assert "forkastet" in Client().post(stop).text
        assert not _waiting(ada)
        assert Client().post("/access/xyz/").status_code == 404
    with clock.travel(start + timedelta(hours=73)):
        assert recovery.take_effect() == 0
        sign_in(Client(), ada)


def test_h18_who_has_a_way_in_and_no_address_is_not_taken_over(client: Client, bare: Person, gateway: Gateway) -> None:
    with Scope(system("test", {bare.controller.pk}), "sign_in", frozenset({bare.subject_id})) as scope:
        login = open_account(
            scope=scope, subject_id=bare.subject_id, register_id=bare.controller.register_id, at=clock.now()
        )
    passwords.keep(login=login, password=GOOD, at_least=12)
    pending, by_mail, by_sms = register(client, gateway)
    answer = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
    assert (answer.status_code, "kan nås" in answer.text) == (422, True)
    assert home(client) == 302
    assert Password.objects.exists()


def _lost(client: Client, gateway: Gateway, **changed: str) -> str:
    """Access asked for, with both codes; the way in the link of the warning."""
    pending, by_mail, by_sms = register(client, gateway, **changed)
    client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
    outbox.wait()
    return str(re.findall(r"https?://[^/]+(/access/\S+)", mail.outbox[-1].body)[0])


@pytest.mark.parametrize("link_of", [0, 1])
@pytest.mark.parametrize("second", [{}, {"email": "annen@post.example", "mobile": "400 00 889"}])
def test_h18_either_link_stops_what_was_asked_for_twice(
    client: Client, ada: Person, gateway: Gateway, link_of: int, second: dict[str, str]
) -> None:
    start = clock.now()
    links = []
    with clock.travel(start):
        links.append(_lost(client, gateway))
    with clock.travel(start + timedelta(hours=2)):
        links.append(_lost(Client(), gateway, **second))
        assert _waiting(ada) == set(recovery.WAITING)
        assert "forkastet" in Client().post(links[link_of]).text
        assert not _waiting(ada)
        again = Client().post(links[1 - link_of]).text
        assert ("ingenting å stoppe" in again, "forkastet" in again) == (True, False)
    with clock.travel(start + timedelta(hours=80)):
        assert recovery.take_effect() == 0
        pending, by_mail, by_sms = register(client, gateway)
        refused = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
        assert (refused.status_code, "Det går en uke" in refused.text) == (422, True)
        assert not _waiting(ada)
    with clock.travel(start + timedelta(days=8)):
        assert recovery.take_effect() == 0
        assert _kinds(ada, "waiting.stopped") == set(), "how long it is refused is forgotten"
        _lost(client, gateway)
        assert _waiting(ada) == set(recovery.WAITING)


def _kinds(someone: Person, *kinds: str) -> set[str]:
    controllers = {someone.controller.pk, holder_of(controller_id=someone.controller.pk)}
    with Scope(system("test", controllers), "sign_in", frozenset({someone.subject_id})):
        return set(Fact.objects.filter(kind__in=kinds, superseded_at__isnull=True).values_list("kind", flat=True))


def _at_the_desk(worker: Client, name: str) -> Any:
    page = f"{link(find(worker, name, key=KEY, purpose='membership_administration'))}access/"
    asked = worker.post(page, {"email": "ny@post.example", "seen": "passport"}).text
    pending = re.findall(r'name="pending" value="([^"]+)"', asked)[0]
    return worker.post(page, {"pending": pending, "code": last_code()})


def _has(controller: Controller, subject: int, kind: str, text: str) -> None:
    holder = holder_of(controller_id=controller.pk)
    with Scope(system("test", {controller.pk, holder}), "membership_administration") as scope:
        record_address(
            scope=scope,
            register_id=controller.register_id,
            subject_id=subject,
            controller_id=holder,
            kind=kind,
            text=text,
            source="register",
            at=clock.now(),
        )


def test_h18_with_nobody_told_nothing_is_asked_for(
    controllers: dict[str, Controller], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = controllers[KEY]
    bo = Person(person(here, "member", account=False, given="Bo", family="Vik"), here, "", "+4740000117")
    _has(here, bo.subject_id, "phone", bo.phone)
    worker = at_work(hire(here))
    before = mails()
    refused = _at_the_desk(worker, "Bo")
    assert (refused.status_code, "kan nås" in refused.text) == (422, True), "a number, and no gateway"
    assert mails() == before + 1, "the code"
    assert not _waiting(bo)
    made = Gateway()
    monkeypatch.setitem(TRANSPORTS, "sms", made)
    assert _at_the_desk(worker, "Bo").status_code == 302
    outbox.wait()
    assert [one.to for one in made.sent] == [bo.phone]
    assert _waiting(bo)


def test_h18_every_working_address_of_all_of_the_person_is_told(ada: Person) -> None:
    other = make_person(ada.controller, "Ada", "Berg", "+47 400 00 118")
    with Scope(system("test", {ada.controller.pk}), "membership_administration") as scope:
        merge(scope=scope, subject_id=other.subject_id, into=ada.subject_id)
    worker = at_work(hire(ada.controller))
    assert _at_the_desk(worker, "Strand").status_code == 302
    outbox.wait()
    told = {one.to[0] for one in mail.outbox if "/access/" in one.body}
    assert told == {ada.email, other.email}
    mail.outbox.clear()
    holder = holder_of(controller_id=ada.controller.pk)
    with Scope(system("test", {ada.controller.pk, holder}), "membership_administration") as scope:
        for one in (ada, other):
            failed = dead.fail(
                scope=scope,
                register_id=ada.controller.register_id,
                subject_id=one.subject_id,
                address=one.email,
                at=clock.now(),
            )
            assert failed
    assert _at_the_desk(worker, "Strand").status_code == 422, "mail to them has bounced, and there is no gateway"
    assert not [one for one in mail.outbox if "/access/" in one.body]


def test_h18_a_colleague_who_has_seen_who_it_is_registers_a_new_address(ada: Person) -> None:
    worker = at_work(hire(ada.controller))
    person_page = link(find(worker, "Ada", key=KEY))
    page = f"{person_page}access/"
    assert page in worker.get(person_page).text
    assert worker.post(page, {"email": "ny@post.example", "seen": "a_nod"}).status_code == 422
    eva = make_person(ada.controller, "Eva", "Strand", "+47 400 00 115")
    assert worker.post(page, {"email": eva.email, "seen": "passport"}).status_code == 422
    asked = worker.post(page, {"email": "ny@post.example", "seen": "passport"}).text
    pending = re.findall(r'name="pending" value="([^"]+)"', asked)[0]
    code = last_code()
    assert mail.outbox[-1].to == ["ny@post.example"]
    assert worker.post(page, {"pending": pending, "code": "000000"}).status_code == 422
    assert worker.post(page, {"pending": pending, "code": code}).status_code == 302
    outbox.wait()
    assert mail.outbox[-1].to == [ada.email], "the old address is told"
    assert _waiting(ada) == {"waiting.email"}
    with Scope(system("test", {ada.controller.pk}), "security_log"):
        assert Event.objects.get(type="access.asked").details == {"identity": "passport"}
    with clock.travel(clock.now() + timedelta(hours=73)):
        assert recovery.take_effect() == 1
        sign_in(Client(), replace(ada, email="ny@post.example"))


def _waiting(someone: Person) -> set[str]:
    controllers = {someone.controller.pk, holder_of(controller_id=someone.controller.pk)}
    with Scope(system("test", controllers), "sign_in", frozenset({someone.subject_id})):
        rows = Fact.objects.filter(kind__in=recovery.WAITING, superseded_at__isnull=True)
        return set(rows.values_list("kind", flat=True))
