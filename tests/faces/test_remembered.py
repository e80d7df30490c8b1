"""A browser that stays signed in: when asked, as long as declared, after a yes to its kind of cookie (G2, G6)."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.faces.conftest import Person, last_code, make_person, sign_in
from tests.faces.test_sign_in import ask
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.parties.models import RememberedDevice

pytestmark = pytest.mark.django_db


def _accept_cookies(client: Client, key: str = "rundtur") -> None:
    client.post(f"/{key}/cookies/choice/", {"choice": "accept"})


def test_g6_a_browser_stays_signed_in_when_asked_and_as_long_as_declared(client: Client, kari: Person) -> None:
    start = clock.now()
    with clock.travel(start):
        _accept_cookies(client)
        ask(client, kari.email)
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


def test_g6_nobody_is_remembered_who_did_notask(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    assert "tillit_remember" not in client.cookies
    assert not RememberedDevice.objects.exists()


def test_g6_a_controller_that_does_not_declare_the_cookie_does_not_offer_it(
    client: Client, controllers: dict[str, Controller]
) -> None:
    for key, kind, offered in (("fjordlys", "customer", True), ("lyngheim", "member", False)):
        ada = make_person(controllers[key], "Ada", "Strand", "+47 400 00 114", kind=kind)
        _accept_cookies(client, key)
        ask(client, ada.email, key)
        assert ('name="remember"' in client.get(f"/{key}/sign-in/code/").text) is offered
        answer = client.post(f"/{key}/sign-in/code/", {"code": last_code(), "remember": "1"})
        assert ("tillit_remember" in answer.cookies) is offered


def test_g6_signing_out_forgets_the_browser(client: Client, kari: Person) -> None:
    _accept_cookies(client)
    ask(client, kari.email)
    client.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
    stolen = client.cookies["tillit_remember"].value
    client.post("/rundtur/sign-out/")
    thief = Client()
    thief.cookies["tillit_remember"] = stolen
    _accept_cookies(thief)
    assert thief.get("/rundtur/min-side/").status_code == 302


def test_g6_a_token_of_one_register_opens_no_other(client: Client, kari: Person) -> None:
    _accept_cookies(client)
    ask(client, kari.email)
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
        ask(browser, kari.email)
        browser.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
    client.post("/rundtur/min-side/sign-ins/", {"session": "others"})
    assert other.get("/rundtur/min-side/").status_code == 302
    assert client.get("/rundtur/min-side/").status_code == 200


def test_g2_staying_signed_in_waits_for_a_yes_to_its_kind_of_cookie(client: Client, kari: Person) -> None:
    for choice in ("", "reject"):
        client.post("/rundtur/cookies/choice/", {"choice": choice})
        ask(client, kari.email)
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
    ask(client, kari.email)
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
    ask(client, kari.email)
    client.post("/rundtur/sign-in/code/", {"code": last_code(), "remember": "1"})
    del client.cookies["tillit_session"]
    choice = client.cookies.pop("tillit_cookie_choice")
    assert client.get("/rundtur/min-side/").status_code == 302
    client.cookies["tillit_cookie_choice"] = choice.value
    assert client.get("/rundtur/min-side/").status_code == 200
