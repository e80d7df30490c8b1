"""The calculation: lines of quantity, rate and amount, for every row of a matrix of watt-hours at once (E3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tillit.power.cost.axis import Cells, Flags, Ints
from tillit.power.cost.terms import Terms
from tillit.power.prices import RATE

PER_ORE = 1000 * RATE
"""Watt-hours times a rate are billionths of a krone: so many are one øre."""
YEAR = 12
_SAFE = 2**62
_EXACT = 2**53
"""Whole numbers below it, and their sums, are exact in floating point."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line of each row. wh: what it is charged for, 0 where it is no energy; rate: None where it varies with spot.
    detail: what else explains it (watts of capacity, the step's edge, days).
    """

    kind: str
    name: str
    ore: Ints
    wh: Ints
    rate: int | None = None
    note: str = ""
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Bill:
    """Lines without VAT, and VAT on them. missing: intervals without a value; unpriced: watt-hours without a price;
    preliminary: watt-hours at a preliminary price.
    """

    lines: Sequence[Line]
    wh: Ints
    vat: Ints
    vat_rate: int
    missing: Ints
    unpriced: Ints
    preliminary: Ints

    @property
    def net(self) -> Ints:
        """The sum of the lines."""
        return _total([line.ore for line in self.lines], len(self.vat))

    @property
    def total(self) -> Ints:
        """The sum of the lines and VAT."""
        return self.net + self.vat

    def of(self, kind: str) -> Ints:
        """The sum of the lines of a kind, without VAT."""
        return _total([line.ore for line in self.lines if line.kind == kind], len(self.vat))


@dataclass(frozen=True, eq=False)
class Shared:
    """What the stretches of one month have in common where a point's contract changes within it, a row a point. used:
    kind of scheme → watt-hours of its cap that earlier stretches used up. peaks: (rows, days) the highest hour of each
    day of all of them, and (rows) how many of these days have any value; hours: the same of every hour.
    """

    used: Mapping[str, Ints]
    peaks: tuple[Ints, Ints]
    hours: tuple[Ints, Ints]


def nearest(numerator: Ints, denominator: int) -> Ints:
    """Each divided, to the nearest whole, half away from zero. Exact: beyond 64 bits it goes on in longer ones."""
    size: Any = np.abs(numerator)
    if size.size and (int(size.max()) > _SAFE // 2 or denominator > _SAFE // 2):
        size = size.astype(object)
    found = (2 * size + denominator) // (2 * denominator)
    return np.asarray(np.where(numerator < 0, -found, found), dtype=np.int64)


def _total(amounts: Sequence[Ints], rows: int) -> Ints:
    found = np.zeros(rows, dtype=np.int64)
    for one in amounts:
        found += one
    return found


def month_bill(
    terms: Terms,
    cells: Cells,
    wh: Ints,
    gaps: Flags | None = None,
    spread: Flags | None = None,
    shared: Shared | None = None,
) -> Bill:
    """The bill of a month, or of its part that `terms` is about. wh: (points, cells) watt-hours; gaps: no value there;
    spread: quarters that are but a part of an hour's value, which pay the mean of its four. shared: where the month has
    other stretches, what it has in common with them.
    """
    use = _Use(wh)
    within = _within(terms, cells, use, shared.used if shared else {})[0]
    lines = _energy_lines(terms, cells, use, within, spread)
    lines += _fee_lines(terms, len(wh))
    lines += _capacity_lines(terms, cells, wh, gaps, shared)
    return _bill(terms, cells, use, lines, gaps)


def part_bills(
    terms: Terms,
    cells: Cells,
    wh: Ints,
    group: Ints,
    gaps: Flags | None = None,
    spread: Flags | None = None,
    shared: Shared | None = None,
) -> Bill:
    """One point's month cut into parts, a row each, without what is charged a month. wh: (cells); group: each cell's
    part. The caps of schemes are used up from the beginning of the month.
    """
    rows = np.arange(int(group.max()) + 1 if len(group) else 0)[:, None] == group[None, :]

    def of(values: Ints) -> Ints:
        return np.where(rows, values[None, :], 0)

    whole = _within(terms, cells, _Use(wh[None, :]), shared.used if shared else {})[0]
    within = [_Use(of(part.wh[0])) for part in whole]
    shown = None if gaps is None else rows & gaps[None, :]
    parts = None if spread is None else rows & spread[None, :]
    use = _Use(of(wh))
    return _bill(terms, cells, use, _energy_lines(terms, cells, use, within, parts), shown)


def _bill(terms: Terms, cells: Cells, use: "_Use", lines: list[Line], gaps: Flags | None) -> Bill:
    net = _total([line.ore for line in lines], len(use.wh))
    none = np.zeros(len(use.wh), dtype=np.int64)
    priced, final = terms.priced[cells.hour], terms.final[cells.hour]
    needs = terms.on_spot[cells.hour]
    for scheme in terms.schemes:
        needs = needs | scheme.where[cells.hour]
    unpriced = none if priced[needs].all() else use.of(needs & ~priced)
    open_ones = needs & priced & ~final
    preliminary = use.of(open_ones) if open_ones.any() else none
    return Bill(
        lines,
        use.total,
        nearest(net * terms.vat, 10_000),
        terms.vat,
        none if gaps is None else gaps.sum(axis=1, dtype=np.int64),
        unpriced,
        preliminary,
    )


def _prices(terms: Terms, cells: Cells) -> tuple[Ints, Ints]:
    """Four times the rate that each cell pays, and four times the mean of its hour."""
    hour = terms.spot.sum(axis=1)[cells.hour]
    if cells.whole:
        return hour, hour
    quarter = 4 * terms.spot[cells.hour, np.maximum(cells.quarter, 0)]
    return np.where(cells.quarter < 0, hour, quarter), hour


def _energy_lines(terms: Terms, cells: Cells, use: "_Use", within: "list[_Use]", spread: Flags | None) -> list[Line]:
    pays, hour = _prices(terms, cells)
    lines = []
    if terms.on_spot.any():
        on_spot = (terms.on_spot & terms.priced)[cells.hour]
        total = _weighed(use, np.where(on_spot, pays, 0), np.where(on_spot, hour, 0), spread)
        quantity = use.of(on_spot)
        mean = {"mean": np.where(quantity > 0, nearest(total, 4) // np.maximum(quantity, 1), 0)}
        lines.append(Line("spot", "", nearest(total, 4 * PER_ORE), quantity, detail=mean))
    for rate in terms.rates:
        quantity = use.of(rate.where[cells.hour])
        lines.append(Line(rate.kind, rate.name, nearest(quantity * rate.rate, PER_ORE), quantity, rate.rate, rate.note))
    for scheme, part in zip(terms.schemes, within, strict=True):
        where = (scheme.where & terms.priced)[cells.hour]
        limit = 4 * scheme.rate
        if scheme.kind == "support":
            above = np.where(where, np.maximum(hour - limit, 0), 0)
            total, quantity = -part.weighed(above), part.of(above > 0)
        else:
            total = _weighed(part, np.where(where, limit - pays, 0), np.where(where, limit - hour, 0), spread)
            quantity = part.of(where)
        shared, out_of = _reduced(scheme.share)
        ore = nearest(total * shared, 4 * PER_ORE * out_of)
        detail = {"share": scheme.share, "cap": scheme.cap}
        lines.append(Line(scheme.kind, "", ore, quantity, scheme.rate, scheme.note, detail))
    return lines


def _weighed(use: "_Use", pays: Ints, hour: Ints, spread: Flags | None) -> Ints:
    total = use.weighed(pays)
    if spread is not None and spread.any():
        total = total + np.where(spread, use.wh, 0) @ (hour - pays)
    return total


class _Use:
    """Watt-hours (rows, cells), added up over some cells or weighed. What is asked for twice is computed once."""

    def __init__(self, wh: Ints) -> None:
        self.wh = wh
        self._known: dict[bytes, Ints] = {}

    @cached_property
    def total(self) -> Ints:
        """(rows): of all cells."""
        return np.asarray(self.wh.sum(axis=1))

    def of(self, where: Flags) -> Ints:
        """(rows): of those cells."""
        if where.all():
            return self.total
        key = where.tobytes()
        if key not in self._known:
            self._known[key] = self.weighed(where.astype(np.int64))
        return self._known[key]

    def weighed(self, weights: Ints) -> Ints:
        """(rows): each cell's times its weight, exactly: by floating point, which is faster, where that is exact."""
        if self._most * int(np.abs(weights).sum()) < _EXACT:
            return np.asarray(np.einsum("ij,j->i", self._floating, weights.astype(np.float64)), dtype=np.int64)
        return self.wh @ weights

    @cached_property
    def _most(self) -> int:
        return int(np.abs(self.wh).max(initial=0))

    @cached_property
    def _floating(self) -> NDArray[np.float64]:
        return self.wh.astype(np.float64)


def used_up(terms: Terms, cells: Cells, wh: Ints, used: Mapping[str, Ints]) -> dict[str, Ints]:
    """Kind of scheme → watt-hours of its cap that are used up after these, when `used` were before."""
    return _within(terms, cells, _Use(wh), used)[1]


def _within(terms: Terms, cells: Cells, use: _Use, used: Mapping[str, Ints]) -> tuple[list[_Use], dict[str, Ints]]:
    """What of each cell is under the cap of each scheme, used up hour by hour from the first of the month, whichever
    rows of the scheme count in it; and what is used up after it.
    """
    found, now = [], dict(used)
    for scheme in terms.schemes:
        where = scheme.where[cells.hour]
        counted = use if where.all() else _Use(np.where(where, use.wh, 0))
        before = now.get(scheme.kind, np.zeros_like(counted.total))
        found.append(_eligible(counted, scheme.cap - before))
        now[scheme.kind] = before + counted.total
    return found, now


def _eligible(counted: _Use, left: Ints) -> _Use:
    over = counted.total > left
    if not over.any():
        return counted
    found, many = counted.wh.copy(), counted.wh[over]
    before = np.cumsum(many, axis=1) - many
    found[over] = np.clip(left[over, None] - before, 0, many)
    return _Use(found)


def daily_maxima(cells: Cells, wh: Ints, gaps: Flags | None) -> tuple[Ints, Ints]:
    """(rows, days) the highest hour of each day, and (rows) of how many days there is any value."""
    peaks = np.maximum.reduceat(cells.by_hour(wh), cells.hours.starts, axis=1)
    if gaps is None or not gaps.any():
        return peaks, np.full(len(wh), peaks.shape[1])
    return peaks, np.logical_or.reduceat(~gaps, cells.starts, axis=1).sum(axis=1)


def every_hour(cells: Cells, wh: Ints, gaps: Flags | None) -> tuple[Ints, Ints]:
    """(rows, hours) what each hour used, and (rows) of how many hours there is any value."""
    used = cells.by_hour(wh)
    if gaps is None or not gaps.any():
        return used, np.full(len(wh), used.shape[1])
    opens = np.flatnonzero(np.r_[True, cells.hour[1:] != cells.hour[:-1]])
    return used, np.logical_or.reduceat(~gaps, opens, axis=1).sum(axis=1)


def _fee_lines(terms: Terms, rows: int) -> list[Line]:
    nothing = np.zeros(rows, dtype=np.int64)
    return [
        Line(
            "supplier_fee",
            fee.name,
            nothing + nearest(np.array([fee.fee * fee.days]), terms.month),
            nothing,
            note=fee.note,
            detail={"month": fee.fee, "days": fee.days, "of": terms.month},
        )
        for fee in terms.fees
        if fee.fee
    ]


def _capacity_lines(terms: Terms, cells: Cells, wh: Ints, gaps: Flags | None, shared: Shared | None) -> list[Line]:
    """The step that the mean of the month's highest daily maxima, or hours, reaches. A day without any value has no
    maximum; with fewer than the tariff counts, the mean is of those there are.
    """
    nothing = np.zeros(len(wh), dtype=np.int64)
    lines = []
    for tariff in terms.capacity:
        if tariff.hours:
            peaks, known = shared.hours if shared is not None else every_hour(cells, wh, gaps)
        else:
            peaks, known = shared.peaks if shared is not None else daily_maxima(cells, wh, gaps)
        count = min(tariff.maxima, peaks.shape[1])
        top = np.partition(peaks, peaks.shape[1] - count, axis=1)[:, -count:].sum(axis=1)
        of = np.clip(known, 1, count)
        step = np.searchsorted(tariff.edges, top // of, side="right") - 1
        step, watts = np.maximum(step, 0), top // of
        year = 1000 * tariff.year[step] + tariff.per_kw[step] * watts
        amount = nearest(year * tariff.days, 1000 * YEAR * terms.month)
        detail = {
            "watts": watts,
            "from": tariff.edges[step],
            "to": np.append(tariff.edges[1:], 0)[step],
            "year": tariff.year[step],
            "per_kw": tariff.per_kw[step],
            "days": tariff.days,
            "of": terms.month,
            "maxima": of,
            "hours": tariff.hours,
        }
        lines.append(Line("capacity", tariff.name, amount, nothing, note=tariff.note, detail=detail))
    return lines


def _reduced(share: int) -> tuple[int, int]:
    common = int(np.gcd(share, 10_000))
    return share // common, 10_000 // common
