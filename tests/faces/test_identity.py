"""Address, birth date, gender, national number and interests on their pages (A6, F1)."""

import pytest
from django.db import connection
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_staff import at_work, find, hire, link
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, system
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Fact, SealedFact
from tillit.parties.queries import facts

pytestmark = pytest.mark.django_db


@pytest.fixture
def eva(controllers: dict[str, Controller]) -> Person:
    """A member of a union, whose register keeps national numbers."""
    return make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")


def synthetic() -> str:
    """A synthetic national number with its check digits."""
    from tillit.kernel.identifiers.national_number import check_digits

    first = next(f"138901{n:03d}" for n in range(500, 999) if check_digits(f"138901{n:03d}"))
    return first + str(check_digits(first))


def test_a6_the_desk_seals_a_national_number_and_the_person_opens_it_on_record(client: Client, eva: Person) -> None:
    number, controller = synthetic(), eva.controller
    desk = at_work(hire(controller))
    path = link(find(desk, "strand", key="lyngheim", purpose="membership_administration")) + "identity/"
    assert desk.post(path, {"national_number": number[:-1] + str((int(number[-1]) + 1) % 10)}).status_code == 422
    values = {"national_number": number, "birth_date": "1990-01-13", "gender": "female"}
    page = desk.post(path, values, follow=True)
    assert (page.status_code, number in page.text) == (200, False)
    assert number in desk.post(path, {"act": "show"}).text
    register = controller.register_id
    known = digest(register, Kind.NATIONAL_NUMBER, number)
    assert directories.resolve(register_id=register, kind=Kind.NATIONAL_NUMBER, digest=known) == eva.subject_id
    with Scope(system("test", {controller.pk}), "rights_requests", frozenset({eva.subject_id})):
        row = SealedFact.objects.get(subject_id=eva.subject_id)
        assert (row.collected_under, row.last_four) == ("membership_administration", "")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM parties_sealed_fact t WHERE t::text LIKE %s", [f"%{number}%"])
            assert cursor.fetchone()[0] == 0
    sign_in(client, eva)
    mine = client.get("/lyngheim/min-side/identity/", headers={"Accept-Language": "en"}).text
    assert "Woman" in mine
    assert "13 January 1990" in mine
    assert "Used for" in mine
    assert number not in mine
    assert number in client.post("/lyngheim/min-side/identity/", {"act": "show"}).text
    with Scope(system("test", {controller.pk}), "security_log", frozenset({eva.subject_id})):
        opened = Event.objects.filter(subject_id=eva.subject_id, type="key.opened").order_by("at")
        assert [event.actor_kind for event in opened] == ["staff", "member"]


def test_a6_another_person_s_national_number_is_refused_at_the_desk(eva: Person) -> None:
    other = make_person(eva.controller, "Unni", "Lie", "+47 400 00 114")
    desk = at_work(hire(eva.controller))
    paths = [
        link(find(desk, name, key="lyngheim", purpose="membership_administration")) + "identity/"
        for name in ("strand", "unni")
    ]
    assert desk.post(paths[0], {"national_number": synthetic()}).status_code == 302
    assert desk.post(paths[1], {"national_number": synthetic()}).status_code == 422
    assert other.subject_id != eva.subject_id


def test_a6_the_person_changes_the_address_and_not_what_the_register_alone_records(client: Client, eva: Person) -> None:
    sign_in(client, eva)
    path = "/lyngheim/min-side/identity/"
    page = client.get(path).text
    assert 'name="address.street"' in page
    assert 'name="birth_date"' not in page
    client.post(path, {"address.street": "Storgata 1", "address.postal_code": "0155", "address.city": "Oslo"})
    with Scope(system("test", {eva.controller.pk}), "self_service", frozenset({eva.subject_id})):
        assert facts(subject_id=eva.subject_id)["address.street"] == "Storgata 1"
    assert client.post(path, {"birth_date": "1990-01-13"}).status_code == 422
    assert client.post(path, {"address.postal_code": "!"}).status_code == 422
    with Scope(system("test", {eva.controller.pk}), "rights_requests", frozenset({eva.subject_id})):
        assert not Fact.objects.filter(subject_id=eva.subject_id, kind="birth_date").exists()


def test_f1_interests_are_stated_and_taken_back_by_the_person(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    path = "/rundtur/min-side/interests/"
    page = client.get(path, headers={"Accept-Language": "en"}).text
    assert "Overnight stays" in page
    assert "checked" not in page
    client.post(path, {"topic": ["overnight", "dining", "nothing"]})
    with Scope(system("test", {kari.controller.pk}), "newsletter", frozenset({kari.subject_id})):
        rows = Fact.objects.filter(subject_id=kari.subject_id, kind__startswith="interest.", superseded_at=None)
        assert set(rows.values_list("value", flat=True)) == {"overnight", "dining"}
        client.post(path, {"topic": ["dining"]})
        assert set(rows.values_list("value", flat=True)) == {"dining"}
    assert client.get(path).text.count("checked") == 1
