"""A customer's page of use and cost: one point, one period, and what stands beside it (E3, E4). In an open scope."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tillit.power import usage
from tillit.power.bills import Span, spans
from tillit.power.compared import Compared, compare, daily, year_before
from tillit.power.cost.axis import hours
from tillit.power.forecast import Forecast, forecast, weeks_before
from tillit.power.models import Direction, MeteringPoint
from tillit.power.periods import Looked, around
from tillit.power.prices.queries import spot_days, temperatures, weather_place
from tillit.power.queries import Series, contracts_of, points_of, series, supplied_days
from tillit.power.usage import Peaks, Usage, day_rows, month_rows, year_rows


@dataclass(frozen=True, eq=False)
class Page:
    """points: all of the person's; number: which of them is shown, from 1. earlier: the same rows a year before, by the
    row's key, in watt-hours. known: the latest day with a value, None where there is none.
    """

    points: Sequence[MeteringPoint]
    number: int = 0
    looked: Looked | None = None
    known: date | None = None
    shown: Usage | None = None
    compared: Compared | None = None
    earlier: Mapping[str, int] = field(default_factory=dict)
    peaks: Peaks | None = None
    forecast: Forecast | None = None

    @property
    def point(self) -> MeteringPoint | None:
        """The point that is shown."""
        return self.points[self.number - 1] if self.points else None


EXPECTED = timedelta(days=3)


class NoSuchPointError(LookupError):
    """The person has no point of that number."""


def page(
    *,
    subject_ids: Collection[int],
    controller_id: int,
    controller: str,
    number: int,
    looked: Looked | None,
    today: date,
    beside: bool = True,
) -> Page:
    """The page of a person's point. controller: its key; number: of the point, from 1; looked: None for the month of
    the latest values. beside: with the comparison and the forecast. Raises `NoSuchPointError`.
    """
    points = points_of(subject_ids=subject_ids, controller_id=controller_id)
    if not points:
        return Page([])
    if not 1 <= number <= len(points):
        raise NoSuchPointError
    point = points[number - 1]
    known = _latest(point)
    if looked is None:
        looked = around("month", usage.latest_day([known] if known else [], today))
    ends = _ends(known, today)
    values = _both_years(point, looked, ends) if beside and looked.kind == "year" else None
    shown, parts = _usage(point, controller, looked, ends, values)
    if not beside or shown.empty or looked.kind == "hour":
        return Page(points, number, looked, known, shown)
    compared, earlier = _beside(point, looked, ends, values)
    return Page(
        points,
        number,
        looked,
        known,
        shown,
        compared,
        earlier,
        usage.peaks(parts) if looked.kind == "month" else None,
        _forecast(point, controller, looked, today) if looked.kind == "month" else None,
    )


def rows_for_file(*, point: MeteringPoint, controller: str, looked: Looked, today: date) -> list[usage.Row]:
    """The rows of a file: days of a year, else hours."""
    _, parts = _usage(point, controller, looked, _ends(_latest(point), today))
    found: list[usage.Row] = []
    for span in parts:
        if looked.kind == "year":
            found += month_rows([span], looked).rows
            continue
        for n in range((span.after - span.first).days):
            day = span.first + timedelta(days=n)
            if looked.first <= day < looked.after:
                found += day_rows([span], Looked("day", day, day + timedelta(days=1))).rows
    return found


def _both_years(point: MeteringPoint, looked: Looked, ends: date) -> Series:
    """The values of the period and of the same a year before, and what lies between."""
    first, after = year_before(looked.first), min(looked.after, ends)
    return series(subject_id=point.subject_id, point_id=point.id, start=first, end=after)


def _usage(
    point: MeteringPoint, controller: str, looked: Looked, ends: date, values: Series | None = None
) -> tuple[Usage, list[Span]]:
    whole = looked if looked.kind in {"year", "month"} else looked.within("month")
    parts = _spans(point, controller, whole, min(whole.after, ends), values)
    make = {"year": year_rows, "month": month_rows}.get(looked.kind, day_rows)
    return make(parts, looked), parts


def _spans(
    point: MeteringPoint, controller: str, looked: Looked, after: date, values: Series | None = None
) -> list[Span]:
    contracts = contracts_of(subject_ids=[point.subject_id], controller_id=point.controller_id, point_id=point.id)
    return spans(point=point, contracts=contracts, controller=controller, first=looked.first, after=after, found=values)


def _ends(known: date | None, today: date) -> date:
    """The first day of which nothing can be expected yet: values come a day or a few after."""
    if known is not None and known >= today - EXPECTED:
        return known + timedelta(days=1)
    return today


def _latest(point: MeteringPoint) -> date | None:
    mine = supplied_days(subject_id=point.subject_id, point_id=point.id).filter(direction=Direction.CONSUMPTION)
    return mine.order_by("-day").values_list("day", flat=True).first()


def _beside(
    point: MeteringPoint, looked: Looked, ends: date, values: Series | None
) -> tuple[Compared | None, dict[str, int]]:
    """The period beside the same a year before: the sums, and the earlier ones by row."""
    first, after = year_before(looked.first), min(looked.after, ends)
    found = _both_years(point, looked, ends) if values is None else values
    use = daily(found)
    place = weather_place(municipality=point.municipality, area=point.price_area)
    weather = temperatures(place=place.key, first=first, after=after) if place else {}
    days = [looked.first + timedelta(days=n) for n in range((after - looked.first).days)]
    compared = compare(use=use, days=days, temperatures=weather, base=place.base if place else 0)
    earlier: dict[str, int] = {}
    if looked.kind == "day":
        hourly, before = found.hourly(), (year_before(looked.first) - date(1970, 1, 1)).days
        of_day = hourly.wh[hourly.day == before]
        earlier = _by_clock(looked.first, of_day.tolist()) if year_before(looked.first) in use else {}
        return compared, earlier
    for day in days:
        if (wh := use.get(year_before(day))) is not None:
            key = day.isoformat()[: 7 if looked.kind == "year" else 10]
            earlier[key] = earlier.get(key, 0) + wh
    return compared, earlier


def _by_clock(day: date, before: Sequence[int]) -> dict[str, int]:
    """What each hour of a day is beside, by its row's key: the same hour of the clock a year before, not the same place
    in the day. Autumn's second hour from two has none where that day had but one.
    """
    beside = dict(zip(_shown(year_before(day)), before, strict=True))
    return {f"{day.isoformat()}.{n}": beside[shown] for n, shown in enumerate(_shown(day)) if shown in beside}


def _shown(day: date) -> list[tuple[int, int]]:
    """What the clock shows as each hour of a day begins, and for which time."""
    clock = hours(day, day + timedelta(days=1)).clock.tolist()
    return [(hour, clock[:n].count(hour)) for n, hour in enumerate(clock)]


def _forecast(point: MeteringPoint, controller: str, looked: Looked, today: date) -> Forecast | None:
    """Of the month that goes on now, under one contract, from the day that it begins."""
    if not looked.first <= today < looked.after:
        return None
    parts = [one for one in _spans(point, controller, looked, looked.after) if one.contract is not None]
    if len(parts) != 1:
        return None
    first, after = weeks_before(today + timedelta(days=1))
    recent = series(subject_id=point.subject_id, point_id=point.id, start=first, end=after)
    prices = spot_days(areas=[point.price_area], first=first, after=after + timedelta(days=1))
    return forecast(span=parts[0], recent=recent, prices={day: one for (_, day), one in prices.items()})
