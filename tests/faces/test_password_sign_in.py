"""Passwords: chosen, forgotten, locked, and telling nothing (B6, H18)."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.ways import GOOD, KEY, by_password, choose, home, plain
from tillit.audit.models import Event
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as outbox
from tillit.parties import passwords
from tillit.parties.credential_models import Password
from tillit.parties.models import Session

pytestmark = pytest.mark.django_db


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


def test_b6_a_password_is_chosen_after_a_code_told_in_words_and_signs_in(client: Client, ada: Person) -> None:
    sign_in(client, ada)
    other = Client()
    sign_in(other, ada)
    assert "minst 12 tegn" in choose(client, "for kort").text
    assert "ikke like" in choose(client, GOOD, "noe annet enn det").text
    refused = choose(client, "ada strand 1234")
    assert (refused.status_code, "vite om deg" in refused.text) == (422, True)
    assert "ada strand 1234" not in refused.text
    assert choose(client).status_code == 302
    assert home(other) == 302, "other browsers are signed out"
    outbox.wait()
    assert (mail.outbox[-1].to, GOOD in mail.outbox[-1].body) == ([ada.email], False)
    held = repr(list(Password.objects.values())) + repr([s.get_decoded() for s in Session.objects.all()])
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in held
    assert GOOD not in held
    fresh = Client()
    assert by_password(fresh, ada.email, GOOD.title()) == 422
    assert by_password(fresh, ada.email) == 302
    assert home(fresh) == 200
    assert by_password(Client(), ada.phone) == 302
    fresh.post(f"/{KEY}/min-side/sign-ins/password/remove/")
    assert by_password(Client(), ada.email) == 422
    with Scope(system("test", {ada.controller.pk}), "security_log"):
        said = {(e.type, e.details.get("method") or e.details.get("kind")) for e in Event.objects.all()}
    assert {("factor.added", "password"), ("factor.removed", "password"), ("login.succeeded", "password")} <= said


def test_b6_a_forgotten_password_is_replaced_after_a_code_and_only_by_who_has_just_signed_in(
    client: Client, ada: Person
) -> None:
    start = clock.now()
    with clock.travel(start):
        sign_in(client, ada)
        choose(client)
        sign_in(client, ada)
        assert choose(client, "to ravner under lia").status_code == 302
        assert by_password(Client(), ada.email) == 422
        assert by_password(Client(), ada.email, "to ravner under lia") == 302
    with clock.travel(start + timedelta(minutes=16)):
        assert choose(client, "tre rever bak berget")["Location"] == f"/{KEY}/min-side/sign-ins/"
        assert by_password(Client(), ada.email, "tre rever bak berget") == 422


def test_h18_a_password_locks_with_the_same_answer_and_the_code_still_works(client: Client, ada: Person) -> None:
    sign_in(client, ada)
    choose(client)
    answers = [plain(Client().post(f"/{KEY}/sign-in/password/", {"address": ada.email, "password": "galt " * 4}).text)]
    for _ in range(10):
        assert by_password(Client(), ada.email, "galt " * 4) == 422
    locked = Client().post(f"/{KEY}/sign-in/password/", {"address": ada.email, "password": GOOD})
    assert (locked.status_code, plain(locked.text)) == (422, answers[0])
    assert by_password(Client(REMOTE_ADDR="203.0.113.9"), ada.email) == 302, "another network is not locked"
    sign_in(Client(), ada)


def test_h18_a_password_tells_nothing_of_who_is_known(client: Client, ada: Person) -> None:
    sign_in(client, ada)
    choose(client)
    eva = make_person(ada.controller, "Eva", "Strand", "+47 400 00 115")
    answers = []
    for address in (ada.email, eva.email, "nobody@post.example"):
        answer = Client().post(f"/{KEY}/sign-in/password/", {"address": address, "password": "galt " * 4})
        answers.append((answer.status_code, plain(answer.text), sorted(answer.cookies)))
    assert answers[0] == answers[1] == answers[2]


def test_h18_a_password_costs_the_same_whoever_is_known_and_whether_or_not_it_is_locked(
    client: Client, ada: Person
) -> None:
    start = clock.now()
    with clock.travel(start):
        sign_in(client, ada)
        choose(client)
        eva = make_person(ada.controller, "Eva", "Strand", "+47 400 00 115")
        sign_in(Client(), eva)
        lone = make_person(ada.controller, "Liv", "Strand", "+47 400 00 116")
        known = Password.objects.get().last_used

    def cost(address: str, password: str = "galt " * 4) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert by_password(Client(), address, password) == 422
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
        choose(client)
    with clock.travel(start + timedelta(minutes=1)):
        assert [by_password(Client(), ada.email) for _ in range(12)] == [302] * 12
        assert Password.objects.get().last_used == start + timedelta(minutes=1)
        real, verified = passwords.is_right, []

        def while_others_try(*, login_id: int | None, password: str) -> bool:
            verified.append(password)
            if len(verified) < 14:  # the next one comes while this one is being verified
                by_password(Client(), ada.email, GOOD if len(verified) == 13 else "galt " * 4)
            return real(login_id=login_id, password=password)

        monkeypatch.setattr(passwords, "is_right", while_others_try)
        assert by_password(Client(), ada.email, "galt " * 4) == 422
        with Scope(system("test", {ada.controller.pk}), "security_log"):
            said = [e.details["reason"] for e in Event.objects.filter(type="login.failed")]
        assert (said.count("wrong"), said.count("locked")) == (10, 4), "the right one among them is refused"


def test_b6_a_controller_that_does_not_declare_passwords_has_none(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    assert client.get("/rundtur/min-side/sign-ins/password/").status_code == 404
    assert Client().get("/rundtur/sign-in/password/").status_code == 404
    assert Client().get("/rundtur/sign-in/number/").status_code == 404
    assert Client().get("/rundtur/register/").status_code == 404
