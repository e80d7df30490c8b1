"""The demonstration's power customers can sign in (H18)."""

from datetime import date, timedelta
from typing import Any

from tests.support.world import publish_examples
from tillit.journeys.bench import homes
from tillit.journeys.demo import power
from tillit.kernel import clock
from tillit.parties import lookup
from tillit.power.models import GridCompany


def test_h18_the_demonstration_s_power_customer_is_found_by_the_address_it_tells(db: Any) -> None:
    controller = publish_examples("power")[power.RETAILER]
    GridCompany.objects.create(key=power.GRID, name="Solbakken Nett")
    first: date = clock.today() - timedelta(days=2)
    home = homes.home(1, days=2, area=power.AREA, first_day=first.timetuple().tm_yday)
    assert lookup.by_address(register_id=controller.register_id, text=power.customer_address()) is None
    power._customer(controller, 0, home, first)
    assert lookup.by_address(register_id=controller.register_id, text=power.customer_address()) is not None
