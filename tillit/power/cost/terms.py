"""What counts for a point in a stretch of days, as vectors over its hours: rates, thresholds, fees, steps (E3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tillit.power.cost.axis import Flags, Hours, Ints
from tillit.power.prices.errors import MissingPriceError
from tillit.power.prices.models import (
    CapacityModel,
    EnergyRate,
    GridTariff,
    Levy,
    LevyKind,
    PlanKind,
    Scheme,
    SchemeKind,
)
from tillit.power.prices.queries import Reference, pieces

HOLIDAY = 128


class Key(NamedTuple):
    """What decides the cost beside the use itself: points with one key share their terms."""

    area: str
    municipality: str
    use: str
    company: str
    product: str
    scheme: bool


@dataclass(frozen=True, eq=False)
class Rate:
    """A rate a kilowatt-hour in some hours. kind, name: which line; note: where it is decided."""

    kind: str
    name: str
    rate: int
    where: Flags
    note: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Limited(Rate):
    """A scheme in some hours: rate is its threshold or price, share in basis points, cap in watt-hours a month."""

    share: int
    cap: int


@dataclass(frozen=True)
class Monthly:
    """A fee a month that counts on so many days of the stretch."""

    name: str
    fee: int
    days: int
    note: str = ""


@dataclass(frozen=True, eq=False)
class Capacity:
    """Steps of a tariff that counts on so many days. edges: watts, rising; year: øre, per_kw for each kW; maxima: how
    many make a mean; hours: the highest hours whichever days they are of, not the highest of each day.
    """

    name: str
    edges: Ints
    year: Ints
    per_kw: Ints
    maxima: int
    days: int
    hours: bool = False
    note: str = ""


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of a key over the hours. spot: (hours, 4) rates; priced: whether they are known; final: no longer
    preliminary. on_spot: the hours in which the customer pays spot. vat: basis points. month: days of the whole month.
    """

    hours: Hours
    spot: Ints
    priced: Flags
    final: Flags
    on_spot: Flags
    rates: Sequence[Rate]
    schemes: Sequence[Limited]
    fees: Sequence[Monthly]
    capacity: Sequence[Capacity]
    vat: int
    month: int


def terms(known: Reference, key: Key, axis: Hours) -> Terms:
    """The terms of a key in one month, or a part of it. Raises `MissingPriceError`: municipality (on which taxes hang),
    plan, tariff, calendar, levy.
    """
    first, after = axis.first, axis.after
    _require(bool(key.municipality), "municipality", "which municipality the point is in is not registered")
    spot, priced, final = _spot(known, key.area, axis)
    rates, fees, on_spot = _plan(known, key, axis)
    more, capacity = _grid(known, key, axis)
    for kind in (LevyKind.CONSUMPTION_TAX, LevyKind.ENOVA):
        for levy, since, until in _levies(known, kind, key, first, after):
            more.append(Rate(kind, "", levy.rate, axis.between(since, until), levy.note))
    schemes = list(_schemes(known, key, axis))
    vat = _levies(known, LevyKind.VAT, key, first, after)
    _require(bool(vat) and vat[-1][2] == after, "levy", "no VAT rate counts on these days")
    next_month = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return Terms(
        axis,
        spot,
        priced,
        final,
        on_spot,
        rates + more,
        schemes,
        fees,
        capacity,
        vat[-1][0].rate,
        (next_month - first.replace(day=1)).days,
    )


def _spot(known: Reference, area: str, axis: Hours) -> tuple[Ints, Flags, Flags]:
    spot = np.zeros((len(axis.day), 4), dtype=np.int64)
    priced, final = np.zeros(len(axis.day), dtype=bool), np.zeros(len(axis.day), dtype=bool)
    ends = np.append(axis.starts[1:], len(axis.day))
    for place, day in enumerate(axis.days):
        found = known.spot.get((area, day))
        if found is not None:
            part = slice(axis.starts[place], ends[place])
            spot[part], priced[part], final[part] = found.rates, True, found.final
    return spot, priced, final


def _plan(known: Reference, key: Key, axis: Hours) -> tuple[list[Rate], list[Monthly], Flags]:
    rates, fees, on_spot = [], [], np.zeros(len(axis.day), dtype=bool)
    found = pieces([plan for plan in known.plans if plan.key == key.product], axis.first, axis.after)
    _covers(found, axis, "plan", f"product '{key.product}' has no price")
    for plan, since, until in found:
        where = axis.between(since, until)
        if plan.kind == PlanKind.SPOT:
            on_spot |= where
        rates.append(Rate("markup" if plan.kind == PlanKind.SPOT else "energy", plan.name, plan.rate, where, plan.note))
        fees.append(Monthly(plan.name, plan.fee, (until - since).days, plan.note))
    return rates, fees, on_spot


