"""Use and cost on Min side and at the desk, through the pages (E3, E4)."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils.translation import override

from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_staff import at_work, find, hire, link
from tests.support import power
from tests.support.power_prices import TARIFFS, flat_spot
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.faces import usage_shown
from tillit.kernel import clock
from tillit.power import slots
from tillit.power.models import AppAccount, GridCompany, MeteringPoint, ReadingDay
from tillit.power.prices.models import Plan, SpotDay, Temperature, WeatherPlace
from tillit.power.prices.operations import take_tariffs

PAGE = "/fjordlys/min-side/consumption/"
EN = {"accept-language": "en"}
TODAY = date(2026, 3, 20)


@pytest.fixture
def kari(db: Any, client: Client) -> Any:
    with clock.travel(TODAY):
        made = make_person(power.retailer(), "Kari", "Nordmann", "+47 400 00 111", kind="customer")
        sign_in(client, made)
        yield made


def furnish(subject: int, *, in_app: bool = True) -> MeteringPoint:
    """A home in Oslo that is heated: thirteen months of values, prices and weather, to the day before yesterday."""
    controller = Controller.objects.get(key="fjordlys")
    take_tariffs(path=TARIFFS, at=clock.now())
    grid = GridCompany.objects.create(key="solbakken-nett", name="Solbakken Nett")
    facts = {"municipality": "0301", "street": "Tunet 4", "place": "Oslo"}
    point = power.point_of(controller, subject, 7, grid_company=grid, **facts)
    first, after = date(2025, 2, 1), date(2026, 3, 19)
    place = WeatherPlace.objects.create(key="0301", name="Oslo", base=170)
    used = []
    for n in range((after - first).days):
        day = first + timedelta(days=n)
        tenths = int(60 - 100 * np.cos(2 * np.pi * n / 365)) - (30 if day >= date(2026, 1, 1) else 0)
        Temperature.objects.create(place=place, day=day, tenths=tenths)
        used += [500 + 8 * max(170 - tenths, 0) + 40 * (hour % 24) for hour in range(slots.length(day, 60))]
    power.fill(controller, point, first, used)
    flat_spot("NO1", first, date(2026, 3, 22))
    if in_app:
        with power.scope_for(controller, subject, "app_operation"):
            AppAccount.objects.create(subject_id=subject, controller_id=controller.pk, started_at=clock.now())
    return point


def looks(person: Person) -> int:
    """How often staff have looked at the person."""
    with power.scope_for(person.controller, person.subject_id, "security_log"):
        return Event.objects.filter(subject_id=person.subject_id, type="person.read").count()


def test_e3_e4_min_side_shows_use_cost_the_calculation_and_what_stands_beside(client: Client, kari: Person) -> None:
    assert "no metering point" in client.get(PAGE, headers=EN).text
    point = furnish(kari.subject_id)
    page = client.get(PAGE, headers=EN).text
    for words in (
        "March 2026",
        "State support",
        "Markup, Fjordlys Spot",
        "Consumption tax",
        "× 4.40 øre",
        "What the month may come to",
        "in this year&#x27;s weather</dt><dd>",
        "for each degree colder",
        "Capacity",
        "State support gave",
        "18 of 31 days",
    ):
        assert words in page, words
    assert page.count("<svg") == 2
    assert point.gsrn not in page
    assert "<script>" not in page
    year = client.get(f"{PAGE}1/2026/", headers=EN).text
    assert "January" in year
    assert "April" not in year, "nothing is said of months to come"
    autumn = client.get(f"{PAGE}1/2025-10-26/", headers=EN).text
    assert "02–03 (+02)" in autumn
    assert "02–03 (+01)" in autumn
    assert "Monthly fee" not in autumn
    assert "2025-10-26.2/" in autumn
    hour = client.get(f"{PAGE}1/2025-10-26.3/", headers=EN).text
    assert "02–03 (+01)" in hour
    assert "26 October 2025" in hour
    assert "no meter values" in client.get(f"{PAGE}1/2024-02/", headers=EN).text
    for wrong in ("1/2026-13/", "1/2026-03-29.23/", "2/2026-03/", "0/2026/", "1/1999/", "1/x/"):
        assert client.get(PAGE + wrong).status_code == 404, wrong


def test_e3_a_step_between_two_kilowatts_is_told_as_the_tariff_has_it() -> None:
    with override("nb"):
        assert [usage_shown.kw(watts) for watts in (0, 2500, 5000, 12250)] == ["0", "2,5", "5", "12,25"]


def test_e3_the_file_has_the_rows_and_a_gap_or_preliminary_price_is_told(client: Client, kari: Person) -> None:
    point = furnish(kari.subject_id)
    SpotDay.objects.filter(day=date(2026, 3, 2)).update(vintage="preliminary")
    SpotDay.objects.filter(day=date(2026, 3, 3)).delete()
    with power.scope_for(kari.controller, point.subject_id, "retention"):
        ReadingDay.objects.filter(subject_id=point.subject_id, day=date(2026, 3, 4)).delete()
    page = client.get(f"{PAGE}1/2026-03/", headers=EN).text
    assert "preliminary price" in page
    assert "computed at preliminary prices" in page
    assert "24 values are missing" in page
    assert "have no published price yet" in page
    answer = client.get(f"{PAGE}1/2026-03.csv")
    rows = answer.getvalue().decode("utf-8-sig").splitlines()
    assert rows[0] == "begins;kwh;cost_nok;spot_ore_per_kwh;missing;preliminary"
    assert len(rows) == 1 + 18 * 24
    assert rows[1].startswith("2026-03-01T00:00:00+01:00;")
    assert [row.split(";")[5] for row in rows[25:49]] == ["1"] * 24
    assert {row.split(";")[3] for row in rows[49:73]} == {""}
    assert {row.split(";")[1] for row in rows[73:97]} == {""}
    assert len(client.get(f"{PAGE}1/2025.csv").getvalue().splitlines()) == 1 + 365
    Plan.objects.all().delete()
    page = client.get(f"{PAGE}1/2026-02/", headers=EN).text
    assert "cost cannot be computed" in page


def test_e3_e7_who_does_not_use_the_app_sees_use_and_cost_and_nothing_derived(client: Client, kari: Person) -> None:
    furnish(kari.subject_id, in_app=False)
    page = client.get(PAGE, headers=EN).text
    assert "How the cost is computed" in page
    assert "You do not use it now" in page
    for derived in ("What the month may come to", "Beside a year before", "A year before"):
        assert derived not in page


def test_e3_customer_service_sees_the_same_for_its_purpose_and_on_record(client: Client, kari: Person) -> None:
    furnish(kari.subject_id)
    desk = at_work(hire(kari.controller))
    place = link(find(desk, "Nordmann", key="fjordlys"))
    person = desk.get(place, headers=EN).text
    assert f"{place}consumption/" in person
    before = looks(kari)
    page = desk.get(f"{place}consumption/", headers=EN).text
    assert "March 2026" in page
    assert "How the cost is computed" in page
    assert "What the month may come to" not in page
    assert desk.get(f"{place}consumption/1/2025-10-26/", headers=EN).status_code == 200
    assert looks(kari) == before + 2
