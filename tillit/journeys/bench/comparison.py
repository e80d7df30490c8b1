"""`tillit bench comparison`: a night in which a month of many homes is put in groups and released (E4).

Homes in five price areas, of five kinds, four ways of heating, six sizes and five numbers of persons, a value an hour.
The yardstick fetches the same values in one statement and adds them up with numpy: no consent, contracts, gaps, groups.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from django.db import connection

from tillit.declaration.enforce import enforce_grants
from tillit.declaration.loader import load as load_declaration
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.disclosure.models import ReleaseCell
from tillit.journeys.bench import Figure, Result
from tillit.journeys.bench.machine import Cost, processors
from tillit.journeys.bench.meters import copy_days
from tillit.journeys.bench.place import require, settle
from tillit.journeys.bench.world import people
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.platform import paths
from tillit.power.insight import comparison
from tillit.power.insight.models import Group

NAME = "comparison"
MONTH, DAYS = date(2026, 1, 1), 31
NIGHT = datetime(2026, 2, 8, 2, tzinfo=UTC)
AT_ONCE = 500


def run(*, points: int, tell: Callable[[str], None]) -> Result:
    """Measure. In a process whose database is `place.DATABASE`. Raises `BenchError` where a group is too small."""
    folder = paths.root() / "examples" / "power"
    declaration, _ = load_declaration(folder / "fjordlys.yaml")
    publish(declaration=declaration, source_text=(folder / "fjordlys.yaml").read_text("utf-8"), at=clock.now())
    enforce_grants()
    controller = Controller.objects.get(key="fjordlys")
    tell(f"{points:,} homes, {DAYS} days each")
    with clock.travel(NIGHT):
        _homes(controller, points)
        settle()
        tell("the values in one statement, added up")
        started = time.monotonic()
        whole = _bare(controller)
        bare = time.monotonic() - started
        tell("a night")
        before = Cost.now()
        released = comparison.release(controller_id=controller.pk)
        cost = Cost.now() - before
        again = time.monotonic()
        require(comparison.release(controller_id=controller.pk) == 0, "a month was released twice")
        again = time.monotonic() - again
    cells = list(ReleaseCell.objects.all())
    require(released == 1 and len(cells) == Group.objects.count(), "the month was not released")
    require(min(cell.people for cell in cells) >= 25, "a group is too small")
    require(sum(cell.amount for cell in cells) == whole, "a home is missing, or counts twice")
    return Result(
        NAME,
        {"values in one statement": round(cost.wall / bare, 2)},
        {
            "homes": Figure(points, "homes"),
            "groups": Figure(len(cells), "groups"),
            "a night": Figure(round(cost.wall, 2), "s"),
            "processor time": Figure(round(cost.ours + cost.server, 2), "s"),
            "a night with nothing new": Figure(round(again, 2), "s"),
            "processors": Figure(processors(), "processors"),
        },
        "PostgreSQL: handing over a row a point and day",
    )


def _homes(controller: Controller, points: int) -> None:
    people(register_id=controller.register_id, count=points)
    given: dict[str, Any] = {"controller": controller.pk, "register": controller.register_id, "now": clock.now()}
    who = system("bench", {controller.pk})
    with Scope(who, "customer_administration"), connection.cursor() as cursor:
        cursor.execute(load(__file__, "comparison", "customers"), given)
    with Scope(who, "app_operation"), connection.cursor() as cursor:
        cursor.execute(load(__file__, "comparison", "apps"), given)
    chance = np.random.default_rng(6)
    with Scope(who, "power_supply"), connection.cursor() as cursor:
        cursor.execute(load(__file__, "comparison", "points"), given)
        cursor.execute(load(__file__, "cost", "contracts"), given)
        cursor.execute(load(__file__, "comparison", "households"), given)
        cursor.execute(load(__file__, "cost", "ids"), given)
        ids = cursor.fetchall()
    for low in range(0, points, AT_ONCE):
        some = ids[low : low + AT_ONCE]
        level = chance.lognormal(7, 0.5, (len(some), 1))
        wh = (chance.random((len(some), DAYS * 24)) * level).astype("<u4")
        copy_days(controller=controller, points=some, first=MONTH, wh=wh)


def _bare(controller: Controller) -> int:
    with Scope(system("bench", {controller.pk}), comparison.ACTIVITY), connection.cursor() as cursor:
        cursor.execute(load(__file__, "comparison", "bare"), {"controller": controller.pk})
        values = np.frombuffer(b"".join(bytes(row[0]) for row in cursor.fetchall()), dtype="<u4")
    return int(values.sum(dtype=np.int64))
