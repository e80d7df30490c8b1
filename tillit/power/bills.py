"""What a customer's power costs: readings and contracts beside the reference rows, month by month (E3).

Nothing is stored: a price that becomes final, or a reading that is corrected, counts from the next time it is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from tillit.power.cost.axis import Cells, Flags, Hours, Ints, cells, hours
from tillit.power.cost.lines import Bill, Line, Shared, daily_maxima, every_hour, month_bill, part_bills, used_up
from tillit.power.cost.terms import Key, Terms, terms
from tillit.power.models import Contract, ContractKind, MeteringPoint
from tillit.power.packing import SPREAD
from tillit.power.prices.errors import MissingPriceError
from tillit.power.prices.queries import Reference, reference
from tillit.power.queries import Series, series

HOURLY = 60
KEPT = {"support", "fixed_price"}
"""Lines whose explanation is the same of every month that they are added up over."""


@dataclass(frozen=True, eq=False)
class Span:
    """A contract's days in one month, with the values. without: why there is no cost ('' where there is).

    wh, gaps, spread: (cells). spread: quarters that are a part of an hour's value. shared: what it has in common with
    the month's other contracts, where there are any: caps and the capacity step are of the point and the month.
    """

    contract: Contract | None
    first: date
    after: date
    cells: Cells
    wh: Ints
    gaps: Flags
    spread: Flags
    terms: Terms | None
    without: str = ""
    shared: Shared | None = None

    @property
    def hours(self) -> Hours:
        """The hours of the days."""
        return self.cells.hours

    def bill(self) -> Bill | None:
        """The cost of the span, fees and capacity included."""
        if self.terms is None:
            return None
        return month_bill(
            self.terms, self.cells, self.wh[None, :], self.gaps[None, :], self.spread[None, :], self.shared
        )

    def by_day(self) -> Bill | None:
        """A row a day, without what is charged a month."""
        return self._parts(self.hours.day[self.cells.hour])

    def by_hour(self, day: date) -> Bill | None:
        """A row an hour of one day, without what is charged a month."""
        place = (day - self.first).days
        within = self.hours.day[self.cells.hour] == place
        return self._parts(np.where(within, self.cells.hour - self.hours.starts[place], -1))

    def part(self, day: date, hour: int = -1) -> Bill | None:
        """One row: a day, or the hour at a place of it, without what is charged a month."""
        place = (day - self.first).days
        if hour < 0:
            return self._parts(np.where(self.hours.day[self.cells.hour] == place, 0, -1))
        return self._parts(np.where(self.cells.hour == self.hours.starts[place] + hour, 0, -1))

    def _parts(self, group: Ints) -> Bill | None:
        if self.terms is None:
            return None
        return part_bills(self.terms, self.cells, self.wh, group, self.gaps, self.spread, self.shared)


def key_of(point: MeteringPoint, contract: Contract) -> Key:
    """What decides the cost at a point under a contract."""
    company = point.grid_company.key if point.grid_company is not None else ""
    return Key(
        point.price_area,
        point.municipality,
        point.use,
        company,
        contract.product or contract.kind,
        contract.kind == ContractKind.STATE,
    )


def spans(
    *,
    point: MeteringPoint,
    contracts: Sequence[Contract],
    controller: str,
    first: date,
    after: date,
    known: Reference | None = None,
    found: Series | None = None,
) -> list[Span]:
    """The months of [first, after), each cut where the contract changes. Call in an open scope.

    contracts: those of the point. Days without a contract make a span without one, and without cost. known: the
    reference rows, found: the values of these days and maybe others, where they are at hand.
    """
    known = known or reference(controller=controller, areas=[point.price_area], first=first, after=after)
    if found is None:
        found = series(subject_id=point.subject_id, point_id=point.id, start=first, end=after)
    if point.resolution == HOURLY:
        found = found.hourly()
    made: list[Span] = []
    for low, high in months(first, after):
        cut = _under(contracts, low, high)
        made += _one_month([span_of(known, found, point, contract, since, until) for contract, since, until in cut])
    return made


def _one_month(parts: list[Span]) -> list[Span]:
    """The spans of a month with what the contracts in it have in common."""
    mine = [one for one in parts if one.contract is not None]
    if len(mine) < 2:
        return parts
    peaks, hours = (
        _added([of(one.cells, one.wh[None, :], one.gaps[None, :]) for one in mine]) for of in (daily_maxima, every_hour)
    )
    used: dict[str, Ints] = {}
    made = []
    for one in parts:
        if one.contract is None:
            made.append(one)
            continue
        made.append(replace(one, shared=Shared(used, peaks, hours)))
        if one.terms is not None:
            used = used_up(one.terms, one.cells, one.wh[None, :], used)
    return made


def _added(parts: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Highest values of stretches side by side, and of how many in all there is any value."""
    return np.concatenate([highest for highest, _ in parts], axis=1), np.sum([known for _, known in parts], axis=0)


