"""Staff look people up for a purpose only, see what it may see, and leave a trace the person can read (A9)."""

import re
from datetime import date, timedelta

import pytest
from django.core import mail
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in, staff_sign_in
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.journeys.departure import depart
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as outbox
from tillit.parties import staff as staffing
from tillit.parties.actors import member_actor
from tillit.parties.merging import same_person
from tillit.parties.models import Assignment, FoundPerson, Session, StaffMember
from tillit.privacy.erasure import erase

pytestmark = pytest.mark.django_db


def hire(
    controller: Controller, role: str = "customer_service", name: str = "Siv Vakt", **options: bool
) -> StaffMember:
    """A member of staff with the duty of confidentiality on record."""
    return staffing.add(
        email=f"{name.split(maxsplit=1)[0].lower()}@arbeid.example",
        name=name,
        controller=controller,
        role=role,
        confidentiality=date(2026, 1, 1),
        **options,
    )


def at_work(staff: StaffMember) -> Client:
    """A browser in which the member of staff is signed in."""
    client = Client()
    staff_sign_in(client, staff.email)
    return client


def find(
    client: Client, text: str, *, key: str = "rundtur", by: str = "name", purpose: str = "customer_service"
) -> str:
    return client.post(f"/staff/{key}/", {"purpose": purpose, "by": by, "text": text}).text


def link(page: str) -> str:
    found = re.search(r'href="(/staff/[^"]+/person/[^"]+/)"', page)
    assert found is not None, "nobody was listed"
    return found.group(1)


def reads(controller: Controller, subject_id: int) -> list[tuple[str, list[str]]]:
    with Scope(system("test", {controller.pk}), "security_log"):
        rows = Event.objects.filter(type="person.read", subject_id=subject_id).order_by("at", "id")
        return [(row.details["purpose"], row.details["categories"]) for row in rows]


def test_nobody_gets_in_without_a_role(client: Client, kari: Person) -> None:
    assert client.get("/staff/")["Location"] == "/staff/sign-in/"
    assert client.get("/staff/rundtur/")["Location"] == "/staff/sign-in/"
    client.post("/staff/sign-in/", {"address": kari.email})
    outbox.wait()
    assert mail.outbox == []
    sign_in(client, kari)
    assert client.get("/staff/")["Location"] == "/staff/sign-in/"


def test_a9_a_search_needs_a_purpose_of_the_role_and_something_to_search_for(kari: Person) -> None:
    client = at_work(hire(kari.controller))
    form = client.get("/staff/rundtur/").text
    assert 'value="customer_service"' in form
    assert 'value="bookkeeping"' not in form
    for values in (
        {"purpose": "", "by": "name", "text": "Kari"},
        {"purpose": "bookkeeping", "by": "name", "text": "Kari"},
        {"purpose": "customer_service", "by": "shoe size", "text": "Kari"},
        {"purpose": "customer_service", "by": "name", "text": "K"},
    ):
        answer = client.post("/staff/rundtur/", values)
        assert answer.status_code == 422
        assert "person/" not in answer.text
    assert reads(kari.controller, kari.subject_id) == []


@pytest.mark.parametrize(
    ("by", "text"),
    [
        ("name", "Kari Nordseth"),
        ("name", "nordset kari"),
        ("name", "KARI"),
        ("email", " Kari.Nordseth@POST.example"),
        ("phone", "400 00 111"),
    ],
)
def test_a_person_is_found_by_name_as_remembered_or_by_the_exact_address(
    kari: Person, ola: Person, by: str, text: str
) -> None:
    client = at_work(hire(kari.controller))
    page = find(client, text, by=by)
    assert "Kari Nordseth" in page
    assert "Ola" not in page
    assert str(kari.subject_id) not in page


@pytest.mark.parametrize(
    ("by", "text"),
    [
        ("name", "Kari Berg"),
        ("name", "%%"),
        ("name", "\\_"),
        ("email", "nordseth@post.example"),
        ("phone", "hello"),
        ("number", "99"),
    ],
)
def test_a_search_that_finds_nobody_says_what_to_do(kari: Person, by: str, text: str) -> None:
    page = find(at_work(hire(kari.controller)), text, by=by)
    assert "Ingen du kan slå opp, passer med søket" in page
    with Scope(system("test", {kari.controller.pk}), "security_log"):
        event = Event.objects.get(type="person.searched")
        assert event.details == {"purpose": "customer_service", "by": by, "hits": 0}


