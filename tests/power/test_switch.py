"""Points come to us and go from us; who the customer is, is made sure of (E1)."""

from datetime import UTC, date, datetime

import pytest

from tests.support.power import customer, fill, number, point_of, retailer, scope_for
from tillit.journeys import power_supply
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.power import gsrn, operations
from tillit.power.errors import PowerError
from tillit.power.models import Contract, MeteringPoint
from tillit.registers.models import Check

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = date(2026, 4, 1)


@pytest.fixture
def ours(db):
    with clock.travel(NOW):
        yield retailer()


def _in(controller, subject, serial=1, **more):
    facts = {"price_area": "NO3", "kind": "spot", "reason": "switch", "day": DAY, "at": clock.now()} | more
    return power_supply.request_in(
        actor=system("test", {controller.pk}), controller=controller, subject_id=subject, number=number(serial), **facts
    )


def _confirm(controller, switch, **more):
    return power_supply.confirm(
        actor=system("test", {controller.pk}), controller=controller, subject_id=switch.subject_id,
        switch_id=switch.id, at=clock.now(), **more,
    )  # fmt: skip


def _told(controller, subject, outcome):
    with scope_for(controller, subject, "population_register_check"):
        Check.objects.update_or_create(
            subject_id=subject, controller_id=controller.pk, source="population_register",
            defaults={"outcome": outcome, "checked_at": clock.now()},
        )  # fmt: skip


def test_e1_the_number_of_a_point_is_checked():
    good = number(1)
    assert gsrn.is_valid(good)
    assert gsrn.normalised(f"{good[:6]} {good[6:]}") == good
    for place in range(18):
        wrong = good[:place] + str((int(good[place]) + 1) % 10) + good[place + 1 :]
        assert not gsrn.is_valid(wrong)
    assert not gsrn.is_valid(good[:-1])
    assert not gsrn.is_valid("٧" * 18)


def test_e1_a_switch_to_us_waits_until_the_register_knows_the_customer(ours):
    kari = customer(ours)
    switch = _in(ours, kari)
    with scope_for(ours, kari, "population_register_check"):
        assert Check.objects.get(subject_id=kari).wanted_at is not None
    with pytest.raises(PowerError) as error:
        _confirm(ours, switch)
    assert error.value.code == "identity-unchecked"
    _told(ours, kari, "another_person")
    with pytest.raises(PowerError) as error:
        _confirm(ours, switch, seen="passport")
    assert error.value.code == "identity-wrong"
    _told(ours, kari, "confirmed")
    with pytest.raises(PowerError) as error:
        _confirm(ours, switch)
    assert error.value.code == "identity-unchecked", "that they typed what the register has shows nobody who they are"
    _told(ours, kari, "unchanged")
    assert _confirm(ours, switch).identity == "checked"
    with scope_for(ours, kari):
        contract = Contract.objects.get(subject_id=kari)
    assert (contract.starts, contract.ends, contract.kind) == (DAY, None, "spot")
    assert fill(ours, MeteringPoint(gsrn=number(1)), date(2026, 3, 31), [1] * 24).added == 0
    with clock.travel(datetime(2026, 4, 3, tzinfo=UTC)):
        assert fill(ours, MeteringPoint(gsrn=number(1)), DAY, [1] * 24).added == 1


def test_e1_a_point_goes_from_one_customer_to_the_next_with_its_final_reading(ours):
    kari, ola = customer(ours), customer(ours)
    point = point_of(ours, kari, 1)
    switch = _in(ours, ola, reason="move")
    with pytest.raises(PowerError) as error:
        _confirm(ours, switch, seen="known_person")
    assert error.value.code == "point-taken"
    out = power_supply.request_out(
        actor=system("test", {ours.pk}), controller=ours, subject_id=kari, point_id=point.id, reason="move", day=DAY,
        at=clock.now(),
    )  # fmt: skip
    assert _confirm(ours, out, final_wh=12_345_678).final_wh == 12_345_678
    _confirm(ours, switch, seen="known_person")
    for day, owner in ((date(2026, 3, 31), kari), (DAY, ola)):
        assert fill(ours, point, day, [1] * 24).added == 1
        with scope_for(ours, owner):
            assert [str(one.day) for one in point_days(owner)] == [str(day)]
    with pytest.raises(PowerError, match=r"later|another"):
        power_supply.undo(
            actor=system("test", {ours.pk}), controller=ours, subject_id=kari, switch_id=out.id, at=clock.now()
        )


def point_days(subject):
    from tillit.power.models import ReadingDay

    return list(ReadingDay.objects.filter(subject_id=subject))


def test_e1_what_was_confirmed_by_mistake_is_taken_back(ours):
    kari = customer(ours)
    point = point_of(ours, kari, 1)
    acting = {"actor": system("test", {ours.pk}), "controller": ours, "subject_id": kari, "at": clock.now()}
    out = power_supply.request_out(**acting, point_id=point.id, reason="switch", day=DAY)
    with pytest.raises(PowerError, match="waits"):
        power_supply.request_out(**acting, point_id=point.id, reason="switch", day=DAY)
    _confirm(ours, out)
    power_supply.undo(**acting, switch_id=out.id)
    with scope_for(ours, kari):
        assert Contract.objects.get(subject_id=kari).ends is None
    again = power_supply.request_out(**acting, point_id=point.id, reason="switch", day=DAY)
    power_supply.decline(**acting, switch_id=again.id, status="cancelled")
    with pytest.raises(PowerError, match="decided"):
        _confirm(ours, again)


def test_e1_contracts_of_a_point_are_dated_rows_that_never_overlap(ours):
    kari = customer(ours)
    point = point_of(ours, kari, 1)
    with scope_for(ours, kari) as scope:
        operations.add_contract(scope=scope, point=point, kind="fixed", starts=date(2026, 2, 1))
        rows = [(one.kind, one.starts, one.ends) for one in Contract.objects.order_by("starts")]
        assert rows == [("spot", date(2025, 1, 1), date(2026, 2, 1)), ("fixed", date(2026, 2, 1), None)]
        with pytest.raises(PowerError):
            operations.add_contract(scope=scope, point=point, kind="variable", starts=date(2026, 1, 1))
