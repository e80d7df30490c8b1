"""The desk: people signed up with their identity seen, and their cards (C1, C4)."""

import re

import pytest

from tests.faces.conftest import Person
from tests.faces.test_joining import FORM, MOBILE, known, mail_code, text_code
from tests.faces.test_staff import at_work, find, hire, link
from tests.support.shops import card_number
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, system
from tillit.membership.models import TermsAcceptance

pytestmark = pytest.mark.django_db
PATH = "/staff/rundtur/enrol/"


def pending(page: str) -> str:
    found = re.search(r'name="pending" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_c1_a_person_is_signed_up_at_the_desk_with_identity_seen_and_both_codes(
    controllers: dict[str, Controller],
) -> None:
    client = at_work(hire(controllers["rundtur"], "reception"))
    assert "enrol/" in find(client, "nobody", purpose="membership_administration")
    assert 'data-form="join_reception"' in client.get(PATH).text
    typed = {key: value for key, value in FORM.items() if key != "terms"}
    refused = client.post(PATH, typed)
    assert (refused.status_code, "identity-error" in refused.text) == (422, True)
    page = client.post(PATH, {**typed, "identity": "passport"}).text
    code = {"pending": pending(page), "email_code": mail_code(FORM["email"]), "mobile_code": text_code(MOBILE)}
    assert client.post(PATH, {**code, "email_code": "12"}).status_code == 422
    assert known(controllers) is None
    done = client.post(PATH, code)
    assert done.status_code == 200
    subject = known(controllers)
    assert subject is not None
    assert client.get(link(done.text)).status_code == 200
    with Scope(system("test", {controllers["rundtur"].pk}), "membership_administration", frozenset({subject})):
        assert TermsAcceptance.objects.get(subject_id=subject).route == "reception"
    with Scope(system("test", {controllers["rundtur"].pk}), "security_log", frozenset({subject})):
        event = Event.objects.get(subject_id=subject, type="membership.joined")
        assert (event.details["identity"], event.actor_kind) == ("passport", "staff")


def test_c1_only_who_has_the_role_signs_people_up(controllers: dict[str, Controller]) -> None:
    client = at_work(hire(controllers["rundtur"], "store"))
    assert client.get(PATH).status_code == 404
    assert client.post(PATH, FORM).status_code == 404
    desk = at_work(hire(controllers["lyngheim"], "reception", name="Una Bord"))
    assert desk.get("/staff/lyngheim/enrol/").status_code == 404


def test_c4_staff_register_remove_and_put_back_a_card_of_the_person_before_them(
    controllers: dict[str, Controller], kari: Person
) -> None:
    client = at_work(hire(controllers["rundtur"]))
    path = link(find(client, "nordseth")) + "cards/"
    assert client.post(path, {"act": "add", "number": card_number(5)}).status_code == 422
    page = client.post(path, {"act": "add", "number": card_number(5), "own": "1"}, follow=True).text
    assert f"•••• {card_number(5)[-4:]}" in page
    assert card_number(5) not in page
    card = re.search(r'name="card" value="(\d+)"', page)
    assert card is not None
    assert "put_back" in client.post(path, {"act": "remove", "card": card.group(1)}, follow=True).text
    assert "put_back" not in client.post(path, {"act": "put_back", "card": card.group(1)}, follow=True).text
    wrong = client.post(path, {"act": "add", "number": card_number(5)[:-1] + "x", "own": "1"})
    assert (wrong.status_code, card_number(5)[:-1] in wrong.text) == (422, False)
    reception = at_work(hire(controllers["rundtur"], "reception", name="Rita Bord"))
    found = link(find(reception, "nordseth", purpose="membership_administration"))
    assert reception.get(found + "cards/").status_code == 404