def span_of(
    known: Reference, found: Series, point: MeteringPoint, contract: Contract | None, first: date, after: date
) -> Span:
    """One span of values that are at hand. found: whole days that hold [first, after)."""
    low, high = (int(np.searchsorted(found.day, (day - date(1970, 1, 1)).days)) for day in (first, after))
    axis, day = hours(first, after), found.day[low:high]
    opens = np.flatnonzero(np.r_[True, day[1:] != day[:-1]]) if len(day) else np.zeros(0, dtype=np.int64)
    per_hour = tuple(HOURLY // int(minutes) for minutes in found.minutes[low:high][opens])
    place = cells(axis, per_hour)
    wh, quality = found.wh[low:high].astype(np.int64), found.quality[low:high]
    rest = (place, wh, quality == 0, (quality & SPREAD) > 0)
    if contract is None:
        return Span(None, first, after, *rest, None, "contract")
    try:
        return Span(contract, first, after, *rest, terms(known, key_of(point, contract), axis))
    except MissingPriceError as missing:
        return Span(contract, first, after, *rest, None, missing.code)


def months(first: date, after: date) -> list[tuple[date, date]]:
    """[first, after) cut at the turns of months."""
    found = []
    while first < after:
        turn = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append((first, min(turn, after)))
        first = turn
    return found


def _under(contracts: Sequence[Contract], first: date, after: date) -> Iterable[tuple[Contract | None, date, date]]:
    """[first, after) cut by the contracts; None where there is none."""
    at = first
    for one in sorted(contracts, key=lambda contract: contract.starts):
        since, until = max(one.starts, at), min(one.ends or after, after)
        if since >= until:
            continue
        if at < since:
            yield None, at, since
        yield one, since, until
        at = until
    if at < after:
        yield None, at, after


def _joined(before: dict[str, Any] | None, detail: dict[str, Any] | None) -> dict[str, Any] | None:
    """The explanation of an amount a month that two contracts share by days; None where it is not the same one."""
    if before is None or detail is None or before.keys() != detail.keys() or "days" not in detail:
        return None
    days = before["days"] + detail["days"]
    if days > detail["of"] or any(before[name] != detail[name] for name in detail.keys() - {"days"}):
        return None
    return {**detail, "days": days}


def together(bills: Iterable[Bill | None]) -> tuple[list[Line], int, int]:
    """Lines of several bills of one row added up by kind, name and rate; VAT and total, in øre."""
    found: dict[tuple[str, str, int | None, str], Line] = {}
    vat = total = 0
    for bill in bills:
        if bill is None:
            continue
        for line in bill.lines:
            key = (line.kind, line.name, line.rate, line.note)
            before = found.get(key)
            detail = line.detail if before is None or line.kind in KEPT else _joined(before.detail, line.detail)
            found[key] = Line(
                line.kind,
                line.name,
                line.ore if before is None else line.ore + before.ore,
                line.wh if before is None else line.wh + before.wh,
                line.rate,
                line.note,
                detail,
            )
        vat, total = vat + int(bill.vat[0]), total + int(bill.total[0])
    return list(found.values()), vat, total
