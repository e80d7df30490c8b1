"""Signing in with a one-time code: once, in time, few tries, and no answer about who is known (H18, G6)."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.faces.conftest import Person, last_code, make_person, sign_in
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as outbox
from tillit.parties import dead
from tillit.parties import staff as staffing
from tillit.parties.models import Fact, Login, Rate, RememberedDevice, Session, SignInCode
from tillit.parties.rates import truncated

pytestmark = pytest.mark.django_db


def _ask(client: Client, typed: str, key: str = "rundtur", **extra: str) -> int:
    return client.post(f"/{key}/sign-in/", {"address": typed}, **extra).status_code


def _accept_cookies(client: Client, key: str = "rundtur") -> None:
    client.post(f"/{key}/cookies/choice/", {"choice": "accept"})


def _try(client: Client, code: str, key: str = "rundtur") -> bool:
    return client.post(f"/{key}/sign-in/code/", {"code": code}).status_code == 302


def test_h18_a_code_by_e_mail_signs_in_and_is_on_record(client: Client, kari: Person) -> None:
    assert client.get("/rundtur/min-side/").status_code == 302
    sign_in(client, kari)
    assert client.get("/rundtur/min-side/").status_code == 200
    assert mail.outbox[-1].to == [kari.email]
    login = Login.objects.get(subject_id=kari.subject_id)
    assert Session.objects.filter(login=login).count() == 1
    with Scope(system("test", {kari.controller.pk}), "security_log"):
        event = Event.objects.get(type="login.succeeded")
        assert (event.subject_id, event.details) == (kari.subject_id, {"login": login.pk, "method": "email_code"})


def test_the_phone_number_on_record_leads_to_the_same_mail(client: Client, kari: Person) -> None:
    assert _ask(client, "40000111") == 302
    assert _try(client, last_code())
    assert mail.outbox[-1].to == [kari.email]


def test_f5_an_address_that_bounced_still_gets_the_code_and_lives_when_the_person_gives_it_again(
    client: Client, kari: Person
) -> None:
    club = kari.controller
    with Scope(system("test", {club.pk}), "retention", frozenset({kari.subject_id})) as scope:
        assert (
            dead.fail(
                scope=scope,
                register_id=club.register_id,
                subject_id=kari.subject_id,
                address=kari.email,
                at=clock.now(),
            )
            == 1
        )
    sign_in(client, kari)
    assert mail.outbox[-1].to == [kari.email]
    asked = client.post("/rundtur/min-side/profile/email/", {"email": kari.email}).text
    pending = re.findall(r'name="pending" value="([^"]+)"', asked)[0]
    answer = client.post("/rundtur/min-side/profile/email/", {"code": last_code(), "pending": pending})
    assert answer.status_code == 302
    with Scope(system("test", {club.pk}), "retention", frozenset({kari.subject_id})):
        (fact,) = Fact.objects.filter(subject_id=kari.subject_id, kind="email", superseded_at__isnull=True)
        assert fact.failed_at is None


def test_h18_an_unknown_address_gets_the_same_answer_and_no_mail(client: Client, kari: Person) -> None:
    known, unknown = Client(), Client()
    answers = [
        (c.post("/rundtur/sign-in/", {"address": a}), c.get("/rundtur/sign-in/code/"))
        for c, a in ((known, kari.email), (unknown, "nobody@post.example"))
    ]
    outbox.wait()
    assert len(mail.outbox) == 1
    (first, page), (second, other) = answers
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    assert set(first.cookies) == set(second.cookies)
    strip = lambda text: [line for line in text.splitlines() if "csrfmiddlewaretoken" not in line]  # noqa: E731
    assert strip(page.text) == strip(other.text)
    assert SignInCode.objects.count() == 2
    wrong = [c.post("/rundtur/sign-in/code/", {"code": "000000"}) for c in (known, unknown)]
    assert wrong[0].status_code == wrong[1].status_code == 422
    assert strip(wrong[0].text) == strip(wrong[1].text)


def test_a_known_and_an_unknown_address_cost_the_same_statements(kari: Person) -> None:
    counts = []
    for typed in (kari.email, "nobody@post.example"):
        with CaptureQueriesContext(connection) as seen:
            _ask(Client(), typed)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_code_works_once(client: Client, kari: Person) -> None:
    _ask(client, kari.email)
    code = last_code()
    other = Client()
    other.cookies = client.cookies.copy()
    assert _try(client, code)
    assert not other.post("/rundtur/sign-in/code/", {"code": code}).has_header("Location") or (
        other.get("/rundtur/min-side/").status_code == 302
    )


def test_a_code_works_in_the_browser_that_asked_only(client: Client, kari: Person) -> None:
    _ask(client, kari.email)
    other = Client()
    _ask(other, "nobody@post.example")
    assert not _try(other, last_code())
    assert _try(client, last_code())


def test_a_code_is_too_old_after_ten_minutes(client: Client, kari: Person) -> None:
    start = clock.now()
    with clock.travel(start):
        _ask(client, kari.email)
        code = last_code()
    with clock.travel(start + timedelta(minutes=10)):
        assert not _try(client, code)
    with clock.travel(start + timedelta(minutes=9, seconds=59)):
        assert _try(client, code)


def test_five_wrong_tries_spend_the_code(client: Client, kari: Person) -> None:
    _ask(client, kari.email)
    code = last_code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(4):
        assert not _try(client, wrong)
    assert "Be om en ny" in client.post("/rundtur/sign-in/code/", {"code": wrong}).text
    assert not _try(client, code)


def test_the_fifth_try_may_be_right(client: Client, kari: Person) -> None:
    _ask(client, kari.email)
    code = last_code()
    for _ in range(4):
        assert not _try(client, f"{(int(code) + 1) % 10**6:06d}")
    assert _try(client, code)


def test_nothing_stored_tells_the_code_or_the_address(client: Client, kari: Person) -> None:
    _ask(client, kari.email)
    code = last_code()
    rows = [*SignInCode.objects.values(), *Rate.objects.values(), *Session.objects.values()]
    held = repr(rows) + repr([s.get_decoded() for s in Session.objects.all()])
    assert str(kari.subject_id) in held
    assert code not in held
    assert kari.email not in held
    assert "127.0.0" not in held


_QUARTER = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def _mails() -> int:
    outbox.wait()
    return len(mail.outbox)


def test_one_address_gets_few_mails_from_one_network_and_then_one_in_five_minutes(kari: Person) -> None:
    with clock.travel(_QUARTER):
        for n in range(8):
            assert _ask(Client(), kari.email, REMOTE_ADDR=f"198.51.100.{n}") == 302
        assert _mails() == 5
    with clock.travel(_QUARTER + timedelta(minutes=5)):
        for _ in range(3):
            assert _ask(Client(), kari.email, REMOTE_ADDR="198.51.100.9") == 302
        assert _mails() == 6, "spaced, not silent"


def test_h18_nobody_keeps_another_person_from_signing_in(client: Client, kari: Person) -> None:
    """Neither from one other network nor from many at once; and mail to one address stays bounded."""
    with clock.travel(_QUARTER):
        for n in range(40):
            _ask(Client(), kari.email, REMOTE_ADDR=f"198.51.{n // 8}.7")
        assert _mails() == 20 + 1, "twenty, and one to the network that had none yet"
        mail.outbox.clear()
        assert _ask(client, kari.email, REMOTE_ADDR="203.0.113.9") == 302
        assert _mails() == 1
        assert _try(client, last_code())


def test_h18_one_controller_s_visitors_do_not_use_up_another_s_or_the_staff_s_tries(kari: Person) -> None:
    answers = [_ask(Client(), f"nobody{n}@post.example") for n in range(62)]
    assert answers[-1] == 429
    assert _ask(Client(), "nobody@post.example", key="lyngheim") == 302
    assert Client().post("/staff/sign-in/", {"address": "nobody@arbeid.example"}).status_code == 302


def test_h18_behind_a_proxy_visitors_are_told_apart_by_what_the_proxy_states(kari: Person, settings: Any) -> None:
    def ask(forwarded: str) -> int:
        return _ask(Client(), "nobody@post.example", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR="192.0.2.1")

    settings.TRUSTED_PROXIES = 1
    # What the visitor writes in front makes nobody somebody else …
    answers = [ask(f"203.0.{n}.5, 198.51.100.7") for n in range(62)]
    assert (answers[0], answers[-1]) == (302, 429)
    # … and another visitor of the same proxy is not made to wait.
    assert ask("203.0.113.9") == 302
    assert ask("198.51.100.7:4711") == 429
    settings.TRUSTED_PROXIES = 2
    assert ask("203.0.113.9, 198.51.100.7") == 302
    assert ask("198.51.100.7, 203.0.113.9") == 429
    settings.TRUSTED_PROXIES = 0
    assert ask("198.51.100.7") == 302


def test_an_ipv4_address_in_ipv6_dress_is_itself() -> None:
    assert truncated("::ffff:198.51.100.77") == "198.51.100.0/24"


def test_h18_a_known_and_an_unknown_colleague_cost_the_same_statements(controllers: dict[str, Controller]) -> None:
    staffing.add(
        email="siv@arbeid.example",
        name="Siv Vakt",
        controller=controllers["rundtur"],
        role="customer_service",
        confidentiality=date(2026, 1, 1),
    )
    counts = []
    for typed in ("siv@arbeid.example", "nobody@arbeid.example"):
        with CaptureQueriesContext(connection) as seen:
            Client().post("/staff/sign-in/", {"address": typed})
        counts.append(len(seen))
    assert _mails() == 1
    assert counts[0] == counts[1]


def test_one_network_is_made_to_wait(client: Client, kari: Person) -> None:
    answers = [_ask(Client(), f"nobody{n}@post.example", REMOTE_ADDR=f"198.51.100.{n}") for n in range(62)]
    assert (answers[0], answers[-1]) == (302, 429)
    assert _ask(Client(), kari.email, REMOTE_ADDR="203.0.113.9") == 302


def test_network_addresses_are_truncated() -> None:
    assert truncated("198.51.100.77") == "198.51.100.0/24"
    assert truncated("2001:db8:1:2::5") == "2001:db8:1::/48"
    assert truncated("unix socket") == ""


def test_a1_a_person_in_two_registers_is_two_logins(client: Client, controllers: dict[str, Controller]) -> None:
    here = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    there = make_person(controllers["steinlia"], "Eva", "Strand", "+47 400 00 113")
    assert here.email == there.email
    sign_in(client, here)
    assert client.get("/lyngheim/min-side/").status_code == 200
    assert client.get("/steinlia/min-side/").status_code == 302
    sign_in(client, there)
    assert client.get("/steinlia/min-side/").status_code == 200
    assert client.get("/lyngheim/min-side/").status_code == 302
    assert (
        Login.objects.filter(subject_id=here.subject_id).get()
        != Login.objects.filter(subject_id=there.subject_id).get()
    )


def test_signing_out_ends_the_session_on_the_server(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    stolen = Client()
    stolen.cookies = client.cookies.copy()
    assert stolen.get("/rundtur/min-side/").status_code == 200
    assert client.get("/rundtur/sign-out/").status_code == 405
    client.post("/rundtur/sign-out/")
    assert stolen.get("/rundtur/min-side/").status_code == 302


def test_the_session_key_changes_on_signing_in(client: Client, kari: Person) -> None:
    _ask(client, kari.email)
    before = client.cookies["tillit_session"].value
    assert _try(client, last_code())
    assert client.cookies["tillit_session"].value != before


def test_a_session_lasts_twelve_hours(client: Client, kari: Person) -> None:
    start = clock.now()
    with clock.travel(start):
        sign_in(client, kari)
    with clock.travel(start + timedelta(hours=11, minutes=59)):
        assert client.get("/rundtur/min-side/").status_code == 200
    with clock.travel(start + timedelta(hours=12)):
        assert client.get("/rundtur/min-side/").status_code == 302


def test_g6_a_browser_stays_signed_in_when_asked_and_as_long_as_declared(client: Client, kari: Person) -> None:
    start = clock.now()
    with clock.travel(start):
        _accept_cookies(client)
        _ask(client, kari.email)
        answer = client.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
        cookie = answer.cookies["tillit_remember"]
        assert (cookie["max-age"], cookie["path"], cookie["httponly"]) == (30 * 24 * 3600, "/rundtur/", True)
        assert cookie.value not in repr(list(RememberedDevice.objects.values()))
    with clock.travel(start + timedelta(days=20)):
        renewed = client.get("/rundtur/min-side/")
        assert renewed.status_code == 200
        assert renewed.cookies["tillit_remember"]["max-age"] == 30 * 24 * 3600
    with clock.travel(start + timedelta(days=49)):
        assert client.get("/rundtur/min-side/").status_code == 200
    with clock.travel(start + timedelta(days=80)):
        assert client.get("/rundtur/min-side/").status_code == 302


def test_g6_nobody_is_remembered_who_did_not_ask(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    assert "tillit_remember" not in client.cookies
    assert not RememberedDevice.objects.exists()


def test_g6_a_controller_that_does_not_declare_the_cookie_does_not_offer_it(
    client: Client, controllers: dict[str, Controller]
) -> None:
    for key, kind, offered in (("fjordlys", "customer", True), ("lyngheim", "member", False)):
        ada = make_person(controllers[key], "Ada", "Strand", "+47 400 00 114", kind=kind)
        _accept_cookies(client, key)
        _ask(client, ada.email, key)
        assert ('name="remember"' in client.get(f"/{key}/sign-in/code/").text) is offered
        answer = client.post(f"/{key}/sign-in/code/", {"code": last_code(), "remember": "1"})
        assert ("tillit_remember" in answer.cookies) is offered


def test_g6_signing_out_forgets_the_browser(client: Client, kari: Person) -> None:
    _accept_cookies(client)
    _ask(client, kari.email)
    client.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
    stolen = client.cookies["tillit_remember"].value
    client.post("/rundtur/sign-out/")
    thief = Client()
    thief.cookies["tillit_remember"] = stolen
    _accept_cookies(thief)
    assert thief.get("/rundtur/min-side/").status_code == 302


def test_g6_a_token_of_one_register_opens_no_other(client: Client, kari: Person) -> None:
    _accept_cookies(client)
    _ask(client, kari.email)
    client.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
    elsewhere = Client()
    elsewhere.cookies["tillit_remember"] = client.cookies["tillit_remember"].value
    _accept_cookies(elsewhere, "elvebakken")
    _accept_cookies(elsewhere)
    assert elsewhere.get("/elvebakken/min-side/").status_code == 302
    assert elsewhere.get("/rundtur/min-side/").status_code == 200


def test_g6_ending_other_sign_ins_forgets_other_browsers(client: Client, kari: Person) -> None:
    other = Client()
    for browser in (client, other):
        _accept_cookies(browser)
        _ask(browser, kari.email)
        browser.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
    client.post("/rundtur/min-side/sign-ins/", {"session": "others"})
    assert other.get("/rundtur/min-side/").status_code == 302
    assert client.get("/rundtur/min-side/").status_code == 200


def test_g2_staying_signed_in_waits_for_a_yes_to_its_kind_of_cookie(client: Client, kari: Person) -> None:
    for choice in ("", "reject"):
        client.post("/rundtur/cookies/choice/", {"choice": choice})
        _ask(client, kari.email)
        page = client.get("/rundtur/sign-in/code/").text
        assert 'name="remember"' not in page
        assert "forbli innlogget" in page
        answer = client.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
        assert answer.status_code == 302
        assert "tillit_remember" not in answer.cookies
        client.post("/rundtur/sign-out/")
    assert not RememberedDevice.objects.exists()


def test_g2_withdrawing_the_yes_deletes_what_was_set_in_the_browser_and_here(client: Client, kari: Person) -> None:
    _accept_cookies(client)
    _ask(client, kari.email)
    client.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
    token = client.cookies["tillit_remember"].value
    assert RememberedDevice.objects.count() == 1
    answer = client.post("/rundtur/cookies/choice/", {"choice": "reject"})
    assert (answer.cookies["tillit_remember"].value, answer.cookies["tillit_remember"]["max-age"]) == ("", 0)
    assert answer.cookies["tillit_remember"]["path"] == "/rundtur/"
    assert not RememberedDevice.objects.exists()
    kept = Client()
    kept.cookies["tillit_remember"] = token
    _accept_cookies(kept)
    assert kept.get("/rundtur/min-side/").status_code == 302
    assert client.get("/rundtur/min-side/").status_code == 200, "the session itself is necessary"


def test_g2_what_a_browser_holds_is_not_read_once_the_yes_has_lapsed(client: Client, kari: Person) -> None:
    _accept_cookies(client)
    _ask(client, kari.email)
    client.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
    del client.cookies["tillit_session"]
    choice = client.cookies.pop("tillit_cookie_choice")
    assert client.get("/rundtur/min-side/").status_code == 302
    client.cookies["tillit_cookie_choice"] = choice.value
    assert client.get("/rundtur/min-side/").status_code == 200
