"""Prices and tariffs of power for tests."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from tillit.power import slots
from tillit.power.prices.models import SpotDay

TARIFFS = Path(__file__).parents[2] / "examples" / "power" / "reference" / "tariffs.yaml"


def flat_spot(area: str, first: date, after: date, *, ore: int = 90, vintage: str = "final") -> None:
    """Prices of an area, the same in every quarter."""
    at, rows = datetime(2025, 1, 1, tzinfo=UTC), []
    for n in range((after - first).days):
        day = first + timedelta(days=n)
        packed = np.full(slots.length(day, 15), ore * 10_000, dtype="<i4").tobytes()
        rows.append(SpotDay(area=area, day=day, vintage=vintage, published_at=at, per_hour=4, prices=packed))
    SpotDay.objects.bulk_create(rows)
