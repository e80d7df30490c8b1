"""What the market hub says that does not fit what was asked for: nothing is swallowed, nothing held up (E1)."""

from datetime import date, timedelta

import pytest

from tests.power.conftest import DAY, NOW
from tests.support.power import number, point_of, scope_for
from tillit.journeys import power_supply
from tillit.kernel import clock
from tillit.power.errors import PowerError
from tillit.power.hub import operations
from tillit.power.hub.models import HubProcess, WaitingNotice
from tillit.power.models import Contract
from tillit.power.switch_models import Switch

pytestmark = pytest.mark.django_db


def test_e1_a_message_that_cannot_be_read_waits_sealed_and_holds_up_no_other(desk) -> None:
    point_of(desk.controller, desk.kari, 1)
    odd = {"message": "NotifyMeteringPointCharacteristics", "meteringPointId": number(9),
           "characteristics": {"price_area": "SE3"}}  # fmt: skip
    ends = {"message": "NotifyEndOfSupply", "meteringPointId": number(1), "day": "2026-04-01"}
    desk.outside.play({"messages": [odd, ends]})
    done = desk.run()
    assert (done.read, done.failure, done.outcomes, done.waiting) == (2, "", {"done": 1}, 1)
    assert [one.ends for one in desk.of(Contract)] == [date(2026, 4, 1)]
    (waits,) = WaitingNotice.objects.filter(resolved_at=None)
    assert (waits.message, waits.reason) == ("unreadable", "unreadable")
    assert "SE3" in (operations.opened(waits)["raw"] or "")
    assert desk.run().waiting == 1, "tried again, and still not readable"


def test_e1_the_end_of_a_supply_that_names_its_start_ends_it(desk) -> None:
    desk.ask_in()
    desk.run()
    desk.outside.play({"carry": True})
    desk.run()
    (process,) = desk.of(HubProcess)
    desk.outside.play({"messages": [{"message": "NotifyEndOfSupply", "meteringPointId": number(1),
                                     "day": "2026-05-01", "reference": str(process.reference)}]})  # fmt: skip
    assert desk.run().outcomes == {"done": 1}
    assert [one.ends for one in desk.of(Contract)] == [date(2026, 5, 1)]


def test_e1_what_may_have_left_is_taken_back_at_the_hub_and_not_here_alone(desk) -> None:
    desk.ask_in()
    desk.outside.play({"fail": ["lost"]})
    desk.run()
    with clock.travel(NOW + timedelta(minutes=10)):
        desk.outside.play({"fail": [410]})
        assert desk.run().outcomes == {"stuck": 1}
        with scope_for(desk.controller, desk.kari), pytest.raises(PowerError, match="the hub has been asked"):
            operations.withdraw(switch=Switch.objects.get(id=desk.switch), at=clock.now())
        power_supply.decline(**desk.acting(), switch_id=desk.switch, status="cancelled")
        assert desk.stands()[0] == "requested", "the hub decides"
        assert desk.run().sent == 1
        assert [one["header"]["documentType"] for one in desk.sent()] == ["392", "E02"]
        assert desk.stands()[0] == "cancelled"


def test_e1_a_start_of_what_was_cancelled_here_waits_for_a_colleague(desk) -> None:
    desk.ask_in()
    desk.run()
    desk.outside.play({"reject": {}})
    power_supply.decline(**desk.acting(), switch_id=desk.switch, status="cancelled")
    desk.run()
    assert desk.stands()[0] == "cancelled"
    asked = next(one for one in desk.of(HubProcess) if one.process == "BRS-NO-101")
    desk.outside.play({"messages": [{"message": "NotifyStartOfSupply", "meteringPointId": number(1),
                                     "day": DAY.isoformat(), "reference": str(asked.reference)}]})  # fmt: skip
    done = desk.run()
    assert (done.outcomes, done.waiting, desk.of(Contract)) == ({}, 1, [])
    assert WaitingNotice.objects.get().reason == "decided-otherwise"


def test_e1_an_end_that_another_asked_for_is_the_end_of_our_own_request(desk) -> None:
    point = point_of(desk.controller, desk.kari, 1)
    out = power_supply.request_out(**desk.acting(), point_id=point.id, reason="move", day=DAY)
    power_supply.confirm(**desk.acting(), switch_id=out.id)
    desk.switch = out.id
    told = {"message": "NotifyEndOfSupply", "meteringPointId": number(1), "day": "2026-03-20"}
    desk.outside.play({"fail": [503], "messages": [told]})
    desk.run()
    with clock.travel(NOW + timedelta(seconds=30)):
        desk.run()
    assert desk.stands() == ("confirmed", "done")
    with clock.travel(NOW + timedelta(minutes=10)):
        assert (desk.run().sent, desk.stands()) == (0, ("confirmed", "done"))
