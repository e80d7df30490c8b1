"""Invoices, orders and payments (D8): to the øre on the ledger, through an acquirer in a process of its own."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings as site
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bonus.test_camt import entry, statement
from tests.conftest import TestDatabase
from tests.services.conftest import number_that, paid_out
from tests.services.test_blocking import found_anywhere
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.journeys import billing, insurance, payment_desk, payments, payments_in
from tillit.journeys.payments import Thing
from tillit.kernel import clock
from tillit.kernel.identifiers import kid
from tillit.kernel.scope import Scope, system
from tillit.ledger import queries as ledger
from tillit.ledger.models import Transfer
from tillit.parties import operations as parties
from tillit.parties.models import Fact
from tillit.platform import paths
from tillit.platform.secrets import secret
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services import accounts, charges, covers, invoices, orders, terms
from tillit.services import acquirer as acquirers
from tillit.services.accounts import CREDIT, OWED
from tillit.services.acquirer import Answer
from tillit.services.agreement_models import Agreement
from tillit.services.errors import PaymentError
from tillit.services.insurance_models import Cover
from tillit.services.payment_models import BankLine, Invoice, InvoiceState, OneOffOrder, OneOffState, Payment
from tillit.services.product_models import ServiceProduct

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOOD, DECLINED, SILENT, LOST = 9, 0, 1, 4
ACCOUNT = "12345678903"


@dataclass
class Payer:
    """A customer who pays."""

    controller: Controller
    subject: int

    @property
    def actor(self) -> Any:
        return system("test", {self.controller.pk})

    def scope(self, activity: str = "service_payments") -> Scope:
        return Scope(self.actor, activity, frozenset({self.subject}))

    def invoice(self, amount: int = 50_000) -> Invoice:
        with self.scope() as scope:
            return invoices.issue(
                scope=scope,
                subject_id=self.subject,
                controller_id=self.controller.pk,
                lines=[("Trygghet hele året", amount)],
                at=clock.now(),
            )

    def order(self, kind: str = "tickets", amount: int = 80_000, cash: int = 0) -> OneOffOrder:
        with self.scope("one_off_transactions") as scope:
            return orders.place(
                scope=scope,
                subject_id=self.subject,
                controller_id=self.controller.pk,
                kind=kind,
                title="Havnefestivalen",
                amount=amount,
                at=clock.now(),
                event_on=date(2026, 6, 20),
                quantity=2,
                cash=cash,
            )

    def now(self, thing: Invoice | OneOffOrder) -> Any:
        of_order = isinstance(thing, OneOffOrder) or thing.order_id is not None
        activity = "one_off_transactions" if of_order else "service_payments"
        with self.scope(activity):
            return type(thing).objects.get(subject_id=self.subject, id=thing.id)

    def stands(self, kind: accounts.Kind, category: str = accounts.PAYMENTS) -> int:
        with self.scope(charges.ACTIVITY[category]):
            book = accounts.book(controller_id=self.controller.pk, category=category)
            return accounts.standing(subject_id=self.subject, of=book, kind=kind)

    def by_phone(self, number: str, **what: int) -> Payment:
        return payments.by_phone(
            actor=self.actor,
            controller=self.controller,
            subject_id=self.subject,
            thing=Thing(**what),
            number=number,
            expiry="09/28",
        )

    def payments(self) -> list[Payment]:
        found = []
        for activity in charges.ACTIVITY.values():
            with self.scope(activity):
                found += list(charges.of_person(subject_id=self.subject))
        return found


@dataclass
class AcquirerProcess:
    port: int

    def call(self, verb: str, path: str, body: str = "") -> tuple[int, bytes]:
        link = HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request(verb, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = link.getresponse()
        read = answer.read()
        link.close()
        return answer.status, read

    def charges(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = json.loads(self.call("GET", "/charges")[1])
        return found


@pytest.fixture
def payer(fresh_db: TestDatabase) -> Payer:
    clock.travel(NOW)
    trygghavn = publish_examples("loyalty_services")["trygghavn"]
    terms.keep_terms(controller=trygghavn, starts=date(2026, 1, 1), account=ACCOUNT)
    who = person(trygghavn, "customer", given="Kari", family="Nordmann", email="kari@post.example")
    return Payer(trygghavn, who)


@pytest.fixture(scope="module")
def acquirer_process() -> Iterator[AcquirerProcess]:
    command = [sys.executable, "-m", "tillit.faces.cli", "simulator", "acquirer", "--port", "0", "--slow", "2"]
    process = subprocess.Popen(command, cwd=paths.root(), stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    assert process.stdout is not None
    try:
        yield AcquirerProcess(int(process.stdout.readline().rsplit(":", 1)[1]))
    finally:
        process.kill()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.fixture
def acquirer(acquirer_process: AcquirerProcess, monkeypatch: pytest.MonkeyPatch) -> AcquirerProcess:
    monkeypatch.setattr(site, "ACQUIRER", f"http://simulator@127.0.0.1:{acquirer_process.port}")
    monkeypatch.setattr(acquirers, "TIMEOUT", 0.5)
    return acquirer_process


def balanced(payer: Payer) -> None:
    """Every book adds up to zero, every balance is explained, and what is owed is what invoices and orders say."""
    with payer.scope():
        sums: dict[int, int] = {}
        for line in ledger.trial_balance():
            sums[line.book_id] = sums.get(line.book_id, 0) + line.moved
        assert not any(sums.values())
        assert ledger.unexplained() == 0
    for category, activity in charges.ACTIVITY.items():
        with payer.scope(activity):
            rows = [one for one in Invoice.objects.all() if charges.category_key(one.category) == category]
            assert sum(one.left for one in rows) == -payer_owed(payer, category) or category == accounts.ONE_OFF


def payer_owed(payer: Payer, category: str) -> int:
    book = accounts.book(controller_id=payer.controller.pk, category=category)
    return accounts.standing(subject_id=payer.subject, of=book, kind=OWED)


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
    how: int, payer: Payer, acquirer: AcquirerProcess
) -> None:
    one = payer.invoice()
    begun = payer.by_phone(number_that(how), invoice_id=one.id)
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


def signed(client: Any, said: dict[str, Any]) -> int:
    import base64

    from standardwebhooks.webhooks import Webhook

    said = {"reference": said["id"], **{key: value for key, value in said.items() if key != "id"}}
    text, at = json.dumps(said), datetime.fromtimestamp(time.time(), UTC)
    key = "whsec_" + base64.b64encode(secret("acquirer")).decode()
    heads = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign("msg_1", at, text),
    }
    answer = client.post("/acquirer/trygghavn/", text, content_type="application/json", headers=heads)
    return int(answer.status_code)


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


def proved() -> set[str]:
    found = prove(controllers=["trygghavn"], kinds=["domains"])
    return {one.finding.status for one in found if one.promise.path == "activities.service_payments"}


def billed(payer: Payer, amount: int = 80_000) -> tuple[OneOffOrder, Invoice]:
    order = payer.order(amount=amount)
    with payer.scope("one_off_transactions") as scope:
        return order, orders.bill(scope=scope, order=order, at=clock.now())


def by_bank(payer: Payer, invoice: Invoice, amount: str, key: str) -> None:
    file = statement(entry(invoice.kid, amount, bank=key))
    payments_in.take_in(actor=payer.actor, controller=payer.controller, body=file)


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
