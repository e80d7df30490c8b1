"""The reference rows of a stretch of days, read at once: what a cost is computed from (E3).

Everything is found for the whole stretch in a handful of statements; what counts on a day is then looked up in memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar

import numpy as np
from django.db import connection
from django.db.models import Q
from numpy.typing import NDArray

from tillit.kernel.sql import load
from tillit.power.prices.models import (
    Dated,
    GridTariff,
    Holiday,
    Levy,
    Plan,
    Scheme,
    Temperature,
    Vintage,
    WeatherPlace,
)

Row = TypeVar("Row", bound=Dated)
PRICE = np.dtype("<i4")


@dataclass(frozen=True)
class DayPrices:
    """Spot prices of a day. rates: (hours, 4), the four quarters of each hour; final: no longer preliminary."""

    rates: NDArray[np.int64]
    final: bool


@dataclass(frozen=True)
class Reference:
    """The rows that may count on the days [first, after)."""

    first: date
    after: date
    levies: Sequence[Levy] = ()
    schemes: Sequence[Scheme] = ()
    tariffs: Sequence[GridTariff] = ()
    plans: Sequence[Plan] = ()
    holidays: frozenset[date] = frozenset()
    calendars: frozenset[int] = frozenset()
    spot: dict[tuple[str, date], DayPrices] = field(default_factory=dict)


def reference(*, controller: str, areas: Iterable[str], first: date, after: date) -> Reference:
    """Every reference row that may count in [first, after). controller: its key, whose plans they are."""
    standing = Q(starts__lt=after) & (Q(ends=None) | Q(ends__gt=first))
    year_ago, year_on = date(first.year, 1, 1), date(after.year + 1, 1, 1)
    days = set(Holiday.objects.filter(day__gte=year_ago, day__lt=year_on).values_list("day", flat=True))
    return Reference(
        first,
        after,
        levies=list(Levy.objects.filter(standing)),
        schemes=list(Scheme.objects.filter(standing)),
        tariffs=list(GridTariff.objects.filter(standing).prefetch_related("rates", "steps")),
        plans=list(Plan.objects.filter(standing, controller=controller)),
        holidays=frozenset(days),
        calendars=frozenset(day.year for day in days),
        spot=spot_days(areas=areas, first=first, after=after),
    )


def spot_days(*, areas: Iterable[str], first: date, after: date) -> dict[tuple[str, date], DayPrices]:
    """The prices that count of each area and day: final before preliminary, the latest published of those."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "spot", "standing"), {"areas": list(areas), "first": first, "after": after})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    found: dict[tuple[str, date], DayPrices] = {}
    for area, day, vintage, per_hour, packed in rows:
        rates = np.frombuffer(packed, dtype=PRICE).astype(np.int64).reshape(-1, per_hour)
        found[area, day] = DayPrices(np.repeat(rates, 4 // per_hour, axis=1), vintage == Vintage.FINAL)
    return found


def pieces(rows: Iterable[Row], first: date, after: date) -> list[tuple[Row, date, date]]:
    """Of rows of one key, in which part of [first, after) each counts; days on which none does are left out."""
    ordered = sorted(rows, key=lambda row: row.starts)
    found = []
    for place, row in enumerate(ordered):
        until = min(after, ordered[place + 1].starts if place + 1 < len(ordered) else after, row.ends or after)
        since = max(first, row.starts)
        if since < until:
            found.append((row, since, until))
    return found


def temperatures(*, place: str, first: date, after: date) -> dict[date, int]:
    """Mean temperatures in tenths of a degree by day."""
    rows = Temperature.objects.filter(place_id=place, day__gte=first, day__lt=after)
    return dict(rows.values_list("day", "tenths"))


def weather_place(*, municipality: str, area: str) -> WeatherPlace | None:
    """The place whose weather is a home's: its municipality, else its county, else its price area."""
    return nearest_place(
        WeatherPlace.objects.in_bulk([municipality, municipality[:2], area]), municipality=municipality, area=area
    )


def weather_places() -> dict[str, WeatherPlace]:
    """Every place of which there are temperatures, by its key: for many homes at once."""
    return WeatherPlace.objects.in_bulk()


def nearest_place(known: Mapping[str, WeatherPlace], *, municipality: str, area: str) -> WeatherPlace | None:
    """Of known places, the one whose weather is a home's."""
    return next((known[key] for key in (municipality, municipality[:2], area) if key in known), None)


def days(first: date, after: date) -> list[date]:
    """The days of [first, after)."""
    return [first + timedelta(days=n) for n in range((after - first).days)]
