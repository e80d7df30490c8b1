"""Gift cards (C11) and a member's balance (C10) by the API; SALDO by SMS is the same number."""

import threading
from datetime import timedelta

from django.db import connections

from tests.faces.api import till as tills
from tests.faces.api.conftest import Partner, problem
from tillit.audit.models import Event
from tillit.consent.operations import restrict
from tillit.declaration.queries import holder_of
from tillit.faces.api.models import ApiCall
from tillit.journeys.sms.dispatch import dispatch
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import bonus_ids
from tillit.parties.contacts import record_address
from tillit.parties.queries import facts
from tillit.purchases.models import Store


def test_c11_a_card_is_sold_paid_with_undone_and_taken_back_by_the_till(partner: Partner) -> None:
    at, other = tills.till(partner.club), tills.till(partner.club)
    sold = at.post("gift-cards/sell", {"amount": "500", "receipt": "1"}).json()
    assert (sold["status"], sold["balance"]) == ("active", "500.00")
    code = sold["code"]
    assert at.post("gift-cards/sell", {"amount": "500", "receipt": "1"}).json()["code"] == code
    assert problem(at.post("gift-cards/sell", {"amount": "400", "receipt": "1"}))["code"] == "receipt-reused"
    pay = {"code": code, "amount": "120.50", "receipt": "2"}
    for _ in range(2):
        assert at.post("gift-cards/redeem", pay).json()["balance"] == "379.50"
    assert other.post("gift-cards/look", {"code": code}).json()["balance"] == "379.50"
    assert problem(at.post("gift-cards/redeem", {**pay, "amount": "9"}))["code"] == "receipt-reused"
    short = at.post("gift-cards/redeem", {**pay, "amount": "380", "receipt": "3"})
    assert problem(short)["code"] == "insufficient-funds"
    assert problem(at.post("gift-cards/return", {"code": code}))["code"] == "gift-card-state"
    for _ in range(2):
        assert at.post("gift-cards/undo", {"code": code, "receipt": "2"}).json()["balance"] == "500.00"
    assert at.post("gift-cards/return", {"code": code}).json()["status"] == "returned"
    assert problem(at.post("gift-cards/redeem", {**pay, "receipt": "4"}))["code"] == "gift-card-state"
    wrong = f"{code[:-2]}{(int(code[-2]) + 1) % 10}{code[-1]}"
    assert problem(at.post("gift-cards/look", {"code": wrong}))["code"] == "code-check-digit"


def test_c11_a_receipt_is_one_sale_a_line_in_a_store_on_a_day(partner: Partner) -> None:
    Store.objects.create(chain=partner.club.chain, number="901", name="Butikk 901", place="Tromsø")
    Store.objects.create(chain=partner.club.chain, number="902", name="Butikk 902", place="Bodø")
    at, sale = tills.till(partner.club), {"amount": "500", "receipt": "1"}
    sales = [sale, {**sale, "line": 2}, {**sale, "store": "901"}, {**sale, "store": "902"}]
    sold = [at.post("gift-cards/sell", one).json()["code"] for one in sales]
    assert len(set(sold)) == 4
    assert [at.post("gift-cards/sell", one).json()["code"] for one in sales] == sold
    assert at.post("gift-cards/sell", {**sale, "line": 0}).status_code == 422
    paid = {"code": sold[0], "amount": "100", "receipt": "2", "store": "901"}
    for store, left in (("901", "400.00"), ("902", "300.00"), ("901", "300.00")):
        assert at.post("gift-cards/redeem", {**paid, "store": store}).json()["balance"] == left
    undone = {"code": sold[0], "receipt": "2", "store": "902"}
    assert at.post("gift-cards/undo", {**undone, "store": "nowhere"}).status_code == 422
    clock.advance(timedelta(days=1))
    assert problem(at.post("gift-cards/sell", sale))["code"] == "receipt-reused"
    assert problem(at.post("gift-cards/redeem", paid))["code"] == "receipt-reused"
    assert at.post("gift-cards/undo", undone).json()["balance"] == "400.00"
    assert at.post("gift-cards/undo", {**undone, "store": "901"}).json()["balance"] == "500.00"


