"""Use and cost on Min side and at the desk, through the pages (E3, E4)."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in
from tests.support import power
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.power import slots
from tillit.power.models import AppAccount, GridCompany, MeteringPoint
from tillit.power.prices.models import SpotDay, Temperature, WeatherPlace
from tillit.power.prices.operations import take_tariffs

TARIFFS = Path(__file__).parents[2] / "examples" / "power" / "reference" / "tariffs.yaml"
PAGE = "/fjordlys/min-side/consumption/"


def spot(first: date, after: date, ore: int = 90) -> None:
    """Final prices of an area, the same in every quarter."""
    rows = []
    day = first
    while day < after:
        packed = np.full(slots.length(day, 15), ore * 10_000, dtype="<i4").tobytes()
        at = clock.now().replace(year=2025, month=1, day=1)
        rows.append(SpotDay(area="NO1", day=day, vintage="final", published_at=at, per_hour=4, prices=packed))
        day += timedelta(days=1)
    SpotDay.objects.bulk_create(rows)


@pytest.fixture
def kari(db: Any, client: Client) -> Any:
    with clock.travel(date(2026, 3, 20)):
        controller = power.retailer()
        made = make_person(controller, "Kari", "Nordmann", "+47 400 00 111", kind="customer")
        sign_in(client, made)
        yield made


def furnish(controller: Controller, subject: int, *, in_app: bool = True) -> MeteringPoint:
    """A home in Oslo with fourteen months of values, prices and weather."""
    take_tariffs(path=TARIFFS, at=clock.now())
    grid = GridCompany.objects.create(key="solbakken-nett", name="Solbakken Nett")
    facts = {"municipality": "0301", "street": "Tunet 4", "place": "Oslo"}
    point = power.point_of(controller, subject, 7, grid_company=grid, **facts)
    first, after = date(2025, 1, 1), date(2026, 3, 19)
    rng = np.random.default_rng(3)
    count = int((slots.begins(slots.number(after)) - slots.begins(slots.number(first))) // 3600)
    power.fill(controller, point, first, (900 + rng.integers(0, 1500, count)).tolist())
    spot(date(2025, 1, 1), date(2026, 3, 21))
    place = WeatherPlace.objects.create(key="0301", name="Oslo", base=170)
    days = [first + timedelta(days=n) for n in range((date(2026, 3, 19) - first).days)]
    Temperature.objects.bulk_create(
        Temperature(place=place, day=day, tenths=int(60 - 100 * np.cos(2 * np.pi * day.timetuple().tm_yday / 365)))
        for day in days
    )
    if in_app:
        with power.scope_for(controller, subject, "app_operation"):
            AppAccount.objects.create(subject_id=subject, controller_id=controller.pk, started_at=clock.now())
    return point


def test_e3_min_side_shows_use_cost_and_the_calculation(client: Client, kari: Person) -> None:
    assert "ikke noe målepunkt" in client.get(PAGE).text
    furnish(Controller.objects.get(key="fjordlys"), kari.subject_id)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "mars 2026" in page.text
