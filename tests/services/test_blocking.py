"""The blocking service (D2): numbers sealed, opened for a block alone, and orders that reach their issuer once."""

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings as site

from tests.conftest import TestDatabase
from tests.services.conftest import (
    BUSY,
    CONFIRMS,
    LOST,
    NOW,
    REJECTS,
    SILENT,
    SLOW,
    Customer,
    IssuerProcess,
    number_that,
)
from tests.support.world import person
from tillit.audit.models import Event
from tillit.cases import operations, unfinished
from tillit.cases import queries as cases
from tillit.cases.models import Case
from tillit.consent import operations as consent
from tillit.declaration.personal import RowState
from tillit.disclosure import queries as disclosures
from tillit.journeys.merging import merge
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.parties.errors import RestrictedPersonError
from tillit.platform import paths
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services import blocking, delivery, instruments, issuers
from tillit.services.errors import ServiceError
from tillit.services.models import BlockOrder, Instrument, OrderState


def later(**by: int) -> None:
    clock.travel(clock.now() + timedelta(**by))


def log_of(customer: Customer, case: Case) -> list[str]:
    with customer.scope():
        return [entry.step for entry in cases.entries(case=cases.case(case_id=case.id))]


def openings(customer: Customer) -> int:
    with Scope(system("test", {customer.controller.pk}), "security_log", frozenset({customer.subject})):
        return Event.objects.filter(type="blocked_instrument.opened", subject_id=customer.subject).count()


def test_d2_a_card_is_blocked_confirmed_and_every_opening_of_its_number_is_on_record(
    customer: Customer, issuer: IssuerProcess, fresh_db: TestDatabase
) -> None:
    number = number_that(CONFIRMS)
    card = customer.put_on(number, expires_on=date(2028, 6, 30))
    assert openings(customer) == 0
    case = customer.block(card)
    done = delivery.deliver()
    assert (done.confirmed, done.again) == (1, 0)
    (order,) = customer.orders(case)
    assert (order.order_state, order.last_four) == (OrderState.CONFIRMED, number[-4:])
    assert order.confirmation
    (came,) = issuer.orders().values()
    assert (came["name"], came["last_four"], came["kind"], came["times"]) == ("Kari Nordmann", number[-4:], "card", 1)
    assert log_of(customer, case) == ["received", "confirmed", "closed"]
    assert openings(customer) == 1
    with customer.scope("rights_requests"):
        (given,) = disclosures.about(subject_id=customer.subject)
    assert (given.recipient, given.party) == ("card_issuer", "nordbank")
    assert given.fields == {"identity": ["name"], "blocked_instrument": ["blocked_number"]}
    assert delivery.deliver() == delivery.Handled()
    with fresh_db.connect("owner") as owner:
        assert found_anywhere(owner, number) == []
        assert found_anywhere(owner, "Nordmann") != []


def found_anywhere(owner: psycopg.Connection[tuple[object, ...]], text: str) -> list[str]:
    """Tables in which a text stands in clear."""
    tables = owner.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    found = []
    for (table,) in tables.fetchall():
        hits = owner.execute(f'SELECT 1 FROM "{table}" t WHERE t::text LIKE %s LIMIT 1', [f"%{text}%"])  # type: ignore[call-overload]
        found += [str(table)] if hits.fetchone() else []
    return found


def test_d2_what_an_issuer_rejects_stands_on_the_desk_until_a_colleague_has_seen_to_it(
    customer: Customer, issuer: IssuerProcess
) -> None:
    refused, good = customer.put_on(number_that(REJECTS)), customer.put_on(number_that(CONFIRMS))
    case = customer.block(refused, good)
    done = delivery.deliver()
    assert (done.rejected, done.confirmed) == (1, 1)
    first, second = sorted(customer.orders(case), key=lambda one: one.order_state)
    assert (first.order_state, second.order_state, second.reason) == ("confirmed", "rejected", "number-unknown")
    with customer.scope() as scope:
        assert cases.case(case_id=case.id).closed_at is None
        late = cases.queue(controller_ids=[customer.controller.pk], kind=blocking.BLOCK, show="late")
        assert late.count() == 0
        later(minutes=31)
        late = cases.queue(controller_ids=[customer.controller.pk], kind=blocking.BLOCK, show="late")
        assert late.count() == 1
    assert delivery.deliver() == delivery.Handled()  # nobody sends what was refused again by itself
    with customer.scope() as scope:
        blocking.try_again(scope=scope, order=second, at=clock.now())
    assert delivery.deliver().rejected == 1
    assert len(issuer.orders()) == 3  # a new try has a reference of its own
    with customer.scope() as scope:
        blocking.settle(scope=scope, order=second, outcome=OrderState.BY_PHONE, at=clock.now(), text="Ringt banken")
        assert cases.case(case_id=case.id).closed_at is not None
    assert log_of(customer, case)[-2:] == ["by_phone", "closed"]


