"""What of points, switches and the app can be at fault, looked for in what is really there (E1, E7, for the proof)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Q

from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.power import gsrn
from tillit.power.models import AppAccount, Contract, MeteringPoint
from tillit.power.switch_models import Switch, SwitchState, Way
from tillit.registers.sources import POPULATION, grounded

EVENT, INSIGHT = "app_deleted", "energy_insight"


def ends_with_the_app(declared: Declaration) -> str:
    """Where the declaration promises that insight goes with the app."""
    found = (rule for rule in declared.retention if rule.clock == EVENT and rule.category == INSIGHT)
    return next((f"retention.{rule.key}" for rule in found), "")


def supply_faults(controller_id: int, on: date) -> Iterator[str]:
    """Points with a wrong number, or supplied to two at a time; customers nobody made sure of. In a scope of proof."""
    for row, number in MeteringPoint.objects.filter(controller_id=controller_id).values_list("id", "gsrn").iterator():
        if not gsrn.is_valid(number):
            yield f"power_point {row}: its check digit is wrong"
    mine = Contract.objects.filter(controller_id=controller_id)
    runs = mine.filter(starts__lte=on).filter(Q(ends=None) | Q(ends__gt=on)).order_by("point__gsrn")
    before: tuple[str, int] | None = None
    for row, number, subject in runs.values_list("id", "point__gsrn", "subject_id"):
        if before is not None and before[0] == number and before[1] != subject:
            yield f"power_contract {row}: the point is supplied to another customer, too"
        before = (number, subject)
    controller = Controller.objects.get(pk=controller_id)
    if grounded(current(controller_id=controller.pk, on=on), POPULATION):
        unsure = Switch.objects.filter(
            controller_id=controller_id, way=Way.IN, status=SwitchState.CONFIRMED, identity=""
        )
        for row in unsure.values_list("id", flat=True):
            yield f"power_switch {row}: nobody made sure who the customer is"


def app_faults(controller_id: int, on: date) -> Iterator[str]:
    """Rows derived for the app of people who do not use it, or whose table would not follow. In a scope of proof."""
    using = AppAccount.objects.filter(controller_id=controller_id, ended_at=None).values("subject_id")
    for table in registry.holding(INSIGHT):
        if EVENT not in table.clocks:
            yield f"{table.table}: its rows would not go with the app"
            continue
        rows: Any = table.model
        left = rows.objects.filter(controller_id=controller_id).exclude(subject_id__in=using)
        if count := left.count():
            yield f"{table.table}: {count} rows of people who do not use the app"
