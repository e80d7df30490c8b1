"""Suppliers are told whom they serve: each once, until they say that they have it; a no waits for a colleague (D1)."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as site
from django.db import IntegrityError, transaction

from tests.conftest import TestDatabase
from tests.services.products import NOW, Company, company
from tillit.consent import operations as consent
from tillit.disclosure.models import Disclosure
from tillit.journeys import suppliers_told
from tillit.journeys.agreements import close_lapsed
from tillit.journeys.for_customer import supply
from tillit.kernel import clock
from tillit.kernel.scope import Actor, system
from tillit.platform import paths
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services import agreements, outside, supplied
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError
from tillit.services.product_models import Payer
from tillit.services.supply_models import SupplierNotice

ADDRESS = "http://simulator@127.0.0.1:{port}"


@dataclass
class Supplier:
    """The supplier, in a process of its own."""

    port: int

    def call(self, method: str, path: str, body: Any = None) -> Any:
        link = HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request(method, path, json.dumps(body) if body is not None else None)
        said = json.loads(link.getresponse().read())
        link.close()
        return said

    def had(self) -> list[tuple[str, str, int]]:
        """(name, product, how often it came) of everybody it was told of since the test began."""
        told = self.call("GET", "/had").values()
        return sorted((one["name"], one["product"], one["times"]) for one in told)

    def over(self) -> list[int]:
        """How often it was told that something is over, by reference."""
        return list(self.call("GET", "/over").values())

    def has_one(self) -> None:
        """Wait until it has been told of somebody, whoever it was: nobody waits for its answer any more."""
        until = time.monotonic() + 60
        while not self.had():
            assert time.monotonic() < until, "it was told of nobody"
            time.sleep(0.02)

    def fails(self, *how: str) -> None:
        self.call("POST", "/play", {"fail": how})


@pytest.fixture(scope="module")
def process() -> Iterator[int]:
    command = [sys.executable, "-m", "tillit.faces.cli", "simulator", "partner", "--port", "0"]
    running = subprocess.Popen(command, cwd=paths.root(), stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    try:
        assert running.stdout is not None
        yield int(running.stdout.readline().rsplit(":", 1)[1])
    finally:
        running.kill()
        running.wait(timeout=60)
        if running.stdout:
            running.stdout.close()


@pytest.fixture
def trygghavn(fresh_db: object) -> Company:
    clock.travel(NOW)
    return company()


@pytest.fixture
def supplier(process: int, monkeypatch: pytest.MonkeyPatch) -> Supplier:
    monkeypatch.setattr(site, "SUPPLIERS", f"veihjelp={ADDRESS.format(port=process)}")
    made = Supplier(process)
    for _ in range(600):
        try:
            made.call("POST", "/forget", {})
            break
        except OSError:
            time.sleep(0.1)
    return made


def served(of: Company, **facts: str) -> Agreement:
    return of.agree(of.customer(phone="+47 400 00 151", **facts))


def notice(of: Company, made: Agreement) -> SupplierNotice:
    with of.everyone():
        return SupplierNotice.objects.select_related("supplier").get(agreement_id=made.id)


def disclosed(of: Company, made: Agreement) -> int:
    with of.everyone():
        return Disclosure.objects.filter(subject_id=made.subject_id, recipient="service_supplier").count()


def later(**how: float) -> int:
    clock.travel(clock.now() + timedelta(**how))
    return suppliers_told.tell_everywhere()


def clerk(of: Company) -> Actor:
    return system("test", {of.controller.pk})


def desk(of: Company, made: Agreement) -> dict[str, Any]:
    who = {"actor": clerk(of), "controller": of.controller, "subject_id": made.subject_id}
    return {**who, "agreement_id": made.id}


def test_d1_a_supplier_is_told_by_itself_of_whom_it_serves_once_however_often_it_is_tried(
    trygghavn: Company, supplier: Supplier
) -> None:
    made = served(trygghavn)
    assert suppliers_told.tell_everywhere() == 1
    assert supplier.had() == [("Kari Nordmann", "trygg", 1)]
    assert (notice(trygghavn, made).notice_state, disclosed(trygghavn, made)) == ("confirmed", 1)
    assert [later(hours=2) for _ in range(2)] == [0, 0]
    assert (supplier.had(), disclosed(trygghavn, made)) == ([("Kari Nordmann", "trygg", 1)], 1)
    with pytest.raises(ServiceError) as refused:
        supply.tell(**desk(trygghavn, made))
    assert refused.value.code == "supplier-has-it"


@pytest.mark.parametrize(("fault", "times"), [("busy", 1), ("silent", 1), ("lost", 1), ("twice", 1)])
def test_d1_a_supplier_that_is_busy_silent_answers_twice_or_whose_answer_is_lost_is_told_once(
    trygghavn: Company, supplier: Supplier, fault: str, times: int
) -> None:
    supplier.fails(fault)
    made = served(trygghavn)
    with trygghavn.everyone(supplied.ACTIVITY) as opened:  # a worker that was killed as it began to tell
        killed = supplied.ask(scope=opened, agreement=made, at=clock.now())
        assert supplied.claim(notice=killed, at=clock.now())
    assert suppliers_told.tell_everywhere() == 0, "another has it"
    clock.travel(clock.now() + timedelta(minutes=2))
    assert suppliers_told.tell_everywhere() == (fault == "twice")
    tried = notice(trygghavn, made)
    assert (tried.handed_over, tried.attempts) == (True, 2)
    assert tried.notice_state == ("confirmed" if fault == "twice" else "waiting"), "what is not answered is not told"
    assert suppliers_told.tell_everywhere() == 0, "not before its time"
    later(minutes=6)
    assert notice(trygghavn, made).notice_state == "confirmed"
    assert supplier.had() == [("Kari Nordmann", "trygg", times)]
    assert disclosed(trygghavn, made) == (2 if fault in {"busy", "silent"} else 1), "each time it left is on record"


def test_d1_a_supplier_that_does_not_answer_in_time_holds_up_no_other_and_loses_nobody(
    trygghavn: Company, supplier: Supplier, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplier.fails("slow")
    first, second = served(trygghavn), served(trygghavn, given="Ola")
    with monkeypatch.context() as hasty:
        hasty.setattr(outside, "TIMEOUT", 0.3)
        suppliers_told.tell_everywhere()
    supplier.has_one()
    states = {notice(trygghavn, one).reason for one in (first, second)}
    assert states == {"outside-silent", ""}, "one timed out; the other waits for the next minute"
    assert later(minutes=2) == 2
    assert [name for name, _, _ in supplier.had()] == ["Kari Nordmann", "Ola Nordmann"], "each under one reference"


def test_d1_a_no_shows_at_the_desk_until_a_colleague_has_seen_to_it(trygghavn: Company, supplier: Supplier) -> None:
    supplier.fails("refused")
    made = served(trygghavn)
    assert suppliers_told.tell_everywhere() == 0
    (shown,) = supply.waiting(actor=clerk(trygghavn), controller=trygghavn.controller)
    assert (shown.notice_state, shown.reason) == ("refused", "unknown-area")
    assert [later(hours=2) for _ in range(2)] == [0, 0], "a no is not asked again by itself"
    assert supplier.had() == []
    refused = notice(trygghavn, made).reference
    done = supply.tell(**desk(trygghavn, made))
    assert (done.answer.state, supplier.had()) == ("confirmed", [("Kari Nordmann", "trygg", 1)])
    assert notice(trygghavn, made).reference != refused, "the no was of another matter"
    assert supply.count_waiting(actor=clerk(trygghavn), controller=trygghavn.controller) == 0


def test_d1_what_a_colleague_tells_by_hand_is_on_record_and_confirmed_by_them_and_told_by_no_computer(
    trygghavn: Company, supplier: Supplier
) -> None:
    supplier.fails("refused")
    made = served(trygghavn)
    suppliers_told.tell_everywhere()
    with pytest.raises(ServiceError, match="on record first"):
        supply.passed_on(**desk(trygghavn, made))
    told = supply.tell(**desk(trygghavn, made), by_hand=True)
    assert told.passed_on == {"name": "Kari Nordmann", "phone": "+47 400 00 151"}
    assert notice(trygghavn, made).notice_state == "waiting", "on record is not yet told"
    assert (later(hours=2), supplier.had()) == (0, []), "no computer tells them beside"
    assert supply.passed_on(**desk(trygghavn, made)) == "Veihjelpen"
    assert (notice(trygghavn, made).notice_state, disclosed(trygghavn, made)) == ("confirmed", 2)


def test_d1_what_changed_since_is_seen_and_told_again_and_an_agreement_that_is_over_is_not_told_of(
    trygghavn: Company, supplier: Supplier, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = served(trygghavn)
    suppliers_told.tell_everywhere()

    def shown() -> supply.Supplied:
        who = {"actor": clerk(trygghavn), "controller": trygghavn.controller, "subject_id": made.subject_id}
        (one,) = supply.look(**who)
        return one

    assert not shown().changed
    trygghavn.product.supplier.needs = ["name"]  # type: ignore[union-attr]
    trygghavn.product.supplier.save()  # type: ignore[union-attr]
    assert shown().changed
    assert supply.tell(**desk(trygghavn, made)).answer.state == "confirmed"
    assert [times for _, _, times in supplier.had()] == [1, 1], "another matter under another reference"
    assert not shown().changed
    trygghavn.agree(made.subject_id, Payer.PARTNER, partner=trygghavn.bank)
    assert later(minutes=1) == 0, "another pays from now on: the supplier has the customer already"
    gone = served(trygghavn, given="Ola")
    supplier.fails("busy")
    suppliers_told.tell_everywhere()
    with trygghavn.scope(gone.subject_id) as opened:
        agreements.take_back(scope=opened, agreement=gone, at=clock.now())
    assert later(minutes=2) == 0
    assert notice(trygghavn, gone).notice_state == "dropped"
    assert "Ola Nordmann" not in {name for name, _, _ in supplier.had()}


def test_d1_who_may_not_be_told_of_now_waits_and_the_database_takes_no_second_notice(
    trygghavn: Company, supplier: Supplier
) -> None:
    made = served(trygghavn)
    with trygghavn.scope(made.subject_id, "rights_requests") as opened:
        restricted = {"subject_id": made.subject_id, "controller_id": trygghavn.controller.pk, "ground": "accuracy"}
        consent.restrict(scope=opened, **restricted, at=clock.now())
    assert (suppliers_told.tell_everywhere(), supplier.had()) == (0, [])
    other = served(trygghavn, given="Ola")
    assert later(minutes=1) == 1
    with trygghavn.scope(other.subject_id, supplied.ACTIVITY):
        row = SupplierNotice.objects.get(subject_id=other.subject_id)
        row.reference = uuid4()
        with pytest.raises(IntegrityError), transaction.atomic():
            SupplierNotice.objects.create(
                subject_id=row.subject_id, controller_id=row.controller_id, agreement_id=row.agreement_id,
                supplier_id=row.supplier_id, reference=uuid4(), asked_at=row.asked_at, due_at=row.due_at,
            )  # fmt: skip


def test_d1_a_supplier_nobody_tells_and_one_that_has_what_is_not_on_record_are_seen(
    trygghavn: Company, supplier: Supplier, fresh_db: TestDatabase
) -> None:
    def status() -> set[str]:
        found = prove(controllers=["trygghavn"], kinds=["domains"])
        return {one.finding.status for one in found if one.promise.path == "activities.service_delivery"}

    served(trygghavn)
    supplier.fails("busy")
    suppliers_told.tell_everywhere()
    assert status() == {"kept"}
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE services_supplier_notice SET asked_at = asked_at - interval '4 days'")
        assert status() == {"broken"}
        later(minutes=2)
        assert status() == {"kept"}
        owner.execute("DELETE FROM disclosure_disclosure")
        assert status() == {"broken"}


def ends(of: Company, made: Agreement, day: date) -> None:
    with of.scope(made.subject_id) as opened:
        agreements.end_on(scope=opened, agreement=made, day=day, reason="own_wish", at=clock.now())


def state(of: Company, made: Agreement) -> str:
    with of.everyone("retention"):
        return SupplierNotice.objects.get(agreement_id=made.id).notice_state


@pytest.mark.parametrize(("fault", "tries"), [("", 0), ("busy", 1), ("lost", 1)])
def test_d1_a_supplier_is_told_once_that_an_agreement_is_over_also_of_who_has_left(
    trygghavn: Company, supplier: Supplier, fault: str, tries: int
) -> None:
    made = served(trygghavn)
    assert suppliers_told.tell_everywhere() == 1
    ends(trygghavn, made, clock.today() + timedelta(days=2))
    later(minutes=2)
    assert (state(trygghavn, made), len(supplier.had())) == ("confirmed", 1), "it runs for two days yet"
    clock.travel(NOW + timedelta(days=2))
    if fault:
        supplier.fails(fault)
        suppliers_told.tell_everywhere()
        assert state(trygghavn, made) == "ending", "what is not answered is not told"
        assert close_lapsed() == 1
        clock.travel(clock.now() + timedelta(days=1))
        retention.run()
        assert not trygghavn.access(made.subject_id, clock.today(), "supplied")
    suppliers_told.tell_everywhere()
    later(hours=2)
    assert (state(trygghavn, made), supplier.had(), supplier.over()) == ("ended", [], [1])
    assert disclosed_ever(trygghavn, made) == 1, "nothing about the person leaves when it is over"


def disclosed_ever(of: Company, made: Agreement) -> int:
    with of.everyone("retention"):
        return Disclosure.objects.filter(subject_id=made.subject_id, recipient="service_supplier").count()


def test_d1_who_goes_on_under_another_payer_is_not_over_and_an_ending_undone_is_told_anew(
    trygghavn: Company, supplier: Supplier
) -> None:
    made = served(trygghavn)
    suppliers_told.tell_everywhere()
    goes_on = trygghavn.agree(made.subject_id, Payer.PARTNER, partner=trygghavn.bank)
    later(days=1)
    assert (state(trygghavn, made), supplier.over()) == ("confirmed", []), "the supplier serves them still"
    ends(trygghavn, goes_on, clock.today())
    later(minutes=2)
    assert (state(trygghavn, made), supplier.had(), supplier.over()) == ("ended", [], [1])
    other = served(trygghavn, given="Ola")
    assert later(days=1) == 1
    ends(trygghavn, other, clock.today())
    later(minutes=2)
    assert (state(trygghavn, other), supplier.had()) == ("ended", [])
    with trygghavn.scope(other.subject_id) as opened:
        agreements.undo(scope=opened, agreement=other, at=clock.now())
    later(minutes=2)
    assert (state(trygghavn, other), supplier.had()) == ("confirmed", [("Ola Nordmann", "trygg", 1)])


def test_d1_a_supplier_told_by_hand_is_told_by_hand_that_it_is_over_by_the_reference(
    trygghavn: Company, supplier: Supplier, fresh_db: TestDatabase
) -> None:
    def status() -> set[str]:
        found = prove(controllers=["trygghavn"], kinds=["domains"])
        return {one.finding.status for one in found if one.promise.path == "activities.service_delivery"}

    made = served(trygghavn)
    told = supply.tell(**desk(trygghavn, made), by_hand=True)
    supply.passed_on(**desk(trygghavn, made))
    assert told.reference == str(notice(trygghavn, made).reference)
    ends(trygghavn, made, clock.today())
    clerk_of = {"actor": clerk(trygghavn), "controller": trygghavn.controller}
    assert supply.count_waiting(**clerk_of) == 0
    assert status() == {"kept"}
    clock.travel(NOW + timedelta(days=4))
    assert status() == {"broken"}, "the supplier does not know"
    suppliers_told.tell_everywhere()
    close_lapsed()
    retention.run()
    (shown,) = supply.waiting(**clerk_of)
    assert (shown.notice_state, str(shown.reference), supply.count_waiting(**clerk_of)) == ("ending", told.reference, 1)
    assert supply.know_it_is_over(**clerk_of, notice_id=shown.id) == "Veihjelpen"
    assert (state(trygghavn, made), supply.count_waiting(**clerk_of), status()) == ("ended", 0, {"kept"})
    with pytest.raises(ServiceError):
        supply.know_it_is_over(**clerk_of, notice_id=shown.id)
    assert supplier.over() == [], "no computer told them"


def test_d1_what_was_told_by_hand_and_never_confirmed_stays_at_the_desk_when_its_person_is_archived(
    trygghavn: Company, supplier: Supplier
) -> None:
    made = served(trygghavn)
    told = supply.tell(**desk(trygghavn, made), by_hand=True)
    ends(trygghavn, made, clock.today())
    clock.travel(NOW + timedelta(days=4))
    close_lapsed()
    retention.run()
    suppliers_told.tell_everywhere()
    clerk_of = {"actor": clerk(trygghavn), "controller": trygghavn.controller}
    (shown,) = supply.waiting(**clerk_of)
    assert (shown.notice_state, str(shown.reference), shown.by_hand) == ("ending", told.reference, True)
    assert supply.know_it_is_over(**clerk_of, notice_id=shown.id) == "Veihjelpen"
    assert supply.count_waiting(**clerk_of) == 0
