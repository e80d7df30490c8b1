"""Payments through an acquirer (D8), a process of its own: by phone, on the web, given back; to the øre."""

import json
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings as site

from tests.conftest import TestDatabase
from tests.services.conftest import number_that
from tests.services.paying import (
    ACCOUNT,
    DECLINED,
    GOOD,
    LOST,
    NOW,
    SILENT,
    AcquirerProcess,
    Payer,
    balanced,
    by_bank,
    proved,
    signed,
)
from tests.services.test_blocking import found_anywhere
from tillit.journeys import billing, payment_desk, payments
from tillit.journeys.payments import Thing
from tillit.kernel import clock
from tillit.ledger.models import Transfer
from tillit.parties import operations as parties
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services import accounts, charges, invoices, orders
from tillit.services import acquirer as acquirers
from tillit.services.accounts import CREDIT, OWED
from tillit.services.acquirer import Answer
from tillit.services.errors import PaymentError
from tillit.services.payment_models import InvoiceState, OneOffState, Payment


def test_d8_a_card_given_by_phone_pays_and_its_number_is_nowhere(
    payer: Payer, acquirer: AcquirerProcess, fresh_db: TestDatabase, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    number = number_that(GOOD)
    order = payer.order()
    done = payer.by_phone(number, order_id=order.id)
    assert (done.payment_state, done.masked) == ("done", number[-4:])
    assert payer.now(order).order_state == OneOffState.PAID
    came = acquirer.charges()[str(done.reference)]
    assert (came["order"], came["amount"], came["last_four"]) == (f"O{order.number}", 80_000, number[-4:])
    assert came["customer"] == str(payer.subject)
    assert came["expiry_given"]
    with fresh_db.connect("owner") as owner:
        assert found_anywhere(owner, number) == []
        assert found_anywhere(owner, number[:12]) == []
        assert found_anywhere(owner, number[-4:]) != []
    out, err = capfd.readouterr()
    assert number not in out + err + caplog.text
    refused = payer.order()
    assert payer.by_phone(number_that(DECLINED), order_id=refused.id).reason == "card-declined"
    assert payer.now(refused).order_state == OneOffState.PLACED
    with pytest.raises(PaymentError) as none:
        payer.by_phone("4925000000000001", order_id=refused.id)
    assert none.value.code == "card"
    balanced(payer)


@pytest.mark.parametrize("how", [SILENT, LOST])
def test_d8_a_charge_whose_answer_is_lost_is_asked_about_and_never_made_twice(
    how: int, payer: Payer, acquirer: AcquirerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = payer.invoice()
    with monkeypatch.context() as hasty:
        if how == SILENT:
            hasty.setattr(acquirers, "TIMEOUT", 0.5)
        begun = payer.by_phone(number_that(how), invoice_id=one.id)
    acquirer.has(str(begun.reference))
    assert begun.payment_state == "under_way"
    with pytest.raises(PaymentError) as twice:
        payer.by_phone(number_that(GOOD), invoice_id=one.id)
    assert twice.value.code == "under-way"
    clock.travel(clock.now() + timedelta(minutes=2))
    assert payments.follow_up() == 1
    assert payments.follow_up() == 0
    assert payer.now(one).invoice_state == InvoiceState.PAID
    assert acquirer.charges()[str(begun.reference)]["times"] == 1
    (paid,) = payer.payments()
    assert (paid.payment_state, paid.amount) == ("done", 50_000)
    balanced(payer)


def test_d8_on_the_web_only_amount_and_order_leave_and_the_report_counts_once(
    payer: Payer, acquirer: AcquirerProcess, fresh_db: TestDatabase, client: Any
) -> None:
    one = payer.invoice()
    url = payments.on_web(controller=payer.controller, subject_id=payer.subject, thing=Thing(invoice_id=one.id))
    (begun,) = payer.payments()
    reported = acquirer.charges()[str(begun.reference)]
    assert {"number", "customer", "expiry"} & set(reported) == set()
    assert (reported["amount"], reported["order"]) == (50_000, str(one.number))
    assert acquirer.call("GET", urlsplit(url).path)[0] == 200
    number = number_that(GOOD)
    acquirer.call("POST", urlsplit(url).path, urlencode({"act": "pay", "card": number}))
    assert payer.now(one).left == 50_000  # nobody listened: it is asked about
    report = json.dumps({"reference": str(begun.reference), "status": "captured", "reference_theirs": "x"})
    unsigned = client.post("/acquirer/trygghavn/", report, content_type="application/json")
    assert unsigned.status_code == 401
    assert payer.now(one).left == 50_000
    for _ in range(2):
        assert signed(client, {"id": str(begun.reference), "status": "captured", "amount": 50_000}) == 204
    assert payer.now(one).left == 0
    assert payer.stands(CREDIT) == 0
    assert signed(client, {"id": "0b0c5d0e-0000-4000-8000-000000000000", "status": "captured"}) == 404
    with fresh_db.connect("owner") as owner:
        assert found_anywhere(owner, number) == []
    balanced(payer)


def test_d8_what_is_credited_or_taken_back_is_given_back_by_the_card_or_to_an_account(
    payer: Payer, acquirer: AcquirerProcess
) -> None:
    one, order = payer.invoice(), payer.order()
    by_card = payer.by_phone(number_that(GOOD), invoice_id=one.id)
    with payer.scope() as scope:
        assert invoices.credit(scope=scope, invoice=one, amount=20_000, at=clock.now()) == 20_000
        with pytest.raises(PaymentError):
            invoices.credit(scope=scope, invoice=one, amount=30_001, at=clock.now())
    given = {"actor": payer.actor, "controller": payer.controller, "subject_id": payer.subject}
    back = payments.give_back(**given, payment_id=by_card.id, amount=15_000)
    assert (back.payment_state, back.amount) == ("done", -15_000)
    with pytest.raises(PaymentError) as more:
        payments.give_back(**given, payment_id=by_card.id, amount=5_001)
    assert more.value.code == "refund-amount"
    payer.by_phone(number_that(GOOD), order_id=order.id)
    with payer.scope("one_off_transactions") as scope:
        orders.cancel(scope=scope, order=order, at=clock.now())
    assert payer.now(order).order_state == OneOffState.REFUNDED
    assert payer.stands(CREDIT, accounts.ONE_OFF) == 80_000
    balanced(payer)


def test_d8_invoices_the_books_do_not_know_and_payments_nobody_follows_up_are_seen(
    payer: Payer, acquirer: AcquirerProcess, fresh_db: TestDatabase
) -> None:
    def status() -> set[str]:
        found = prove(controllers=["trygghavn"], kinds=["domains"])
        return {one.finding.status for one in found if one.promise.path == "activities.service_payments"}

    one = payer.invoice()
    assert status() == {"kept"}
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE services_invoice SET amount = amount + 100")
        assert status() == {"broken"}
        owner.execute("UPDATE services_invoice SET amount = amount - 100")
        assert status() == {"kept"}
    payer.by_phone(number_that(LOST), invoice_id=one.id)
    clock.travel(clock.now() + timedelta(days=2))
    assert status() == {"broken"}
    payments.follow_up()
    assert status() == {"kept"}


def test_d8_an_order_billed_beside_an_open_page_is_sold_once(payer: Payer) -> None:
    order = payer.order()
    with payer.scope("one_off_transactions") as scope:
        row, _ = charges.on_web(scope=scope, thing=order, at=clock.now())
        with pytest.raises(PaymentError) as begun:
            orders.bill(scope=scope, order=order, at=clock.now())
    assert begun.value.code == "under-way"
    payments.reported(controller=payer.controller, reference=row.reference, answer=Answer("expired"))
    with payer.scope("one_off_transactions") as scope:
        bill = orders.bill(scope=scope, order=order, at=clock.now())
    captured = Answer("captured", amount=80_000)  # after all
    payments.reported(controller=payer.controller, reference=row.reference, answer=captured)
    assert (payer.now(order).order_state, payer.now(bill).invoice_state) == (OneOffState.PAID, InvoiceState.PAID)
    assert (payer.stands(OWED, accounts.ONE_OFF), payer.stands(CREDIT, accounts.ONE_OFF)) == (0, 0)
    with payer.scope("one_off_transactions"):
        assert sum(one.amount for one in Transfer.objects.all() if one.credit_kind == accounts.SALES.id) == 80_000
    assert proved() == {"kept"}


def test_d8_what_was_captured_is_booked_pages_are_bounded_and_nobody_is_dunned_while_paying(
    payer: Payer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "ACQUIRER", "http://x@127.0.0.1:1")
    monkeypatch.setattr(acquirers, "open_page", lambda **_: Answer("pending", url="https://acquirer.example/x"))
    one = payer.invoice()
    for _ in range(5):
        payments.on_web(controller=payer.controller, subject_id=payer.subject, thing=Thing(invoice_id=one.id))
    (row,) = payer.payments()
    for wrong in ({}, {"amount": 0}, {"amount": 50_000, "currency": "SEK"}):
        assert signed(client, {"id": str(row.reference), "status": "captured", **wrong}) == 400
    assert payer.now(one).left == 50_000
    assert signed(client, {"id": str(row.reference), "status": "captured", "amount": 49_900, "currency": "NOK"}) == 204
    (came,) = payer.payments()
    assert (came.amount, came.payment_state, came.reason) == (49_900, "done", "amount-differs")
    assert payer.now(one).left == 100
    (stuck,) = payment_desk.stuck(actor=payer.actor, controller=payer.controller)
    payment_desk.see_to(actor=payer.actor, controller=payer.controller, payment_id=stuck.id)
    assert payment_desk.stuck(actor=payer.actor, controller=payer.controller) == []
    for _ in range(charges.PAGES):
        with payer.scope() as scope:
            charges.on_web(scope=scope, thing=one, at=clock.now())
    with payer.scope() as scope, pytest.raises(PaymentError):
        charges.on_web(scope=scope, thing=one, at=clock.now())
    two = payer.invoice(19_900)
    by_bank(payer, payer.invoice(10_000), "300.00", "B9")
    clock.travel(NOW + timedelta(days=28))
    billing.everywhere()
    for each in (one, two):  # paid of the credit
        assert (payer.now(each).reminders, payer.now(each).left) == (0, 0)
    assert payer.stands(CREDIT) == 0
    three = payer.invoice()
    clock.travel(NOW + timedelta(days=56))
    with payer.scope() as scope:
        charges.on_web(scope=scope, thing=three, at=clock.now())
    billing.everywhere()
    assert payer.now(three).reminders == 0
    clock.travel(NOW + timedelta(days=58))
    billing.everywhere()
    assert payer.now(three).reminders == 1
    assert proved() == {"kept"}


def test_d8_what_a_customer_who_left_pays_and_is_given_back_stands_in_the_books(payer: Payer) -> None:
    one, two = payer.invoice(), payer.invoice(20_000)
    with payer.scope() as scope:
        row, _ = charges.on_web(scope=scope, thing=one, at=clock.now())
    with payer.scope("customer_administration") as scope:
        parties.end_relationship(
            scope=scope, subject_id=payer.subject, controller_id=payer.controller.pk, kind="customer",
            ended=date(2026, 3, 2), reason="own_wish",
        )  # fmt: skip
    retention.run()
    with payer.scope():
        assert not Payment.objects.exists()
    captured = Answer("captured", amount=50_000)
    assert payments.reported(controller=payer.controller, reference=row.reference, answer=captured)
    by_bank(payer, two, "900.00", "B1")
    given: dict[str, Any] = {"actor": payer.actor, "controller": payer.controller, "subject_id": payer.subject}
    seen = payment_desk.look(**given)
    assert (len(seen.invoices), len(seen.payments), seen.credit) == (2, 2, {accounts.PAYMENTS: 70_000})
    bank = next(each for each in seen.payments if each.amount == 90_000)
    payments.give_back(**given, payment_id=bank.id, amount=70_000, to_account=ACCOUNT)
    assert payment_desk.look(**given).credit == {}