@pytest.mark.parametrize("how", [SILENT, LOST, BUSY, SLOW])
def test_d2_an_issuer_that_is_silent_busy_slow_or_loses_its_answer_gets_one_order(
    how: int, customer: Customer, issuer: IssuerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "TIMEOUT", 60)
    case = customer.block(customer.put_on(number_that(how)))
    with monkeypatch.context() as hasty:
        if how == SILENT:
            hasty.setattr(issuers, "TIMEOUT", 0.5)
        first = delivery.deliver()
    assert first.confirmed == 0
    if how == SILENT:
        issuer.has(orders=1)
    for _ in range(5):
        later(minutes=6)
        delivery.deliver()
    (order,) = customer.orders(case)
    assert order.order_state == OrderState.CONFIRMED
    (came,) = issuer.orders().values()
    assert came["times"] == 1
    expected = ["received", *(["handed_over"] if how == SLOW else []), "confirmed", "closed"]
    assert log_of(customer, case) == expected


def test_d2_d10_a_block_is_finished_before_who_leaves_is_archived(customer: Customer, issuer: IssuerProcess) -> None:
    case = customer.block(customer.put_on(number_that(SLOW)))
    assert delivery.deliver().accepted == 1
    with customer.scope("customer_administration") as scope:
        parties.end_relationship(
            scope=scope,
            subject_id=customer.subject,
            controller_id=customer.controller.pk,
            kind="customer",
            ended=clock.today(),
            reason="own_wish",
        )
    later(days=1)
    retention.run()
    for _ in range(4):
        delivery.deliver()
        later(minutes=6)
    (order,) = customer.orders(case)  # within reach of whoever blocks
    assert (order.order_state, [one["times"] for one in issuer.orders().values()]) == ("confirmed", [1])
    later(days=1)
    retention.run()
    assert customer.orders(case) == [], "then it is in the archive"
    with customer.scope("claims_defence"):
        assert BlockOrder.objects.get(subject_id=customer.subject).state == RowState.ARCHIVED


@pytest.mark.parametrize(
    ("kind", "activity", "fields"),
    [("concierge", "concierge", {"text": "A table"}), ("enquiry", "customer_service", {"subject": "Why"})],
)
def test_d9_d10_what_is_open_when_somebody_leaves_is_finished_first_or_closed_as_that(
    customer: Customer, kind: str, activity: str, fields: dict[str, Any]
) -> None:
    mine: dict[str, Any] = {"subject_id": customer.subject, "controller_id": customer.controller.pk}
    with customer.scope(activity) as scope:
        operations.open_case(scope=scope, kind=kind, channel="phone", fields=fields, at=clock.now(), **mine)
    with customer.scope("customer_administration") as scope:
        parties.end_relationship(scope=scope, kind="customer", ended=clock.today(), reason="own_wish", **mine)
    later(days=29)
    assert unfinished.close_everywhere() == 0
    retention.run()
    with customer.scope(activity):
        assert Case.objects.get(subject_id=customer.subject).state == RowState.LIVE, "it can still be finished"
    later(days=1)
    assert unfinished.close_everywhere() == 1
    retention.run()
    with customer.scope(activity):
        assert not Case.objects.filter(subject_id=customer.subject).exists(), "then it is in the archive"
    with customer.scope("claims_defence"):
        found = Case.objects.get(subject_id=customer.subject)
        assert (found.state, found.stage, found.outcome) == (RowState.ARCHIVED, "closed", "left")


