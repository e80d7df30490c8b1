"""A month's bills of every point as a file (E3): what each customer is shown, nobody missing, and on record."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import TestDatabase
from tests.support import power
from tests.support.commands import tillit
from tests.support.power_prices import TARIFFS, flat_spot
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.journeys import power_bills
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.power import looking, periods
from tillit.power.errors import PowerError
from tillit.power.models import GridCompany, MeteringPoint
from tillit.power.operations import add_contract
from tillit.power.prices.operations import take_tariffs

FIRST, AFTER, TURN = date(2026, 3, 1), date(2026, 4, 1), date(2026, 3, 16)
HOURS = 743


def supplied() -> tuple[Controller, list[MeteringPoint]]:
    """A retailer with a customer who is measured, one whose contract changes, one without values, and one whose place
    nobody has told; and prices.
    """
    controller = power.retailer()
    take_tariffs(path=TARIFFS, at=clock.now())
    grid = GridCompany.objects.create(key="solbakken-nett", name="Solbakken Nett")
    flat_spot("NO1", FIRST, AFTER, ore=101)
    points = [
        power.point_of(controller, power.customer(controller), n, grid_company=grid, municipality=place)
        for n, place in enumerate(["0301", "5601", "0301", ""], start=1)
    ]
    for n in (0, 1, 3):
        power.fill(controller, points[n], FIRST, [500 + 37 * hour % 900 for hour in range(HOURS)])
    with power.scope_for(controller, points[1].subject_id) as scope:
        add_contract(scope=scope, point=points[1], kind="variable", starts=TURN)
    return controller, points


def shown(controller: Controller, point: MeteringPoint) -> int:
    """What the customer's own page says of the month, in øre."""
    with power.scope_for(controller, point.subject_id, "energy_insight"):
        page = looking.page(
            subject_ids=[point.subject_id], controller_id=controller.pk, controller=controller.key, number=1,
            looked=periods.parse("2026-03"), today=date(2026, 4, 10),
        )  # fmt: skip
    assert page.shown is not None
    return page.shown.total


def lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as sheet:
        yield from csv.DictReader(sheet, delimiter=";")


def ore(text: str) -> int:
    return int(Decimal(text.replace(",", ".")) * 100)


def test_e3_the_bills_of_a_month_are_what_each_customer_is_shown_and_nobody_is_missing(
    fresh_db: TestDatabase, tmp_path: Path
) -> None:
    with clock.travel(datetime(2026, 4, 10, tzinfo=UTC)):
        controller, points = supplied()
        wanted = [shown(controller, point) for point in points]
        here = {"actor": system("test", {controller.pk}), "controller": controller}
        with (tmp_path / "april.csv").open("w") as none, pytest.raises(PowerError, match="not over"):
            power_bills.export(**here, month=date(2026, 4, 1), to=none)
    sheet = tmp_path / "march.csv"
    asked = ("power", "bills", str(sheet), "--controller", "fjordlys", "--month", "2026-03")
    done = tillit(*asked, "--json", environment=fresh_db.environment)
    assert done.returncode == 0, done.stderr
    assert sheet.stat().st_mode & 0o777 == 0o600
    found: dict[str, list[dict[str, str]]] = {}
    for row in lines(sheet):
        found.setdefault(row["metering_point"], []).append(row)
    assert found.keys() == {point.gsrn for point in points}
    first, turned, empty, nowhere = (found[point.gsrn] for point in points)
    assert [ore(first[0]["total"])] == wanted[:1]
    assert [(row["first"], row["last"], row["product"]) for row in turned] == [
        ("2026-03-01", "2026-03-15", "spot"), ("2026-03-16", "2026-03-31", "variable"),
    ]  # fmt: skip
    assert sum(ore(row["total"]) for row in turned) == wanted[1]
    for row in (*first, *turned):
        assert sum(ore(row[kind]) for kind in power_bills.KINDS) == ore(row["net"])
        assert ore(row["net"]) + ore(row["vat"]) == ore(row["total"])
    assert turned[0]["vat"] == "0,00", "a home in Finnmark"
    assert [(row["total"], row["no_cost"]) for row in (*empty, *nowhere)] == [("", "values"), ("", "municipality")]
    facts = json.loads(done.stdout)
    assert (facts["points"], facts["bills"], facts["without"]) == (4, 3, {"values": 1, "municipality": 1})
    assert facts["total_ore"] == sum(wanted[:2])
    with Scope(system("test", {controller.pk}), "security_log"):
        (event,) = Event.objects.filter(type="power.bills_exported")
    assert (event.subject_id, event.details["bills"]) == (0, 3)
