"""The text columns that every file of meter values is brought to, and their words; docs/meter-values.md says the same.

`volume`, `quality` and `registered` of a row may hold several, with spaces between, of intervals in a row from `start`
to `end`: a day that was put aside is one row to repair. `-` is an interval without a value.
"""

from tillit.power.models import Direction
from tillit.power.packing import Quality

COLUMNS = ("point", "start", "end", "direction", "volume", "unit", "quality", "registered")
LONGEST = {"point": 40, "start": 40, "end": 40, "direction": 60, "volume": 4000, "unit": 10, "quality": 4000,
           "registered": 8000}  # fmt: skip

UNITS = {"wh": 1, "kwh": 1000, "mwh": 1_000_000}
"""Watt-hours of one."""

DIRECTIONS = {
    "consumption": Direction.CONSUMPTION, "forbruk": Direction.CONSUMPTION, "out": Direction.CONSUMPTION,
    "ut": Direction.CONSUMPTION, "e17": Direction.CONSUMPTION,
    "production": Direction.PRODUCTION, "produksjon": Direction.PRODUCTION, "in": Direction.PRODUCTION,
    "inn": Direction.PRODUCTION, "e18": Direction.PRODUCTION,
}  # fmt: skip
"""Word → way. In and out as the grid sees it: what is taken out of the grid is consumed. A file of somebody who sees it
from the customer's side is read with `swapped`.
"""

QUALITIES = {
    "metered": Quality.METERED, "measured": Quality.METERED, "målt": Quality.METERED, "127": Quality.METERED,
    "calculated": Quality.CALCULATED, "beregnet": Quality.CALCULATED,
    "estimated": Quality.ESTIMATED, "estimert": Quality.ESTIMATED, "56": Quality.ESTIMATED,
    "81": Quality.ESTIMATED, "final estimate": Quality.ESTIMATED, "endelig estimert": Quality.ESTIMATED,
    "temporary": Quality.TEMPORARY, "midlertidig": Quality.TEMPORARY, "foreløpig": Quality.TEMPORARY,
    "21": Quality.TEMPORARY,
}  # fmt: skip
