"""Use and cost of a point in an hour, a day, a month or a year, as rows and as a calculation (E3). In an open scope."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from tillit.power.bills import Span, together
from tillit.power.cost.axis import Ints, moments
from tillit.power.cost.lines import Bill, Line, nearest
from tillit.power.periods import Looked
from tillit.power.prices import RATE

WHOLE = 10_000


@dataclass(frozen=True)
class Row:
    """An hour, a day or a month. at: when it begins. ore: its cost with VAT, None where it is not known; rate: the mean
    spot price of it with VAT; hours: how many it has; missing: how many intervals lack a value; wh: None where all do.
    """

    at: datetime | date
    key: str
    wh: int | None
    ore: int | None
    rate: int | None
    missing: int = 0
    unpriced: bool = False
    preliminary: bool = False


@dataclass(frozen=True, eq=False)
class Usage:
    """What a page shows of a period. total, vat: øre; without: why there is no cost in a part of it, '' where there is.

    support, fixed_price: what the schemes gave (below zero: took), with VAT.
    """

    looked: Looked
    rows: Sequence[Row]
    lines: Sequence[Line]
    vat: int
    total: int
    without: str
    wh: int
    missing: int
    unpriced: int
    preliminary: int
    given: dict[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is not one value in it."""
        return all(row.wh is None for row in self.rows)


def month_rows(spans: Sequence[Span], looked: Looked) -> Usage:
    """A month: a row a day, and the calculation of the month."""
    rows = [row for span in spans for row in _days(span)]
    return _usage(looked, rows, spans, [span.bill() for span in spans])


def year_rows(spans: Sequence[Span], looked: Looked) -> Usage:
    """A year: a row a month, and the sum of the months."""
    bills = [span.bill() for span in spans]
    by_month: dict[date, list[tuple[Span, Bill | None]]] = {}
    for span, bill in zip(spans, bills, strict=True):
        by_month.setdefault(span.first.replace(day=1), []).append((span, bill))
    rows = []
    for first, parts in by_month.items():
        known = [bill for _, bill in parts if bill is not None]
        values = [span for span, _ in parts if not span.gaps.all()]
        rows.append(
            Row(
                first,
                first.isoformat()[:7],
                sum(int(span.wh.sum()) for span in values) if values else None,
                sum(int(bill.total[0]) for bill in known) if known and values else None,
                _mean_rate([span for span, _ in parts]),
                sum(int(span.gaps.sum()) for span, _ in parts),
                any(bill.unpriced[0] > 0 for bill in known),
                any(bill.preliminary[0] > 0 for bill in known),
            )
        )
    return _usage(looked, rows, spans, bills)


def day_rows(spans: Sequence[Span], looked: Looked) -> Usage:
    """A day, or one hour of it: a row an hour, and the calculation of the day or hour, without what is charged a month.

    spans: those of the whole month, by which the caps of schemes are used up.
    """
    mine = [span for span in spans if span.first <= looked.first < span.after]
    rows = [row for span in mine for row in _hours(span, looked.first)]
    bills = [span.part(looked.first, looked.place) for span in mine]
    shown = rows if looked.kind == "day" else [row for row in rows if row.key.endswith(f".{looked.place}")]
    found = _usage(looked, shown, mine, bills)
    missing = sum(row.missing for row in shown)
    wh = sum(row.wh or 0 for row in shown)
    return Usage(**{**found.__dict__, "missing": missing, "wh": wh})


def _usage(looked: Looked, rows: Sequence[Row], spans: Sequence[Span], bills: Sequence[Bill | None]) -> Usage:
    lines, vat, total = together(bills)
    known = [bill for bill in bills if bill is not None]
    given = {}
    for kind in ("support", "fixed_price"):
        if any(line.kind == kind for line in lines):
            with_vat = [nearest(-bill.of(kind) * (WHOLE + bill.vat_rate), WHOLE) for bill in known]
            given[kind] = sum(int(one[0]) for one in with_vat)
    without = next((span.without for span in spans if span.without and not span.gaps.all()), "")
    return Usage(
        looked,
        rows,
        lines,
        vat,
        total,
        without or next((span.without for span in spans if span.without), "") if not known else without,
        sum(int(span.wh.sum()) for span in spans),
        sum(int(span.gaps.sum()) for span in spans),
        sum(int(bill.unpriced[0]) for bill in known),
        sum(int(bill.preliminary[0]) for bill in known),
        given,
    )


def _days(span: Span) -> Iterable[Row]:
    bill = span.by_day()
    day = span.hours.day[span.cells.hour]
    count = len(span.hours.days)
    wh, gaps, cells = (np.bincount(day, weights, count) for weights in (span.wh, span.gaps, None))
    for place, first in enumerate(span.hours.days):
        where = span.hours.day == place
        yield _row(first, first.isoformat(), place, (wh, gaps, cells), bill, _rate(span, where))


