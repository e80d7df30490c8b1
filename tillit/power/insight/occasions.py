"""What there is to tell of at this moment, of each kind of alert (E6). In the open scope of the alerts."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection

from tillit.kernel.sql import load
from tillit.power import slots
from tillit.power.cost.terms import vat
from tillit.power.insight import months
from tillit.power.insight.breakdown import Part
from tillit.power.insight.conditions import hours_beyond, next_step, peak
from tillit.power.insight.models import AlertKind, MonthPart
from tillit.power.insight.wording import Values
from tillit.power.prices import RATE
from tillit.power.prices.models import CapacityModel
from tillit.power.prices.queries import Reference, pieces, reference
from tillit.power.queries import days_of

PRICED = ("spot",)
"""Kinds of contract whose terms have prices by the hour, known the day before: they are the chosen products."""
SILENT = 3
"""Days without values before one is told."""
ENDS_WITHIN = 30
NEWS = timedelta(days=2)
"""How long it is news that an important message has come."""
BASE_SHARE, HEATING_SHARE = 30, 40
"""Per cent of a month's use from which there is something to say."""


@dataclass(frozen=True)
class Point:
    """A point whose customer wants to be told, and the contract that it is supplied under."""

    subject: int
    threshold: int | None
    id: int
    area: str
    municipality: str
    use: str
    company: str
    contract: int
    kind: str
    starts: date
    ends: date | None


@dataclass(frozen=True)
class Occasion:
    """Something to tell: `code` makes it one of a kind; values: of the template, not yet in words; until: when it is no
    news any more.
    """

    subject: int
    point: int
    kind: AlertKind
    code: str
    template: str
    values: Values = field(default_factory=dict)
    until: datetime | None = None


@dataclass(frozen=True)
class Moment:
    """When and for whom occasions are looked for. language: of the messages that leave."""

    controller_id: int
    controller: str
    now: datetime
    today: date
    language: str


def wanting(moment: Moment, kind: AlertKind, lawful: Collection[int]) -> list[Point]:
    """The points of those who want to be told of the kind."""
    given: dict[str, Any] = {"controller": moment.controller_id, "lawful": list(lawful), "kind": kind.value}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "alerts", "wanting"), {**given, "today": moment.today})
        return [Point(*row) for row in cursor.fetchall()]