def test_c11_a_call_repeated_after_midnight_is_given_the_same_answer(partner: Partner) -> None:
    """The till got no answer, and asks again on the next day, a receipt's number being the day's: nothing more is done.
    Another call with the same receipt is no repeat, and refused.
    """
    at, member = tills.till(partner.club), next(iter(partner.club.members))
    tills.earn(partner.club, member, 10_000)
    made, text = tills.voucher(partner.club, member, 5000)
    sold = at.post("gift-cards/sell", {"amount": "500", "receipt": "1"}, once="sale").json()
    pay = {"code": sold["code"], "amount": "120", "receipt": "2"}
    calls = {
        "sale": ("gift-cards/sell", {"amount": "500", "receipt": "1"}),
        "pay": ("gift-cards/redeem", pay),
        "use": ("vouchers/redeem", {"code": text, "amount": "50", "receipt": "3"}),
        "void": (f"vouchers/{made.id}/void", {}),
        "undo": ("gift-cards/undo", {"code": sold["code"], "receipt": "2"}),
    }
    first = {key: at.post(*call, once=key).json() for key, call in calls.items()}
    assert first["sale"] == sold
    assert [first[key]["balance"] for key in ("sale", "pay", "undo")] == ["500.00", "380.00", "500.00"]
    assert [first[key]["status"] for key in ("use", "void")] == ["used", "void"]
    clock.advance(timedelta(days=1))
    again = {key: at.post(*call, once=key) for key, call in calls.items()}
    assert {key: answer.json() for key, answer in again.items()} == first
    assert all(answer.headers["Idempotent-Replayed"] == "true" for answer in again.values())
    assert at.post("gift-cards/look", {"code": sold["code"]}).json()["balance"] == "500.00"
    assert sold["code"] not in str(list(ApiCall.objects.values_list("answer", flat=True)))
    for path, body in (calls["sale"], calls["pay"]):
        assert problem(at.post(path, body, once=f"new-{path}"))["code"] == "receipt-reused"
    assert problem(at.post("gift-cards/redeem", {**pay, "amount": "1"}, once="pay"))["code"] == "idempotency-key-reused"


def test_complaint_gift_card_redeemed_twice_by_tills_that_check_then_act(partner: Partner) -> None:
    pair = [tills.till(partner.club, name=f"till {n}") for n in range(4)]
    code = pair[0].post("gift-cards/sell", {"amount": "100", "receipt": "1"}).json()["code"]
    begin, answers, moment = threading.Barrier(len(pair)), [], clock.now()

    def ask(one: tills.TillSystem, number: int) -> None:
        with clock.travel(moment):
            begin.wait()
            answers.append(one.post("gift-cards/redeem", {"code": code, "amount": "100", "receipt": f"r{number}"}))
            connections.close_all()

    threads = [threading.Thread(target=ask, args=[one, number]) for number, one in enumerate(pair)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert pair[0].post("gift-cards/look", {"code": code}).json()["balance"] == "0.00"


def test_c10_the_balance_is_the_same_number_by_api_and_by_sms(partner: Partner) -> None:
    club, at = partner.club, tills.till(partner.club)
    subject = next(iter(club.members))
    register, holder = club.controller.register_id, holder_of(controller_id=club.controller.pk)
    with Scope(system("test", {club.controller.pk, holder}), "membership_administration") as scope:
        record_address(
            scope=scope,
            register_id=register,
            subject_id=subject,
            controller_id=holder,
            kind="phone",
            text="+4790000001",
            source="data_subject",
            at=clock.now(),
        )
        bonus_ids.issue(scope=scope, subject_id=subject, register_id=register, holder=holder, at=clock.now())
        number = facts(subject_id=subject)["bonus_id"]
    tills.earn(club, subject, 20_000)
    tills.voucher(club, subject, 7_450)
    ask = f"members/{number}/balance?ground=bonus_use"
    told = at.get(ask).json()
    assert told == {
        "currency": "NOK",
        "waiting": [],
        "available": "125.50",
        "pending": "0.00",
        "reserved": "74.50",
        "negative": False,
        "expiring": [{"on": "2028-01-01", "amount": "125.50"}],
    }
    answer = dispatch(controller=club.controller, key="1", sender="+4790000001", text="Saldo", at=clock.now())
    assert "125,50" in answer.text
    assert answer.tariff == 300  # premium-rate, as declared
    unknown = dispatch(controller=club.controller, key="2", sender="+4790000009", text="SALDO", at=clock.now())
    assert unknown.tariff == 0
    clock.advance(timedelta(hours=2))
    assert at.get(ask).json()["available"] == "200.00"  # the voucher's time is past
    with Scope(system("test", {club.controller.pk}), "security_log"):
        reads = Event.objects.filter(type="person.read", subject_id=subject)
        assert reads.count() == 2
    assert problem(at.get(f"members/{number}/balance?ground=newsletter"))["code"] == "ground-undeclared"
    assert problem(at.get(f"members/{number}/balance?ground=nothing"))["code"] == "ground-undeclared"
    assert problem(at.get("members/B9/balance?ground=bonus_use"))["code"] == "member-unknown"
    assert problem(at.get(f"members/{number}/balance"))["code"] == "body-shape"
    assert problem(at.get("members/+4790000001/balance?ground=bonus_use"))["code"] == "member-unknown"
    with Scope(system("test", {club.controller.pk}), "rights_requests", frozenset({subject})) as scope:
        restrict(scope=scope, subject_id=subject, controller_id=club.controller.pk, ground="accuracy", at=clock.now())
    assert problem(at.get(ask))["code"] == "member-unknown"
