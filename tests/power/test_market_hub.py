"""Switches of supplier over the market hub: asked for, answered, notified, taken back, and nothing twice (E1)."""

from datetime import timedelta

import pytest

from tests.power.conftest import DAY, KARIS, NOW, Desk
from tests.support.power import customer, number, point_of
from tillit.disclosure.models import Disclosure
from tillit.journeys import market_hub, power_supply
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.power.errors import PowerError
from tillit.power.hub import operations
from tillit.power.hub.models import HubProcess, WaitingNotice
from tillit.power.models import Contract, MeteringPoint
from tillit.power.switch_models import Switch

pytestmark = pytest.mark.django_db


def test_e1_a_start_of_supply_is_asked_for_answered_and_carried_out_when_the_hub_says_so(desk):
    desk.ask_in()
    assert desk.stands() == ("requested", "queued")
    assert desk.of(Contract) == []
    assert (desk.run().sent, desk.stands()) == (1, ("requested", "accepted"))
    (asked,) = desk.sent()
    assert asked["header"]["businessProcess"] == "BRS-NO-101"
    assert (asked["header"]["message"], asked["header"]["documentType"]) == ("RequestStartOfSupply", "392")
    assert asked["header"]["sender"] == desk.controller.organisation_number
    assert asked["payload"] == {
        "meteringPointId": number(1), "day": "2026-04-01", "consumerName": "Kari Lunde", "consumerId": KARIS,
    }  # fmt: skip
    with Scope(system("test", {desk.controller.pk}), "rights_requests"):
        (left,) = Disclosure.objects.filter(recipient="market_hub")
        assert set(left.fields) == {"identity", "national_number", "metering_point", "power_contract"}
    desk.outside.play({"carry": True, "characteristics": {"municipality": "1508", "meter_number": "M-77"}})
    assert desk.run().outcomes == {"done": 1}
    (contract,) = desk.of(Contract)
    assert (contract.starts, contract.kind, desk.stands()) == (DAY, "spot", ("confirmed", "done"))
    (point,) = desk.of(MeteringPoint)
    assert (point.municipality, point.meter_number) == ("1508", "M-77")
    assert (desk.of(Switch)[0].identity, desk.run().outcomes) == ("passport", {}), "and nothing more"


def test_e1_a_rejection_ends_the_switch_and_stands_with_its_reason(desk):
    desk.outside.play({"reject": {number(1): "E16"}})
    desk.ask_in()
    desk.run()
    (process,) = desk.of(HubProcess)
    assert (desk.stands(), process.reason) == (("refused", "rejected"), "E16")
    assert desk.of(Contract) == []


def test_e1_the_end_of_a_supply_goes_without_a_name_and_brings_the_final_reading(desk):
    point = point_of(desk.controller, desk.kari, 1)
    out = power_supply.request_out(**desk.acting(), point_id=point.id, reason="move", day=DAY)
    power_supply.confirm(**desk.acting(), switch_id=out.id)
    desk.run()
    assert desk.sent()[0]["payload"] == {"meteringPointId": number(1), "day": "2026-04-01"}
    assert desk.sent()[0]["header"]["businessProcess"] == "BRS-NO-201"
    desk.outside.play({"carry": True, "meterReading": 12_345_678})
    desk.run()
    assert (desk.of(Contract)[0].ends, desk.of(Switch)[0].final_wh) == (DAY, 12_345_678)


def test_e1_another_supplier_takes_the_point_and_the_hub_takes_that_back(desk):
    point_of(desk.controller, desk.kari, 1)
    told = {"message": "NotifyEndOfSupply", "meteringPointId": number(1), "day": "2026-04-01"}
    desk.outside.play({"messages": [{**told, "businessProcess": "BRS-NO-101", "meterReading": 5}, told]})
    assert (desk.run().read, desk.of(Contract)[0].ends) == (2, DAY)
    (switch,) = desk.of(Switch)
    assert (switch.status, switch.reason, switch.source) == ("confirmed", "switch", "grid_company")
    desk.outside.play({"messages": [{**told, "documentType": "E02"}]})
    desk.run()
    assert (desk.of(Contract)[0].ends, desk.of(Switch)[0].status) == (None, "undone")


