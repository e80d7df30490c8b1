"""Signing in with a one-time code: once, in time, few tries, and no answer about who is known (H18)."""

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
from tillit.parties.models import Fact, Login, Rate, Session, SignInCode
from tillit.parties.rates import truncated

pytestmark = pytest.mark.django_db


def ask(client: Client, typed: str, key: str = "rundtur", **extra: str) -> int:
    return client.post(f"/{key}/sign-in/", {"address": typed}, **extra).status_code


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
    assert ask(client, "40000111") == 302
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
            ask(Client(), typed)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_code_works_once(client: Client, kari: Person) -> None:
    ask(client, kari.email)
    code = last_code()
    other = Client()
    other.cookies = client.cookies.copy()
    assert _try(client, code)
    assert not other.post("/rundtur/sign-in/code/", {"code": code}).has_header("Location") or (
        other.get("/rundtur/min-side/").status_code == 302
    )


def test_a_code_works_in_the_browser_that_asked_only(client: Client, kari: Person) -> None:
    ask(client, kari.email)
    other = Client()
    ask(other, "nobody@post.example")
    assert not _try(other, last_code())
    assert _try(client, last_code())


def test_a_code_is_too_old_after_ten_minutes(client: Client, kari: Person) -> None:
    start = clock.now()
    with clock.travel(start):
        ask(client, kari.email)
        code = last_code()
    with clock.travel(start + timedelta(minutes=10)):
        assert not _try(client, code)
    with clock.travel(start + timedelta(minutes=9, seconds=59)):
        assert _try(client, code)


def test_five_wrong_tries_spend_the_code(client: Client, kari: Person) -> None:
    ask(client, kari.email)
    code = last_code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(4):
        assert not _try(client, wrong)
    assert "Be om en ny" in client.post("/rundtur/sign-in/code/", {"code": wrong}).text
    assert not _try(client, code)


def test_the_fifth_try_may_be_right(client: Client, kari: Person) -> None:
    ask(client, kari.email)
    code = last_code()
    for _ in range(4):
        assert not _try(client, f"{(int(code) + 1) % 10**6:06d}")
    assert _try(client, code)


def test_nothing_stored_tells_the_code_or_the_address(client: Client, kari: Person) -> None:
    ask(client, kari.email)
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
            assert ask(Client(), kari.email, REMOTE_ADDR=f"198.51.100.{n}") == 302
        assert _mails() == 5
    with clock.travel(_QUARTER + timedelta(minutes=5)):
        for _ in range(3):
            assert ask(Client(), kari.email, REMOTE_ADDR="198.51.100.9") == 302
        assert _mails() == 6, "spaced, not silent"


def test_h18_nobody_keeps_another_person_from_signing_in(client: Client, kari: Person) -> None:
    """Neither from one other network nor from many at once; and mail to one address stays bounded."""
    with clock.travel(_QUARTER):
        for n in range(40):
            ask(Client(), kari.email, REMOTE_ADDR=f"198.51.{n // 8}.7")
        assert _mails() == 20 + 1, "twenty, and one to the network that had none yet"
        mail.outbox.clear()
        assert ask(client, kari.email, REMOTE_ADDR="203.0.113.9") == 302
        assert _mails() == 1
        assert _try(client, last_code())


def test_h18_one_controller_s_visitors_do_not_use_up_another_s_or_the_staff_s_tries(kari: Person) -> None:
    answers = [ask(Client(), f"nobody{n}@post.example") for n in range(62)]
    assert answers[-1] == 429
    assert ask(Client(), "nobody@post.example", key="lyngheim") == 302
    assert Client().post("/staff/sign-in/", {"address": "nobody@arbeid.example"}).status_code == 302


def test_h18_behind_a_proxy_visitors_are_told_apart_by_what_the_proxy_states(kari: Person, settings: Any) -> None:
    def visit(forwarded: str) -> int:
        return ask(Client(), "nobody@post.example", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR="192.0.2.1")

    settings.TRUSTED_PROXIES = 1
    # What the visitor writes in front makes nobody somebody else …
    answers = [visit(f"203.0.{n}.5, 198.51.100.7") for n in range(62)]
    assert (answers[0], answers[-1]) == (302, 429)
    # … and another visitor of the same proxy is not made to wait.
    assert visit("203.0.113.9") == 302
    assert visit("198.51.100.7:4711") == 429
    settings.TRUSTED_PROXIES = 2
    assert visit("203.0.113.9, 198.51.100.7") == 302
    assert visit("198.51.100.7, 203.0.113.9") == 429
    settings.TRUSTED_PROXIES = 0
    assert visit("198.51.100.7") == 302


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
    answers = [ask(Client(), f"nobody{n}@post.example", REMOTE_ADDR=f"198.51.100.{n}") for n in range(62)]
    assert (answers[0], answers[-1]) == (302, 429)
    assert ask(Client(), kari.email, REMOTE_ADDR="203.0.113.9") == 302


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
    ask(client, kari.email)
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
