"""Breakdowns are derived for who uses the app, with temperatures of the place, and once a month (E5, E7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.power.neighbourhood import measure, resident
from tests.support.power import customer, fill, point_of, retailer, scope_for
from tillit.declaration.models import Controller
from tillit.journeys.bench.homes import Home, home
from tillit.kernel import clock
from tillit.power import slots
from tillit.power.insight import derived
from tillit.power.insight.breakdown import Estimate, Part
from tillit.power.insight.models import MonthPart
from tillit.power.models import AppAccount, MeteringPoint
from tillit.power.prices.models import Temperature, WeatherPlace
from tillit.power.queries import days_of

FIRST = date(2025, 5, 1)
NIGHT = datetime(2026, 5, 8, 1, tzinfo=UTC)


@dataclass
class Place:
    """A home with a vehicle, measured for a year, whose resident uses the app; and one whose resident does not."""

    controller: Controller
    point: MeteringPoint
    other: MeteringPoint
    real: Home

    def months(self, point: MeteringPoint) -> dict[date, dict[Part, Estimate]]:
        with scope_for(self.controller, point.subject_id, "self_service"):
            return derived.months_of(subject_id=point.subject_id, point_id=point.id)


@pytest.fixture
def place(db: None) -> Iterator[Place]:
    with clock.travel(NIGHT):
        controller, real = retailer(), home(3, area="NO1", first_day=120)
        WeatherPlace.objects.create(pk="NO1", name="Østlandet", base=170)
        Temperature.objects.bulk_create(
            Temperature(place_id="NO1", day=FIRST + timedelta(days=n), tenths=round(10 * degrees))
            for n, degrees in enumerate(real.outdoor.tolist())
        )
        point = resident(controller, 1)
        subject = customer(controller)
        other = point_of(controller, subject, 2)
        hours = np.concatenate([_of_the_day(FIRST + timedelta(days=n), day) for n, day in enumerate(real.use)])
        measure(controller, FIRST, [(point, hours.tolist()), (other, hours.tolist())])
        yield Place(controller, point, other, real)


def _of_the_day(day: date, hours: np.ndarray) -> np.ndarray:
    """The hours as the meter counts them: one less or one more when the clock is set."""
    length = slots.length(day, 60)
    return np.delete(hours, 2) if length == 23 else np.insert(hours, 2, 0) if length == 25 else hours


def test_e5_months_are_derived_for_who_uses_the_app_and_nobody_else(place: Place) -> None:
    assert derived.derive(controller_id=place.controller.pk) == 1
    found = place.months(place.point)
    assert list(found) == [date(2026, 4, 1), *(date(2026, m, 1) for m in (3, 2, 1)), *(
        date(2025, m, 1) for m in range(12, 4, -1)
    )]  # fmt: skip
    assert place.months(place.other) == {}
    whole = sum(one.middle for parts in found.values() for one in parts.values())
    gone = place.real.use[date(2026, 3, 29).toordinal() - FIRST.toordinal(), 2]
    assert whole == pytest.approx(place.real.use.sum() - gone, abs=12)
    vehicle = sum(parts[Part.VEHICLE].middle for parts in found.values())
    assert vehicle == pytest.approx(place.real.parts["vehicle"].sum(), rel=0.5)
    assert found[date(2026, 1, 1)][Part.HEATING].middle > 3 * found[date(2025, 7, 1)][Part.HEATING].middle


def test_e5_nothing_is_derived_twice_and_a_new_month_derives_anew(place: Place) -> None:
    derived.derive(controller_id=place.controller.pk)
    assert derived.derive(controller_id=place.controller.pk) == 0
    with clock.travel(datetime(2026, 6, 8, 1, tzinfo=UTC)):
        assert derived.derive(controller_id=place.controller.pk) == 0  # nothing measured in May
        fill(place.controller, place.point, date(2026, 5, 1), [900] * 31 * 24)
        assert derived.derive(controller_id=place.controller.pk) == 1
    assert max(place.months(place.point)) == date(2026, 5, 1)
    with scope_for(place.controller, place.point.subject_id, "self_service"):
        rows = MonthPart.objects.filter(month=date(2026, 4, 1)).values_list("part", flat=True)
        assert sorted(rows) == sorted(part.value for part in Part)


def test_e7_who_leaves_the_app_gets_nothing_derived_any_more(place: Place) -> None:
    with scope_for(place.controller, place.point.subject_id, "app_operation"):
        AppAccount.objects.update(ended_at=clock.now(), ended_by="member")
    assert derived.derive(controller_id=place.controller.pk) == 0
    assert place.months(place.point) == {}


def test_e5_hours_of_the_clock_change_keep_their_energy(place: Place) -> None:
    day = date(2025, 10, 26)
    fill(place.controller, place.other, day, [10] * 25, registered=datetime(2026, 4, 1, tzinfo=UTC))
    with scope_for(place.controller, place.other.subject_id):
        (some,) = days_of(
            controller_id=place.controller.pk, start=day, end=day + timedelta(days=1), points=[place.other.id]
        )
    ((point, use),) = derived.by_hour(some, day, day + timedelta(days=1))
    assert point == place.other.id
    assert use.tolist() == [[10.0, 10.0, 20.0, *[10.0] * 21]]


def test_e5_places_are_asked_once_a_run_and_too_few_values_are_not_tried_every_night(place: Place) -> None:
    more = [resident(place.controller, serial) for serial in (3, 4)]
    short, gappy = (resident(place.controller, serial) for serial in (5, 6))
    for point in more:
        fill(place.controller, point, date(2026, 3, 1), [500] * (743 + 720))
    fill(place.controller, short, date(2026, 4, 20), [500] * 24 * 9)
    for day in range(30):  # every day has nineteen hours only
        fill(place.controller, gappy, date(2026, 4, 1) + timedelta(days=day), [500] * 19)
    with CaptureQueriesContext(connection) as asked:
        assert derived.derive(controller_id=place.controller.pk) == 3
    assert sum("power_weather_place" in one["sql"] for one in asked) == 1
    assert place.months(short) == place.months(gappy) == {}
    with CaptureQueriesContext(connection) as asked:
        assert derived.derive(controller_id=place.controller.pk) == 0
    assert not any("FOR UPDATE" in one["sql"] for one in asked), "nobody waits"
    fill(place.controller, short, date(2026, 3, 29), [500] * (23 + 21 * 24))
    assert derived.derive(controller_id=place.controller.pk) == 1
