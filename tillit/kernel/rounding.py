"""Exact integer arithmetic with a declared rounding: no float and no Decimal context anywhere.

Every rounding is **symmetric around zero**: ``f(-x) == -f(x)``. A refund therefore takes back exactly
what the purchase gave, whatever the rounding (`C6`, `C8`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from tillit.kernel.errors import TillitError

BASIS_POINTS = 10_000


class RoundingError(TillitError, ValueError):
    """A share or an allocation that has no answer (negative rate, no weights, denominator not positive)."""


class Rounding(StrEnum):
    """How a fraction of a minor unit is settled; the value is what declarations and terms write."""

    HALF_EVEN = "half_even"  # to the nearest, a tie to the even neighbour
    HALF_UP = "half_up"  # to the nearest, a tie away from zero
    DOWN = "down"  # towards zero
    UP = "up"  # away from zero


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """`numerator / denominator` as an integer, settled by `rounding`; the denominator must be positive."""
    if denominator <= 0:
        raise RoundingError("denominator-not-positive", "The denominator must be above zero.")
    quotient, remainder = divmod(abs(numerator), denominator)
    match rounding:
        case Rounding.HALF_EVEN:
            away = 2 * remainder > denominator or (2 * remainder == denominator and quotient % 2 == 1)
        case Rounding.HALF_UP:
            away = 2 * remainder >= denominator
        case Rounding.DOWN:
            away = False
        case Rounding.UP:
            away = remainder > 0
    size = quotient + away
    return -size if numerator < 0 else size


def share(amount_minor: int, basis_points: int, rounding: Rounding) -> int:
    """`basis_points` ten-thousandths of an amount in minor units (150 basis points = 1.50 %).

    Negative amounts (refunds) give the mirror image. A negative rate is refused.
    """
    if basis_points < 0:
        raise RoundingError("negative-rate", "A rate is never below zero.")
    return divide(amount_minor * basis_points, BASIS_POINTS, rounding)


def allocate(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by integer weights so that the parts add up to exactly the amount.

    Largest remainder: every part gets the whole units it is entitled to, the units left go one each to the
    largest remainders, a tie to the earlier part. A weight of zero always gets nothing; negative amounts
    give the mirror image.
    """
    if not weights or any(weight < 0 for weight in weights) or not any(weights):
        raise RoundingError("no-weights", "Weights must be zero or more, and one of them above zero.")
    total = sum(weights)
    size = abs(amount_minor)
    parts = [size * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % total), i))
    for index in by_remainder[: size - sum(parts)]:
        parts[index] += 1
    return [-part for part in parts] if amount_minor < 0 else parts
