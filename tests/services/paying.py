"""A customer who pays, and an acquirer in a process of its own, for tests."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from typing import Any

from tests.bonus.test_camt import entry, statement
from tillit.declaration.models import Controller
from tillit.journeys import payments, payments_in
from tillit.journeys.payments import Thing
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.ledger import queries as ledger
from tillit.platform.secrets import secret
from tillit.privacy.prove.run import prove
from tillit.services import accounts, charges, invoices, orders
from tillit.services.accounts import OWED
from tillit.services.payment_models import Invoice, OneOffOrder, Payment

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

    def has(self, reference: str) -> None:
        """Wait until it has taken a charge that nobody waits for any more."""
        until = time.monotonic() + 60
        while reference not in self.charges():
            assert time.monotonic() < until, "the charge never came"
            time.sleep(0.02)


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
