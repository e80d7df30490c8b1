"""How wrong the breakdown is (E5), on homes whose parts are known (`homes`): a year each, in twelve months.

The yardstick is what one would guess without looking: every home divided as all homes together are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from tillit.journeys.bench import Figure, Result
from tillit.journeys.bench.homes import Home, home
from tillit.power.insight.breakdown import Breakdown, Part, break_down

NAME = "breakdown"
DAYS = 365
_MONTHS = np.minimum(np.arange(DAYS) * 12 // DAYS, 11)
_THERE = 0.02
"""Of a home's use: from there a part is there to be found."""


@dataclass
class Tally:
    """Of one part, home by home: what was wrong, as a share of the home's year; and whether months' ranges held."""

    wrong: list[float] = field(default_factory=list)
    guessed: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    there: int = 0
    found: int = 0
    false: int = 0


def run(*, homes: int, seed: int, tell: Callable[[str], None]) -> Result:
    """Break `homes` homes down, from the number `seed` on."""
    tell(f"{homes} homes")
    tallies = measure(homes=homes, seed=seed)
    figures: dict[str, Figure] = {}
    for part, one in tallies.items():
        figures[f"{part}: typical error"] = Figure(round(100 * float(np.median(one.wrong)), 1), "% of the year's use")
        figures[f"{part}: error of one home in ten"] = Figure(
            round(100 * float(np.quantile(one.wrong, 0.9)), 1), "% of the year's use or more"
        )
        figures[f"{part}: ranges that held"] = Figure(round(100 * float(np.mean(one.held or [False]))), "% of months")
        figures[f"{part}: found"] = Figure(round(100 * one.found / max(1, one.there)), "% of homes with it")
        figures[f"{part}: found falsely"] = Figure(
            round(100 * one.false / max(1, homes - one.there)), "% of homes without it"
        )
    ratios = {f"guessing {part}": round(_ratio(one), 2) for part, one in tallies.items()}
    return Result(NAME, ratios, figures, "what hourly values can tell")


def measure(*, homes: int, seed: int) -> dict[Part, Tally]:
    """The errors of each part. Homes are numbered from `seed`: the same ones every time."""
    made = [home(seed + number, days=DAYS) for number in range(homes)]
    whole = sum(float(one.use.sum()) for one in made)
    shares = {part: sum(float(one.parts[part].sum()) for one in made) / whole for part in Part}
    tallies = {part: Tally() for part in Part}
    for one, found in _found(made):
        used = float(one.use.sum())
        for part, tally in tallies.items():
            true = float(one.parts[part].sum())
            months = {m: parts[part] for m, parts in found.months.items() if part in parts}
            tally.wrong.append(abs(sum(e.middle for e in months.values()) - true) / used)
            tally.guessed.append(abs(shares[part] * used - true) / used)
            tally.there += (there := true > _THERE * used)
            tally.found += there and part in found.detected
            tally.false += not there and bool(sum(e.middle for e in months.values()) > _THERE * used)
            for month, estimate in months.items():
                was = float(one.parts[part][month == _MONTHS].sum())
                tally.held.append(estimate.low <= was <= estimate.high)
    return tallies


def _found(made: list[Home]) -> Iterator[tuple[Home, Breakdown]]:
    for one in made:
        if (found := break_down(one.use, one.outdoor, _MONTHS)) is None:
            raise RuntimeError("a whole year was not broken down")
        yield one, found


def _ratio(one: Tally) -> float:
    return float(np.mean(one.wrong)) / max(float(np.mean(one.guessed)), 1e-9)
