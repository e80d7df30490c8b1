"""Files of spot prices and of temperatures: CSV or JSON, a row an interval or a day (E3, E4). See docs/power.md."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from tillit.files.chunks import LINE
from tillit.files.dialect import SHOWABLE, Layout
from tillit.files.errors import FileRefusedError
from tillit.files.json_rows import JsonRows
from tillit.files.opening import Opener, RowFile
from tillit.files.reasons import REASONS, message
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.power import slots
from tillit.power.prices import RATE
from tillit.power.prices.errors import PriceError
from tillit.power.prices.models import SpotDay, Temperature, Vintage, WeatherPlace
from tillit.power.prices.operations import Taken, recorded
from tillit.power.prices.queries import PRICE

SHOWN = 20
AREA = re.compile(r"^[A-Z]{2}[0-9]{1,2}\Z")
UNITS = {"nok/kwh": 100 * RATE, "ore/kwh": RATE, "øre/kwh": RATE, "nok/mwh": RATE // 10}
RESOLUTIONS = {"PT15M": 4, "PT1H": 1, "PT60M": 1}
_LARGEST = 2**31 - 1
_SAME = {"time_start": "start", "nok_per_kwh": "price"}
_UNUSED = {"time_end", "eur_per_kwh", "exr"}
SPOT_COLUMNS = frozenset({"area", "start", "price", "unit", "resolution", "vintage", "published", *_SAME, *_UNUSED})
WEATHER_COLUMNS = frozenset({"place", "name", "base", "day", "mean"})
Row = dict[str, str]
DayKey = tuple[str, date, str, datetime, int]


class _Wrong(ValueError):  # noqa: N818 (never leaves this module)
    """(field, reason): a row that cannot be used."""


def take_prices(
    *, path: Path, at: datetime, area: str = "", vintage: str = Vintage.FINAL, dry_run: bool = False
) -> Taken:
    """Take in spot prices; a day must be whole. area, vintage: of rows that do not say.

    Of days that were published more than once the later counts, in whichever order they come in. Raises `PriceError`
    (`rows`: each with line, field and reason; `differs`: other prices of the same day, vintage and time of publication)
    and `FileRefusedError`; nothing of the file is taken in then.
    """
    days: dict[DayKey, dict[datetime, tuple[int, int]]] = {}
    wrong: list[tuple[int, str, str]] = []
    digest = _read(
        path,
        Layout(SPOT_COLUMNS, partial(_check, SPOT_COLUMNS)),
        wrong,
        lambda line, row: _spot(days, line, {"area": area, "vintage": vintage, **row}),
    )
    whole = dict(_whole_days(days, wrong))
    _refuse(wrong)

    def store(taken: Taken) -> None:
        for (place, day, sort, published, per_hour), packed in whole.items():
            taken.rows += 1
            key = {"area": place, "day": day, "vintage": sort, "published_at": published}
            found, new = SpotDay.objects.get_or_create(**key, defaults={"per_hour": per_hour, "prices": packed})
            if not new and (found.per_hour, bytes(found.prices)) != (per_hour, packed):
                raise PriceError(
                    "differs", f"{place} {day} {sort} stands with other prices: give the time it was published"
                )
            taken.new += new

    return recorded(kind="prices", digest=digest, at=at, store=store, dry_run=dry_run)


def take_temperatures(*, path: Path, at: datetime, correct: bool = False, dry_run: bool = False) -> Taken:
    """Take in mean temperatures: place, day, mean in degrees; name and base of a place in its first row.

    Raises as `take_prices`; a day that stands with another temperature is replaced only where `correct`.
    """
    rows: dict[tuple[str, date], int] = {}
    places: dict[str, tuple[str, int]] = {}
    wrong: list[tuple[int, str, str]] = []
    digest = _read(
        path,
        Layout(WEATHER_COLUMNS, partial(_check, WEATHER_COLUMNS)),
        wrong,
        lambda line, row: _temperature(rows, places, row),
    )
    _refuse(wrong)

    def store(taken: Taken) -> None:
        known = set(WeatherPlace.objects.filter(key__in={place for place, _ in rows}).values_list("key", flat=True))
        for key in sorted({place for place, _ in rows} - known):
            if key not in places:
                raise PriceError("rows", f"place {key} is new: its first row gives name and base")
            WeatherPlace.objects.create(key=key, name=places[key][0], base=places[key][1])
        for (place, day), tenths in sorted(rows.items()):
            taken.rows += 1
            found, new = Temperature.objects.get_or_create(place_id=place, day=day, defaults={"tenths": tenths})
            taken.new += new
            if found.tenths != tenths:
                if not correct:
                    raise PriceError("differs", f"{place} {day} stands with another temperature: say --correct")
                taken.replaced.append({"row": f"{place} {day}", "before": found.tenths})
                Temperature.objects.filter(pk=found.pk).update(tenths=tenths)

    return recorded(kind="temperatures", digest=digest, at=at, store=store, dry_run=dry_run)


def _check(known: frozenset[str], names: list[str], where: str) -> None:
    strange = [name for name in names if name not in known]
    needed = {"place", "day", "mean"} if "mean" in known else {"start", "price"}
    missing = needed - {_SAME.get(name, name) for name in names}
    if strange or missing:
        told = ", ".join(name if SHOWABLE.match(name) else "…" for name in strange) or ", ".join(sorted(missing))
        raise FileRefusedError("columns-unknown" if strange else "columns-missing", f"{where}: columns {told}")


def _read(path: Path, layout: Layout, wrong: list[tuple[int, str, str]], take: Callable[[int, Row], None]) -> str:
    """Hand each row over; what cannot be used goes to `wrong`. The file's digest."""
    others: Mapping[bytes, Opener] = {
        b"[": lambda file, size: JsonRows(file, size, layout),
        b"{": lambda file, size: JsonRows(file, size, layout),
    }
    with RowFile(path, layout, others=others) as opened:
        digest = opened.digest()
        for chunk in opened.chunks():
            wrong.extend((one.line, one.field, message(REASONS, one.code)) for one in chunk.rejects)
            for line, row in _rows(chunk.frame.iter_rows(named=True)):
                try:
                    take(line, row)
                except _Wrong as fault:
                    wrong.append((line, *fault.args))
    return digest


