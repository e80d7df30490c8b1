"""What the month's bill may come to: what is known, and the rest as this home and the market usually are (E3).

Hours to come use what the same hour of a weekday or weekend used on average in the last four weeks, at prices that are
published or else at the mean of the last two weeks' prices of that hour. The range takes the lower and upper tenth of
the recent days' use and prices together. It is computed as every bill is: caps, steps and fees included.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from tillit.power import slots
from tillit.power.bills import Span
from tillit.power.cost.axis import Ints, hours
from tillit.power.cost.lines import month_bill
from tillit.power.prices.queries import DayPrices
from tillit.power.queries import Series

WEEKS, LEAST_DAYS, PRICE_DAYS = 28, 7, 14


@dataclass(frozen=True)
class Forecast:
    """Øre with VAT, and watt-hours: what is expected, and a range. known: days of which everything is measured."""

    ore: int
    low: int
    high: int
    wh: int
    known: int
    days: int


def forecast(*, span: Span, recent: Series, prices: dict[date, DayPrices]) -> Forecast | None:
    """The bill of a month that is not over; None where too little is known. span: of it, all that one contract covers.

    recent: values of the weeks before the first day that is missing. prices: of the area, of the last weeks.
    """
    if span.terms is None or not span.gaps.any():
        return None
    usual = _usual(recent)
    spot = _spot(span, prices)
    if usual is None or spot is None:
        return None
    expected, (thrifty, lavish) = usual
    hour = span.cells.hour
    kind = (span.hours.weekday[hour] >= 5).astype(int)
    parts = np.where(span.cells.quarter < 0, 1, 4)
    filled = np.where(span.gaps, expected[kind, span.hours.clock[hour]] // parts, span.wh)
    found = []
    known = span.terms.priced
    for use, rates in zip((1.0, thrifty, lavish), spot, strict=True):
        wh = np.where(span.gaps, np.rint(filled * use).astype(np.int64), span.wh)
        terms = replace(
            span.terms,
            spot=np.where(known[:, None], span.terms.spot, rates),
            priced=np.ones_like(known),
        )
        found.append((int(month_bill(terms, span.cells, wh[None, :]).total[0]), int(wh.sum())))
    (ore, wh_total), (low, _), (high, _) = found
    gaps_by_day = np.bincount(span.hours.day[hour], weights=span.gaps)
    return Forecast(ore, min(low, ore), max(high, ore), wh_total, int((gaps_by_day == 0).sum()), len(span.hours.days))


def _usual(recent: Series) -> tuple[Ints, tuple[float, float]] | None:
    """(2, 24) watt-hours by weekend and clock hour; and the lower and upper tenth of whole days beside their mean."""
    hourly = recent.hourly()
    whole = [day for day in np.unique(hourly.day) if not hourly.gaps[hourly.day == day].any()][-WEEKS:]
    if len(whole) < LEAST_DAYS:
        return None
    totals, sums, counts = [], np.zeros((2, 24)), np.zeros((2, 24))
    for day in whole:
        wh = hourly.wh[hourly.day == day]
        shown = _clock(slots.day_of(int(day)), len(wh))
        totals.append(int(wh.sum()))
        weekend = int(slots.day_of(int(day)).weekday() >= 5)
        sums[weekend] += np.bincount(shown, weights=wh, minlength=24)
        counts[weekend] += np.bincount(shown, minlength=24)
    both = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), both[None, :])
    middle = max(float(np.mean(totals)), 1.0)
    low, high = (float(np.quantile(totals, share)) / middle for share in (0.1, 0.9))
    return np.rint(mean).astype(np.int64), (low, high)


def _clock(day: date, length: int) -> Ints:
    """What the clock shows as each hour of the day begins: of 23 in spring, of 25 in autumn."""
    return np.arange(24) if length == 24 else hours(day, day + timedelta(days=1)).clock


def _spot(span: Span, prices: dict[date, DayPrices]) -> tuple[Ints, Ints, Ints] | None:
    """(hours, 4) rates for hours without a price: expected, low, high; None where too few days have any."""
    terms = span.terms
    if terms is None or terms.priced.all() or not (terms.on_spot.any() or terms.schemes):
        nothing = np.zeros((len(span.hours.day), 4), dtype=np.int64)
        return nothing, nothing, nothing
    known = [prices[day] for day in sorted(prices) if len(prices[day].rates) == 24][-PRICE_DAYS:]
    if len(known) < LEAST_DAYS:
        return None
    rates = np.array([one.rates for one in known])
    by_clock = rates.mean(axis=0)
    of_day = rates.mean(axis=(1, 2))
    middle = float(of_day.mean()) or 1.0
    low, high = (float(np.quantile(of_day, share)) / middle for share in (0.1, 0.9))
    usual = by_clock[span.hours.clock]
    expected, thrifty, lavish = (np.rint(usual * part).astype(np.int64) for part in (1.0, *sorted((low, high))))
    return expected, thrifty, lavish


def weeks_before(day: date) -> tuple[date, date]:
    """The days whose use and prices say what is usual on the days from `day` on."""
    return day - timedelta(days=2 * WEEKS), day
