"""Benchmarks: what a mechanism costs beside yardsticks measured in the same run. `tillit bench NAME`.

Each runs in a database of its own on the installation's server, under the installation's own settings (row-level
security, audit, fsync), checks that the conditions hold and that the result is right, and removes the database.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A number with its unit."""

    value: float
    unit: str


@dataclass(frozen=True)
class Result:
    """ratios: yardstick → Tillit's time ÷ the yardstick's, both from this run. bound_by: what limits the figures."""

    name: str
    ratios: dict[str, float]
    figures: dict[str, Figure]
    bound_by: str

    def as_json(self) -> dict[str, Any]:
        """One object: `name`, `ratios`, `figures` {name: {value, unit}}, `bound_by`."""
        return asdict(self)