def test_a9_every_search_and_read_is_on_record_and_the_person_sees_it(
    client: Client, kari: Person, ola: Person
) -> None:
    worker = at_work(hire(kari.controller))
    page = worker.get(link(find(worker, "Kari")))
    assert kari.email in page.text
    assert "Formål: Kundeservice" in page.text
    first, second = reads(kari.controller, kari.subject_id)
    assert first == ("customer_service", ["identity"])
    assert second[0] == "customer_service"
    assert {"identity", "contact", "relationship"} <= set(second[1])
    assert reads(ola.controller, ola.subject_id) == []
    sign_in(client, kari)
    log = client.get("/rundtur/min-side/your-data/who-looked/").text
    assert log.count("Opplysninger om deg ble lest") == 2
    assert "Kundeservice · Kundeservice" in log
    assert "Siv" not in log


def test_a9_the_page_shows_only_what_the_purpose_may_see(kari: Person) -> None:
    service = at_work(hire(kari.controller))
    seen = service.get(link(find(service, "Kari"))).text
    assert kari.email in seen
    marketing = at_work(hire(kari.controller, "marketing", "Mia Reklame"))
    page = find(marketing, "Kari", purpose="newsletter")
    shown = marketing.get(link(page)).text
    assert "Kari Nordseth" in shown
    assert kari.email not in shown
    assert "Kontaktopplysninger" in shown.split("Dette viser ikke formålet")[1]
    refused = find(marketing, kari.email, by="email", purpose="newsletter")
    assert "Formålet gir ikke innsyn" in refused
    assert "/person/" not in refused


def test_a_purpose_without_names_cannot_be_searched_by_name(kari: Person) -> None:
    client = at_work(hire(kari.controller, "marketing", "Mia Reklame"))
    assert "Formålet gir ikke innsyn" in find(client, "Kari", purpose="profiling")


def test_a1_another_controllers_people_are_not_found(controllers: dict[str, Controller], kari: Person) -> None:
    there = make_person(controllers["lyngheim"], "Kari", "Strand", "+47 400 00 115")
    client = at_work(hire(kari.controller))
    assert "Strand" not in find(client, "Kari")
    assert client.get("/staff/lyngheim/").status_code == 404
    assert (
        client.post("/staff/lyngheim/", {"purpose": "customer_service", "by": "name", "text": "Kari"}).status_code
        == 404
    )
    assert reads(controllers["lyngheim"], there.subject_id) == []


def test_a1_a_clubs_staff_find_their_own_people_in_the_joint_register_only(
    controllers: dict[str, Controller], kari: Person
) -> None:
    own = make_person(controllers["nordkai"], "Kari", "Havn", "+47 400 00 116")
    client = at_work(hire(controllers["nordkai"]))
    page = find(client, "Kari", key="nordkai")
    assert "Kari Havn" in page
    assert "Nordseth" not in page
    assert own.email in client.get(link(page)).text
    assert "Ingen du kan slå opp" in find(client, kari.email, key="nordkai", by="email")


def test_a9_where_staff_see_only_people_assigned_to_them(controllers: dict[str, Controller]) -> None:
    controller = controllers["elvebakken"]
    one = make_person(controller, "Per", "Tall", "+47 400 00 117", kind="customer")
    staff = hire(controller)
    client = at_work(staff)
    assert "Ingen du kan slå opp" in find(client, "Per", key="elvebakken")
    with Scope(system("test", {controller.pk}), "customer_administration"):
        Assignment.objects.create(
            subject_id=one.subject_id, controller_id=controller.pk, staff=staff, since=date(2026, 1, 1)
        )
    assert "Per Tall" in find(client, "Per", key="elvebakken")


def test_a_role_limited_to_assigned_people_finds_no_others(kari: Person) -> None:
    client = at_work(hire(kari.controller, assigned_only=True))
    assert "Ingen du kan slå opp" in find(client, "Kari")


def test_a_token_is_worth_nothing_in_another_session(kari: Person) -> None:
    mine, other = at_work(hire(kari.controller)), at_work(hire(kari.controller, name="Tor Vakt"))
    address = link(find(mine, "Kari"))
    assert str(kari.subject_id) not in address
    assert mine.get(address).status_code == 200
    assert other.get(address).status_code == 404
    assert Client().get(address).status_code == 302
    assert mine.get(address.replace("rundtur", "nordkai")).status_code == 404


def test_who_leaves_is_out_at_once_and_needs_the_duty_of_confidentiality(kari: Person) -> None:
    staff = hire(kari.controller)
    client = at_work(staff)
    StaffMember.objects.filter(pk=staff.pk).update(confidentiality_signed=None)
    assert client.get("/staff/rundtur/").status_code == 404
    StaffMember.objects.filter(pk=staff.pk).update(confidentiality_signed=date(2026, 1, 1))
    assert client.get("/staff/rundtur/").status_code == 200
    staffing.end(staff=staff)
    assert client.get("/staff/rundtur/")["Location"] == "/staff/sign-in/"
    before = len(mail.outbox)
    Client().post("/staff/sign-in/", {"address": staff.email})
    outbox.wait()
    assert len(mail.outbox) == before


