"""What customers of a power company do in `tillit simulate` (H10): points supplied, values, switches."""

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person
from tillit.kernel import clock
from tillit.power import gsrn, operations, readings, switching
from tillit.power.days import Values
from tillit.power.models import Contract, ContractKind, Direction, MeteringPoint
from tillit.power.packing import Quality
from tillit.power.switch_models import SwitchReason, SwitchState, Way

SUPPLY = "power_supply"
VALUES, SWITCH = "meter_values", "switch"


def point_of(person: Person) -> MeteringPoint:
    """The person's metering point, supplied under a contract."""
    with person.scope(SUPPLY) as scope:
        found = MeteringPoint.objects.filter(subject_id=person.subject_id).order_by("id").first()
        if found is not None:
            return found
        return operations.add_point(
            scope=scope,
            subject_id=person.subject_id,
            controller=Controller.objects.get(pk=person.world.controller_id),
            number=_number(person),
            price_area="NO1",
            at=clock.now(),
        )


def _number(person: Person) -> str:
    person.world.turns["point"] += 1
    first = f"70705750{person.world.turns['point']:09}"
    return first + gsrn.check_digit(first)


def values(person: Person, rng: random.Random) -> None:
    """Values of a day come in, and once more corrected."""
    outcome, point = person.turn(VALUES), point_of(person)
    _supplied(person, point)

    def come() -> None:
        midnight = datetime.combine(clock.today() - timedelta(days=2), time(), ZoneInfo(clock.DEFAULT_ZONE))
        for registered in range(1, 3 if outcome == "corrected" else 2):
            number = 24
            said = Values(
                point=np.zeros(number, np.int64),
                direction=np.full(number, Direction.CONSUMPTION, np.int64),
                start=np.arange(number) * 3600 + int(midnight.timestamp()),
                minutes=np.full(number, 60, np.int64),
                wh=np.full(number, 1000 * registered, np.int64),
                quality=np.full(number, Quality.METERED, np.int64),
                registered=np.full(number, int(clock.now().timestamp()) * 1_000_000 + registered, np.int64),
                line=np.arange(number),
            )
            readings.store(controller_id=person.world.controller_id, points=[point.gsrn], values=said)
        person.came(VALUES, outcome)

    person.later(5, come)


def _supplied(person: Person, point: MeteringPoint) -> None:
    with person.scope(SUPPLY) as scope:
        if Contract.objects.filter(subject_id=point.subject_id, point_id=point.id, ends=None).exists():
            return
        operations.add_contract(scope=scope, point=point, kind=ContractKind.SPOT, starts=clock.today())


def switch(person: Person, rng: random.Random) -> None:
    """A switch to us: carried out, refused, cancelled, taken back; or away from us."""
    outcome, at = person.turn(SWITCH), clock.now()
    controller = Controller.objects.get(pk=person.world.controller_id)
    with person.scope(SUPPLY) as scope:
        point = operations.add_point(
            scope=scope,
            subject_id=person.subject_id,
            controller=controller,
            number=_number(person),
            price_area="NO1",
            at=at,
            wanted=True,
        )
        made = switching.request(
            scope=scope,
            point=point,
            way=Way.IN,
            reason=SwitchReason.SWITCH,
            day=clock.today(),
            at=at,
            kind=ContractKind.SPOT,
        )
        if outcome in ("refused", "cancelled"):
            switching.decline(switch=made, status=SwitchState(outcome), at=at)
        else:
            switching.confirm(scope=scope, controller=controller, switch=made, at=at)
        if outcome == "undone":
            switching.undo(controller=controller, switch=made, at=at)

    def away() -> None:
        with person.scope(SUPPLY) as scope:
            left = switching.request(
                scope=scope, point=point, way=Way.OUT, reason=SwitchReason.MOVE, day=clock.today(), at=clock.now()
            )
            switching.confirm(scope=scope, controller=controller, switch=left, at=clock.now())
        person.came(SWITCH, outcome)

    if outcome == "moved out":
        person.later(60, away)
    else:
        person.came(SWITCH, outcome)


ACTS = {
    VALUES: Act(values, {SUPPLY: ("metering_point", "power_contract", "consumption")}, ("metered", "corrected")),
    SWITCH: Act(
        switch,
        {SUPPLY: ("metering_point", "power_contract")},
        ("confirmed", "refused", "cancelled", "undone", "moved out"),
    ),
}
