"""The pages of those who keep a bonus programme: misuse, owed bonus (C8, C13)."""

from datetime import timedelta

import pytest

from tests.bonus.conftest import NOW, Y28, World, build
from tests.bonus.test_corrections import correct
from tests.bonus.test_misuse import LIMITS
from tests.bonus.test_reports import buy
from tests.bonus.test_use import use
from tests.faces.test_staff import at_work, hire
from tillit.journeys import misuse
from tillit.kernel import clock

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}


def test_c13_a_case_is_judged_on_its_page_with_the_evidence_and_the_report_saved() -> None:
    with clock.travel(NOW):
        world = build()
        club, member = world.controllers["nordkai"], world.member()
        for minutes in range(5):
            buy(world, member, 30_00, at=NOW - timedelta(hours=3, minutes=minutes))
        span = {"controller": club, "start": NOW - timedelta(days=1), "end": NOW + timedelta(days=1)}
        (case,) = misuse.raise_signs(**span, limits=LIMITS)
        desk = at_work(hire(club, role="administrator", name="Ada Admin"))
        assert str(case.id) in desk.get("/staff/nordkai/misuse/", headers=EN).text
        here = f"/staff/nordkai/misuse/{case.id}/"
        assert "15000 &gt; 10000" in desk.get(here, headers=EN).text
        assert desk.post(here, {"step": "decided", "text": "x"}).status_code == 422
        assert desk.post(here, {"step": "reported", "text": "Too early"}).status_code == 422
        assert desk.post(here, {"step": "decided", "text": "Videresalg", "outcome": "terminated"}).status_code == 302
        assert misuse.refused(subject_id=member, controller_id=club.pk)
        assert desk.post(here, {"step": "reported", "text": "Anmeldt"}).status_code == 302
        page = desk.get(here, headers=EN).text
        assert "Excluded" in page
        saved = desk.post(page.split('action="' + here + "files/")[1].join([here + "files/", ""]).split('"')[0])
        assert saved.content.startswith(b"%PDF-")
        assert desk.post("/staff/nordkai/misuse/", {"from": "2026-01-01", "to": "2026-02-01"}).status_code == 302
        other = at_work(hire(club, role="reception", name="Per Port"))
        assert other.get("/staff/nordkai/misuse/").status_code == 404
        assert other.get(here).status_code == 404


def test_c8_what_is_owed_is_claimed_paid_and_given_up_on_its_page() -> None:
    with clock.travel(NOW):
        world = build()
        owes(world)
        desk = at_work(hire(world.controllers["nordkai"], name="Kaja Service"))
        page = desk.get("/staff/nordkai/claims/", headers=EN).text
        assert "6.00" in page
        chain, token = world.chains["nordkai"].key, page.split('name="person" value="')[1].split('"')[0]
        form = {"act": "claim", "person": token, "chain": chain}
        assert desk.post("/staff/nordkai/claims/", form).status_code == 302
        page = desk.get("/staff/nordkai/claims/", headers=EN).text
        number = page.split('name="case" value="')[1].split('"')[0]
        assert desk.post(f"/staff/nordkai/claims/{number}/letter/").content.startswith(b"%PDF-")
        pay = {"act": "pay", "case": number, "chain": chain, "text": "B1"}
        assert desk.post("/staff/nordkai/claims/", {**pay, "amount": "7"}).status_code == 422
        assert desk.post("/staff/nordkai/claims/", {**pay, "amount": "2"}).status_code == 302
        assert "4.00" in desk.get("/staff/nordkai/claims/", headers=EN).text
        up = {"act": "withdraw", "case": number, "chain": chain}
        assert desk.post("/staff/nordkai/claims/", {**up, "text": ""}).status_code == 422
        assert desk.post("/staff/nordkai/claims/", {**up, "text": "Dødsbo"}).status_code == 302
        assert 'name="person"' in desk.get("/staff/nordkai/claims/").text
        assert (
            at_work(hire(world.controllers["nordkai"], role="reception", name="Per Port"))
            .get("/staff/nordkai/claims/")
            .status_code
            == 404
        )


def owes(world: World) -> int:
    member = world.member()
    world.earn(member, 10_00, expires=Y28)
    use(world, member, 10_00)
    correct(world, member, -6_00)
    return member
