"""People are assigned to colleagues, where staff see only people assigned to them (A9)."""

import re

import pytest
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_staff import at_work, find, hire
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.faces.cli.main import run
from tillit.kernel.scope import Scope, system
from tillit.parties import staff as staffing
from tillit.parties.models import StaffMember

pytestmark = pytest.mark.django_db
PATH, EN = "/staff/elvebakken/assignments/", {"Accept-Language": "en"}
HIDDEN = "Ingen du kan slå opp"


@pytest.fixture
def office(controllers: dict[str, Controller]) -> Controller:
    return controllers["elvebakken"]


@pytest.fixture
def per(office: Controller) -> Person:
    return make_person(office, "Per", "Tall", "+47 400 00 117", kind="customer")


@pytest.fixture
def siv(office: Controller) -> StaffMember:
    return hire(office)


@pytest.fixture
def admin(office: Controller) -> Client:
    return at_work(hire(office, "administrator", "Ada Admin"))


def test_a9_an_administrator_assigns_people_to_colleagues_and_ends_it(
    client: Client, office: Controller, per: Person, siv: StaffMember, admin: Client
) -> None:
    worker = at_work(siv)
    assert HIDDEN in find(worker, "Per", key="elvebakken")
    page = admin.get(PATH, headers=EN).text
    assert "1 person is assigned to nobody" in page
    assert "Siv Vakt" in page
    form = {"act": "assign", "person": per.email, "staff": siv.pk}
    assert "Assigned." in admin.post(PATH, form, headers=EN, follow=True).text
    assert "already" in admin.post(PATH, {**form, "person": "400 00 117"}, headers=EN, follow=True).text
    assert "Per Tall" in find(worker, "Per", key="elvebakken")
    page = admin.get(PATH, headers=EN).text
    assert ("Per Tall" in page, "assigned to nobody" in page) == (True, False)
    sign_in(client, per)
    seen = client.get("/elvebakken/min-side/your-data/who-looked/", headers=EN).text
    assert "you are assigned to was changed" in seen
    assert "Data about you was read" in seen, "the administrator's list is a look, too"
    number = re.search(r'name="assignment" value="(\d+)"', page)
    assert number is not None
    for status in (302, 422):
        assert admin.post(PATH, {"act": "end", "assignment": number.group(1)}).status_code == status
    assert HIDDEN in find(worker, "Per", key="elvebakken")
    with Scope(system("test", {office.pk}), "security_log"):
        told = Event.objects.filter(type="person.assigned", subject_id=per.subject_id).order_by("id")
        assert sorted(one.details["change"] for one in told) == ["assigned", "ended"]


def test_a9_nobody_assigns_people_to_themselves_and_only_administrators_do_at_all(
    controllers: dict[str, Controller], office: Controller, per: Person, siv: StaffMember, admin: Client
) -> None:
    ada = StaffMember.objects.get(email="ada@arbeid.example")
    stranger = make_person(controllers["solvik"], "Ole", "Tall", "+47 400 00 118", kind="customer")
    elsewhere = hire(controllers["solvik"], name="Tor Vakt")
    for person, staff, words in (
        (per.email, ada.pk, "to themselves"),
        (per.email, elsewhere.pk, "Choose a colleague"),
        (per.email, "x", "Choose a colleague"),
        (stranger.email, siv.pk, "Nobody here has that"),
        ("nobody", siv.pk, "Nobody here has that"),
    ):
        refused = admin.post(PATH, {"act": "assign", "person": person, "staff": staff}, headers=EN)
        assert (refused.status_code, words in refused.text) == (422, True), (person, staff)
    assert at_work(siv).get(PATH).status_code == 404
    assert at_work(hire(office, "it_operations", "Ida Drift")).get(PATH).status_code == 404
    assert HIDDEN in find(at_work(siv), "Per", key="elvebakken")
    open_to_all = at_work(hire(controllers["rundtur"], "administrator", "Bo Bestyrer"))
    assert open_to_all.get(PATH.replace("elvebakken", "rundtur")).status_code == 404, "there staff see everybody"
    hire(controllers["rundtur"], name="Liv Ny", assigned_only=True)
    assert open_to_all.get(PATH.replace("elvebakken", "rundtur")).status_code == 200, "but one role does not"


def test_a9_who_comes_back_to_work_is_assigned_people_anew(
    office: Controller, per: Person, siv: StaffMember, admin: Client
) -> None:
    by = ["--by", "ada@arbeid.example", "--controller", "elvebakken"]
    assert run(["staff", "assign", per.email, "--to", "nobody@arbeid.example", *by]) == 2
    assert run(["staff", "assign", per.email, "--to", siv.email, *by]) == 0
    assert "Per Tall" in find(at_work(siv), "Per", key="elvebakken")
    staffing.end(staff=siv)
    assert HIDDEN in find(at_work(hire(office)), "Per", key="elvebakken")
