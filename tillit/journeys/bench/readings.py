"""`tillit bench readings`: meter values from a file to stored days, beside polars reading the same file and bare COPY.

A year of hourly values of some points, once as CSV and once as an object a line, the CSV once more (the same again) and
once with one value in a thousand corrected. What is stored is read back and held against what was written before
anything is reported.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tillit.declaration.enforce import enforce_grants
from tillit.declaration.loader import load
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.journeys.bench import Figure, Result
from tillit.journeys.bench.bare import bare_copy
from tillit.journeys.bench.machine import Cost, peak_megabytes, processors
from tillit.journeys.bench.place import hold_server, require, settle
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.platform import database, paths
from tillit.power import gsrn, intake, queries, readings, slots
from tillit.power.models import Contract, MeteringPoint, ReadingDay

NAME = "readings"
POINTS, DAYS, ONE_IN = 500, 365, 1000
FIRST = date(2025, 1, 1)
_RETAILER = "fjordlys"
_DAY_TABLE = "power_reading_day"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One file taken in, and what it did."""

    cost: Cost
    done: intake.Outcome


def run(*, points: int = POINTS, days: int = DAYS, tell: Tell) -> Result:
    """Measure and report. In a process whose database is `place.DATABASE`, made by `place.prepared`.

    Raises `BenchError` when a condition does not hold or what is stored is not what the files say.
    """
    retailer = _retailer()
    tell(f"{2 * points:,} points")
    numbers = _furnish(retailer, 2 * points)
    with tempfile.TemporaryDirectory(dir=paths.ensure_var(), prefix="bench-") as folder:
        tell(f"writing {points * days * 24:,} values, three times")
        wh = _values(points, days)
        whole = _csv(Path(folder) / "whole.csv", numbers[:points], wh, days, datetime(2026, 1, 5, tzinfo=UTC))
        later = wh.copy()
        later.reshape(-1)[::ONE_IN] += 1
        mended = _csv(Path(folder) / "later.csv", numbers[:points], later, days, datetime(2026, 2, 5, tzinfo=UTC))
        lines = _json(Path(folder) / "whole.jsonl", numbers[points:], wh, days)
        tell("bare COPY and polars")
        copied, read_csv, read_json = bare_copy(whole, separator=";"), _polars(whole), _polars(lines)
        settle(_DAY_TABLE)
        tell("CSV")
        first = _measure(retailer, whole)
        tell("JSON")
        other = _measure(retailer, lines)
        size = _size()
        tell("the same CSV again, under another name of its bytes")
        whole.write_bytes(whole.read_bytes() + b"\n")
        again = _measure(retailer, whole)
        tell(f"one in {ONE_IN} corrected")
        corrected = _measure(retailer, mended)
        peak = peak_megabytes()
    _hold(retailer, wh, later, (first, other, again, corrected))
    fetched = _fetched(retailer)
    return _result(wh.size, size, (copied, read_csv, read_json), (first, other, again, corrected), fetched, peak)


def _retailer() -> Controller:
    path = paths.root() / "examples" / "power" / f"{_RETAILER}.yaml"
    declaration, source = load(path)
    publish(
        declaration=declaration,
        source_text=path.read_text("utf-8"),
        files=source.texts,
        at=clock.now(),
        recompile=False,
    )
    enforce_grants()
    return Controller.objects.get(key=_RETAILER)


def _furnish(retailer: Controller, count: int) -> list[str]:
    """A customer with a point and a contract each; their numbers."""
    numbers = []
    for serial in range(count):
        first = f"7070575001{serial:07d}"
        numbers.append(first + gsrn.check_digit(first))
    with Scope(system("bench", {retailer.pk}), "customer_administration") as scope:
        people = []
        for _ in range(count):
            subject = parties.create_subject(scope=scope, register_id=retailer.register_id)
            parties.relate(scope=scope, subject_id=subject, controller_id=retailer.pk, kind="customer", started=FIRST)
            people.append(subject)
    common: dict[str, Any] = {"controller_id": retailer.pk, "source": "data_subject", "collected_under": "power_supply"}
    with Scope(system("bench", {retailer.pk}), "power_supply"):
        points = MeteringPoint.objects.bulk_create(
            MeteringPoint(subject_id=one, gsrn=number, price_area="NO1", **common)
            for one, number in zip(people, numbers, strict=True)
        )
        Contract.objects.bulk_create(
            Contract(subject_id=one.subject_id, point_id=one.id, kind="spot", starts=FIRST, **common) for one in points
        )
    return numbers


def _values(points: int, days: int) -> Any:
    """(points, hours of the days) watt-hours, the same every time."""
    hours = int(slots.begins(slots.number(FIRST) + days) - slots.begins(slots.number(FIRST))) // 3600
    return np.random.default_rng(7).integers(80, 4000, (points, hours))


