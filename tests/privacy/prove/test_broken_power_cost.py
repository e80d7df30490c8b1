"""The promise that cost is what the calculation says, broken in the running system (E3)."""

from datetime import date
from typing import Any

import pytest
from django.db import connection

from tests.conftest import TestDatabase
from tests.support import power
from tests.support.power_prices import TARIFFS, flat_spot
from tillit.kernel import clock
from tillit.power.cost import lines
from tillit.power.models import GridCompany
from tillit.power.prices.models import Plan
from tillit.power.prices.operations import take_tariffs
from tillit.privacy.prove.run import Proof, prove

COUNTED = "cost of power is what the calculation says"


def found() -> Proof:
    kept = [one for one in prove(controllers=["fjordlys"], kinds=["domains"]) if COUNTED in one.promise.text["en"]]
    assert len(kept) == 1
    return kept[0]


@pytest.fixture
def home(fresh_db: TestDatabase) -> Any:
    """A home with a month of values and prices."""
    with clock.travel(date(2026, 3, 9)):
        retailer = power.retailer()
        take_tariffs(path=TARIFFS, at=clock.now())
        flat_spot("NO1", date(2026, 2, 1), date(2026, 3, 10))
        grid = GridCompany.objects.create(key="solbakken-nett", name="Solbakken Nett")
        point = power.point_of(retailer, power.customer(retailer), 1, grid_company=grid, municipality="0301")
        power.fill(retailer, point, date(2026, 2, 1), [900 + n % 700 for n in range(672)])
        yield point
    connection.close()


def test_e3_a_sum_that_is_not_what_its_terms_come_to_is_seen(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found().finding.status == "kept"
    # Somebody made amounts be rounded up: every line is an øre too high now and then.
    monkeypatch.setattr(lines, "nearest", lambda numerator, denominator: -(-numerator // denominator))
    assert "is not what its terms come to" in found().finding.why
    monkeypatch.undo()
    Plan.objects.filter(key="spot").delete()
    assert found().finding.status == "broken"
    assert "product 'spot' has no price" in found().finding.why