def _rows(found: Iterator[dict[str, object]]) -> Iterator[tuple[int, Row]]:
    for row in found:
        given = {_SAME.get(name, name): str(value).strip() for name, value in row.items() if value is not None}
        line = int(given.pop(LINE))
        yield line, {name: value for name, value in given.items() if value}


def _refuse(wrong: list[tuple[int, str, str]]) -> None:
    if wrong:
        told = "; ".join(
            f"line {line}{', ' + field if field else ''}: {reason}" for line, field, reason in wrong[:SHOWN]
        )
        more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise PriceError("rows", told + more)


def _spot(days: dict[DayKey, dict[datetime, tuple[int, int]]], line: int, row: Row) -> None:
    if not AREA.match(row.get("area", "")):
        raise _Wrong("area", "no price area, such as NO1")
    if row["vintage"] not in Vintage.values:
        raise _Wrong("vintage", "final or preliminary")
    resolution = row.get("resolution", "PT15M")
    if resolution not in RESOLUTIONS:
        raise _Wrong("resolution", "PT15M or PT1H")
    unit = row.get("unit", "NOK/kWh").lower()
    if unit not in UNITS:
        raise _Wrong("unit", "NOK/kWh, NOK/MWh or ore/kWh")
    start = _moment(row, "start")
    per_hour = RESOLUTIONS[resolution]
    if start.second or start.microsecond or start.minute % (60 // per_hour):
        raise _Wrong("start", f"no beginning of an interval of {resolution}")
    day = start.astimezone(ZoneInfo(DEFAULT_ZONE)).date()
    if not slots.FIRST <= day < slots.LAST:
        raise _Wrong("start", "outside the years that are kept")
    published = _moment(row, "published") if "published" in row else _unsaid(day)
    key = (row["area"], day, row["vintage"], published, per_hour)
    moment, rate = start.astimezone(ZoneInfo("UTC")), _price(row, UNITS[unit])
    if moment in days.setdefault(key, {}):
        raise _Wrong("start", "the interval stands in the file before")
    days[key][moment] = (line, rate)


def _unsaid(day: date) -> datetime:
    """When prices were published whose file does not say: before any time that one could say."""
    return datetime.combine(day - timedelta(days=365), datetime.min.time(), ZoneInfo("UTC"))


def _whole_days(
    days: dict[DayKey, dict[datetime, tuple[int, int]]], wrong: list[tuple[int, str, str]]
) -> Iterator[tuple[DayKey, bytes]]:
    for key, prices in days.items():
        _, day, _, _, per_hour = key
        expected = slots.length(day, 60 // per_hour)
        if len(prices) != expected:
            wrong.append(
                (min(line for line, _ in prices.values()), "start", f"{day} has {len(prices)} of {expected} prices")
            )
            continue
        yield key, np.array([prices[at][1] for at in sorted(prices)], dtype=PRICE).tobytes()


def _price(row: Row, unit: int) -> int:
    scaled = _number(row, "price") * unit
    if scaled != scaled.to_integral_value():
        raise _Wrong("price", "finer than a ten-thousandth of an øre a kWh")
    if abs(scaled) > _LARGEST:
        raise _Wrong("price", "no price of a kWh")
    return int(scaled)


def _temperature(rows: dict[tuple[str, date], int], places: dict[str, tuple[str, int]], row: Row) -> None:
    place = row.get("place", "")
    if not re.fullmatch(r"[0-9A-Z]{2,8}", place):
        raise _Wrong("place", "a municipality, a county or a price area")
    try:
        day = date.fromisoformat(row.get("day", ""))
    except ValueError:
        raise _Wrong("day", "written 2026-01-31") from None
    mean = _number(row, "mean") * 10
    if mean != mean.to_integral_value() or not -700 <= mean <= 600:
        raise _Wrong("mean", "degrees with one decimal, from -70 to 60")
    if (place, day) in rows:
        raise _Wrong("day", "the day stands in the file before")
    if "base" in row and place not in places:
        base = _number(row, "base") * 10
        if base != base.to_integral_value() or not 50 <= base <= 300:
            raise _Wrong("base", "degrees with one decimal, from 5 to 30")
        places[place] = (row.get("name", place)[:60], int(base))
    rows[place, day] = int(mean)


def _number(row: Row, name: str) -> Decimal:
    text = row.get(name, "")
    if not re.fullmatch(r"[-+]?[0-9]{1,12}([.,][0-9]{1,12})?([eE][-+]?[0-9]{1,2})?", text):
        raise _Wrong(name, "no number" if text else "the field is empty")
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise _Wrong(name, "no number") from None


def _moment(row: Row, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(row.get(name, ""))
    except ValueError:
        raise _Wrong(name, "written 2026-01-31T13:00+01:00") from None
    if found.tzinfo is None:
        raise _Wrong(name, "a point in time needs its offset, such as +01:00")
    return found
