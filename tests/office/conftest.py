"""The example that has a reception, on a day of its own."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def fjordlys(db: Any) -> Controller:
    """The power retailer."""
    clock.travel(NOW)
    return publish_examples("power")["fjordlys"]


@pytest.fixture
def solvik(db: Any) -> Controller:
    """A department of the accounting group."""
    clock.travel(NOW)
    return publish_examples("accounting")["solvik"]
