"""The figures as they are shown (G3): from the days' and, for the peaks, the hours'; live views and funnels from single
ones."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.sql import load

TOP = 15
MEASURES = ("page", "source", "keyword", "campaign", "device", "browser", "country")
MOST_STEPS = 6


@dataclass(frozen=True)
class Line:
    """A label's figures."""

    label: str
    views: int
    visits: int
    seconds: int


@dataclass(frozen=True)
class Dashboard:
    """A period's figures. visitors: those of each day, added up: nobody is known again the day after. single: visits of
    one page; seconds: mean of a visit. heat: (weekday, hour) → views.
    """

    views: int
    visits: int
    visitors: int
    single: int
    seconds: int
    series: list[tuple[date, int, int]]
    heat: dict[tuple[int, int], int]
    tops: dict[str, list[Line]]


def dashboard(*, controller: Controller, start: date, end: date, unit: str) -> Dashboard:
    """The figures of the days from `start` to before `end`; the series by `unit` (day, week, month)."""
    zone = ZoneInfo(clock.DEFAULT_ZONE)
    values: dict[str, Any] = {
        "controller": controller.pk,
        "start": datetime.combine(start, time(), zone),
        "end": datetime.combine(end, time(), zone),
        "first": start,
        "last": end,
        "zone": clock.DEFAULT_ZONE,
        "unit": unit,
        "limit": TOP,
    }
    ((views, visits, seconds),) = _rows("totals", values)
    ((visitors, _, single),) = _rows("unique", values)
    return Dashboard(
        views=views,
        visits=visits,
        visitors=visitors,
        single=single,
        seconds=int(seconds) // visits if visits else 0,
        series=[(day, int(v), int(w)) for day, v, w in _rows("series", values)],
        heat={(weekday, hour): int(number) for weekday, hour, number in _rows("heat", values)},
        tops={m: [Line(r[0], int(r[1]), int(r[2]), int(r[3])) for r in _rows("top", values | {"measure": m})]
              for m in MEASURES},
    )  # fmt: skip


def live(*, controller: Controller) -> tuple[int, list[tuple[str, int]]]:
    """Visitors of the last five minutes, and views of the last half an hour by page; 0, and no page, of fewer visitors
    than the controller's minimum group.
    """
    values = {"controller": controller.pk, "now": clock.now(), "least": _least(controller)}
    ((visitors, pages),) = _rows("live", values)
    listed = json.loads(pages) if isinstance(pages, str) else pages
    return visitors if visitors >= values["least"] else 0, [(page, views) for page, views in listed]


def funnel(*, controller: Controller, steps: Sequence[str], start: datetime, end: datetime) -> list[int]:
    """How many visitors, each day by itself, came to each step after the one before. A step is the beginning of an
    address; at most `MOST_STEPS`. Fewer than the controller's minimum group are 0.
    """
    chosen = [step for step in steps if step][:MOST_STEPS]
    if not chosen:
        return []
    values = {"controller": controller.pk, "start": start, "end": end, "steps": [_begins(step) for step in chosen]}
    reached = dict(_rows("funnel", values))
    least = _least(controller)
    return [found if (found := reached.get(n, 0)) >= least else 0 for n in range(1, len(chosen) + 1)]


def _least(controller: Controller) -> int:
    return current(controller_id=controller.pk, on=clock.today()).minimum_group


def _begins(text: str) -> str:
    """A pattern of LIKE for what begins with the text."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"


def _rows(name: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "figures", name), values)
        return list(cursor.fetchall())
