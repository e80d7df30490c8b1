"""Daily use against outdoor temperature: flat between two change points, rising below one and above the other (E5).

The five-parameter change-point model of ASHRAE Guideline 14, as in the daily method of CalTRACK: base + heating *
max(0, t_h - T) + cooling * max(0, T - t_c). Change points are found by trying each; ranges by drawing the weeks anew.
Pure.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEATS_BELOW = np.arange(7.0, 20.0, 1.0)
COOLS_ABOVE = np.arange(17.0, 25.0, 2.0)
LEAST_DAYS = 60
LEAST_SPREAD = 8.0
"""Degrees between the coldest and the mildest tenth of the days: less says nothing about heating."""
DRAWS = 40
LEAST_GAIN = 0.03
"""Of the variance: what a slope must explain to be called heating or cooling at all."""
COOLING_DAYS = 10
"""Days above the change point, without which a cooling slope is chance."""
INNER = (0.1, 0.9)


@dataclass(frozen=True)
class Model:
    """heating, cooling: Wh a day for each day it was fitted on; `_low`, `_high` the same at the ends of the range.

    flat: Wh a day that do not depend on temperature. heats_below, cools_above: °C, nan where there is neither.
    """

    flat: float
    heats_below: float
    cools_above: float
    per_degree_heating: float
    per_degree_cooling: float
    heating: NDArray[np.float64]
    heating_low: NDArray[np.float64]
    heating_high: NDArray[np.float64]
    cooling: NDArray[np.float64]
    cooling_low: NDArray[np.float64]
    cooling_high: NDArray[np.float64]
    explained: float


def fit(daily: NDArray[np.float64], outdoor: NDArray[np.float64]) -> Model | None:
    """The model of `daily` Wh over daily mean `outdoor` °C, `nan` where either is missing; None for too little to tell.

    Its arrays are as long as `outdoor`, with `nan` where the temperature is not known.
    """
    known = np.isfinite(daily) & np.isfinite(outdoor)
    if known.sum() < LEAST_DAYS:
        return None
    use, cold = daily[known], outdoor[known]
    if np.quantile(cold, 0.9) - np.quantile(cold, 0.1) < LEAST_SPREAD:
        return None
    weights = _draws(len(use))
    plain = np.ones_like(weights)[:1]
    spread = float(((use - use.mean()) ** 2).sum()) or 1.0
    shape = _shapes(cold)
    error, slopes = _solve(use, shape, plain)
    best = int(error[0].argmin())
    heats, cools = _kept(use, cold, shape, spread)
    per_draw, chosen = _solve(use, shape, weights)
    at = per_draw.argmin(axis=1)
    drawn = chosen[np.arange(len(at)), at]
    low_at, high_at = shape.heat[at], shape.cool[at]
    heating = slopes[0, best, 1] * np.maximum(0, shape.heat[best] - outdoor) * heats
    cooling = slopes[0, best, 2] * np.maximum(0, outdoor - shape.cool[best]) * cools
    h_all = drawn[:, 1, None] * np.maximum(0, low_at[:, None] - outdoor[None, :]) * heats
    c_all = drawn[:, 2, None] * np.maximum(0, outdoor[None, :] - high_at[:, None]) * cools
    h_low, h_high = np.quantile(h_all, INNER, axis=0)
    c_low, c_high = np.quantile(c_all, INNER, axis=0)
    return Model(
        flat=float(slopes[0, best, 0]),
        heats_below=float(shape.heat[best]) if heats else float("nan"),
        cools_above=float(shape.cool[best]) if cools else float("nan"),
        per_degree_heating=float(slopes[0, best, 1]) * heats,
        per_degree_cooling=float(slopes[0, best, 2]) * cools,
        heating=heating,
        heating_low=np.minimum(h_low, heating),
        heating_high=np.maximum(h_high, heating),
        cooling=cooling,
        cooling_low=np.minimum(c_low, cooling),
        cooling_high=np.maximum(c_high, cooling),
        explained=1 - float(error[0, best]) / spread,
    )


@dataclass(frozen=True)
class _Shapes:
    """Every pair of change points with its design matrix: (pairs, days, 3)."""

    heat: NDArray[np.float64]
    cool: NDArray[np.float64]
    design: NDArray[np.float64]


def _shapes(cold: NDArray[np.float64]) -> _Shapes:
    pairs = np.array([(h, c) for h in HEATS_BELOW for c in COOLS_ABOVE if c >= h + 3])
    below = np.maximum(0, pairs[:, 0, None] - cold[None, :])
    above = np.maximum(0, cold[None, :] - pairs[:, 1, None])
    return _Shapes(pairs[:, 0], pairs[:, 1], np.stack([np.ones_like(below), below, above], axis=2))


def _solve(
    use: NDArray[np.float64], shape: _Shapes, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(draws, pairs) weighted errors and (draws, pairs, 3) coefficients, none of the slopes below 0."""
    design = shape.design
    pairs, days, _ = design.shape
    outer = (design[..., :, None] * design[..., None, :]).transpose(1, 0, 2, 3).reshape(days, pairs * 9)
    left = (weights @ outer).reshape(-1, pairs, 3, 3) + np.diag([1e-9, 1e-6, 1e-6])
    right = (weights @ (design * use[:, None]).transpose(1, 0, 2).reshape(days, pairs * 3)).reshape(-1, pairs, 3)
    found: Any = np.linalg.solve(left, right[..., None])[..., 0]
    for column, other in ((2, 1), (1, 2)):  # a slope the wrong way is none: fit again without it
        wrong = found[..., column] < 0
        pair = left[..., [[0, 0], [other, other]], [[0, other], [0, other]]]
        again = np.linalg.solve(pair, right[..., [0, other]][..., None])[..., 0]
        found[..., 0] = np.where(wrong, again[..., 0], found[..., 0])
        found[..., other] = np.where(wrong, np.maximum(again[..., 1], 0), found[..., other])
        found[..., column] = np.where(wrong, 0, found[..., column])
    total = (weights @ use**2)[:, None]
    cross = (found * right).sum(axis=2)
    square = (found * (left @ found[..., None])[..., 0]).sum(axis=2)
    errors: NDArray[np.float64] = total - 2 * cross + square
    return errors, found


def _kept(use: NDArray[np.float64], cold: NDArray[np.float64], shape: _Shapes, spread: float) -> tuple[bool, bool]:
    """Whether heating and cooling each explain enough to be there."""
    plain = np.ones((1, len(use)))
    both, coefficients = _solve(use, shape, plain)
    best = int(both[0].argmin())
    alone = []
    for column in (1, 2):
        part = shape.design.copy()
        part[:, :, column] = 0
        alone.append(float(_solve(use, _Shapes(shape.heat, shape.cool, part), plain)[0][0].min()))
    gains = [(without - float(both[0, best])) / spread for without in alone]
    warm = int((cold > shape.cool[best]).sum()) >= COOLING_DAYS and coefficients[0, best, 2] > 0
    return gains[0] >= LEAST_GAIN, gains[1] >= LEAST_GAIN and warm


def _draws(days: int) -> NDArray[np.float64]:
    """(DRAWS, days): how often each day counts when whole weeks are drawn with replacement. The same every time."""
    weeks = -(-days // 7)
    chance = np.random.default_rng(days)
    picked = chance.integers(0, weeks, (DRAWS, weeks))
    counts = np.zeros((DRAWS, weeks))
    np.add.at(counts, (np.arange(DRAWS)[:, None], picked), 1)
    return np.repeat(counts, 7, axis=1)[:, :days]
