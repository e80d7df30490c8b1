"""Reading that stands out is found from the trail and put at the breach desk as a suspicion (A9, H12, H18)."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.support.world import person, publish_examples
from tillit.audit import events
from tillit.audit import operations as audit
from tillit.declaration.models import Controller
from tillit.faces.cli.main import run
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import staff
from tillit.parties.contacts import record_address
from tillit.parties.models import StaffMember
from tillit.parties.operations import record_fact
from tillit.privacy import anomalies
from tillit.privacy.models import Breach

pytestmark = pytest.mark.django_db
OSLO = ZoneInfo("Europe/Oslo")
MONDAY = date(2026, 3, 2)


@pytest.fixture
def house() -> Controller:
    return publish_examples("loyalty_services")["trygghavn"]


def _clerk(house: Controller, name: str) -> StaffMember:
    return staff.add(
        email=f"{name}@trygghavn.example",
        name=name.title(),
        controller=house,
        role="customer_service",
        confidentiality=date(2026, 1, 1),
    )


def _read(house: Controller, clerk: StaffMember, people: list[int], day: date, hour: int = 10) -> None:
    actor = Actor("staff", str(clerk.pk), frozenset({house.pk}))
    with Scope(actor, "customer_service") as scope:
        audit.append(
            type=events.PERSON_READ,
            scope=scope,
            controller=house.pk,
            subjects=people,
            at=datetime(day.year, day.month, day.day, hour, tzinfo=OSLO),
            details={"purpose": "customer_service", "categories": ["contact", "identity"]},
        )


def _found(house: Controller, day: date = MONDAY) -> set[tuple[int, str, int]]:
    found = anomalies.report(controller_id=house.pk, since=day, until=day + timedelta(days=1))
    return {(one.staff_id, one.signal, one.figure) for one in found}


def test_h18_bulk_is_held_against_ones_own_days_and_those_of_the_role(house: Controller) -> None:
    people = [person(house, "customer") for _ in range(45)]
    ann, bo, cis = (_clerk(house, name) for name in ("ann", "bo", "cis"))
    for back in range(1, 15):
        _read(house, ann, people[:20], MONDAY - timedelta(days=back))
        _read(house, bo, people[:2], MONDAY - timedelta(days=back))
    _read(house, ann, people[:45], MONDAY)
    assert _found(house) & {(ann.pk, "bulk", 45)} == set(), "three times her usual twenty is more than that"
    _read(house, cis, people[:31], MONDAY - timedelta(days=20))
    assert ("bulk" in {signal for staff_id, signal, _ in _found(house, MONDAY - timedelta(days=20))}) is True
    _read(house, bo, people[:45], MONDAY)
    assert (bo.pk, "bulk", 45) not in _found(house), "others of the role read as many"
    for back in range(1, 15):
        _read(house, cis, people[:1], MONDAY - timedelta(days=back))
    clerk = StaffMember.objects.get(pk=ann.pk)
    staff.end(staff=clerk)
    assert (bo.pk, "bulk", 45) not in _found(house)


def test_h18_bulk_above_every_median_is_found_and_becomes_one_suspicion(house: Controller) -> None:
    people = [person(house, "customer") for _ in range(31)]
    ann, bo = _clerk(house, "ann"), _clerk(house, "bo")
    for back in range(1, 10):
        _read(house, ann, people[:3], MONDAY - timedelta(days=back))
        _read(house, bo, people[:4], MONDAY - timedelta(days=back))
    _read(house, ann, people[:29], MONDAY)
    assert _found(house) == set() | {x for x in _found(house) if x[1] == "without_case"}
    _read(house, ann, people, MONDAY, hour=11)
    assert (ann.pk, "bulk", 31) in _found(house)
    with clock.travel(datetime(2026, 3, 2, 20, tzinfo=OSLO)):
        (breach,) = anomalies.raise_suspicions()
        assert anomalies.raise_suspicions() == []
    assert (breach.source, breach.known_at, breach.controller_id) == ("anomaly", None, house.pk)
    assert f"staff {ann.pk}, 2026-03-02: bulk 31" in breach.what
    assert anomalies.read_by(controller_id=house.pk, staff_id=ann.pk, day=MONDAY) == sorted(people)
    assert anomalies.read_by(controller_id=house.pk, staff_id=bo.pk, day=MONDAY) == []


def test_h18_one_colleague_or_protected_address_is_one_too_many(house: Controller) -> None:
    ann, bo = _clerk(house, "ann"), _clerk(house, "bo")
    plain, hidden, colleague = (person(house, "customer") for _ in range(3))
    with Scope(system("test", {house.pk}), "customer_administration") as scope:
        record_fact(
            scope=scope,
            subject_id=hidden,
            controller_id=house.pk,
            category="contact",
            kind="address.protection",
            value="confidential",
            source="population_register",
            at=clock.now(),
        )
        record_address(
            scope=scope,
            register_id=house.register_id,
            subject_id=colleague,
            controller_id=house.pk,
            kind="email",
            text="bo@trygghavn.example",
            source="data_subject",
            at=clock.now(),
        )
    _read(house, ann, [plain], MONDAY)
    assert _found(house) == set()
    _read(house, ann, [hidden], MONDAY)
    _read(house, ann, [colleague], MONDAY)
    assert _found(house) == {(ann.pk, "protected", 1), (ann.pk, "colleague", 1)}
    assert bo.pk != ann.pk


def test_h18_nights_alone_are_weak_and_with_look_ups_without_a_case_a_suspicion(house: Controller) -> None:
    people = [person(house, "customer") for _ in range(25)]
    ann = _clerk(house, "ann")
    _read(house, ann, people[:6], MONDAY, hour=3)
    assert _found(house) == {(ann.pk, "outside_hours", 6)}
    found = anomalies.report(controller_id=house.pk, since=MONDAY, until=MONDAY + timedelta(days=1))
    assert anomalies.suspicious(found) == {}
    _read(house, ann, people, MONDAY, hour=2)
    found = anomalies.report(controller_id=house.pk, since=MONDAY, until=MONDAY + timedelta(days=1))
    assert {one.signal for one in found} == {"outside_hours", "without_case"}
    assert list(anomalies.suspicious(found)) == [(ann.pk, MONDAY)]


def test_a9_a_listed_search_hit_is_no_opening(house: Controller) -> None:
    people = [person(house, "customer") for _ in range(31)]
    ann = _clerk(house, "ann")
    with Scope(Actor("staff", str(ann.pk), frozenset({house.pk})), "customer_service") as scope:
        audit.append(
            type=events.PERSON_READ,
            scope=scope,
            controller=house.pk,
            subjects=people,
            at=datetime(2026, 3, 2, 10, tzinfo=OSLO),
            details={"purpose": "customer_service", "categories": ["identity"]},
        )
    assert _found(house) == set()
    assert not Breach.objects.exists()


def test_h18_the_command_prints_what_stands_out_and_raises_it(
    house: Controller, capsys: pytest.CaptureFixture[str]
) -> None:
    people = [person(house, "customer") for _ in range(31)]
    ann = _clerk(house, "ann")
    assert run(["audit", "anomalies"]) == 0
    assert "nothing stands out" in capsys.readouterr().out
    _read(house, ann, people, MONDAY)
    with clock.travel(datetime(2026, 3, 4, 20, tzinfo=OSLO)):
        assert run(["audit", "anomalies", "--json", "--controller", "trygghavn"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert {"controller": "trygghavn", "staff": ann.pk, "day": "2026-03-02", "signal": "bulk", "figure": 31} == {
            key: value for key, value in told["anomalies"][0].items() if key != "usual"
        }
        assert told["raised"] == []
        assert run(["audit", "anomalies", "--raise"]) == 0
        assert "suspicion 2026-001" in capsys.readouterr().out
        affect = ["breach", "affect", "2026-001", "--controller", "trygghavn", "--read-by", str(ann.pk)]
        assert run(affect) == 2
        assert run([*affect, "--on", "2026-03-02"]) == 0
        assert "31 people added" in capsys.readouterr().out
    assert run(["audit", "anomalies", "--controller", "nobody"]) == 2
