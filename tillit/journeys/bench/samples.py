"""The breakdown on the labelled samples that `opendsm` (once `eemeter`) carries (E5): a folder with `metadata.json`.

Each is an hourly meter, simulated, with the outdoor temperature beside it, and what a year of it comes to in heating,
cooling and the rest. Nothing of that package is imported: its files are read as they lie.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tillit.journeys.bench import Figure, Result
from tillit.journeys.bench.errors import BenchError
from tillit.power.insight.breakdown import Part, break_down

NAME, DAYS = "breakdown of samples", 365
_MONTHS = np.minimum(np.arange(DAYS) * 12 // DAYS, 11)
WH = {"kWh": 1_000, "therm": 29_307}
_CLOSE = 0.2
"""How far a meter's year may be from what its labels come to: some samples have labels of another meter."""
_LABELS = {
    "heating": ("annual_baseline_heating_load", {Part.HEATING}),
    "cooling": ("annual_baseline_cooling_load", {Part.COOLING}),
    "rest": ("annual_baseline_base_load", {Part.BASE, Part.BEHAVIOUR, Part.VEHICLE}),
}


def run(*, folder: Path, tell: Callable[[str], None]) -> Result:
    """Break each labelled hourly sample down. Raises `BenchError` where the folder has none."""
    figures: dict[str, Figure] = {}
    for name, use, outdoor, labels in _samples(folder):
        tell(name)
        found = break_down(use, outdoor, _MONTHS)
        if found is None:
            raise BenchError("bench-condition", f"{name} has too few values")
        year = [parts for month in found.months.values() for parts in month.items()]
        for label, (_, parts) in _LABELS.items():
            ours = sum(estimate.middle for part, estimate in year if part in parts) / float(np.nansum(use))
            figures[f"{name}: {label}, labelled"] = Figure(round(100 * labels[label], 1), "% of the year's use")
            figures[f"{name}: {label}, found"] = Figure(round(100 * ours, 1), "% of the year's use")
    if not figures:
        raise BenchError("bench-condition", "the folder has no labelled hourly samples")
    return Result(NAME, {}, figures, "what hourly values can tell")


def _samples(folder: Path) -> Iterator[tuple[str, NDArray[np.float64], NDArray[np.float64], dict[str, float]]]:
    """(name, (days, 24) Wh, (days) °C, label → share) of the year before each sample's blackout."""
    try:
        known: dict[str, dict[str, Any]] = json.loads((folder / "metadata.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise BenchError("bench-condition", "the folder has no metadata.json") from None
    for name, told in known.items():
        if told["freq"] != "hourly" or told["unit"] not in WH:
            continue
        after, weather = datetime.fromisoformat(told["blackout_start_date"]), told["temperature_filename"]
        use = _hours(folder / told["meter_data_filename"], after)
        loads = {label: float(told.get(key) or 0) for label, (key, _) in _LABELS.items()}
        whole = sum(loads.values())
        if abs(float(np.nansum(use)) - whole) > _CLOSE * whole:
            continue
        degrees = _hours(folder / weather, after).mean(axis=1)
        outdoor = (degrees - 32) / 1.8 if "tempF" in weather else degrees
        yield name, WH[told["unit"]] * use, outdoor, {label: load / whole for label, load in loads.items()}


def _hours(path: Path, after: datetime) -> NDArray[np.float64]:
    """(days, 24) of the days before `after`, by the clock the file tells, `nan` where it has nothing."""
    found = np.full(DAYS * 24, np.nan)
    first = after - timedelta(days=DAYS)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            start, value = line.strip().split(",")[-2:]
            place = int((datetime.fromisoformat(start).replace(tzinfo=None) - first) / timedelta(hours=1))
            if 0 <= place < len(found) and value:
                found[place] = float(value)
    return found.reshape(DAYS, 24)