def test_a_working_session_lasts_eight_hours(kari: Person) -> None:
    start = clock.now()
    with clock.travel(start):
        client = at_work(hire(kari.controller))
    with clock.travel(start + timedelta(hours=8)):
        assert client.get("/staff/rundtur/").status_code == 302


def test_who_works_for_several_chooses(controllers: dict[str, Controller]) -> None:
    for key in ("rundtur", "lyngheim"):
        staff = hire(controllers[key])
    client = at_work(staff)
    page = client.get("/staff/").text
    assert 'href="/staff/rundtur/desk/"' in page
    assert 'href="/staff/lyngheim/desk/"' in page


@pytest.mark.parametrize("key", ["trygghavn", "fjordlys", "lyngheim", "rundtur"])
def test_customer_service_finds_people_at_every_example_controller(
    controllers: dict[str, Controller], key: str
) -> None:
    controller = controllers[key]
    kind = "member" if key in {"lyngheim", "rundtur"} else "customer"
    one = make_person(controller, "Liv", "Sund", "+47 400 00 118", kind=kind)
    client = at_work(hire(controller))
    page = client.get(link(find(client, "Liv", key=key)))
    assert one.email in page.text


def test_h2_a_colleague_who_has_seen_it_confirms_a_new_number(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    client.post("/rundtur/min-side/profile/phone/", {"phone": "400 00 222"})
    desk = at_work(hire(kari.controller))
    assert "Kari Nordseth" not in find(desk, "400 00 222", by="phone"), "nobody is found by what is only typed in"
    person = link(find(desk, "kari"))
    page = desk.get(person).text
    assert "venter på bekreftelse" in page
    assert 'value="confirm_phone"' in page
    assert desk.post(person, {"act": "confirm_phone"})["Location"] == person
    page = desk.get(person).text
    assert "Telefonnummeret er bekreftet" in page
    assert 'value="confirm_phone"' not in page
    assert "Kari Nordseth" in find(desk, "400 00 222", by="phone")
    assert "Kari Nordseth" not in find(desk, "400 00 111", by="phone")


def test_h2_a_number_of_another_person_is_not_confirmed(client: Client, kari: Person, ola: Person) -> None:
    sign_in(client, kari)
    client.post("/rundtur/min-side/profile/phone/", {"phone": ola.phone})
    desk = at_work(hire(kari.controller))
    person = link(find(desk, "kari"))
    assert "En annen person er registrert" in desk.post(person, {"act": "confirm_phone"}, follow=True).text
    assert "Ola Vestli" in find(desk, ola.phone, by="phone")
    assert "Kari Nordseth" in find(desk, kari.phone, by="phone")


def test_h3_nothing_of_an_erased_person_stays_in_a_colleague_s_session(kari: Person, ola: Person) -> None:
    desk = at_work(hire(kari.controller))
    links = {name: link(find(desk, name)) for name in ("kari", "ola")}
    assert set(FoundPerson.objects.values_list("subject_id", flat=True)) == {kari.subject_id, ola.subject_id}
    held = repr([session.get_decoded() for session in Session.objects.all()])
    assert str(kari.subject_id) not in held
    assert desk.get(links["kari"]).status_code == 200
    actor = system("rights", Controller.objects.filter(register=kari.controller.register).values_list("id", flat=True))
    member = member_actor(register_id=kari.controller.register_id, subject_id=kari.subject_id, login_id=0)
    depart(actor=member, controller=kari.controller, subject_id=kari.subject_id)
    with clock.travel(date(2060, 1, 1)):  # the way in is kept for as long as somebody is a member, and this with it
        erase(actor=actor, subject_id=kari.subject_id, ground="consent_withdrawn", at=clock.now())
    assert list(FoundPerson.objects.values_list("subject_id", flat=True)) == [ola.subject_id]
    assert desk.get(links["kari"]).status_code == 404
    assert desk.get(links["ola"]).status_code == 200


def test_c3_two_registrations_are_compared_merged_and_parted_at_the_desk(kari: Person) -> None:
    twin = make_person(kari.controller, "Karianne", "Nordseth", "+47 400 00 177")
    client = at_work(hire(kari.controller, role="administrator"))
    page = link(find(client, kari.email, by="email", purpose="membership_administration")) + "merge/"
    assert client.post(page, {"text": "nobody@post.example", "act": "find"}).status_code == 422
    answer = client.post(page, {"text": twin.email, "act": "find"})
    assert answer.status_code == 200
    assert kari.email in answer.text
    assert twin.email in answer.text
    answer = client.post(page, {"text": twin.email, "act": "merge", "reason": "joined_twice"})
    assert answer.status_code == 302
    assert same_person(twin.subject_id) == (kari.subject_id, twin.subject_id)
    assert client.post(page, {"act": "part", "which": "7"}).status_code == 422
    assert client.post(page, {"act": "part", "which": "0"}).status_code == 302
    assert same_person(twin.subject_id) == (twin.subject_id,)
