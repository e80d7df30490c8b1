"""Ways in beside the code by e-mail: SMS, password, member number, registration, and access that was lost (B4, B6)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.faces.conftest import Person, last_code, make_person, sign_in
from tests.faces.test_staff import at_work, find, hire, link
from tests.support.world import person
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys import recovery, registration
from tillit.journeys.sign_in import mail_allowed
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as outbox
from tillit.messages.envelopes import Envelope
from tillit.messages.transports import TRANSPORTS
from tillit.parties import dead, directories, passwords
from tillit.parties.contacts import record_address
from tillit.parties.credential_models import Password
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import merge
from tillit.parties.models import Fact, Session, SignInCode
from tillit.parties.operations import open_account, record_fact
from tillit.parties.rates import Limit
from tillit.privacy import anomalies

pytestmark = pytest.mark.django_db
KEY = "lyngheim"
NATIONAL = "15876540077"
NUMBER = "LY 4711"
GOOD = "fire svaler over tunet"


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


@pytest.fixture
def ada(controllers: dict[str, Controller]) -> Person:
    """A member with number, birth date, national number, e-mail and mobile on record."""
    someone = make_person(controllers[KEY], "Ada", "Strand", "+47 400 00 114")
    _identify(someone)
    return someone


def _identify(someone: Person) -> None:
    register, subject = someone.controller.register_id, someone.subject_id
    for kind, value in ((Kind.MEMBER_NUMBER, "LY4711"), (Kind.NATIONAL_NUMBER, NATIONAL)):
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


def _home(client: Client) -> int:
    return client.get(f"/{KEY}/min-side/").status_code


def _plain(text: str) -> list[str]:
    return [line for line in text.splitlines() if "csrfmiddlewaretoken" not in line and 'name="pending"' not in line]


def _mails() -> int:
    outbox.wait()
    return len(mail.outbox)


# ---- SMS


def test_h18_a_code_by_sms_signs_in_and_goes_to_the_number_on_record_alone(
    client: Client, ada: Person, gateway: Gateway
) -> None:
    client.post(f"/{KEY}/sign-in/", {"address": "40000114"})
    code = gateway.code()
    assert [one.to for one in gateway.sent] == ["+4740000114"]
    assert _mails() == 0
    assert client.post(f"/{KEY}/sign-in/code/", {"code": code}).status_code == 302
    assert _home(client) == 200
    Client().post(f"/{KEY}/sign-in/", {"address": ada.email})
    assert (_mails(), len(gateway.sent)) == (1, 1), "an e-mail address is answered by e-mail"


def test_h18_a_known_and_an_unknown_number_cost_the_same_and_get_the_same_answer(ada: Person, gateway: Gateway) -> None:
    counts, pages = [], []
    for typed in ("40000114", "40000999"):
        browser = Client()
        with CaptureQueriesContext(connection) as seen:
            browser.post(f"/{KEY}/sign-in/", {"address": typed})
        counts.append(len(seen))
        pages.append(_plain(browser.get(f"/{KEY}/sign-in/code/").text))
    outbox.wait()
    assert len(gateway.sent) == 1
    assert counts[0] == counts[1]
    assert pages[0] == pages[1]


def test_h18_whoever_guesses_from_many_networks_makes_the_codes_longer_and_keeps_nobody_out(
    client: Client, ada: Person
) -> None:
    for n in range(8):
        other = Client(REMOTE_ADDR=f"198.51.{n}.9")
        other.post(f"/{KEY}/sign-in/", {"address": ada.email})
        for _ in range(4):
            other.post(f"/{KEY}/sign-in/code/", {"code": "000000"})
    outbox.wait()
    mail.outbox.clear()
    with clock.travel(clock.now() + timedelta(minutes=16)):
        client.post(f"/{KEY}/sign-in/", {"address": ada.email})
        _mails()
        found = re.search(r"\b\d{8}\b", mail.outbox[-1].body)
        assert found is not None, "eight digits"
        assert client.post(f"/{KEY}/sign-in/code/", {"code": found.group()}).status_code == 302


def test_h2_a_new_number_counts_when_the_code_sent_to_it_comes_back(
    client: Client, ada: Person, gateway: Gateway
) -> None:
    sign_in(client, ada)
    page = client.post(f"/{KEY}/min-side/profile/phone/", {"phone": "400 00 555"}).text
    pending = re.findall(r'name="pending" value="([^"]+)"', page)[0]
    code = gateway.code()
    assert gateway.sent[-1].to == "+4740000555"
    wrong = client.post(f"/{KEY}/min-side/profile/phone/", {"pending": pending, "code": "000000"})
    assert wrong.status_code == 422
    answer = client.post(f"/{KEY}/min-side/profile/phone/", {"pending": pending, "code": code})
    assert answer.status_code == 302, answer.text
    outbox.wait()
    assert mail.outbox[-1].to == [ada.email], "told by the other channel"
    Client().post(f"/{KEY}/sign-in/", {"address": "40000555"})
    assert gateway.code()
    assert gateway.sent[-1].to == "+4740000555"
    before = len(gateway.sent)
    Client().post(f"/{KEY}/sign-in/", {"address": "40000114"})
    outbox.wait()
    assert len(gateway.sent) == before, "the old number leads nowhere"


# ---- passwords


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("kortere", {"short"}),
        ("x" * 129, {"long", "repeated"}),
        ("password1234", {"common"}),
        ("123456789012", {"common"}),
        ("abcdefghijklmnop", {"common"}),
        ("abcabcabcabc", {"repeated"}),
        ("Strand strand 77", {"own"}),
        ("hemmelig 15071965", {"own"}),
        ("lyngheim er best", {"own"}),
        ("fire svaler over tunet", set()),
        ("æøå ÆØÅ 🔑 blåbærsyltetøy", set()),
    ],
)
def test_b6_what_a_password_may_not_be(password: str, broken: set[str]) -> None:
    known = ("Ada", "Strand", "ada.strand@post.example", "+4740000114", "1965-07-15", "Lyngheim")
    assert set(passwords.faults(password=password, at_least=12, known=known)) == broken


def _choose(client: Client, password: str = GOOD, again: str | None = None) -> Any:
    given = {"password": password, "again": password if again is None else again}
    return client.post(f"/{KEY}/min-side/sign-ins/password/", given)


def _by_password(client: Client, address: str, password: str = GOOD) -> int:
    return client.post(f"/{KEY}/sign-in/password/", {"address": address, "password": password}).status_code


def test_b6_a_password_is_chosen_after_a_code_told_in_words_and_signs_in(client: Client, ada: Person) -> None:
    sign_in(client, ada)
    other = Client()
    sign_in(other, ada)
    assert "minst 12 tegn" in _choose(client, "for kort").text
    assert "ikke like" in _choose(client, GOOD, "noe annet enn det").text
    refused = _choose(client, "ada strand 1234")
    assert (refused.status_code, "vite om deg" in refused.text) == (422, True)
    assert "ada strand 1234" not in refused.text
    assert _choose(client).status_code == 302
    assert _home(other) == 302, "other browsers are signed out"
    outbox.wait()
    assert (mail.outbox[-1].to, GOOD in mail.outbox[-1].body) == ([ada.email], False)
    held = repr(list(Password.objects.values())) + repr([s.get_decoded() for s in Session.objects.all()])
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in held
    assert GOOD not in held
    fresh = Client()
    assert _by_password(fresh, ada.email, GOOD.title()) == 422
    assert _by_password(fresh, ada.email) == 302
    assert _home(fresh) == 200
    assert _by_password(Client(), ada.phone) == 302
    fresh.post(f"/{KEY}/min-side/sign-ins/password/remove/")
    assert _by_password(Client(), ada.email) == 422
    with Scope(system("test", {ada.controller.pk}), "security_log"):
        said = {(e.type, e.details.get("method") or e.details.get("kind")) for e in Event.objects.all()}
    assert {("factor.added", "password"), ("factor.removed", "password"), ("login.succeeded", "password")} <= said


def test_b6_a_forgotten_password_is_replaced_after_a_code_and_only_by_who_has_just_signed_in(
    client: Client, ada: Person
) -> None:
    start = clock.now()
    with clock.travel(start):
        sign_in(client, ada)
        _choose(client)
        sign_in(client, ada)
        assert _choose(client, "to ravner under lia").status_code == 302
        assert _by_password(Client(), ada.email) == 422
        assert _by_password(Client(), ada.email, "to ravner under lia") == 302
    with clock.travel(start + timedelta(minutes=16)):
        assert _choose(client, "tre rever bak berget")["Location"] == f"/{KEY}/min-side/sign-ins/"
        assert _by_password(Client(), ada.email, "tre rever bak berget") == 422


def test_h18_a_password_locks_with_the_same_answer_and_the_code_still_works(client: Client, ada: Person) -> None:
    sign_in(client, ada)
    _choose(client)
    answers = [_plain(Client().post(f"/{KEY}/sign-in/password/", {"address": ada.email, "password": "galt " * 4}).text)]
    for _ in range(10):
        assert _by_password(Client(), ada.email, "galt " * 4) == 422
    locked = Client().post(f"/{KEY}/sign-in/password/", {"address": ada.email, "password": GOOD})
    assert (locked.status_code, _plain(locked.text)) == (422, answers[0])
    assert _by_password(Client(REMOTE_ADDR="203.0.113.9"), ada.email) == 302, "another network is not locked"
    sign_in(Client(), ada)


def test_h18_a_password_tells_nothing_of_who_is_known(client: Client, ada: Person) -> None:
    sign_in(client, ada)
    _choose(client)
    eva = make_person(ada.controller, "Eva", "Strand", "+47 400 00 115")
    answers = []
    for address in (ada.email, eva.email, "nobody@post.example"):
        answer = Client().post(f"/{KEY}/sign-in/password/", {"address": address, "password": "galt " * 4})
        answers.append((answer.status_code, _plain(answer.text), sorted(answer.cookies)))
    assert answers[0] == answers[1] == answers[2]


def test_h18_a_password_costs_the_same_whoever_is_known_and_whether_or_not_it_is_locked(
    client: Client, ada: Person
) -> None:
    start = clock.now()
    with clock.travel(start):
        sign_in(client, ada)
        _choose(client)
        eva = make_person(ada.controller, "Eva", "Strand", "+47 400 00 115")
        sign_in(Client(), eva)
        lone = make_person(ada.controller, "Liv", "Strand", "+47 400 00 116")
        known = Password.objects.get().last_used

    def cost(address: str, password: str = "galt " * 4) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert _by_password(Client(), address, password) == 422
        return len(seen)

    with clock.travel(start + timedelta(minutes=1)):
        costs = {cost(address) for address in (ada.email, eva.email, lone.email, "nobody@post.example")}
        for _ in range(9):
            cost(ada.email)
        costs |= {cost(ada.email), cost(ada.email, GOOD)}
        assert len(costs) == 1, costs
        assert Password.objects.get().last_used == known, "a right one that is refused leaves no trace"


def test_h18_passwords_that_let_in_are_not_counted_and_tries_are_counted_before_they_are_verified(
    client: Client, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    with clock.travel(start):
        sign_in(client, ada)
        _choose(client)
    with clock.travel(start + timedelta(minutes=1)):
        assert [_by_password(Client(), ada.email) for _ in range(12)] == [302] * 12
        assert Password.objects.get().last_used == start + timedelta(minutes=1)
        real, verified = passwords.is_right, []

        def while_others_try(*, login_id: int | None, password: str) -> bool:
            verified.append(password)
            if len(verified) < 14:  # the next one comes while this one is being verified
                _by_password(Client(), ada.email, GOOD if len(verified) == 13 else "galt " * 4)
            return real(login_id=login_id, password=password)

        monkeypatch.setattr(passwords, "is_right", while_others_try)
        assert _by_password(Client(), ada.email, "galt " * 4) == 422
        with Scope(system("test", {ada.controller.pk}), "security_log"):
            said = [e.details["reason"] for e in Event.objects.filter(type="login.failed")]
        assert (said.count("wrong"), said.count("locked")) == (10, 4), "the right one among them is refused"


def test_b6_a_controller_that_does_not_declare_passwords_has_none(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    assert client.get("/rundtur/min-side/sign-ins/password/").status_code == 404
    assert Client().get("/rundtur/sign-in/password/").status_code == 404
    assert Client().get("/rundtur/sign-in/number/").status_code == 404
    assert Client().get("/rundtur/register/").status_code == 404


# ---- member number


def _number(client: Client, number: str = NUMBER, born: str = "1965-07-15") -> Any:
    return client.post(f"/{KEY}/sign-in/number/", {"member_number": number, "birth_date": born})


def test_b4_member_number_and_birth_date_are_a_first_factor_that_a_code_follows(client: Client, ada: Person) -> None:
    assert "brukes bare til å finne deg" in client.get(f"/{KEY}/sign-in/number/").text
    assert _number(client, "ly4711").status_code == 302
    assert _home(client) == 302, "never enough alone"
    code = last_code()
    assert mail.outbox[-1].to == [ada.email]
    assert client.post(f"/{KEY}/sign-in/code/", {"code": code}).status_code == 302
    assert _home(client) == 200


def test_b4_wrong_numbers_and_dates_get_the_same_answer_the_same_work_and_no_code(ada: Person) -> None:
    counts, answers = [], []
    for number, born in ((NUMBER, "1965-07-15"), (NUMBER, "1965-07-16"), ("LY 4712", "1965-07-15")):
        browser = Client()
        with CaptureQueriesContext(connection) as seen:
            answer = _number(browser, number, born)
        counts.append(len(seen))
        answers.append((answer["Location"], _plain(browser.get(f"/{KEY}/sign-in/code/").text)))
    assert _mails() == 1
    assert len(set(counts)) == 1
    assert answers[0] == answers[1] == answers[2]
    assert SignInCode.objects.count() == 3


def test_b4_birth_dates_are_not_tried_out(ada: Person) -> None:
    for n in range(1, 11):
        _number(Client(REMOTE_ADDR=f"198.51.{n}.9"), born=f"1965-08-{n:02d}")
    _number(Client())
    assert _mails() == 0, "ten a day for one number"
    with clock.travel(clock.now() + timedelta(days=1)):
        _number(Client())
    assert _mails() == 1


# ---- registration and recovery


def _typed(**changed: str) -> dict[str, str]:
    given = {"member_number": NUMBER, "national_number": NATIONAL, "email": "ny@post.example", "mobile": "400 00 888"}
    return given | changed


def _register(client: Client, gateway: Gateway, **changed: str) -> tuple[str, str, str]:
    """(pending, code by e-mail, code by SMS)."""
    page = client.post(f"/{KEY}/register/", _typed(**changed)).text
    return re.findall(r'name="pending" value="([^"]+)"', page)[0], last_code(), gateway.code()


@pytest.fixture
def bare(controllers: dict[str, Controller]) -> Person:
    """A member of whom the union gave neither e-mail nor mobile."""
    subject = person(controllers[KEY], "member", account=False, given="Bo", family="Vik")
    made = Person(subject, controllers[KEY], "ny@post.example", "+4740000888")
    _identify(made)
    return made


def test_b6_registration_verifies_both_numbers_and_registers_addresses_and_a_way_in(
    client: Client, bare: Person, gateway: Gateway
) -> None:
    assert "Det deles ikke med andre" in client.get(f"/{KEY}/register/").text
    pending, by_mail, by_sms = _register(client, gateway)
    for wrong in ((by_mail, "000000"), ("000000", by_sms)):
        answer = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": wrong[0], "mobile_code": wrong[1]})
        assert (answer.status_code, "ikke riktige sammen" in answer.text) == (422, True)
    assert _home(client) == 302
    done = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
    assert done["Location"] == f"/{KEY}/min-side/sign-ins/"
    assert "Velg passord" in client.get(f"/{KEY}/min-side/sign-ins/").text
    assert _choose(client).status_code == 302
    assert _by_password(Client(), bare.email) == 302
    sign_in(Client(), bare)
    held = repr(list(SignInCode.objects.values())) + repr([s.get_decoded() for s in Session.objects.all()]) + pending
    assert NATIONAL not in held


def test_b6_numbers_that_do_not_belong_together_get_the_same_page_and_no_code(bare: Person, gateway: Gateway) -> None:
    pages = []
    counts = []
    for changed in ({}, {"member_number": "LY 4712"}, {"national_number": "20877130054"}):
        browser = Client()
        with CaptureQueriesContext(connection) as seen:
            answer = browser.post(f"/{KEY}/register/", _typed(**changed))
        counts.append(len(seen))
        pages.append((answer.status_code, _plain(answer.text)))
    assert (_mails(), len(gateway.sent)) == (1, 1)
    assert pages[0] == pages[1] == pages[2]
    assert len(set(counts)) == 1


def test_h18_who_has_an_address_gets_new_ones_only_after_a_warning_and_three_days(
    client: Client, ada: Person, gateway: Gateway
) -> None:
    start = clock.now()
    with clock.travel(start):
        old = Client()
        sign_in(old, ada)
        _choose(old)
        pending, by_mail, by_sms = _register(client, gateway)
        done = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
        assert "venter" in done.text
        assert _home(client) == 302
        outbox.wait()
        assert mail.outbox[-1].to == [ada.email], "the old address is told"
        assert gateway.sent[-1].to == "+4740000114"
        assert "/access/" in gateway.sent[-1].rendered.short
    with clock.travel(start + timedelta(hours=71)):
        assert recovery.take_effect() == 0
        sign_in(Client(), ada)
    with clock.travel(start + timedelta(hours=72, minutes=1)):
        assert _by_password(Client(), ada.email) == 302
        assert recovery.take_effect() == 1
        assert _by_password(Client(), ada.email) == 422, "passwords are forgotten"
        assert _home(old) == 302, "and sessions ended"
        sign_in(Client(), replace(ada, email="ny@post.example"))
        before = _mails()
        Client().post(f"/{KEY}/sign-in/", {"address": ada.email})
        assert _mails() == before
        assert recovery.take_effect() == 0


def test_h18_whoever_reads_the_old_address_stops_it(client: Client, ada: Person, gateway: Gateway) -> None:
    start = clock.now()
    with clock.travel(start):
        pending, by_mail, by_sms = _register(client, gateway)
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


def test_h18_registration_does_not_tell_whose_national_number_is_a_member_s(
    ada: Person, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    with clock.travel(start):
        for n in range(5):
            Client().post(f"/{KEY}/register/", _typed(member_number=f"LY {5000 + n}", email=f"a+{n}@post.example"))
        Client().post(f"/{KEY}/register/", _typed(email="annen@post.example"))
        assert _mails() == 0, "five a day for one national number"
    with clock.travel(start + timedelta(days=1)):
        Client().post(f"/{KEY}/register/", _typed())
        assert _mails() == 1
    monkeypatch.setattr(registration, "WRONG", Limit("register_wrong", 3, timedelta(hours=1)))
    with clock.travel(start + timedelta(days=2)):
        for n in range(3):
            Client().post(f"/{KEY}/register/", _typed(member_number=f"LY {6000 + n}", national_number="20877130054"))
        Client().post(f"/{KEY}/register/", _typed())
        assert _mails() == 1, "pairs are tried out: no codes for an hour"
        made = anomalies.raise_suspicions()
        assert [one.key.partition(":")[0] for one in made] == ["registration"]
        assert anomalies.raise_suspicions() == []


def test_h18_tags_are_one_mailbox_for_the_limit_of_mails(ada: Person, gateway: Gateway) -> None:
    with clock.travel(clock.now()):
        allowed = [mail_allowed("here", f"a+{n}@post.example", "198.51.100.7") for n in range(7)]
    assert allowed == [True] * 5 + [False] * 2


def test_h18_who_has_a_way_in_and_no_address_is_not_taken_over(client: Client, bare: Person, gateway: Gateway) -> None:
    with Scope(system("test", {bare.controller.pk}), "sign_in", frozenset({bare.subject_id})) as scope:
        login = open_account(
            scope=scope, subject_id=bare.subject_id, register_id=bare.controller.register_id, at=clock.now()
        )
    passwords.keep(login=login, password=GOOD, at_least=12)
    pending, by_mail, by_sms = _register(client, gateway)
    answer = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
    assert (answer.status_code, "kan nås" in answer.text) == (422, True)
    assert _home(client) == 302
    assert Password.objects.exists()


def test_b6_without_text_messages_there_is_no_registration(ada: Person, gateway: Gateway) -> None:
    browser = Client(raise_request_exception=False)
    assert browser.get(f"/{KEY}/register/").status_code == 200
    assert f"/{KEY}/register/" in browser.get(f"/{KEY}/sign-in/lost/").text
    gateway.ready = lambda: False  # type: ignore[method-assign]
    for changed in ({"national_number": "20877130054"}, {}):
        assert browser.post(f"/{KEY}/register/", _typed(**changed)).status_code == 404
    assert f"/{KEY}/register/" not in browser.get(f"/{KEY}/sign-in/lost/").text


def _lost(client: Client, gateway: Gateway, **changed: str) -> str:
    """Access asked for, with both codes; the way in the link of the warning."""
    pending, by_mail, by_sms = _register(client, gateway, **changed)
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
        pending, by_mail, by_sms = _register(client, gateway)
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
    before = _mails()
    refused = _at_the_desk(worker, "Bo")
    assert (refused.status_code, "kan nås" in refused.text) == (422, True), "a number, and no gateway"
    assert _mails() == before + 1, "the code"
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


@pytest.fixture(autouse=True)
def _settled() -> Iterator[None]:
    yield
    outbox.wait()