@pytest.mark.parametrize("fault", [503, "garbage", "cut", "lost"])
def test_e1_a_hub_that_fails_loses_nothing_and_one_request_is_one(desk, fault):
    desk.ask_in()
    desk.outside.play({"fail": [fault]})
    assert desk.run().failure in {"hub-busy", "hub-garbled", "hub-unreachable"}
    with pytest.raises(PowerError, match="on its way"):
        power_supply.confirm(**desk.acting(), switch_id=desk.of(Switch)[0].id, seen="passport")
    with clock.travel(NOW + timedelta(minutes=10)):
        assert desk.run().failure == ""
        desk.outside.play({"carry": True})
        desk.run()
    assert (desk.stands(), len(desk.sent())) == (("confirmed", "done"), 1)
    assert list(desk.outside.times.values()) == [1], "a try of which nothing was known was asked about first"


def test_e1_a_worker_that_dies_between_sending_and_noting_sends_nothing_twice(desk, monkeypatch):
    desk.ask_in()
    with monkeypatch.context() as patched:
        patched.setattr(market_hub.hub_words, "answered", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            desk.run()
    assert desk.stands() == ("requested", "sent")
    assert desk.run().sent == 0, "it is ours until the lease is over"
    with clock.travel(NOW + operations.LEASE + timedelta(seconds=1)):
        assert (desk.run().sent, desk.stands()) == (0, ("requested", "accepted"))
    assert list(desk.outside.times.values()) == [1]


def test_e1_what_was_asked_for_is_cancelled_and_rolled_back_by_the_hub(desk):
    switch = desk.ask_in()
    power_supply.decline(**desk.acting(), switch_id=switch.id, status="cancelled")
    assert (desk.stands(), desk.run().sent) == (("cancelled", "withdrawn"), 0), "nothing had left"
    switch = desk.ask_in()
    desk.run()
    power_supply.decline(**desk.acting(), switch_id=switch.id, status="cancelled")
    assert desk.stands()[0] == "requested", "the hub has it: it cancels"
    desk.run()
    first, second = desk.sent()
    assert second["header"] | {"identification": ""} == first["header"] | {
        "identification": "", "documentType": "E02", "businessProcess": "BRS-NO-111",
    }  # fmt: skip
    assert second["payload"]["original"] == first["header"]["identification"]
    assert (desk.stands(), desk.of(Contract)) == (("cancelled", "done"), [])
    switch = desk.ask_in(reason="move")
    desk.run(), desk.outside.play({"carry": True}), desk.run()
    assert desk.stands() == ("confirmed", "done")
    power_supply.undo(**desk.acting(), switch_id=switch.id)
    desk.run()
    assert (desk.stands(), {one.end_reason for one in desk.of(Contract)}) == (("undone", "done"), {"cancelled"})


def test_e1_confirmations_that_come_as_messages_and_names_that_change(desk):
    desk.outside.play({"slow": [number(1)]})
    desk.ask_in()
    assert (desk.run().outcomes, desk.stands()) == ({"sent": 1, "accepted": 1}, ("requested", "accepted"))
    desk.outside.play({"carry": True})
    desk.run()
    desk.outside.slow.clear()
    power_supply.tell_hub(**desk.acting(), point_id=desk.of(MeteringPoint)[0].id)
    assert desk.run().outcomes == {"done": 1}
    assert desk.sent()[-1]["header"]["businessProcess"] == "BRS-NO-301"
    assert desk.sent()[-1]["payload"]["consumerName"] == "Kari Lunde"


def test_e1_what_cannot_be_carried_out_yet_waits_sealed_and_a_stuck_request_goes_again(desk):
    told = {"message": "NotifyEndOfSupply", "meteringPointId": number(1), "day": "2026-04-01"}
    desk.outside.play({"messages": [told, {"message": "NotifyOfSomethingElse"}]})
    assert desk.run().waiting == 1
    (row,) = WaitingNotice.objects.all()
    assert (row.reason, number(1).encode() in bytes(row.sealed)) == ("no-such-point", False)
    point_of(desk.controller, desk.kari, 1)
    assert (desk.run().waiting, desk.of(Contract)[0].ends) == (0, DAY)
    assert WaitingNotice.objects.get().sealed is None
    other = customer(desk.controller)
    mine = Desk(desk.controller, desk.outside, other)
    mine.ask_in(serial=2)
    assert desk.run().outcomes == {"stuck": 1}
    (process,) = mine.of(HubProcess)
    assert process.reason == "hub-no-number"
    power_supply.send_again(**mine.acting(), process_id=process.id)
    assert mine.stands() == ("requested", "queued")
    power_supply.confirm(**mine.acting(), switch_id=mine.of(Switch)[0].id, seen="passport", by_hand=True)
    assert mine.stands() == ("confirmed", "withdrawn"), "a colleague may do without the hub what it was not asked for"
