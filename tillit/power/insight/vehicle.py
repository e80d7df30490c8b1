"""Charging of a vehicle found as steps: blocks of hours that stand out from those around them, at one and the same
power, again and again (E5). Pure.

Hourly values blur the edges of a step, so a block's first and last hour may be anything up to its power. One block says
nothing (an oven, a sauna); a habit of blocks of one power does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_POWER = 2_700.0
"""Watts above what else is on. Slower charging, from a common socket, is not told from a panel heater."""
SHORTEST, LONGEST = 2, 14
"""Hours of a block."""
EDGE = 900.0
"""Watt-hours above what was on before, in the hour it began or ended in."""
LEAST_ENERGY = 6_500.0
"""Watt-hours of a block: an hour of sauna, or a dinner and a machine, is less."""
SESSIONS, EVERY = 6, 14
"""Blocks of one power before they are called a vehicle's: so many, and one in so many days."""
ALIKE = 0.15
"""How far from the common power, as a share of it, a block's own may be."""
LESS, MORE = 0.15, 0.5
"""What the energy may be wrong by where a vehicle is there, as shares: see the measured errors in docs/power.md."""


@dataclass(frozen=True)
class Charging:
    """power: watts; energy: (days, 24) Wh of charging, 0 where there was none; sessions: how many blocks."""

    power: float
    energy: NDArray[np.float64]
    sessions: int


@dataclass(frozen=True)
class _Block:
    start: int
    stop: int
    power: float
    excess: NDArray[np.float64]


def charging(use: NDArray[np.float64]) -> Charging | None:
    """The charging in `use` (days, 24) Wh, or None where no habit of it is found."""
    flat = np.nan_to_num(use.reshape(-1), nan=0.0)
    blocks = _blocks(flat, LEAST_ENERGY)
    if len(blocks) < SESSIONS:
        return None
    powers = np.array([one.power for one in blocks])
    common = _common(powers)
    alike = [one for one in blocks if abs(one.power - common) <= ALIKE * common]
    # A habit: most of what stands out is of this power. Heaters that are switched on by the clock vary with the cold.
    if len(alike) < max(SESSIONS, len(use) / EVERY) or 2 * len(alike) < len(blocks):
        return None
    energy = np.zeros_like(flat)
    for one in _blocks(flat, LEAST_ENERGY / 2):
        if one.power >= common * (1 - ALIKE):  # more: something else was on, too
            energy[one.start : one.stop] = np.minimum(one.excess, common)
    return Charging(common, energy.reshape(use.shape), len(alike))


def _blocks(flat: NDArray[np.float64], least: float) -> list[_Block]:
    """Blocks of hours each at least `LEAST_POWER` above the quiet hours on either side (the median of three)."""
    first, second, third = flat[:-3], flat[1:-2], flat[2:-1]  # the three hours before each, from the fourth on
    before = np.concatenate(
        [[0.0] * 3, np.maximum(np.minimum(first, second), np.minimum(np.maximum(first, second), third))]
    )
    after = np.append(flat[1:], 0.0)
    begins = np.flatnonzero((flat - before >= EDGE) & (after - before >= LEAST_POWER))
    found: list[_Block] = []
    free = 3
    for hour in begins:
        if hour < free:
            continue
        above = flat[hour : hour + LONGEST + 1] - before[hour] >= EDGE
        free = int(hour) + (int(above.argmin()) if not above.all() else len(above))
        if (block := _block(flat, int(hour), min(free, len(flat) - 1), float(before[hour]), least)) is not None:
            found.append(block)
    return found


def _block(flat: NDArray[np.float64], start: int, stop: int, before: float, least: float) -> _Block | None:
    if not SHORTEST <= stop - start <= LONGEST:
        return None
    after = float(np.median(flat[stop : stop + 3]))
    floor = np.linspace(before, after, stop - start)
    excess = np.maximum(flat[start:stop] - floor, 0.0)
    whole = np.sort(excess)[::-1][: max(1, stop - start - 2)]  # without the hours it began and ended in
    power = float(np.median(whole))
    flatness = float(np.median(np.abs(whole - power))) if len(whole) > 1 else 0.0
    if power < LEAST_POWER or flatness > ALIKE * power or excess.sum() < least:
        return None
    return _Block(start, stop, power, excess)


def _common(powers: NDArray[np.float64]) -> float:
    """The power that most blocks are near."""
    near = np.abs(powers[:, None] - powers[None, :]) <= ALIKE * powers[None, :]
    best = int(near.sum(axis=0).argmax())
    return float(np.median(powers[near[:, best]]))
