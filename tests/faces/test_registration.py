"""Member number and birth date as a first factor; registration with both numbers (B4, B6)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.faces.conftest import Gateway, Person, last_code, sign_in
from tests.faces.ways import KEY, NATIONAL, NUMBER, by_password, choose, home, mails, plain, register, typed
from tillit.declaration.queries import holder_of
from tillit.journeys import registration
from tillit.journeys.person_facts import keep_contact
from tillit.journeys.sign_in import mail_allowed
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.contacts import record_address
from tillit.parties.models import Session, SignInCode
from tillit.parties.rates import Limit
from tillit.privacy import anomalies

pytestmark = pytest.mark.django_db


def _number(client: Client, number: str = NUMBER, born: str = "1965-07-15") -> Any:
    return client.post(f"/{KEY}/sign-in/number/", {"member_number": number, "birth_date": born})


def test_b4_member_number_and_birth_date_are_a_first_factor_that_a_code_follows(client: Client, ada: Person) -> None:
    assert "brukes bare til å finne deg" in client.get(f"/{KEY}/sign-in/number/").text
    assert _number(client, "ly4711").status_code == 302
    assert home(client) == 302, "never enough alone"
    code = last_code()
    assert mail.outbox[-1].to == [ada.email]
    assert client.post(f"/{KEY}/sign-in/code/", {"code": code}).status_code == 302
    assert home(client) == 200


def test_b4_wrong_numbers_and_dates_get_the_same_answer_the_same_work_and_no_code(ada: Person) -> None:
    counts, answers = [], []
    for number, born in ((NUMBER, "1965-07-15"), (NUMBER, "1965-07-16"), ("LY 4712", "1965-07-15")):
        browser = Client()
        with CaptureQueriesContext(connection) as seen:
            answer = _number(browser, number, born)
        counts.append(len(seen))
        answers.append((answer["Location"], plain(browser.get(f"/{KEY}/sign-in/code/").text)))
    assert mails() == 1
    assert len(set(counts)) == 1
    assert answers[0] == answers[1] == answers[2]
    assert SignInCode.objects.count() == 3


def test_b4_birth_dates_are_not_tried_out(ada: Person) -> None:
    for n in range(1, 11):
        _number(Client(REMOTE_ADDR=f"198.51.{n}.9"), born=f"1965-08-{n:02d}")
    _number(Client())
    assert mails() == 0, "ten a day for one number"
    with clock.travel(clock.now() + timedelta(days=1)):
        _number(Client())
    assert mails() == 1


def test_b6_registration_verifies_both_numbers_and_registers_addresses_and_a_way_in(
    client: Client, bare: Person, gateway: Gateway
) -> None:
    assert "Det deles ikke med andre" in client.get(f"/{KEY}/register/").text
    pending, by_mail, by_sms = register(client, gateway)
    for wrong in ((by_mail, "000000"), ("000000", by_sms)):
        answer = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": wrong[0], "mobile_code": wrong[1]})
        assert (answer.status_code, "ikke riktige sammen" in answer.text) == (422, True)
    assert home(client) == 302
    done = client.post(f"/{KEY}/register/", {"pending": pending, "email_code": by_mail, "mobile_code": by_sms})
    assert done["Location"] == f"/{KEY}/min-side/sign-ins/"
    assert "Velg passord" in client.get(f"/{KEY}/min-side/sign-ins/").text
    assert choose(client).status_code == 302
    assert by_password(Client(), bare.email) == 302
    sign_in(Client(), bare)
    held = repr(list(SignInCode.objects.values())) + repr([s.get_decoded() for s in Session.objects.all()]) + pending
    assert NATIONAL not in held


def test_b6_numbers_that_do_not_belong_together_get_the_same_page_and_no_code(bare: Person, gateway: Gateway) -> None:
    pages = []
    counts = []
    for changed in ({}, {"member_number": "LY 4712"}, {"national_number": "20877130054"}):
        browser = Client()
        with CaptureQueriesContext(connection) as seen:
            answer = browser.post(f"/{KEY}/register/", typed(**changed))
        counts.append(len(seen))
        pages.append((answer.status_code, plain(answer.text)))
    assert (mails(), len(gateway.sent)) == (1, 1)
    assert pages[0] == pages[1] == pages[2]
    assert len(set(counts)) == 1


def test_h18_registration_does_not_tell_whose_national_number_is_a_member_s(
    ada: Person, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    with clock.travel(start):
        for n in range(5):
            Client().post(f"/{KEY}/register/", typed(member_number=f"LY {5000 + n}", email=f"a+{n}@post.example"))
        Client().post(f"/{KEY}/register/", typed(email="annen@post.example"))
        assert mails() == 0, "five a day for one national number"
    with clock.travel(start + timedelta(days=1)):
        Client().post(f"/{KEY}/register/", typed())
        assert mails() == 1
    monkeypatch.setattr(registration, "WRONG", Limit("register_wrong", 3, timedelta(hours=1)))
    with clock.travel(start + timedelta(days=2)):
        for n in range(3):
            Client().post(f"/{KEY}/register/", typed(member_number=f"LY {6000 + n}", national_number="20877130054"))
        Client().post(f"/{KEY}/register/", typed())
        assert mails() == 1, "pairs are tried out: no codes for an hour"
        made = anomalies.raise_suspicions()
        assert [one.key.partition(":")[0] for one in made] == ["registration"]
        assert anomalies.raise_suspicions() == []


def test_h18_tags_are_one_mailbox_for_the_limit_of_mails(ada: Person, gateway: Gateway) -> None:
    with clock.travel(clock.now()):
        allowed = [mail_allowed("here", f"a+{n}@post.example", "198.51.100.7") for n in range(7)]
    assert allowed == [True] * 5 + [False] * 2


def test_b6_without_text_messages_there_is_no_registration(ada: Person, gateway: Gateway) -> None:
    browser = Client(raise_request_exception=False)
    assert browser.get(f"/{KEY}/register/").status_code == 200
    assert f"/{KEY}/register/" in browser.get(f"/{KEY}/sign-in/lost/").text
    gateway.ready = lambda: False  # type: ignore[method-assign]
    for changed in ({"national_number": "20877130054"}, {}):
        assert browser.post(f"/{KEY}/register/", typed(**changed)).status_code == 404
    assert f"/{KEY}/register/" not in browser.get(f"/{KEY}/sign-in/lost/").text


def test_h18_an_address_that_somebody_else_states_is_no_way_in(bare: Person) -> None:
    holder = holder_of(controller_id=bare.controller.pk)
    where = {"subject_id": bare.subject_id, "controller_id": holder, "register_id": bare.controller.register_id}
    counts = []
    for record, source in ((None, ""), (keep_contact, "samklang_fordel"), (record_address, "data_subject")):
        with Scope(system("test", {holder, bare.controller.pk}), "membership_administration") as scope:
            if record is not None:
                record(scope=scope, **where, kind="email", text=bare.email, source=source, at=clock.now())
        with CaptureQueriesContext(connection) as seen:
            _number(Client())
        counts.append((mails(), len(seen)))
    assert [sent for sent, _ in counts] == [0, 0, 1], "who wrote a list of addresses does not get the code"
    assert len({statements for _, statements in counts}) == 1
