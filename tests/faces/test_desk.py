"""The console's frame: a desk a role, pages from one list, the trail, colleagues and their second factor (A9)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.faces.conftest import Person, by_mail
from tests.faces.test_staff import at_work, find, hire, link
from tests.support import shops
from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import vocabulary
from tillit.faces.staff_web.menu import ENTRIES
from tillit.kernel import clock
from tillit.parties import factors
from tillit.parties.models import StaffRole

pytestmark = pytest.mark.django_db
CLOSED = {"staff_audit", "staff_colleagues", "staff_promises", "staff_breaches", "staff_imports", "staff_declaration"}
ELSEWHERE = {
    "staff_assignments",
    "staff_assistance",
    "staff_population",
    "staff_market_hub",
    "staff_payouts",
    "staff_benefits",
    "staff_suppliers",
    "staff_advertising",
    "staff_surveys",
    "staff_competitions",
    "staff_seminars",
    "staff_reception",
    "staff_applications",
    "staff_employees",
    "staff_contacts",
}


def page_at(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.text


def test_a9_each_role_has_a_desk_with_the_pages_it_may_open_and_no_other(controllers: dict[str, Controller]) -> None:
    shops.source(controllers["rundtur"])
    staff = hire(controllers["rundtur"])
    client = at_work(staff)
    seen = set()
    for role in vocabulary().roles:
        StaffRole.objects.filter(staff=staff).update(role=role)
        page = page_at(client, "/staff/rundtur/desk/")
        for entry in ENTRIES:
            path = reverse(entry.name, args=["rundtur", *entry.more])
            shown = f'class="t-tile" href="{path}"' in page
            seen |= {entry.name} if shown else set()
            if shown or entry.name in CLOSED:
                assert (client.get(path).status_code == 200) is shown, (role, entry.name)
    assert seen == {entry.name for entry in ENTRIES} - ELSEWHERE, "which are for controllers that declare them"


def test_a9_the_trail_shows_who_looked_by_day_type_and_colleague_and_no_names(kari: Person) -> None:
    siv = hire(kari.controller)
    theirs = at_work(siv)
    theirs.get(link(find(theirs, "nordseth")))
    adviser = at_work(hire(kari.controller, "privacy_adviser", "Pia Vern"))
    page = page_at(adviser, "/staff/rundtur/trail/")
    assert "<code>person.searched</code>" in page
    assert "categories: access_record, " in page or "categories: contact, " in page, "read by people, not by programs"
    assert "nordseth" not in page.lower()
    assert str(kari.subject_id) not in page
    of_siv = page_at(adviser, f"/staff/rundtur/trail/?type=person.searched&staff={siv.pk}")
    assert of_siv.count("<code>person.searched</code>") == 1
    assert "<code>" not in page_at(adviser, "/staff/rundtur/trail/?type=person.searched&staff=999999")
    assert "<code>" not in page_at(adviser, "/staff/rundtur/trail/?from=2020-01-01&to=2020-01-02")
    assert "<code>" in page_at(adviser, "/staff/rundtur/trail/?from=tull&to=9999-99-99&page=0")


def test_a9_a_colleague_s_factor_is_reset_in_the_console_by_who_has_just_shown_one(
    controllers: dict[str, Controller],
) -> None:
    siv = hire(controllers["rundtur"])
    theirs = at_work(siv)
    ida = hire(controllers["rundtur"], "it_operations", "Ida Drift")
    start = clock.now()
    path = "/staff/rundtur/colleagues/"
    with clock.travel(start):
        desk = at_work(ida)
        page = page_at(desk, path)
        assert f'value="{siv.pk}"' in page
        assert f'value="{ida.pk}"' not in page, "nobody resets their own"
        desk.post(path, {"staff": siv.pk})
        assert factors.of(login_id=siv.login_id).enrolled, "whoever asks must have been seen"
    with clock.travel(start + timedelta(minutes=15)):
        late = desk.post(path, {"staff": siv.pk, "seen": "1"})
        assert late["Location"] == "/staff/sign-in/factor/?next=%2Fstaff%2Frundtur%2Fcolleagues%2F"
        assert factors.of(login_id=siv.login_id).enrolled
    with clock.travel(start):
        desk.post(path, {"staff": siv.pk, "seen": "1"})
    assert not factors.of(login_id=siv.login_id).enrolled
    assert theirs.get("/staff/rundtur/").status_code == 302
    assert by_mail(siv)[1] == "/staff/sign-in/set-up/"
