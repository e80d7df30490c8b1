"""Power customers with metering points, contracts and meter values."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.power import gsrn, operations, readings, slots
from tillit.power.days import Values
from tillit.power.models import MeteringPoint
from tillit.power.packing import Quality

STARTED = date(2025, 1, 1)


def retailer() -> Controller:
    """The power retailer of the examples, published."""
    return publish_examples("power")["fjordlys"]


def number(serial: int) -> str:
    """An invented metering point's number."""
    first = f"7070575000{serial:07d}"
    return first + gsrn.check_digit(first)


def customer(controller: Controller, **facts: str) -> int:
    """A customer of the retailer."""
    return person(controller, "customer", started=STARTED, **facts)


def scope_for(controller: Controller, subject: int, activity: str = "power_supply") -> Scope:
    """A scope on one customer."""
    actor = system("test", {controller.pk, holder_of(controller_id=controller.pk)})
    return Scope(actor, activity, frozenset({subject}))


def point_of(
    controller: Controller,
    subject: int,
    serial: int,
    *,
    area: str = "NO1",
    kind: str = "spot",
    starts: date = STARTED,
    **facts: Any,
) -> MeteringPoint:
    """A point of the customer, supplied under a contract."""
    with scope_for(controller, subject) as scope:
        point = operations.add_point(
            scope=scope, subject_id=subject, controller=controller, number=number(serial), price_area=area,
            at=clock.now(), **{"municipality": "0301", **facts},
        )  # fmt: skip
        operations.add_contract(scope=scope, point=point, kind=kind, starts=starts)
    return point


def values(
    first: datetime | date,
    wh: Sequence[int],
    *,
    minutes: int = 60,
    quality: int = Quality.METERED,
    registered: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    direction: int = 1,
    point: int = 0,
) -> Values:
    """Values in a row from a moment on (or a day's local midnight), for `readings.store`."""
    begin = int(first.timestamp()) if isinstance(first, datetime) else int(slots.begins(slots.number(first)))
    count = len(wh)
    return Values(
        point=np.full(count, point),
        direction=np.full(count, direction),
        start=begin + np.arange(count) * minutes * 60,
        minutes=np.full(count, minutes),
        wh=np.array(wh, dtype=np.int64),
        quality=np.full(count, quality, dtype=np.uint8),
        registered=np.full(count, int(registered.timestamp() * 1_000_000)),
        line=np.arange(count) + 1,
    )


def fill(controller: Controller, point: MeteringPoint, first: date, wh: Sequence[int], **how: Any) -> readings.Taken:
    """Store values of the point from a day's midnight on."""
    return readings.store(controller_id=controller.pk, points=[point.gsrn], values=values(first, wh, **how))
