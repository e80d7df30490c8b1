"""The pages of those who keep a bonus programme: misuse, owed bonus (C8, C13)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.bonus.conftest import NOW, Y28, World, build
from tests.bonus.test_corrections import correct
from tests.bonus.test_misuse import LIMITS
from tests.bonus.test_reports import buy
from tests.bonus.test_use import balance, use
from tests.faces.test_staff import at_work, find, hire, link
from tillit.audit.models import Event
from tillit.bonus import gift_cards, rates, vouchers
from tillit.bonus.rates import When
from tillit.bonus.vouchers import Till
from tillit.cases.models import Case
from tillit.journeys import misuse
from tillit.kernel import clock
from tillit.purchases.models import Chain

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
        two_per_cent(world)
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
        Chain.objects.update(alone_up_to=0)
        much = desk.post("/staff/nordkai/claims/", {**pay, "amount": "1", "text": "B2"}, headers=EN, follow=True).text
        assert ("takes two" in much, "4.00" in much, "Proposed to a colleague" in much) == (True, True, True)
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


def two_per_cent(world: World) -> None:
    """The chain's plain rate, by which what one of the staff does alone is counted."""
    always = When(datetime(2025, 1, 1, tzinfo=UTC))
    rates.add(chain_id=world.chains["nordkai"].pk, basis_points=200, when=always)


def owes(world: World) -> int:
    member = world.member()
    world.earn(member, 10_00, expires=Y28)
    use(world, member, 10_00)
    correct(world, member, -6_00)
    return member


def test_c9_c11_a_voucher_and_a_gift_card_are_found_by_code_and_undone_at_the_desk() -> None:
    with clock.travel(NOW):
        world = build()
        club, chain, member = world.controllers["nordkai"], world.chains["nordkai"], world.member()
        world.earn(member, 50_00, expires=Y28)
        with world.scope("bonus_use", member) as scope:
            voucher = vouchers.reserve(
                scope=scope,
                subject_id=member,
                programme=world.programmes["nordkai"],
                amount=20_00,
                key=uuid4(),
                at=clock.now(),
            )
            code = vouchers.code_of(voucher=voucher, register_id=club.register_id)
        store = at_work(hire(club, role="store", name="Bo Butikk"))
        here = "/staff/nordkai/codes/"
        page = store.post(here, {"code": code}, headers=EN).text
        assert ("Voucher, open" in page, "20.00" in page) == (True, True)
        assert code not in store.get(here).text
        wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
        assert store.post(here, {"code": wrong}).status_code == 422
        assert balance(world, member).available == 30_00
        assert "Voucher, undone" in store.post(here, {"code": code, "act": "undo"}, headers=EN).text
        assert balance(world, member).available == 50_00
        with world.scope("security_log"):
            assert Event.objects.filter(type="person.read", subject_id=member).exists()
            assert Event.objects.filter(type="voucher.cancelled", subject_id=member).count() == 1
        other = at_work(hire(world.controllers["skogheim"], role="store", name="Siri Skog"))
        assert other.post("/staff/skogheim/codes/", {"code": code}).status_code == 422

        till = Till(chain_id=chain.pk, controller_id=club.pk, register_id=club.register_id)
        with world.scope("gift_cards_and_offers") as scope:
            card = gift_cards.sell(scope=scope, till=till, chain=chain, amount=300_00, key=uuid4(), at=clock.now())
            gift_cards.activate(scope=scope, card=card, at=clock.now())
            bearer = gift_cards.code_of(card=card, register_id=club.register_id)
        admin = at_work(hire(club, role="administrator", name="Ada Admin"))
        assert "Gift card, active" in admin.post(here, {"code": bearer}, headers=EN).text
        assert "Gift card, taken back" in admin.post(here, {"code": bearer, "act": "undo"}, headers=EN).text
        assert store.post(here, {"code": bearer}).status_code == 422
        assert at_work(hire(club, role="reception", name="Per Port")).get(here).status_code == 404


