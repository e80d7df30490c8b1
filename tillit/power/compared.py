"""Use beside the same time a year before, as measured and as it would have been in this year's weather (E4).

The correction is the degree-day method: over the days that are known, use rises with each degree that the day's mean is
below the place's base (least squares); a year ago's use is moved by that much for each degree-day of difference. It is
an estimate of one home from its own past, and is shown beside the measured value, never instead of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tillit.power import slots
from tillit.power.queries import Series

LEAST_DAYS = 60
LEAST_EXPLAINED = 0.1
"""Of the variation: a use that the temperature explains less of is not corrected for it."""
LEAST_SPREAD = 30
"""Tenths of a degree between the coldest and the mildest tenth of the days."""
TENTHS = 10


@dataclass(frozen=True)
class Compared:
    """Watt-hours of the days that are known in both years. corrected: last year's in this year's weather, None where it
    cannot be told; per_degree: watt-hours a degree-day; explained: the share of the variation it explains (0 to 1).
    warmer: tenths of a degree by which these days were warmer than a year ago. unrelated: the use does not follow the
    temperature.
    """

    days: int
    now: int
    before: int
    corrected: int | None
    per_degree: int
    explained: float
    warmer: int | None
    unrelated: bool = False


def daily(found: Series) -> dict[date, int]:
    """Watt-hours of each day of which every value is known."""
    if not len(found):
        return {}
    opens = np.flatnonzero(np.r_[True, found.day[1:] != found.day[:-1]])
    wh, whole = np.add.reduceat(found.wh, opens), ~np.logical_or.reduceat(found.gaps, opens)
    return {
        slots.day_of(day): use for day, use in zip(found.day[opens][whole].tolist(), wh[whole].tolist(), strict=True)
    }


def year_before(day: date) -> date:
    """The same day a year before; 29 February is beside the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day - timedelta(days=366)


def compare(
    *, use: Mapping[date, int], days: Sequence[date], temperatures: Mapping[date, int], base: int
) -> Compared | None:
    """The days beside those a year before. use: of both years and more; None where no pair is known."""
    pairs = [(day, year_before(day)) for day in days if day in use and year_before(day) in use]
    if not pairs:
        return None
    now, before = sum(use[day] for day, _ in pairs), sum(use[day] for _, day in pairs)
    weather = all(day in temperatures for pair in pairs for day in pair)
    warmer = sum(temperatures[a] - temperatures[b] for a, b in pairs) // len(pairs) if weather else None
    slope, explained = _slope(use, temperatures, base)
    if not weather or slope is None or explained < LEAST_EXPLAINED:
        return Compared(len(pairs), now, before, None, 0, explained, warmer, unrelated=weather and slope is not None)
    colder = sum(_cold(temperatures[a], base) - _cold(temperatures[b], base) for a, b in pairs)
    corrected = max(0, before + round(slope * colder / TENTHS))
    return Compared(len(pairs), now, before, corrected, round(slope), explained, warmer)


def _slope(use: Mapping[date, int], temperatures: Mapping[date, int], base: int) -> tuple[float | None, float]:
    """Watt-hours a degree-day over all days that are known, and what share of the variation it explains."""
    known = [day for day in use if day in temperatures]
    if len(known) < LEAST_DAYS:
        return None, 0.0
    degrees = np.array([temperatures[day] for day in known], dtype=np.float64)
    if np.quantile(degrees, 0.9) - np.quantile(degrees, 0.1) < LEAST_SPREAD:
        return None, 0.0
    cold = np.maximum(base - degrees, 0) / TENTHS
    wh = np.array([use[day] for day in known], dtype=np.float64)
    of_cold, of_wh = cold - cold.mean(), wh - wh.mean()
    if not of_cold.any() or not of_wh.any():
        return None, 0.0
    slope = float((of_cold * of_wh).sum() / (of_cold**2).sum())
    explained = float((of_cold * of_wh).sum() ** 2 / ((of_cold**2).sum() * (of_wh**2).sum()))
    return max(slope, 0.0), explained


def _cold(tenths: int, base: int) -> int:
    return max(base - tenths, 0)