def _moments(days: int) -> list[str]:
    begin = datetime.fromtimestamp(int(slots.begins(slots.number(FIRST))), UTC)
    hours = int(slots.begins(slots.number(FIRST) + days) - slots.begins(slots.number(FIRST))) // 3600
    return [(begin + timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(hours + 1)]


def _rows(numbers: list[str], wh: Any, days: int) -> Iterator[tuple[str, str, str, str]]:
    moments = _moments(days)
    for number, row in zip(numbers, wh.tolist(), strict=True):
        for place, value in enumerate(row):
            yield number, moments[place], moments[place + 1], f"{value / 1000:.3f}"


def _csv(path: Path, numbers: list[str], wh: Any, days: int, registered: datetime) -> Path:
    stamp = registered.isoformat()
    with path.open("w") as out:
        out.write("point;start;end;volume;unit;quality;registered\n")
        out.writelines(f"{a};{b};{c};{d};kWh;metered;{stamp}\n" for a, b, c, d in _rows(numbers, wh, days))
    return path


def _json(path: Path, numbers: list[str], wh: Any, days: int) -> Path:
    with path.open("w") as out:
        out.writelines(
            f'{{"meteringPointId":"{a}","startTime":"{b}","endTime":"{c}","quantityKwh":{d},"quality":"Metered",'
            f'"registrationTime":"2026-01-05T00:00:00Z"}}\n'
            for a, b, c, d in _rows(numbers, wh, days)
        )
    return path


def _polars(path: Path) -> float:
    """Seconds in which polars reads the file."""
    before = Cost.now()
    frame = pl.read_csv(path, separator=";") if path.suffix == ".csv" else pl.read_ndjson(path)
    taken = (Cost.now() - before).wall
    require(frame.height > 0, "polars read nothing")
    return taken


def _measure(retailer: Controller, path: Path) -> Run:
    before = Cost.now()
    done = intake.import_file(path=path, controller=retailer)
    return Run(Cost.now() - before, done)


def _size() -> int:
    """Bytes of the table with its indexes and what is stored beside it."""
    with database.connect("owner", autocommit=True) as owner:
        found = owner.execute("SELECT pg_total_relation_size(%s)", [_DAY_TABLE]).fetchone()
    return int(found[0]) if found else 0


def _hold(retailer: Controller, wh: Any, later: Any, runs: tuple[Run, ...]) -> None:
    """Raise `BenchError` unless the conditions hold and what is stored is what the files say."""
    hold_server(logged=(_DAY_TABLE, "power_reading_correction"), secured=(_DAY_TABLE,))
    first, other, again, corrected = (one.done for one in runs)
    require(not any(one.done.quarantined for one in runs), "rows were put aside")
    require(first.counts["values"] == other.counts["values"] == wh.size, "values are missing")
    require((again.counts["added"], again.counts["changed"]) == (0, 0), "a repeat did something")
    require(corrected.counts["corrections"] > 0, "nothing was corrected")
    with readings.scope_of(retailer.pk):
        total = sum(
            int(some.wh.sum(dtype=np.int64))
            for some in queries.days_of(controller_id=retailer.pk, start=FIRST, end=date(2099, 1, 1))
        )
        days = ReadingDay.objects.count()
    require(total == int(wh.sum()) + int(later.sum()), "what is stored is not what was written")
    require(days == first.counts["added"] + other.counts["added"], "days are missing")


def _fetched(retailer: Controller) -> float:
    """Values fetched as arrays a second."""
    before = Cost.now()
    with readings.scope_of(retailer.pk):
        count = sum(
            len(some.wh) for some in queries.days_of(controller_id=retailer.pk, start=FIRST, end=date(2099, 1, 1))
        )
    return count / (Cost.now() - before).wall


def _result(
    values: int, size: int, yardsticks: tuple[float, ...], runs: tuple[Run, ...], fetched: float, peak: int
) -> Result:
    copied, read_csv, read_json = yardsticks
    first, other, again, corrected = runs
    ratios = {
        "bare_copy_csv": first.cost.wall / copied,
        "polars_csv": first.cost.wall / read_csv,
        "polars_json": other.cost.wall / read_json,
        "bare_copy_unchanged_repeat": again.cost.wall / copied,
        "bare_copy_corrected": corrected.cost.wall / copied,
    }
    each = 1e6 / values
    figures = {
        "values": Figure(values, "values"),
        "csv": Figure(round(values / first.cost.wall), "values/s"),
        "json": Figure(round(values / other.cost.wall), "values/s"),
        "unchanged_repeat": Figure(round(values / again.cost.wall), "values/s"),
        "one_in_a_thousand_corrected": Figure(round(values / corrected.cost.wall), "values/s"),
        "bare_copy": Figure(round(values / copied), "values/s"),
        "polars_csv": Figure(round(values / read_csv), "values/s"),
        "polars_json": Figure(round(values / read_json), "values/s"),
        "fetched": Figure(round(fetched), "values/s"),
        "bytes_a_value": Figure(round(size / (2 * values), 1), "bytes"),
        "cpu_python_csv": Figure(round(first.cost.ours * each, 2), "µs/value"),
        "cpu_postgresql_csv": Figure(round(first.cost.server * each, 2), "µs/value"),
        "peak_memory": Figure(peak, "MB"),
        "processors": Figure(processors(), "processors"),
    }
    return Result(NAME, ratios, figures, "processors: reading and checking in vectors, then one row a point and day")
