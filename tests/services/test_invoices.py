"""Invoices, orders and the books (D8): to the øre on the ledger, and gone on their day."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bonus.test_camt import entry, statement
from tests.conftest import TestDatabase
from tests.services.conftest import paid_out
from tests.services.paying import (
    ACCOUNT,
    NOW,
    Payer,
    balanced,
    billed,
    by_bank,
    payer_owed,
    proved,
)
from tests.services.test_blocking import found_anywhere
from tillit.journeys import billing, insurance, payment_desk, payments, payments_in
from tillit.kernel import clock
from tillit.kernel.identifiers import kid
from tillit.ledger.models import Transfer
from tillit.parties import operations as parties
from tillit.parties.models import Fact
from tillit.privacy import retention
from tillit.services import accounts, covers, invoices, orders
from tillit.services.accounts import CREDIT, OWED
from tillit.services.agreement_models import Agreement
from tillit.services.errors import PaymentError
from tillit.services.insurance_models import Cover
from tillit.services.payment_models import BankLine, Invoice, InvoiceState, OneOffOrder, OneOffState, Payment
from tillit.services.product_models import ServiceProduct


def test_d8_an_invoice_is_paid_by_its_kid_in_parts_and_what_is_too_much_the_person_has(payer: Payer) -> None:
    one, other = payer.invoice(), payer.invoice(20_000)
    assert (one.number, other.number) == (1, 2)
    assert payer.stands(OWED) == -70_000
    file = statement(entry(one.kid, "200.00", bank="B1"), entry("29999", "11.00", bank="B2"))
    taken = payments_in.take_in(actor=payer.actor, controller=payer.controller, body=file)
    assert (taken.new, taken.paid, taken.known) == (2, 1, 0)
    again = payments_in.take_in(actor=payer.actor, controller=payer.controller, body=file)
    assert (again.new, again.paid, again.known) == (0, 0, 2)
    assert payer.now(one).left == 30_000
    payments_in.take_in(
        actor=payer.actor, controller=payer.controller, body=statement(entry(one.kid, "350.00", bank="B3"))
    )
    settled = payer.now(one)
    assert (settled.invoice_state, settled.left) == (InvoiceState.PAID, 0)
    assert settled.settled_at is not None
    assert (payer.stands(OWED), payer.stands(CREDIT)) == (-20_000, 5_000)
    (loose,) = payments_in.loose(actor=payer.actor, controller=payer.controller)
    payments_in.put_with(actor=payer.actor, controller=payer.controller, line_id=loose.pk, invoice=str(other.number))
    assert payer.now(other).left == 18_900
    assert not BankLine.objects.filter(loose=True).exists()
    balanced(payer)


def test_d8_emergency_cash_is_handed_out_and_billed(payer: Payer, fresh_db: TestDatabase) -> None:
    with pytest.raises(PaymentError) as much:
        payer.order("emergency_cash", 900_000, 890_000)
    assert much.value.code == "cash"
    order = payer.order("emergency_cash", 300_000, 280_000)
    with payer.scope("one_off_transactions") as scope:
        orders.hand_out(scope=scope, order=order, to_account=ACCOUNT, at=clock.now())
        with pytest.raises(PaymentError):
            orders.hand_out(scope=scope, order=order, to_account=ACCOUNT, at=clock.now())
        assert payer_owed(payer, accounts.ONE_OFF) == -280_000
        bill = orders.bill(scope=scope, order=order, at=clock.now())
        assert orders.bill(scope=scope, order=order, at=clock.now()).id == bill.id
        assert payer_owed(payer, accounts.ONE_OFF) == -300_000
    payments_in.take_in(
        actor=payer.actor, controller=payer.controller, body=statement(entry(bill.kid, "3000.00", bank="C1"))
    )
    assert payer.now(order).order_state == OneOffState.DELIVERED
    assert payer.stands(OWED, accounts.ONE_OFF) == 0
    with fresh_db.connect("owner") as owner:
        assert found_anywhere(owner, bill.kid) != []
        assert ACCOUNT not in str(owner.execute("SELECT to_account FROM services_one_off_order").fetchall())
    balanced(payer)


def test_d8_reminders_go_on_their_days_with_their_fee_and_what_is_barred_is_written_off(payer: Payer) -> None:
    one = payer.invoice()
    assert one.due_on == date(2026, 3, 16)
    for day, reminders, left in ((date(2026, 3, 29), 0, 50_000), (date(2026, 3, 30), 1, 53_500),
                                 (date(2026, 4, 12), 1, 53_500), (date(2026, 4, 13), 2, 57_000),
                                 (date(2026, 9, 1), 2, 57_000)):  # fmt: skip
        clock.travel(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
        billing.everywhere()
        billing.everywhere()
        found = payer.now(one)
        assert (found.reminders, found.left) == (reminders, left), day
    clock.travel(datetime(2029, 3, 15, 9, tzinfo=UTC))
    billing.everywhere()
    assert payer.now(one).settled_at is None
    clock.travel(datetime(2029, 3, 16, 9, tzinfo=UTC))
    assert billing.everywhere().written_off == 1
    lost = payer.now(one)
    assert (lost.invoice_state, lost.lost, lost.left) == (InvoiceState.WRITTEN_OFF, 57_000, 0)
    assert payer.stands(OWED) == 0
    balanced(payer)


def test_d8_the_books_leave_as_lines_that_add_up_to_zero(payer: Payer) -> None:
    from tillit.journeys.books import export

    one = payer.invoice()
    payments_in.take_in(
        actor=payer.actor, controller=payer.controller, body=statement(entry(one.kid, "600.00", bank="D1"))
    )
    body = export(actor=payer.actor, controller=payer.controller, start=date(2026, 1, 1), end=date(2027, 1, 1))
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig")), delimiter=";"))
    assert {row["account"] for row in rows} == {"1500", "3000", "1920", "2970"}
    assert sum(round(100 * float(row["debit"] or 0)) for row in rows) == 110_000
    assert sum(round(100 * float(row["credit"] or 0)) for row in rows) == 110_000
    assert {row["customer"] for row in rows} == {str(payer.subject)}
    assert "Nordmann" not in body.decode("utf-8-sig")


def test_d8_what_was_paid_goes_five_years_after_the_financial_year_and_not_before(payer: Payer) -> None:
    one, order = payer.invoice(), payer.order("emergency_cash", 300_000, 280_000)
    with payer.scope("one_off_transactions") as scope:
        orders.hand_out(scope=scope, order=order, to_account=ACCOUNT, at=clock.now())
        bill = orders.bill(scope=scope, order=order, at=clock.now())
    clock.travel(datetime(2026, 12, 1, 9, tzinfo=UTC))
    with payer.scope("customer_administration") as scope:
        parties.end_relationship(
            scope=scope,
            subject_id=payer.subject,
            controller_id=payer.controller.pk,
            kind="customer",
            ended=date(2026, 12, 1),
            reason="own_wish",
        )
    retention.run()
    with payer.scope():
        assert not Invoice.objects.exists()  # they stand in the archive
    assert paid_out(payer.controller) == 1, "what somebody who has left is owed is paid, too"
    clock.travel(datetime(2027, 1, 4, 9, tzinfo=UTC))  # paid the year after
    for nth, found in enumerate((one, bill)):
        file = statement(entry(found.kid, f"{found.amount / 100:.2f}", bank=f"E{nth}", day="2027-01-04"))
        payments_in.take_in(actor=payer.actor, controller=payer.controller, body=file)

    def after(day: date) -> tuple[int, ...]:
        clock.travel(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
        retention.run()
        with payer.scope("retention"):
            name = Fact.objects.filter(kind="name.family").count()
            return (*(model.objects.count() for model in (Invoice, OneOffOrder, Payment)), name)

    assert after(date(2032, 12, 31)) == (2, 1, 2, 1)
    assert after(date(2033, 1, 1)) == (0, 0, 0, 0)
    with payer.scope("retention"):
        assert Transfer.objects.count() == 0


def test_d8_a_subscription_is_billed_a_period_at_a_time_and_insures_as_long_as_it_runs(payer: Payer) -> None:
    trygghavn = payer.controller
    product = ServiceProduct.objects.create(
        controller=trygghavn,
        key="trygg",
        names={"nb": "Trygghet"},
        services=["insurance_cover"],
        payers=["customer"],
        bills="P1M",
        starts=date(2026, 1, 1),
    )
    covers.keep_terms(
        controller=trygghavn, product="trygg", policy="T-1", insures={"nb": "Sykkel"}, most=100, own_share=0,
        starts=date(2026, 1, 1),
    )  # fmt: skip
    with payer.scope("customer_administration"):
        made = Agreement.objects.create(
            subject_id=payer.subject, controller_id=trygghavn.pk, product=product, payer="customer", price=9_900,
            starts=date(2026, 1, 31), made_at=NOW, collected_under="customer_administration",
        )  # fmt: skip
    assert billing.everywhere().issued == 2
    assert billing.everywhere().issued == 0
    clock.travel(datetime(2026, 3, 31, 9, tzinfo=UTC))
    assert billing.everywhere().issued == 1
    with payer.scope():
        rows = Invoice.objects.order_by("number")
        periods = [(one.period_start, one.period_end, one.amount) for one in rows]
    assert periods == [
        (date(2026, 1, 31), date(2026, 2, 28), 9_900),
        (date(2026, 2, 28), date(2026, 3, 31), 9_900),
        (date(2026, 3, 31), date(2026, 4, 30), 9_900),
    ]
    assert insurance.follow_agreements() == 1
    with payer.scope("customer_administration"):
        Agreement.objects.filter(id=made.id).update(ends=date(2026, 4, 15), ended_at=clock.now(), end_reason="own_wish")
    assert insurance.follow_agreements() == 1
    assert insurance.follow_agreements() == 0
    with payer.scope("insurance_cover"):
        (cover,) = Cover.objects.all()
        assert (cover.starts, cover.ends) == (date(2026, 1, 31), date(2026, 4, 15))


@given(number=st.integers(1, 10**9 - 1), place=st.integers(0, 9), wrong=st.integers(1, 9))
@settings(max_examples=50)
def test_d8_a_kid_is_valid_and_one_wrong_digit_is_seen(number: int, place: int, wrong: int) -> None:
    text = invoices.kid_of(number)
    total = 0
    for nth, digit in enumerate(reversed(text)):
        doubled = int(digit) * (2 if nth % 2 else 1)
        total += doubled // 10 + doubled % 10
    assert total % 10 == 0
    assert int(text[1:-1]) == number
    broken = text[:place] + str((int(text[place]) + wrong) % 10) + text[place + 1 :]
    assert not kid.is_valid(broken, kid.KidMethod.MOD10)


def test_d8_only_what_was_paid_is_credited_and_books_apart_from_payments_are_seen(
    payer: Payer, fresh_db: TestDatabase
) -> None:
    given: dict[str, Any] = {"actor": payer.actor, "controller": payer.controller, "subject_id": payer.subject}
    order, bill = billed(payer)
    payment_desk.change_invoice(**given, invoice_id=bill.id, act="write_off")
    assert payer.now(order).order_state == OneOffState.LOST
    for act in ({"order_id": order.id, "act": "cancel"}, {"order_id": order.id, "act": "deliver"}):
        with pytest.raises(PaymentError):
            payment_desk.change_order(**given, **act)
    with pytest.raises(PaymentError) as lost:
        payment_desk.change_invoice(**given, invoice_id=bill.id, act="credit", amount=1)
    assert (lost.value.code, payer.stands(CREDIT, accounts.ONE_OFF)) == ("credit-amount", 0)

    other, paid = billed(payer)
    by_bank(payer, paid, "800.00", "B1")
    payment_desk.change_invoice(**given, invoice_id=paid.id, act="credit", amount=50_000)
    assert (payer.now(other).order_state, payer.stands(CREDIT, accounts.ONE_OFF)) == (OneOffState.PAID, 50_000)
    payment_desk.change_order(**given, order_id=other.id, act="cancel")
    assert (payer.now(other).order_state, payer.stands(CREDIT, accounts.ONE_OFF)) == (OneOffState.REFUNDED, 80_000)
    third, whole = billed(payer)
    by_bank(payer, whole, "800.00", "B2")
    payment_desk.change_invoice(**given, invoice_id=whole.id, act="credit", amount=80_000)
    assert payer.now(third).order_state == OneOffState.REFUNDED
    assert payer.stands(CREDIT, accounts.ONE_OFF) == 160_000
    (one, _) = payer.payments()
    payments.give_back(**given, payment_id=one.id, amount=30_000, to_account=ACCOUNT)
    assert proved() == {"kept"}
    with payer.scope("one_off_transactions") as scope:
        accounts.move(
            scope=scope, subject_id=payer.subject, of=accounts.book(controller_id=payer.controller.pk,
            category=accounts.ONE_OFF), debit=accounts.SALES, credit=CREDIT, amount=1, key=("nothing",),
            at=clock.now(), state=bill.state,
        )  # fmt: skip
    assert proved() == {"broken"}
