"""A power retailer at the population register of this machine."""

import pytest

from tests.support.population import World, listen
from tillit.faces.simulators.population import PopulationRegister


@pytest.fixture
def world(db: None, outside_register: PopulationRegister) -> World:
    return listen(outside_register)