def test_d2_an_issuer_that_cannot_be_reached_loses_no_order(customer: Customer, settings: object) -> None:
    case = customer.block(customer.put_on(number_that(CONFIRMS)))
    assert delivery.deliver().again == 1
    (order,) = customer.orders(case)
    assert (order.order_state, order.reason, order.handed_over) == ("queued", "issuer-unnamed", False)
    assert openings(customer) == 0  # nobody to send it to: not opened


KILLED = """
import os, signal, sys
import django
django.setup()
from tillit.kernel import clock
from tillit.services import blocking, delivery, issuers
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
step = sys.argv[1]
if step == "claimed":
    delivery._carry = die
elif step == "released":
    issuers.hand_over = die
elif step == "handed over":
    delivery._heard = die
elif step == "settling":
    real = blocking.cases.take
    blocking.cases.take = die
delivery.deliver()
if step == "settled":
    die()
"""


@pytest.mark.parametrize(
    "step",
    [
        "released",
        "handed over",
        *(pytest.param(one, marks=pytest.mark.soak) for one in ("claimed", "settling", "settled")),
    ],
)
def test_d2_a_block_survives_a_killed_worker_at_every_step_and_is_sent_once(
    step: str, customer: Customer, issuer: IssuerProcess, fresh_db: TestDatabase
) -> None:
    clock.return_to_present()
    case = customer.block(customer.put_on(number_that(CONFIRMS)))
    worker = subprocess.run(
        [sys.executable, "-c", KILLED, step],
        cwd=paths.root(),
        env=fresh_db.environment | {"TILLIT_ISSUERS": os.environ["TILLIT_ISSUERS"]},
        check=False,
        timeout=300,
    )
    assert worker.returncode == -signal.SIGKILL
    reached = {"claimed": 0, "released": 0}.get(step, 1)
    assert sum(one["times"] for one in issuer.orders().values()) == reached
    clock.travel(clock.now() + timedelta(minutes=10))
    delivery.deliver()
    (order,) = customer.orders(case)
    assert order.order_state == OrderState.CONFIRMED
    assert [one["times"] for one in issuer.orders().values()] == [1]
    assert log_of(customer, case) == ["received", "confirmed", "closed"]


def test_d2_taking_a_card_off_removes_its_number_at_once_and_the_rest_the_same_night(
    customer: Customer, issuer: IssuerProcess
) -> None:
    card, other = customer.put_on(number_that(CONFIRMS)), customer.put_on(number_that(SLOW))
    case = customer.block(other)
    with customer.scope() as scope:
        with pytest.raises(ServiceError) as busy:
            instruments.take_off(scope=scope, subject_id=customer.subject, instrument_id=other.id, at=clock.now())
        assert busy.value.code == "block-open"
        assert Instrument.objects.get(id=card.id).sealed
        instruments.take_off(scope=scope, subject_id=customer.subject, instrument_id=card.id, at=clock.now())
        assert Instrument.objects.get(id=card.id).sealed is None
        assert [one.id for one in instruments.mine(subject_id=customer.subject)] == [other.id]
    later(days=1)
    retention.run()
    with customer.scope():
        assert not Instrument.objects.filter(id=card.id).exists()
        assert Instrument.objects.filter(id=other.id).exists()
    assert customer.orders(case)


def test_d2_numbers_that_are_none_or_known_or_out_of_date_are_told_apart(customer: Customer) -> None:
    card = customer.put_on(number_that(CONFIRMS))
    assert customer.put_on(number_that(CONFIRMS)).id == card.id
    for number, given, code in (
        ("4925000000000000", {}, "number"),
        ("40000001", {}, "number"),
        (number_that(SLOW), {"expires_on": date(2026, 2, 28)}, "expired"),
    ):
        with pytest.raises(ServiceError) as refused:
            customer.put_on(number, **given)
        assert refused.value.code == code
    phone = customer.put_on("40 00 00 01", issuer=customer.issuer("nordmobil", "subscription"))
    assert (phone.kind, phone.last_four) == ("subscription", "0001")
    again = customer.block(card, phone)
    assert customer.block(card).id == again.id
    with customer.scope() as scope, pytest.raises(ServiceError) as none:
        blocking.block(
            scope=scope, subject_id=customer.subject, controller_id=customer.controller.pk,
            instrument_ids=[], channel="phone", at=clock.now(),
        )  # fmt: skip
    assert none.value.code == "nothing-to-block"


