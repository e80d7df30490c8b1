"""The breakdown of a home's use (E5), tried on homes whose parts are known."""

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tillit.journeys.bench import samples
from tillit.journeys.bench.breakdown import measure
from tillit.journeys.bench.errors import BenchError
from tillit.journeys.bench.homes import home
from tillit.power.insight.breakdown import Breakdown, Part, break_down
from tillit.power.insight.vehicle import charging

MONTHS = np.minimum(np.arange(365) * 12 // 365, 11)


def _broken(seed: int) -> Breakdown:
    made = home(seed)
    found = break_down(made.use, made.outdoor, MONTHS)
    assert found is not None
    return found


def test_e5_the_parts_of_a_month_add_up_to_its_use_and_stand_in_their_ranges() -> None:
    for seed in (3, 4):
        use, found = home(seed).use, _broken(seed)
        assert set(found.months) == set(range(12))
        for month, parts in found.months.items():
            assert sum(one.middle for one in parts.values()) == use[month == MONTHS].sum()
            assert all(0 <= one.low <= one.middle <= one.high for one in parts.values())
            assert any(one.low < one.high for one in parts.values())


def test_e5_measured_on_labelled_homes_it_is_better_than_a_guess_and_ranges_hold() -> None:
    tallies = measure(homes=9, seed=5_000)
    for part in (Part.BASE, Part.HEATING, Part.VEHICLE, Part.BEHAVIOUR):
        assert np.mean(tallies[part].wrong) < 0.6 * np.mean(tallies[part].guessed), part
        assert np.mean(tallies[part].held) > 0.6, part
    assert tallies[Part.VEHICLE].there >= 3
    assert tallies[Part.VEHICLE].found >= tallies[Part.VEHICLE].there - 1
    assert tallies[Part.VEHICLE].false == 0


def test_e5_without_temperatures_heating_is_not_told_and_nothing_is_made_up() -> None:
    made = home(4)
    assert Part.HEATING in _broken(4).detected
    found = break_down(made.use, np.full(365, np.nan), MONTHS)
    assert found is not None
    assert found.detected == {Part.BASE, Part.BEHAVIOUR}
    assert sum(one.middle for parts in found.months.values() for one in parts.values()) == made.use.sum()


def test_e5_too_little_measured_is_not_broken_down() -> None:
    made = home(4)
    use = np.full((365, 24), np.nan)
    use[:27] = made.use[:27]
    assert break_down(use, made.outdoor, MONTHS) is None
    use[27:29] = made.use[27:29]
    found = break_down(use, made.outdoor, MONTHS)
    assert found is not None
    assert set(found.months) == {0}


@pytest.mark.parametrize("watts", [3_600.0, 7_200.0])
def test_e5_a_vehicle_is_known_by_its_one_power_and_single_blocks_are_not(watts: float) -> None:
    use = np.full((60, 24), 500.0)
    use[::3, 1:4] += watts
    found = charging(use)
    assert found is not None
    assert found.power == pytest.approx(watts, rel=0.05)
    assert found.energy.sum() == pytest.approx(20 * 3 * watts, rel=0.05)
    once = np.full((60, 24), 500.0)
    once[10, 1:4] += watts
    assert charging(once) is None


def test_e5_labelled_samples_of_others_are_read_as_they_lie(tmp_path: Path) -> None:
    hour = np.arange(365 * 24)
    celsius = 8 - 14 * np.cos(2 * np.pi * hour / (365 * 24))
    heating = np.maximum(0, 15 - celsius)
    use = 0.5 + heating / heating.sum() * 3 * 0.5 * len(hour)
    first = datetime(2026, 1, 1)
    for name, column in (("m.csv.gz", use), ("tempF.csv.gz", celsius * 1.8 + 32)):
        rows = [f"{first + timedelta(hours=int(n))}-06:00,{value}" for n, value in enumerate(column)]
        (tmp_path / name).write_bytes(gzip.compress("\n".join(["start,value", *rows, ""]).encode()))
    with pytest.raises(BenchError):
        samples.run(folder=tmp_path, tell=lambda _: None)
    told = {
        "freq": "hourly", "unit": "kWh", "blackout_start_date": "2027-01-01", "temperature_filename": "tempF.csv.gz",
        "meter_data_filename": "m.csv.gz", "annual_baseline_base_load": 4380, "annual_baseline_heating_load": 13140,
    }  # fmt: skip
    other = {**told, "annual_baseline_heating_load": 1000}  # labels of another meter
    (tmp_path / "metadata.json").write_text(json.dumps({"one": told, "other": other}))
    found = {name: one.value for name, one in samples.run(folder=tmp_path, tell=lambda _: None).figures.items()}
    assert {name.partition(":")[0] for name in found} == {"one"}
    assert found["one: heating, labelled"] == 75
    assert abs(found["one: heating, found"] - 75) < 1
    assert abs(found["one: rest, found"] - 25) < 1
