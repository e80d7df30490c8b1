"""Customers with homes of known likeness and use, who use the app."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from tests.support.power import STARTED, customer, number, point_of, scope_for, values
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.power import operations, readings
from tillit.power.days import Values
from tillit.power.models import AppAccount, MeteringPoint


@dataclass(frozen=True)
class Like:
    """What a home is like."""

    area: str = "NO1"
    dwelling: str = "detached"
    heating: str = "electric"
    square_metres: int | None = 150
    persons: int | None = 3


def resident(controller: Controller, serial: int, like: Like | None = None, **facts: str) -> MeteringPoint:
    """A customer who uses the app and has told what the home is like."""
    like = like or Like()
    subject = customer(controller, **facts)
    point = point_of(controller, subject, serial, area=like.area)
    with scope_for(controller, subject) as scope:
        operations.tell_household(
            scope=scope, point=point, dwelling=like.dwelling, heating=like.heating, area_m2=like.square_metres,
            persons=like.persons,
        )  # fmt: skip
    with scope_for(controller, subject, "app_operation"):
        AppAccount.objects.create(subject_id=subject, controller_id=controller.pk, started_at=clock.now())
    return point


def measure(controller: Controller, first: date, wh: Sequence[tuple[MeteringPoint, Sequence[int]]]) -> None:
    """Hourly values of many points from a day's midnight on, in one set."""
    parts = [values(first, hours, point=place) for place, (_, hours) in enumerate(wh)]
    whole: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in Values.__dataclass_fields__
    }
    readings.store(controller_id=controller.pk, points=[point.gsrn for point, _ in wh], values=Values(**whole))


__all__ = ["STARTED", "Like", "measure", "number", "resident"]