def test_d2_h4_a_restricted_person_s_card_is_neither_seen_nor_blocked(customer: Customer) -> None:
    card = customer.put_on(number_that(CONFIRMS))
    actor = system("test", {customer.controller.pk})
    with Scope(actor, "rights_requests", frozenset({customer.subject})) as scope:
        given = {"subject_id": customer.subject, "controller_id": customer.controller.pk, "at": clock.now()}
        consent.restrict(scope=scope, ground="accuracy", **given)
    with pytest.raises((RestrictedPersonError, ServiceError)):
        customer.block(card)


def test_d2_an_order_nobody_follows_up_and_an_opening_off_the_record_are_seen(
    customer: Customer, issuer: IssuerProcess, fresh_db: TestDatabase
) -> None:
    def status() -> set[str]:
        found = prove(controllers=["trygghavn"], kinds=["domains"])
        assert found
        return {one.finding.status for one in found if "card_blocking" in one.promise.path}

    case = customer.block(customer.put_on(number_that(CONFIRMS)))
    assert status() == {"kept"}
    later(hours=1)
    assert status() == {"broken"}
    delivery.deliver()
    assert status() == {"kept"}
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("ALTER TABLE audit_event DISABLE TRIGGER ALL")
        owner.execute("DELETE FROM audit_event WHERE type = 'blocked_instrument.opened'")
    assert status() == {"broken"}
    assert customer.orders(case)


def test_d2_c3_a_merged_person_s_cards_are_all_blocked(customer: Customer, issuer: IssuerProcess) -> None:
    first = customer.put_on(number_that(CONFIRMS, nth=1))
    own = person(customer.controller, "customer", given="Karianne")
    second = Customer(customer.controller, own).put_on(number_that(CONFIRMS, nth=2))
    actor = system("staff", {customer.controller.pk})
    merge(
        actor=actor, controller=customer.controller, subject_id=customer.subject, into=own, reason="same_person", at=NOW
    )
    both = frozenset({own, customer.subject})
    with Scope(system("test", {customer.controller.pk}), blocking.ACTIVITY, both) as scope:
        cases_of_both = blocking.block(
            scope=scope,
            subject_id=own,
            controller_id=customer.controller.pk,
            instrument_ids=[first.id, second.id],
            channel="phone",
            at=clock.now(),
        )
        assert {case.subject_id for case in cases_of_both} == both
    assert delivery.deliver().confirmed == 2
    assert len(issuer.orders()) == 2


def test_d2_what_is_cancelled_while_a_worker_has_it_is_not_handed_over(
    customer: Customer, issuer: IssuerProcess
) -> None:
    case = customer.block(customer.put_on(number_that(CONFIRMS)))
    order = delivery._claim(customer.controller.pk, ())
    assert order is not None
    with customer.scope() as scope:
        blocking.settle(scope=scope, order=order, outcome=OrderState.CANCELLED, at=clock.now(), text="Funnet igjen")
    delivery._carry(order, delivery.Handled())
    assert issuer.orders() == {}
    assert openings(customer) == 0
    assert customer.orders(case)[0].order_state == OrderState.CANCELLED


def test_d2_an_issuer_that_does_not_answer_holds_up_no_other(
    customer: Customer, issuer: IssuerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = customer.issuer("dodbank")
    monkeypatch.setattr(site, "ISSUERS", f"{site.ISSUERS} dodbank=http://simulator@127.0.0.1:1")
    stuck = [customer.put_on(number_that(CONFIRMS, nth=n), issuer=dead) for n in range(3)]
    case = customer.block(*stuck, customer.put_on(number_that(CONFIRMS, nth=7)))
    done = delivery.deliver()
    assert (done.again, done.confirmed) == (1, 1)  # one call to the silent one, and on to the next
    assert {one.order_state for one in customer.orders(case)} == {"queued", "confirmed"}


def test_d2_numbers_go_to_another_machine_by_https_alone(
    customer: Customer, issuer: IssuerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "ISSUERS", "nordbank=http://token@issuer.example/")
    customer.block(customer.put_on(number_that(CONFIRMS)))
    assert delivery.deliver().again == 1
    monkeypatch.setattr(site, "ISSUERS", f"nordbank=http://simulator@127.0.0.1:{issuer.port}")
    later(minutes=1)
    assert delivery.deliver().confirmed == 1
