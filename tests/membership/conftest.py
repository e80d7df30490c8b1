"""Two unions of the example operator, with what they consist of."""

import pytest

from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.journeys.demo import union_members


@pytest.fixture
def unions() -> dict[str, Controller]:
    found = publish_examples("union_benefits")
    for one in ("lyngheim", "tangvik"):
        union_members.found(controller_id=found[one].pk)
    return found


@pytest.fixture
def union(unions: dict[str, Controller]) -> Controller:
    return unions["lyngheim"]
