"""Codes by SMS, and new numbers (H18, H2)."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.faces.conftest import Gateway, Person, sign_in
from tests.faces.ways import KEY, home, mails, plain
from tillit.kernel import clock
from tillit.messages import mail as outbox

pytestmark = pytest.mark.django_db


def test_h18_a_code_by_sms_signs_in_and_goes_to_the_number_on_record_alone(
    client: Client, ada: Person, gateway: Gateway
) -> None:
    client.post(f"/{KEY}/sign-in/", {"address": "40000114"})
    code = gateway.code()
    assert [one.to for one in gateway.sent] == ["+4740000114"]
    assert mails() == 0
    assert client.post(f"/{KEY}/sign-in/code/", {"code": code}).status_code == 302
    assert home(client) == 200
    Client().post(f"/{KEY}/sign-in/", {"address": ada.email})
    assert (mails(), len(gateway.sent)) == (1, 1), "an e-mail address is answered by e-mail"


def test_h18_a_known_and_an_unknown_number_cost_the_same_and_get_the_same_answer(ada: Person, gateway: Gateway) -> None:
    counts, pages = [], []
    for typed in ("40000114", "40000999"):
        browser = Client()
        with CaptureQueriesContext(connection) as seen:
            browser.post(f"/{KEY}/sign-in/", {"address": typed})
        counts.append(len(seen))
        pages.append(plain(browser.get(f"/{KEY}/sign-in/code/").text))
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
        mails()
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
