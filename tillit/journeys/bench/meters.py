"""Meter values for benchmarks, by COPY as the tables' owner: a scope's user has no COPY into a table under policies."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import sql as psql

from tillit.declaration.models import Controller
from tillit.kernel.sql import load
from tillit.platform import database
from tillit.power.insight.months import after

LANES = 2


def copy_days(
    *, controller: Controller, points: Sequence[tuple[int, int]], first: date, wh: NDArray[np.uint32]
) -> None:
    """Hours of days of 24 hours from `first` on. points: (subject, id), committed; wh: (points, hours)."""
    days = [first + timedelta(days=n) for n in range(wh.shape[1] // 24)]
    with _owner() as owner, owner.cursor().copy(load(__file__, "meters", "days")) as copy:
        copy.set_types(["int8", "int4", "int8", "int2", "date", "int2", "bytea", "bytea", "bytea", "int4"])
        for (subject, point), of_point in zip(points, wh, strict=True):
            for day, row in zip(days, of_point.reshape(len(days), 24), strict=True):
                copy.write_row((subject, controller.pk, point, 1, day, 60, row.tobytes(), b"\x04", bytes(8), 1))


def before(*, controller: Controller, points: Sequence[int], start: date, first: date) -> None:
    """The days [start, first) of some points, as those of the month from `first` on are. In an open scope."""
    given: dict[str, Any] = {
        "controller": controller.pk,
        "points": list(points),
        "start": start,
        "stop": first,
        "first": first,
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "meters", "earlier"), given)


def before_of_all(*, controller: Controller, start: date, first: date, tell: Callable[[str], None]) -> None:
    """The same of every point, month by month in two lanes. Indexes are made afterwards, and links to people and points
    are not looked at again: a row is as the one it is made from.
    """
    months = [start]
    while after(months[-1]) < first:
        months.append(after(months[-1]))
    with _owner() as owner:
        held = owner.execute(load(__file__, "meters", "constraints")).fetchall()
        for name, _, _ in held:
            owner.execute(psql.SQL("ALTER TABLE power_reading_day DROP CONSTRAINT {}").format(psql.Identifier(name)))

    def one(month: date) -> None:
        with _owner() as lane:
            lane.execute(
                load(__file__, "meters", "earlier"),
                {"controller": controller.pk, "points": None, "start": month, "stop": after(month), "first": first},
            )
        tell(f"{month:%Y-%m} stands")

    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(one, months))
    tell("indexes")
    with _owner() as owner:
        owner.execute("SET maintenance_work_mem = '512MB'")
        for name, definition, indexed in held:
            if indexed:
                owner.execute(
                    psql.SQL("ALTER TABLE power_reading_day ADD CONSTRAINT {} ").format(psql.Identifier(name))
                    + psql.SQL(definition)
                )


def _owner() -> Any:
    return database.connect("owner", name=connection.settings_dict["NAME"], autocommit=True)
