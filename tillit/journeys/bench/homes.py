"""Homes whose parts are known: hours of base load, heating, cooling, vehicle and behaviour, and the weather outside.

Made up, from what is commonly published of Norwegian homes (heat loss a degree, hot water, hours at home, chargers); no
measured home is in it. The breakdown and the comparison are tried on them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AREAS = {"NO1": (6.5, 11.0), "NO2": (8.0, 7.5), "NO3": (5.5, 9.0), "NO4": (3.0, 9.5), "NO5": (8.0, 6.5)}
"""Mean outdoor temperature of the year, and half the way from the coldest to the warmest week, °C."""
_AWAKE = np.array([2, 1, 1, 1, 1, 2, 5, 8, 6, 4, 4, 4, 4, 4, 4, 5, 8, 10, 10, 9, 9, 8, 6, 4]) / 120

Hours = NDArray[np.float64]


@dataclass(frozen=True)
class Home:
    """use: (days, 24) Wh, the sum of `parts`; outdoor: daily mean °C. Labels: what it is like."""

    area: str
    dwelling: str
    square_metres: int
    heating: str
    persons: int
    vehicle: bool
    parts: dict[str, NDArray[np.float64]]
    outdoor: NDArray[np.float64]

    @property
    def use(self) -> NDArray[np.float64]:
        """What the meter says."""
        return np.rint(sum(self.parts.values(), np.zeros_like(self.parts["base"])))


def weather(area: str, days: int, seed: int, first_day: int = 0) -> NDArray[np.float64]:
    """(days, 24) °C from the `first_day` of the year: the season, warmer and colder weeks, and the hours."""
    chance, (mean, swing) = np.random.default_rng([seed, 7]), AREAS[area]
    noise = np.zeros(days)
    for day in range(1, days):
        noise[day] = 0.8 * noise[day - 1] + chance.normal(0, 2.2)
    season = mean - swing * np.cos(2 * np.pi * (np.arange(days) + first_day - 20) / 365.25)
    hours = -np.cos(2 * np.pi * (np.arange(24) - 3) / 24) * 2.5
    made: Hours = (season + noise)[:, None] + hours[None, :]
    return made


def home(seed: int, *, days: int = 365, area: str | None = None, first_day: int = 0) -> Home:
    """A home by its seed: the same one every time. Every third has a vehicle, every fifth cools."""
    chance = np.random.default_rng([seed, 11])
    area = area or str(chance.choice(list(AREAS)))
    dwelling = str(chance.choice(["detached", "row", "flat"], p=[0.5, 0.2, 0.3]))
    metres = int(np.clip(chance.normal({"detached": 150, "row": 105, "flat": 65}[dwelling], 20), 30, 260))
    heating = str(chance.choice(["electric", "heat_pump", "other"], p=[0.45, 0.4, 0.15]))
    persons = int(chance.integers(1, 6))
    outside = weather(area, days, seed=list(AREAS).index(area) + 10 * first_day, first_day=first_day)
    car, cools = seed % 3 == 0, heating == "heat_pump" and seed % 5 < 2
    parts = {
        "base": _base(chance, metres, days),
        "heating": _heating(chance, metres, heating, outside),
        "cooling": _cooling(chance, metres, outside) if cools else np.zeros((days, 24)),
        "vehicle": _vehicle(chance, days) if car else np.zeros((days, 24)),
        "behaviour": _behaviour(chance, persons, days),
    }
    return Home(area, dwelling, metres, heating, persons, car, parts, outside.mean(axis=1))


def _base(chance: np.random.Generator, metres: int, days: int) -> NDArray[np.float64]:
    watts = (60 + 1.1 * metres) * chance.lognormal(0, 0.35)
    return watts * chance.normal(1, 0.05, (days, 24)).clip(0.7, 1.3)


def _heating(chance: np.random.Generator, metres: int, kind: str, outside: NDArray[np.float64]) -> NDArray[np.float64]:
    loss = metres * chance.normal(1.15, 0.25) * 0.9  # W a degree
    share = {"electric": 1.0, "heat_pump": chance.uniform(0.4, 0.6), "other": chance.uniform(0.0, 0.12)}[kind]
    smooth = 0.5 * outside + 0.5 * outside.mean(axis=1, keepdims=True)
    need = loss * share * np.maximum(0, chance.normal(15, 1.5) - smooth)
    if chance.random() < 0.4:  # lowered at night, made up for in the morning
        need = need * np.array([0.75] * 5 + [1.0, 1.35, 1.35] + [1.0] * 14 + [0.9, 0.8])
    stove = (chance.random(len(outside)) < 0.25) & (outside.mean(axis=1) < 2) & (chance.random() < 0.4)
    need[stove, 17:23] *= 0.4
    made: Hours = need * chance.normal(1, 0.12, outside.shape).clip(0.5, 1.5)
    return made


def _cooling(chance: np.random.Generator, metres: int, outside: NDArray[np.float64]) -> NDArray[np.float64]:
    from_degrees = chance.normal(17.5, 1)
    return metres * chance.uniform(0.6, 1.3) * np.maximum(0, outside - from_degrees)


def _vehicle(chance: np.random.Generator, days: int) -> NDArray[np.float64]:
    power, often = float(chance.choice([3_600, 3_600, 7_200, 7_200, 11_000])), chance.uniform(0.3, 0.8)
    begins = int(chance.choice([17, 21, 23, 0, 1]))
    flat = np.zeros(days * 24)
    for day in np.flatnonzero(chance.random(days) < often):
        at = float(day * 24 + begins + chance.uniform(0, 1.5))
        left = float(np.clip(chance.normal(14_000, 6_000), 3_000, 45_000))
        while left > 0 and at < len(flat):
            part = min(left, power * (np.floor(at) + 1 - at))
            flat[int(at)] += part
            left, at = left - part, np.floor(at) + 1
    return flat.reshape(days, 24)


def _behaviour(chance: np.random.Generator, persons: int, days: int) -> NDArray[np.float64]:
    daily = (1_800 + 1_500 * persons) * chance.lognormal(0, 0.3)
    away = np.ones(days)
    for _ in range(days // 90):
        start = int(chance.integers(0, max(1, days - 7)))
        away[start : start + int(chance.integers(2, 12))] = 0.1
    level = daily * chance.normal(1, 0.2, (days, 1)).clip(0.4, 2) * away[:, None]
    made = level * _AWAKE * chance.gamma(2.0, 0.5, (days, 24))
    showers = chance.poisson(0.9 * persons, days) * (away == 1)
    for day in np.flatnonzero(showers):
        for hour in chance.choice([6, 7, 8, 18, 19, 20, 21, 22], showers[day]):
            made[day, hour] += min(1_900, 1_200 * chance.lognormal(0, 0.4))
    if chance.random() < 0.2:  # a sauna at weekends
        made[5::7, 19] += 4_500 * (away[5::7] == 1)
    return made