def _grid(known: Reference, key: Key, axis: Hours) -> tuple[list[Rate], list[Capacity]]:
    rates: list[Rate] = []
    capacity: list[Capacity] = []
    found = pieces([tariff for tariff in known.tariffs if tariff.company == key.company], axis.first, axis.after)
    _covers(found, axis, "tariff", f"grid company '{key.company}' has no tariff")
    for tariff, since, until in found:
        rules, where = sorted(tariff.rates.all(), key=lambda rule: rule.position), axis.between(since, until)
        rates += _energy(tariff, rules, where, axis, known)
        if tariff.capacity != CapacityModel.NONE:
            steps = sorted(tariff.steps.all(), key=lambda step: step.from_watts)
            edges, year, per_kw = (
                np.array([getattr(step, name) for step in steps], dtype=np.int64)
                for name in ("from_watts", "year", "per_kw")
            )
            hours, length = tariff.capacity == CapacityModel.HIGHEST_HOURS, (until - since).days
            capacity.append(Capacity(tariff.name, edges, year, per_kw, tariff.days, length, hours, tariff.note))
    return rates, capacity


def _energy(tariff: GridTariff, rules: list[EnergyRate], where: Flags, axis: Hours, known: Reference) -> Iterable[Rate]:
    """Each rule with the hours that no earlier one took."""
    if any(not _ordinary(rule) for rule in rules):
        years = {day.year for day in axis.days}
        _require(
            years <= known.calendars, "calendar", f"no holidays are known of {min(years - known.calendars, default=0)}"
        )
    holiday = np.array([day in known.holidays for day in axis.days])[axis.day]
    kind = np.where(holiday, HOLIDAY, 1 << axis.weekday)
    month = 1 << np.array([day.month - 1 for day in axis.days])[axis.day]
    left = where.copy()
    for rule in rules:
        taken = left & ((rule.days & kind) > 0) & ((rule.months & month) > 0) & ((rule.hours >> axis.clock & 1) > 0)
        left &= ~taken
        if taken.any():
            yield Rate("grid_energy", rule.key, rule.rate, taken, tariff.note or tariff.name)
    _require(not left.any(), "tariff", f"tariff '{tariff.name}' leaves hours without a rate")


def _ordinary(rule: EnergyRate) -> bool:
    """Whether the rule treats holidays as every other day."""
    return rule.days == 0xFF


def _schemes(known: Reference, key: Key, axis: Hours) -> Iterable[Limited]:
    """The fixed-price scheme excludes support in its hours."""
    taken = np.zeros(len(axis.day), dtype=bool)
    for kind in (SchemeKind.FIXED_PRICE, SchemeKind.SUPPORT):
        if kind == SchemeKind.FIXED_PRICE and not key.scheme:
            continue
        rows = [row for row in known.schemes if row.kind == kind and row.use == key.use]
        for row, since, until in pieces(rows, axis.first, axis.after):
            where = axis.between(since, until) & ~taken
            if kind == SchemeKind.FIXED_PRICE:
                taken |= where
            if where.any():
                yield Limited(kind, "", row.rate, where, row.note, share=row.share, cap=row.cap_wh)


def _levies(known: Reference, kind: str, key: Key, first: date, after: date) -> list[tuple[Levy, date, date]]:
    """Which row counts in which part of [first, after): of those standing on a day the most exact by place and use."""
    rows = [
        levy
        for levy in known.levies
        if levy.kind == kind and levy.use in {"", key.use} and key.municipality.startswith(levy.place)
    ]
    turns = {first, *(day for levy in rows for day in (levy.starts, levy.ends) if day and first < day < after)}
    ordered = [*sorted(turns), after]
    found = []
    for since, until in pairwise(ordered):
        standing = [levy for levy in rows if levy.starts <= since and (levy.ends is None or since < levy.ends)]
        if standing:
            best = max(standing, key=lambda levy: (len(levy.place), bool(levy.use), levy.starts))
            found.append((best, since, until))
    return found


def vat(known: Reference, *, municipality: str, use: str, day: date) -> int | None:
    """VAT of what is sold on the day, in basis points; None where no rate, or no municipality, is known."""
    if not municipality:
        return None
    key = Key("", municipality, use, "", "", scheme=False)
    found = _levies(known, LevyKind.VAT, key, day, day + timedelta(days=1))
    return found[-1][0].rate if found else None


def _covers(found: Sequence[tuple[Scheme | object, date, date]], axis: Hours, code: str, words: str) -> None:
    counted = sum((until - since).days for _, since, until in found)
    _require(counted == len(axis.days), code, f"{words} on some of the days")


def _require(holds: bool, code: str, words: str) -> None:  # noqa: FBT001
    if not holds:
        raise MissingPriceError(code, words)
