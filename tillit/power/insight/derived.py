"""Use divided by purpose, month by month (E5): derived for who uses the app, at night, in sets.

A point is derived anew when a month more is settled: from the last thirteen months, which are written again as they are
seen then. Who has left the app meanwhile is left out under the lock that leaving takes (E7).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from tillit.consent.queries import lawful_subjects
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.parties.operations import lock_subjects
from tillit.power import slots
from tillit.power.insight import months
from tillit.power.insight.breakdown import LEAST_DAYS, LEAST_HOURS, Estimate, Part, break_down
from tillit.power.insight.models import MonthPart
from tillit.power.insight.users import app_users
from tillit.power.prices.models import WeatherPlace
from tillit.power.prices.queries import nearest_place, temperatures, weather_places
from tillit.power.queries import Days, days_of

ACTIVITY = "energy_insight"
SETTLED = timedelta(days=5)
MONTHS = 13
AT_ONCE = 100
NONE = Estimate(0, 0, 0)


@dataclass(frozen=True)
class Point:
    """A point to be derived for."""

    subject: int
    id: int
    municipality: str
    area: str


@dataclass
class Weather:
    """Mean temperatures of the days [first, after), place by place, fetched once; the places, too."""

    first: date
    after: date
    _known: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _places: dict[str, WeatherPlace] | None = None

    def of(self, point: Point) -> NDArray[np.float64]:
        """(days) °C, `nan` where not known."""
        if self._places is None:
            self._places = weather_places()
        place = nearest_place(self._places, municipality=point.municipality, area=point.area)
        key = place.pk if place is not None else ""
        if key not in self._known:
            known = temperatures(place=key, first=self.first, after=self.after) if key else {}
            days = (self.first + timedelta(days=n) for n in range((self.after - self.first).days))
            self._known[key] = np.array([known[day] / 10 if day in known else np.nan for day in days])
        return self._known[key]


def derive_everywhere() -> int:
    """For every controller whose declaration divides use by purpose; how many points were derived."""
    controllers = Controller.objects.filter(versions__isnull=False).distinct().order_by("id")
    return sum(
        derive(controller_id=one.pk)
        for one in controllers
        if current(controller_id=one.pk, on=clock.today()).activity(ACTIVITY) is not None
    )


def derive(*, controller_id: int) -> int:
    """Every point of which the latest settled month can be derived and is not; how many were. Some a transaction.
    A point with too few values waits until there are enough.
    """
    settled = months.settled(clock.today() - SETTLED, MONTHS)
    first, latest = min(settled), max(settled)
    users = app_users(controller_id=controller_id)
    lawful = sorted(users & lawful_subjects(controller_id=controller_id, activity=ACTIVITY))
    acting = system("insight", {controller_id})
    with Scope(acting, ACTIVITY), connection.cursor() as cursor:
        given: dict[str, Any] = {"controller": controller_id, "lawful": lawful, "month": latest}
        enough: dict[str, Any] = {
            "first": first,
            "after": months.after(latest),
            "least": LEAST_DAYS,
            "gaps": 24 - LEAST_HOURS,
        }
        cursor.execute(load(__file__, "derived", "waiting"), {**given, **enough})
        waiting = [Point(*row) for row in cursor.fetchall()]
    weather, done = Weather(first, months.after(latest)), 0
    for start in range(0, len(waiting), AT_ONCE):
        some = waiting[start : start + AT_ONCE]
        with Scope(acting, ACTIVITY) as scope:
            states = lock_subjects(scope=scope, subject_ids=[point.subject for point in some])
            still = app_users(controller_id=controller_id, subject_ids=states)
            done += _derive(controller_id, [point for point in some if point.subject in still], states, weather)
    return done


def months_of(*, subject_id: int, point_id: int) -> dict[date, dict[Part, Estimate]]:
    """The months of a point, the latest first, with the estimate of each part. In the scope of who looks."""
    found: dict[date, dict[Part, Estimate]] = {}
    for row in MonthPart.objects.filter(subject_id=subject_id, point_id=point_id).order_by("-month"):
        found.setdefault(row.month, {})[Part(row.part)] = Estimate(row.low_wh, row.middle_wh, row.high_wh)
    return found


def by_hour(some: Days, first: date, after: date) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """(point, (days, 24) Wh with `nan` in gaps) of each point in `some`, for the days [first, after). The hour that is
    twice on the day the clock is set back stands as one with what both used; the one that is skipped is a gap.
    """
    hourly, length = some.hourly(), (after - first).days
    row = hourly.rows()
    count = np.diff(hourly.offset)[row]
    hour = np.arange(len(hourly.wh)) - hourly.offset[:-1][row]
    hour = np.where((count == 23) & (hour >= 2), hour + 1, np.where((count == 25) & (hour >= 3), hour - 1, hour))
    day = hourly.day[row] - slots.number(first)
    opens = np.flatnonzero(np.append(True, hourly.point[1:] != hourly.point[:-1]))
    place = np.searchsorted(opens, row, side="right") - 1
    use = np.zeros((len(opens), length, 24))
    seen = np.zeros((len(opens), length, 24), dtype=bool)
    real = hourly.quality > 0
    np.add.at(use, (place[real], day[real], hour[real]), hourly.wh[real])
    seen[place[real], day[real], hour[real]] = True
    use[~seen] = np.nan
    yield from zip(hourly.point[opens].tolist(), use, strict=True)


def _derive(controller_id: int, points: Sequence[Point], states: dict[int, int], weather: Weather) -> int:
    known = {point.id: point for point in points}
    month_of = np.array(
        [slots.day_of(slots.number(weather.first) + n).replace(day=1).toordinal() for n in range(_length(weather))]
    )
    rows: list[MonthPart] = []
    now, done = clock.now(), 0
    for some in days_of(controller_id=controller_id, start=weather.first, end=weather.after, points=list(known)):
        for point_id, use in by_hour(some, weather.first, weather.after):
            point = known[point_id]
            found = break_down(use, weather.of(point), month_of)
            if found is not None:
                done += 1
                for month, parts in found.months.items():
                    rows += _rows(controller_id, point, states[point.subject], month, parts, now)
    MonthPart.objects.bulk_create(
        rows,
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["subject_id", "point_id", "month", "part"],
        update_fields=["low_wh", "middle_wh", "high_wh", "made_at"],
    )
    return done


def _length(weather: Weather) -> int:
    return (weather.after - weather.first).days


def _rows(
    controller_id: int, point: Point, state: int, month: int, parts: dict[Part, Estimate], now: datetime
) -> Iterator[MonthPart]:
    for part in Part:
        said = parts.get(part, NONE)
        yield MonthPart(
            subject_id=point.subject,
            controller_id=controller_id,
            state=state,
            point_id=point.id,
            month=date.fromordinal(month),
            part=part.value,
            low_wh=said.low,
            middle_wh=said.middle,
            high_wh=said.high,
            made_at=now,
        )