def test_c9_a_used_voucher_is_given_back_by_who_corrects_bonus_with_the_receipt_and_on_record() -> None:
    with clock.travel(NOW):
        world = build()
        club, chain, member = world.controllers["nordkai"], world.chains["nordkai"], world.member()
        world.earn(member, 50_00, expires=Y28)
        given: dict[str, Any] = {"programme": world.programmes["nordkai"], "key": uuid4(), "at": clock.now()}
        with world.scope("bonus_use", member) as scope:
            voucher = vouchers.reserve(scope=scope, subject_id=member, amount=20_00, **given)
            code = vouchers.code_of(voucher=voucher, register_id=club.register_id)
        two_per_cent(world)
        till = Till(chain_id=chain.pk, controller_id=club.pk, register_id=club.register_id)
        with world.scope("bonus_use") as scope:
            vouchers.redeem(scope=scope, till=till, code=code, amount=20_00, at=clock.now(), reference="K1")
        here, form = "/staff/nordkai/codes/", {"code": code, "act": "undo", "reason": "goods_returned", "receipt": "K1"}
        store = at_work(hire(club, role="store", name="Bo Butikk"))
        page = store.post(here, {"code": code}, headers=EN).text
        assert ("Voucher, used" in page, 'value="undo"' in page) == (True, False)
        assert store.post(here, form).status_code == 422
        desk = at_work(hire(club, name="Kaja Service"))
        assert 'name="receipt"' in desk.post(here, {"code": code}, headers=EN).text
        for wrong in ({"reason": ""}, {"reason": "x"}, {"receipt": ""}, {"receipt": "K2"}):
            assert desk.post(here, form | wrong).status_code == 422
        assert balance(world, member).available == 30_00
        with world.scope("security_log"):
            assert not Event.objects.filter(type="voucher.cancelled", subject_id=member).exists()
        for _ in range(2):
            assert "Voucher, undone" in desk.post(here, form, headers=EN).text
        assert balance(world, member).available == 50_00
        with world.scope("security_log"):
            (event,) = Event.objects.filter(type="voucher.cancelled", subject_id=member)
        assert (event.actor_kind, event.details["reason"]) == ("staff", "goods_returned")


def test_c8_c10_a_members_bonus_is_explained_and_corrected_at_the_desk() -> None:
    with clock.travel(NOW):
        world = build()
        club, member = world.controllers["nordkai"], world.member(given="Kari", family="Nordlund")
        two_per_cent(world)
        world.earn(member, 10_00, expires=Y28)
        desk = at_work(hire(club, name="Kaja Service"))
        person = link(find(desk, "nordlund", key="nordkai"))
        assert f'{person}bonus/"' in desk.get(person).text
        page = desk.get(f"{person}bonus/", headers=EN).text
        assert ("10.00" in page, "Earned" in page) == (True, True)
        form = {"chain": "nordkai-kjede", "amount": "-12,50", "on": "2026-05-01", "reason": "wrong_rate"}
        for wrong in ({"reference": ""}, {"amount": "x"}, {"amount": "0"}, {"on": "2030-01-01"}, {"reason": "x"}):
            assert desk.post(f"{person}bonus/", {**form, "reference": "S-1", **wrong}).status_code == 422
        for _ in range(2):
            assert desk.post(f"{person}bonus/", {**form, "reference": "S-1"}).status_code == 302
        assert balance(world, member).available == -2_50
        much = {**form, "reference": "S-2", "amount": "100,00"}
        assert "takes two" in desk.post(f"{person}bonus/", much, headers=EN, follow=True).text
        assert balance(world, member).available == -2_50
        colleague = at_work(hire(club, name="Knut Kollega"))
        with world.scope("bonus_correction", member):
            here = f"/staff/nordkai/complaints/{Case.objects.get().id}/"
        assert here in colleague.get("/staff/nordkai/complaints/").text
        assert "Proposed: NOK\xa0100.00" in colleague.get(here, headers=EN).text
        assert desk.post(here, {"act": "uphold", "text": "Ja", "amount": "100,00"}).status_code == 422
        assert colleague.post(here, {"act": "uphold", "text": "Ja", "amount": "100,00"}).status_code == 302
        assert balance(world, member).available == 97_50
        assert at_work(hire(club, role="reception", name="Per Port")).get(f"{person}bonus/").status_code == 404