def _hours(span: Span, day: date) -> Iterable[Row]:
    bill, place = span.by_hour(day), (day - span.first).days
    within = span.hours.day[span.cells.hour] == place
    hour = (span.cells.hour - span.hours.starts[place])[within]
    count = int((span.hours.day == place).sum())
    wh, gaps, cells = (np.bincount(hour, one, count) for one in (span.wh[within], span.gaps[within], None))
    begin = moments(span.hours)[int(span.hours.starts[place]) :][:count]
    for n, at in enumerate(begin):
        where = np.arange(len(span.hours.day)) == span.hours.starts[place] + n
        yield _row(at, f"{day.isoformat()}.{n}", n, (wh, gaps, cells), bill, _rate(span, where))


def _row(
    at: datetime | date,
    key: str,
    place: int,
    counted: tuple[Ints, Ints, Ints],
    bill: Bill | None,
    rate: int | None,
) -> Row:
    wh, gaps, cells = (int(one[place]) for one in counted)
    some = gaps < cells
    return Row(
        at,
        key,
        wh if some else None,
        int(bill.total[place]) if bill is not None and some and not bill.unpriced[place] else None,
        rate,
        gaps,
        bool(bill is not None and bill.unpriced[place]),
        bool(bill is not None and bill.preliminary[place]),
    )


def _rate(span: Span, where: Ints) -> int | None:
    """The mean spot price of some hours, with VAT; None where any of them has none."""
    if span.terms is None or not span.terms.priced[where].all():
        return None
    spot = span.terms.spot[where]
    return int(nearest(np.array([spot.sum() * (WHOLE + span.terms.vat)]), spot.size * WHOLE)[0])


def _mean_rate(spans: Sequence[Span]) -> int | None:
    known = [span for span in spans if span.terms is not None]
    if not known or any(not span.terms.priced.all() for span in known if span.terms):
        return None
    total = sum(int(span.terms.spot.sum()) * (WHOLE + span.terms.vat) for span in known if span.terms)
    count = sum(span.terms.spot.size for span in known if span.terms)
    return int(nearest(np.array([total // WHOLE]), count)[0])


@dataclass(frozen=True)
class Peak:
    """The highest hour of a day, in watts."""

    at: datetime
    watts: int


@dataclass(frozen=True)
class Peaks:
    """What the capacity part of a month rests on. mean, edge, above: watts; year: øre, per_kw for each kW; left: how
    much the mean may still rise before the next step, None on the last one; hours: whichever days they are of.
    """

    highest: Sequence[Peak]
    mean: int
    edge: int
    above: int
    year: int
    left: int | None
    per_kw: int = 0
    hours: bool = False


def peaks(spans: Sequence[Span]) -> Peaks | None:
    """The daily maxima that count in the month of the spans; None where the tariff has none, or nothing is known."""
    mine = [span for span in spans if span.contract is not None]
    bill = mine[-1].bill() if mine else None
    line = next((one for one in bill.lines if one.kind == "capacity"), None) if bill is not None else None
    if line is None or line.detail is None or all(span.gaps.all() for span in mine):
        return None
    found = [peak for span in mine for peak in (_each if line.detail["hours"] else _maxima)(span)]
    count = int(line.detail["maxima"][0])
    highest = sorted(found, key=lambda peak: -peak.watts)[:count]
    mean, above = int(line.detail["watts"][0]), int(line.detail["to"][0])
    return Peaks(
        highest,
        mean,
        int(line.detail["from"][0]),
        above,
        int(line.detail["year"][0]),
        above - mean if above else None,
        int(line.detail["per_kw"][0]),
        bool(line.detail["hours"]),
    )


def _maxima(span: Span) -> Iterable[Peak]:
    by_hour = span.cells.by_hour(span.wh[None, :])[0]
    ends, times = np.append(span.hours.starts[1:], len(by_hour)), moments(span.hours)
    for first, after in zip(span.hours.starts, ends, strict=True):
        top = int(first) + int(np.argmax(by_hour[first:after]))
        yield Peak(times[top], int(by_hour[top]))


def _each(span: Span) -> Iterable[Peak]:
    by_hour = span.cells.by_hour(span.wh[None, :])[0]
    return (Peak(at, int(wh)) for at, wh in zip(moments(span.hours), by_hour, strict=True))


def latest_day(days: Iterable[date], today: date) -> date:
    """The day a first visit shows: the latest with values, else today's eve."""
    return max((day for day in days if day <= today), default=today - timedelta(days=1))


def in_ore(rate: int) -> float:
    """A rate as øre a kilowatt-hour, for drawing."""
    return rate / RATE
