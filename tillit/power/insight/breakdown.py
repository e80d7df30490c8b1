"""A home's use divided into base load, heating, cooling, vehicle and behaviour, each with its range (E5). Pure.

Order: charging is taken out by its steps; the nights without heating give the base load; the change-point model of what
is left gives heating and cooling; the rest is behaviour (washing, cooking, hot water, light, and what was not told
apart). The parts of a month add up to its use. How wrong they are is measured on homes whose parts are known:
`tillit bench breakdown`, docs/power.md.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tillit.power.insight.temperature import Model, fit
from tillit.power.insight.vehicle import LESS, MORE, charging

NIGHT = 6
"""The hours before it are night."""
LEAST_DAYS = 28
LEAST_HOURS = 20
"""Measured ones that make a day count."""
MILD = 13.0
"""Degrees from which a night without a heating model is taken to have no heating."""
MARGIN = {"heating": 0.15, "cooling": 0.45, "base": 0.25}
"""What the method itself may be wrong by, besides chance, as a share: set so that ranges hold about four in five."""


class Part(StrEnum):
    """What the use is divided into."""

    BASE = "base"
    HEATING = "heating"
    COOLING = "cooling"
    VEHICLE = "vehicle"
    BEHAVIOUR = "behaviour"


@dataclass(frozen=True)
class Estimate:
    """Wh of a part in a month: the estimate, and the range it is likely in."""

    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class Breakdown:
    """months: `Estimate` of each part found, by the number of the month given for its days. detected: the parts that
    were found; heating and cooling are absent from it where temperatures are missing or say nothing.
    """

    months: dict[int, dict[Part, Estimate]]
    detected: frozenset[Part]
    base_watts: float
    vehicle_watts: float | None
    model: Model | None


def break_down(use: NDArray[np.float64], outdoor: NDArray[np.float64], month_of: NDArray[np.int64]) -> Breakdown | None:
    """`use` (days, 24) Wh, `outdoor` (days) °C, `month_of` (days) any number of the month; None for under four weeks of
    measured days. Days with fewer than twenty hours measured are left out of everything.
    """
    whole = np.isfinite(use).sum(axis=1) >= LEAST_HOURS
    if whole.sum() < LEAST_DAYS:
        return None
    hours = np.where(whole[:, None], np.nan_to_num(use, nan=0.0), 0.0)
    found = charging(hours)
    energy = found.energy if found else np.zeros_like(hours)
    rest = hours - energy
    daily = np.where(whole, rest.sum(axis=1), np.nan)
    model = fit(daily, outdoor)
    base = _base(rest, whole, outdoor, model)
    zero = np.zeros(len(daily))
    parts = {
        Part.VEHICLE: _around(energy.sum(axis=1)),
        Part.BASE: tuple(np.where(whole, 24 * watts, 0.0) for watts in base),
        Part.HEATING: _modelled(model, "heating", whole) if model else (zero, zero, zero),
        Part.COOLING: _modelled(model, "cooling", whole) if model else (zero, zero, zero),
    }
    total = np.where(whole, hours.sum(axis=1), 0.0)
    detected = {Part.BASE, Part.BEHAVIOUR} | ({Part.VEHICLE} if found else set())
    if model and model.per_degree_heating:
        detected.add(Part.HEATING)
    if model and model.per_degree_cooling:
        detected.add(Part.COOLING)
    months = {int(m): _month(parts, total, month_of == m, detected) for m in np.unique(month_of[whole])}
    return Breakdown(months, frozenset(detected), base[1], found.power if found else None, model)


Days = tuple[NDArray[np.float64], ...]
"""Wh a day: low, middle, high."""


def _base(
    rest: NDArray[np.float64], whole: NDArray[np.bool_], outdoor: NDArray[np.float64], model: Model | None
) -> tuple[float, float, float]:
    """Watts that are always on: what nights go down to when nothing is heated or cooled."""
    least = np.sort(rest[:, :NIGHT], axis=1)[:, :2].mean(axis=1)
    mild_from = model.heats_below if model and np.isfinite(model.heats_below) else MILD
    mild_to = model.cools_above if model and np.isfinite(model.cools_above) else np.inf
    known = np.isfinite(outdoor)
    mild = whole & (~known | ((np.nan_to_num(outdoor) >= mild_from) & (np.nan_to_num(outdoor) <= mild_to)))
    nights = least[mild] if mild.sum() >= 10 else np.sort(least[whole])[: max(3, int(whole.sum() / 10))]
    low, middle, high = np.quantile(nights, (0.05, 0.15, 0.5))
    return float(low * (1 - MARGIN["base"])), float(middle), float(high * (1 + MARGIN["base"]))


def _modelled(model: Model, part: str, whole: NDArray[np.bool_]) -> Days:
    low, middle, high = (
        np.where(whole, np.nan_to_num(getattr(model, f"{part}{end}")), 0.0) for end in ("_low", "", "_high")
    )
    return low * (1 - MARGIN[part]), middle, high * (1 + MARGIN[part])


def _around(energy: NDArray[np.float64]) -> Days:
    return energy * (1 - LESS), energy, energy * (1 + MORE)


def _month(
    parts: dict[Part, Days], total: NDArray[np.float64], mine: NDArray[np.bool_], detected: set[Part]
) -> dict[Part, Estimate]:
    """The parts of a month in whole Wh; what they leave is behaviour, and they never exceed the use."""
    whole = float(total[mine].sum())
    ends = {part: [float(days[mine].sum()) for days in parts[part]] for part in parts if part in detected}
    known = sum(middle for _, middle, _ in ends.values())
    shrink = min(1.0, whole / known) if known else 1.0
    found: dict[Part, Estimate] = {}
    for part, (low, middle, high) in ends.items():
        said = round(middle * shrink)
        found[part] = Estimate(round(min(low, said)), said, round(min(max(high, said), max(whole, said))))
    left = round(whole) - sum(one.middle for one in found.values())
    low = max(0, round(whole) - sum(one.high for one in found.values()))
    high = round(whole) - sum(one.low for one in found.values())
    found[Part.BEHAVIOUR] = Estimate(min(low, max(left, 0)), max(left, 0), max(high, left, 0))
    return found
