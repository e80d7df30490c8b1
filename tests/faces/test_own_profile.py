"""Name, phone and address that a person corrects on Min side (H2, H18)."""

import re
from datetime import date, timedelta

import pytest
from django.core import mail
from django.test import Client

from tests.faces.conftest import Person, last_code, make_person, sign_in
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.journeys.phones import confirm_phone
from tillit.kernel import clock
from tillit.kernel.identifiers.phone import format_for_reader, normalise
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as outbox
from tillit.parties import staff as staffing
from tillit.parties.actors import staff_actor
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.lookup import by_address
from tillit.parties.models import Fact

pytestmark = pytest.mark.django_db
MIN = "/rundtur/min-side/"


def _confirm(subject_id: int, controller: Controller) -> Fact | None:
    staff = staffing.add(
        email="siv@arbeid.example",
        name="Siv Vakt",
        controller=controller,
        role="customer_service",
        confidentiality=date(2026, 1, 1),
    )
    actor = staff_actor(staff=staff, controller=controller)
    return confirm_phone(actor=actor, controller=controller, activity="customer_service", subject_id=subject_id)


def test_h2_name_and_phone_are_corrected_and_the_old_number_signs_in_no_more(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    client.post(f"{MIN}profile/name/", {"given": "Kari  Anne", "family": "Nordseth"})
    client.post(f"{MIN}profile/phone/", {"phone": "400 00 222"})
    page = client.get(f"{MIN}profile/").text
    assert 'value="Kari Anne"' in page
    assert format_for_reader("+4740000222") in page
    assert format_for_reader(kari.phone) in page, "the old number counts until the new one is confirmed"
    before = len(mail.outbox)
    Client().post("/rundtur/sign-in/", {"address": "40000222"})
    outbox.wait()
    assert len(mail.outbox) == before
    assert _confirm(kari.subject_id, kari.controller)
    Client().post("/rundtur/sign-in/", {"address": "40000111"})
    outbox.wait()
    assert len(mail.outbox) == before
    Client().post("/rundtur/sign-in/", {"address": "40000222"})
    outbox.wait()
    assert len(mail.outbox) == before + 1
    with Scope(system("test", {kari.controller.pk}), "security_log"):
        kinds = {e.details["kind"] for e in Event.objects.filter(type="person.corrected")}
    assert kinds == {"name.given", "unconfirmed.phone", "phone"}
    assert _confirm(kari.subject_id, kari.controller) is None


def test_h18_a_number_that_is_typed_in_claims_nothing_and_tells_nothing(
    client: Client, kari: Person, ola: Person
) -> None:
    sign_in(client, kari)
    answers = []
    for number in (ola.phone, "+47 400 00 777"):
        answer = client.post(f"{MIN}profile/phone/", {"phone": number}, follow=True)
        shown = format_for_reader(normalise(number))
        assert shown in answer.text
        answers.append((answer.redirect_chain, _without_tokens(answer.text).replace(shown, "")))
    assert answers[0] == answers[1]
    # Its owner may still join with it, and staff are not led to whoever typed it.
    assert by_address(register_id=kari.controller.register_id, text="+4740000777") is None
    client.post(f"{MIN}profile/phone/", {"phone": ola.phone})
    with pytest.raises(AlreadyClaimedError):
        _confirm(kari.subject_id, kari.controller)
    assert by_address(register_id=kari.controller.register_id, text=ola.phone) == ola.subject_id
    # The number on record, typed again, takes the other one back.
    client.post(f"{MIN}profile/phone/", {"phone": kari.phone})
    assert _confirm(kari.subject_id, kari.controller) is None


def test_h18_numbers_are_not_tried_out_one_after_the_other(client: Client, kari: Person, ola: Person) -> None:
    sign_in(client, kari)
    answers = [client.post(f"{MIN}profile/phone/", {"phone": f"400 00 {n}"}).status_code for n in range(300, 306)]
    assert answers == [302] * 5 + [429]
    with clock.travel(clock.now() + timedelta(hours=1)):
        assert client.post(f"{MIN}profile/phone/", {"phone": "400 00 310"}).status_code == 302


def _without_tokens(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)


def test_h2_what_cannot_be_read_is_refused_with_a_reason(client: Client, kari: Person, ola: Person) -> None:
    sign_in(client, kari)
    for form, values, reason in (
        ("name", {"given": "", "family": "x"}, "Skriv både fornavn og etternavn"),
        ("phone", {"phone": "12"}, "Telefonnummeret kan ikke leses"),
        ("email", {"email": "nowhere"}, "Adressen kan ikke leses"),
    ):
        answer = client.post(f"{MIN}profile/{form}/", values)
        assert answer.status_code == 422
        assert reason in answer.text


def test_a_new_address_is_used_only_when_its_code_comes_back_and_the_old_one_is_told(
    client: Client, kari: Person
) -> None:
    sign_in(client, kari)
    page = client.post(f"{MIN}profile/email/", {"email": "Kari.Ny@post.example"}).text
    pending = re.search(r'name="pending" value="([^"]+)"', page)
    assert pending is not None
    code = last_code()
    assert mail.outbox[-1].to == ["Kari.Ny@post.example"]
    wrong = client.post(f"{MIN}profile/email/", {"pending": pending.group(1), "code": "000000"})
    assert wrong.status_code == 422
    assert "Kari.Ny" not in client.get(f"{MIN}profile/").text
    assert client.post(f"{MIN}profile/email/", {"pending": pending.group(1) + "x", "code": code}).status_code == 422
    assert client.post(f"{MIN}profile/email/", {"pending": pending.group(1), "code": code}).status_code == 302
    assert "Kari.Ny@post.example" in client.get(f"{MIN}profile/").text
    outbox.wait()
    assert mail.outbox[-1].to == [kari.email]
    with Scope(system("test", {kari.controller.pk}), "rights_requests"):
        kept = Fact.objects.filter(subject_id=kari.subject_id, kind="email").order_by("collected_at")
        assert [(f.value, f.superseded_at is None) for f in kept] == [
            (kari.email, False),
            ("Kari.Ny@post.example", True),
        ]


def test_the_address_of_another_is_refused_only_to_who_reads_its_mail(
    client: Client, kari: Person, ola: Person
) -> None:
    sign_in(client, kari)
    page = client.post(f"{MIN}profile/email/", {"email": ola.email})
    assert page.status_code == 200
    pending = re.search(r'name="pending" value="([^"]+)"', page.text)
    assert pending is not None
    answer = client.post(f"{MIN}profile/email/", {"pending": pending.group(1), "code": last_code()})
    assert "Denne adressen kan ikke brukes her" in answer.text


def test_h2_a_name_that_the_union_keeps_is_not_corrected_here(
    client: Client, controllers: dict[str, Controller]
) -> None:
    eva = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    sign_in(client, eva)
    page = client.get("/lyngheim/min-side/profile/").text
    assert 'name="given"' not in page
    assert "fører navnet ditt" in page
