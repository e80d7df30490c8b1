"""Deaths and protected addresses at the desk, the page of the population register, and what we ask for (A7)."""

import pytest
from django.conf import settings
from django.test import Client

from tests.faces.conftest import make_person, sign_in
from tests.faces.test_staff import at_work, find, hire, link
from tests.support.population import listen
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.faces.simulators.population import PopulationRegister
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import protection
from tillit.parties.models import Fact, Relationship, StaffRole

pytestmark = pytest.mark.django_db


def test_a7_the_desk_records_a_death_and_protects_an_address_that_only_declared_roles_open(
    client: Client, controllers: dict[str, Controller]
) -> None:
    eva = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    staff = hire(eva.controller)
    desk = at_work(staff)
    person = link(find(desk, "strand", key="lyngheim", purpose="membership_administration"))
    address = {"address.street": "Fjordgata 77", "address.postal_code": "7010", "address.city": "Trondheim"}
    desk.post(person + "identity/", address)
    assert "Fjordgata 77" in desk.get(person).text
    path = person + "circumstances/"
    assert desk.post(path, {"act": "protect", "level": "no such"}).status_code == 422
    assert desk.post(path, {"act": "protect", "level": "confidential"}).status_code == 302
    pages = (person, person + "identity/", path)
    assert not any("Fjordgata" in desk.get(one).text for one in pages)
    assert desk.post(path, {"act": "open"}).status_code == 404, "the role is not declared for it"
    assert "Fjordgata" not in desk.post(person + "identity/", {"act": "show", "kind": "address.street"}).text
    StaffRole.objects.create(staff=staff, controller=eva.controller, role="privacy_adviser", granted=clock.today())
    assert "Fjordgata 77, 7010, Trondheim" in desk.post(path, {"act": "open"}).text
    sign_in(client, eva)
    mine = "/lyngheim/min-side/identity/"
    assert "Fjordgata" not in client.get(mine).text
    assert "Fjordgata 77" in client.post(mine, {"act": "show", "kind": "address.street"}).text
    assert client.post(mine, {"act": "show", "kind": "bank_account"}).status_code == 404
    died = {"act": "died", "day": clock.today().isoformat(), "source": "family_member", "estate.name": "Per Strand"}
    assert desk.post(path, died | {"day": "9999-01-01"}).status_code == 422
    assert desk.post(path, died).status_code == 302
    assert "Per Strand" in desk.get(path).text
    assert client.get(mine).status_code == 302, "the dead are signed out"
    with Scope(system("test", {eva.controller.pk}), "membership_administration"):
        assert Relationship.objects.get(subject_id=eva.subject_id).end_reason == "deceased"
    assert desk.post(path, {"act": "lives"}).status_code == 302
    assert desk.post(path, {"act": "lives"}).status_code == 422
    with Scope(system("test", {eva.controller.pk}), "membership_administration"):
        assert Relationship.objects.get(subject_id=eva.subject_id).ended is None


def test_a7_only_roles_that_open_a_protected_address_lift_it_and_never_what_the_register_said(
    controllers: dict[str, Controller],
) -> None:
    eva = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    staff = hire(eva.controller)
    desk = at_work(staff)
    person = link(find(desk, "strand", key="lyngheim", purpose="membership_administration"))
    address = {"address.street": "Fjordgata 77", "address.postal_code": "7010", "address.city": "Trondheim"}
    desk.post(person + "identity/", address)
    path = person + "circumstances/"
    protect = {"act": "protect", "level": "strictly_confidential"}
    assert desk.post(path, protect | {"said_by": "partner"}).status_code == 422
    assert desk.post(path, protect).status_code == 302

    def facts(*kinds: str) -> list[tuple[str, str]]:
        with Scope(system("test", {eva.controller.pk}), "membership_administration"):
            rows = Fact.objects.filter(subject_id=eva.subject_id, kind__in=kinds, superseded_at__isnull=True)
            return list(rows.values_list("value", "source"))

    def opened() -> int:
        with Scope(system("test", {eva.controller.pk}), "security_log"):
            return Event.objects.filter(type="key.opened").count()

    assert facts("address.protection") == [("strictly_confidential", "issued")], "nobody asked for it"
    for level in ("", "confidential"):
        assert desk.post(path, protect | {"level": level}).status_code == 404, "the role is not declared for it"
    assert "Fjordgata" not in desk.get(person).text
    assert '<option value="">' not in desk.get(path).text, "it is not offered either"
    StaffRole.objects.create(staff=staff, controller=eva.controller, role="privacy_adviser", granted=clock.today())
    before = opened()
    assert desk.post(path, protect | {"level": "", "said_by": "data_subject"}).status_code == 302
    assert opened() == before + 1, "what is lifted is seen"
    assert "Fjordgata 77" in desk.get(person).text
    assert facts("address.street") == [("Fjordgata 77", "data_subject")], "the address keeps its own source"
    desk.post(path, protect)
    with Scope(system("test", {eva.controller.pk}), "membership_administration") as scope:
        where = {"scope": scope, "subject_id": eva.subject_id, "controller_id": eva.controller.pk, "at": clock.now()}
        protection.protect(**where, level="strictly_confidential", source="population_register")
    assert facts("address.protection") == [("strictly_confidential", "population_register")]
    for level in ("", "confidential"):
        refused = desk.post(path, protect | {"level": level}, headers={"Accept-Language": "en"})
        assert (refused.status_code, "it alone can change that" in refused.text) == (422, True)
    assert "Fjordgata" not in desk.get(person).text


def test_a7_min_side_asks_for_what_is_missing(client: Client, controllers: dict[str, Controller]) -> None:
    eva = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    sign_in(client, eva)
    home = client.get("/lyngheim/min-side/", headers={"Accept-Language": "en"}).text
    assert "your address" in home
    assert "your e-mail address" not in home, "it is there"


def test_a7_the_page_of_the_register_shows_its_state_and_runs_it(
    db: None,
    outside_register: PopulationRegister,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = listen(outside_register)
    world.customer(300)
    desk = at_work(hire(world.controller, role="administrator"))
    path = "/staff/fjordlys/population/"
    assert "TILLIT_POPULATION_REGISTER" in desk.get(path).text
    monkeypatch.setitem(settings.REGISTERS, "population_register", outside_register.address)
    page = desk.post(path, follow=True).text
    assert "Ingenting var endret" in page or "Nothing had changed" in page
    assert at_work(hire(world.controller, role="marketing", name="Mia Vakt")).get(path).status_code == 404