def prices(moment: Moment, kind: AlertKind, points: Sequence[Point]) -> Iterator[Occasion]:
    """Hours of today that are left, and of tomorrow, beyond the customer's limit: øre a kWh with VAT."""
    priced = [point for point in points if point.kind in PRICED and point.threshold is not None]
    if not priced:
        return
    above, first, after = kind == AlertKind.PRICE_ABOVE, moment.today, moment.today + timedelta(days=2)
    known = reference(controller=moment.controller, areas={one.area for one in priced}, first=first, after=after)
    made: dict[tuple[str, str, str, date], list[int]] = {}
    for point in priced:
        for day in (first, first + timedelta(days=1)):
            key = (point.area, point.municipality, point.use, day)
            if key not in made:
                made[key] = _ore(known, *key)
            begins = int(slots.begins(slots.number(day)))
            elapsed = max(0, -(-(int(moment.now.timestamp()) - begins) // 3600))
            beyond = hours_beyond(made[key], point.threshold or 0, above=above, first=elapsed)
            if beyond:
                extreme = (max if above else min)(made[key][hour] for hour in beyond)
                values: Values = {
                    "day": day.isoformat(),
                    "hours": ", ".join(_clock(day, run) for run in _runs(beyond)),
                    "price": extreme,
                    "limit": point.threshold or 0,
                }
                until = slots.moment(begins + 3600 * (beyond[-1] + 1))
                yield Occasion(point.subject, point.id, kind, f"{point.id}:{day}", kind.value, values, until)


def high_use(moment: Moment, points: Sequence[Point]) -> Iterator[Occasion]:
    """The latest day that is measured, of the last three, on which more was used than the limit."""
    wants = {point.id: point for point in points if point.threshold is not None}
    for some in _days(moment, wants, moment.today - timedelta(days=SILENT), moment.today):
        used = np.add.reduceat(some.wh.astype(np.int64), some.offset[:-1])
        last = np.flatnonzero(np.append(some.point[1:] != some.point[:-1], True))
        for at in last:
            point, wh = wants[int(some.point[at])], int(used[at])
            if wh > (point.threshold or 0):
                day = slots.day_of(int(some.day[at]))
                values: Values = {
                    "day": day.isoformat(),
                    "use": round(wh / 1000, 1),
                    "limit": round((point.threshold or 0) / 1000, 1),
                }
                until = moment.now + timedelta(days=2)
                code = f"{point.id}:{day}"
                yield Occasion(point.subject, point.id, AlertKind.HIGH_USE, code, "high_use", values, until)


def capacity_peaks(moment: Moment, points: Sequence[Point]) -> Iterator[Occasion]:
    """Points whose mean of the month's highest daily maxima is about to reach a step above last month's, or has."""
    wants = {point.id: point for point in points}
    this = months.first_of(moment.today - timedelta(days=1))
    known = reference(
        controller=moment.controller, areas=(), first=moment.today, after=moment.today + timedelta(days=1)
    )
    until = slots.moment(int(slots.begins(slots.number(months.after(this)))))
    for some in _days(moment, wants, months.before(this), moment.today):
        hourly = some.hourly()
        highest, of_day = np.maximum.reduceat(hourly.wh.astype(np.int64), hourly.offset[:-1]), hourly.rows()
        for point_id in np.unique(hourly.point).tolist():
            mine, point = hourly.point == point_id, wants[point_id]
            earlier = hourly.day < slots.number(this)
            count, edges, by_hour = _steps(known, point.company, moment.today)
            before, now = (
                (hourly.wh[which[of_day]] if by_hour else highest[which]).tolist()
                for which in (mine & earlier, mine & ~earlier)
            )
            edge = point.threshold or next_step(before, now, edges, count=count)
            found = peak(now, edge, count=count) if edge else None
            if found is not None:
                values: Values = {
                    "mean": round(found.mean / 1000, 2),
                    "edge": round(found.edge / 1000, 1),
                    "highest": round(max(now) / 1000, 2),
                    "count": count,
                }
                template = "capacity_peak_over" if found.over else "capacity_peak_near"
                code = f"{point_id}:{this:%Y-%m}:{found.edge}:{'over' if found.over else 'near'}"
                yield Occasion(point.subject, point_id, AlertKind.CAPACITY_PEAK, code, template, values, until)


def readings_gaps(moment: Moment, points: Sequence[Point]) -> Iterator[Occasion]:
    """Points of which no value has come for some days."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "alerts", "last_day"), {"points": [point.id for point in points]})
        last = dict(cursor.fetchall())
    for point in points:
        known = last.get(point.id)
        since = point.starts if known is None else max(known + timedelta(days=1), point.starts)
        if (moment.today - since).days >= SILENT:
            values: Values = {"day": since.isoformat()}
            yield Occasion(
                point.subject, point.id, AlertKind.READINGS_GAP, f"{point.id}:{since}", "readings_gap", values
            )


def contracts(moment: Moment, points: Sequence[Point]) -> Iterator[Occasion]:
    """Contracts that end within a month."""
    for point in points:
        if point.ends is not None and (point.ends - moment.today).days <= ENDS_WITHIN:
            values: Values = {"day": (point.ends - timedelta(days=1)).isoformat()}
            code = f"{point.contract}:{point.ends}"
            until = slots.moment(int(slots.begins(slots.number(point.ends))))
            yield Occasion(point.subject, point.id, AlertKind.CONTRACT, code, "contract_ends", values, until)


def saving_advice(moment: Moment, points: Sequence[Point]) -> Iterator[Occasion]:
    """One piece of advice a month, on what the latest month that is derived shows; with its range, and no product."""
    month = months.before(moment.today)
    rows: dict[int, dict[str, MonthPart]] = {}
    for row in MonthPart.objects.filter(point_id__in=[point.id for point in points], month=month):
        rows.setdefault(row.point_id, {})[row.part] = row
    for point in points:
        if (parts := rows.get(point.id)) and (part := _worth_saying(parts)):
            values: Values = {
                "month": month.isoformat(),
                "low": round(parts[part].low_wh / 1000),
                "high": round(parts[part].high_wh / 1000),
            }
            code = f"{point.id}:{month:%Y-%m}"
            until = moment.now + timedelta(days=7)
            yield Occasion(point.subject, point.id, AlertKind.SAVING_ADVICE, code, f"saving_{part}", values, until)


def important(moment: Moment, points: Sequence[Point]) -> Iterator[Occasion]:
    """Important messages of the last days (F11): they stand on Min side whatever is switched off; once a day."""
    of = {point.subject: point for point in reversed(points)}
    given: dict[str, Any] = {"controller": moment.controller_id, "now": moment.now, "subjects": list(of)}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "alerts", "important"), given | {"since": moment.now - NEWS})
        rows = cursor.fetchall()
    for subject, day, latest in rows:
        values: Values = {"day": day.isoformat()}
        yield Occasion(subject, of[subject].id, AlertKind.IMPORTANT, str(day), "important_waits", values, latest + NEWS)


def _worth_saying(parts: dict[str, MonthPart]) -> str:
    whole = sum(one.middle_wh for one in parts.values())
    share = {part: 100 * one.middle_wh / whole for part, one in parts.items()} if whole else {}
    if share.get(Part.BASE, 0) >= BASE_SHARE:
        return Part.BASE
    if share.get(Part.VEHICLE, 0) > 0:
        return Part.VEHICLE
    return Part.HEATING if share.get(Part.HEATING, 0) >= HEATING_SHARE else ""


def _days(moment: Moment, points: Collection[int], start: date, end: date) -> Iterator[Any]:
    if points:
        yield from days_of(controller_id=moment.controller_id, start=start, end=end, points=points)


def _ore(known: Reference, area: str, municipality: str, use: str, day: date) -> list[int]:
    """What each hour of the day costs on spot, øre a kWh with VAT; empty where prices or VAT are not known."""
    found, rate = known.spot.get((area, day)), vat(known, municipality=municipality, use=use, day=day)
    if found is None or rate is None:
        return []
    hourly = found.rates.sum(axis=1) * (10_000 + rate)
    return [round(one / (4 * 10_000 * RATE)) for one in hourly.tolist()]


def _steps(known: Reference, company: str, day: date) -> tuple[int, list[int], bool]:
    """How many maxima make the mean, from which watts on each step counts, and whether maxima are hours whichever days
    they are of: of a company's tariff on the day.
    """
    found = pieces([one for one in known.tariffs if one.company == company], day, day + timedelta(days=1))
    if not found:
        return 3, [], False
    tariff = found[-1][0]
    by_hour = tariff.capacity == CapacityModel.HIGHEST_HOURS
    return tariff.days, sorted(step.from_watts for step in tariff.steps.all()), by_hour


def _runs(hours: Iterable[int]) -> list[tuple[int, int]]:
    """Hours that follow each other as (first, after)."""
    found: list[tuple[int, int]] = []
    for hour in hours:
        if found and found[-1][1] == hour:
            found[-1] = (found[-1][0], hour + 1)
        else:
            found.append((hour, hour + 1))
    return found


def _clock(day: date, run: tuple[int, int]) -> str:
    """Hours of a day as the clock on the wall says."""
    begins = int(slots.begins(slots.number(day)))
    ends = [slots.local(begins + 3600 * hour) for hour in run]
    return f"{ends[0]:%H}–{ends[1]:%H}"
