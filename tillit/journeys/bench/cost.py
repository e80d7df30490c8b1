"""`tillit bench cost`: a month's bills at many points, beside the same arithmetic in bare numpy (E3).

Points with a value an hour; spot prices of quarters, a day and night tariff, capacity steps, taxes, state support. The
yardstick reads the very same values from a file on disk and does the same sums in whole numbers, without contracts,
row security, gaps or terms. Both must come to the same øre for every point. Then the page of a year is opened, as the
customer opens it.
"""

import os
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
from django.db import connection

from tillit.declaration.loader import load as load_declaration
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.journeys.bench import Figure, Result
from tillit.journeys.bench.machine import Cost, processors
from tillit.journeys.bench.meters import before, before_of_all, copy_days
from tillit.journeys.bench.place import require, settle
from tillit.journeys.bench.world import people
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.platform import paths
from tillit.power import looking, many, periods, slots
from tillit.power.models import GridCompany
from tillit.power.prices.models import SpotDay
from tillit.power.prices.operations import take_tariffs

NAME = "cost"
FIRST, AFTER = date(2026, 1, 1), date(2026, 2, 1)
DAYS = (AFTER - FIRST).days
EARLIEST = date(2024, 1, 1)
"""The page of 2025 shows the year before beside it."""
STEPS = ((0, 138000), (2000, 228000), (5000, 384000), (10000, 534000), (15000, 690000), (20000, 846000))
ORE, AT_ONCE, PAGES = 10_000_000, 2000, 60
Tell = Callable[[str], None]


def run(*, points: int, pages: int, two_years: bool = False, tell: Tell) -> Result:
    """Measure. In a process whose database is `place.DATABASE`. Raises `BenchError` where the amounts differ.

    two_years: of every point, not only of those whose page is opened.
    """
    folder = paths.root() / "examples" / "power"
    declaration, _ = load_declaration(folder / "fjordlys.yaml")
    publish(declaration=declaration, source_text=(folder / "fjordlys.yaml").read_text("utf-8"), at=clock.now())
    controller = Controller.objects.get(key="fjordlys")
    tell(f"{points:,} points, {DAYS} days each")
    take_tariffs(path=folder / "reference" / "tariffs.yaml", at=clock.now())
    spot = _prices()
    _points(controller, points)
    with tempfile.TemporaryDirectory(prefix="tillit-bench") as place:
        file = Path(place) / "values"
        values = _values(controller, points, file)
        settle()
        tell("bare numpy, from disk and from memory")
        bare: list[float] = []
        bare_cpu = []
        for _ in range(2):
            with file.open("rb") as out:
                os.fsync(out.fileno())
                if not bare:
                    os.posix_fadvise(out.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            started = Cost.now()
            by_hand = _bare(file, spot)
            bare.append((spent := Cost.now() - started).wall)
            bare_cpu.append(spent.ours)
        tell("Tillit")
        started = Cost.now()
        ours = _ours(controller)
        cost = Cost.now() - started
    require(len(ours) == points, f"{len(ours)} of {points} points have a bill")
    require(np.array_equal(np.sort(ours), np.sort(by_hand)), "an amount differs from the bare one")
    tell(f"the page of a year, {pages} times")
    took = _pages(controller, pages, tell, two_years=two_years)
    figures = {
        "points": Figure(points, "points"),
        "values": Figure(values, "values"),
        "seconds": Figure(round(cost.wall, 2), "s"),
        "values_a_second": Figure(round(values / cost.wall), "values/s"),
        "cpu_python": Figure(round(1e6 * cost.ours / points, 1), "µs/point"),
        "cpu_postgresql": Figure(round(1e6 * cost.server / points, 1), "µs/point"),
        "cpu_bare": Figure(round(1e6 * min(bare_cpu) / points, 1), "µs/point"),
        "bare_from_disk": Figure(round(bare[0], 2), "s"),
        "bare_from_memory": Figure(round(bare[1], 2), "s"),
        "year_page_p50": Figure(round(1000 * took[len(took) // 2], 1), "ms"),
        "year_page_p95": Figure(round(1000 * quantiles(took, n=20)[-1], 1), "ms"),
        "processors": Figure(processors(), "processors"),
    }
    ratios = {"bare_numpy": round(cost.wall / bare[0], 3), "bare_numpy_in_memory": round(cost.wall / bare[1], 3)}
    return Result(NAME, ratios, figures, "the processors: the computing, and PostgreSQL copying a row a point")


def _prices() -> np.ndarray[Any, np.dtype[np.int64]]:
    """(hours, 4) rates of the month; stored for two years, each day the same as its day of the month."""
    rng = np.random.default_rng(5)
    rates = (600_000 + rng.integers(-200_000, 700_000, (DAYS * 24, 4))).astype(np.int64)
    rows, day = [], date(2024, 12, 31)
    while (day := day + timedelta(days=1)) < AFTER + timedelta(days=1):
        length = slots.length(day, 15)
        of_day = rates[24 * (day.day - 1) : 24 * day.day].reshape(-1)
        packed = np.resize(of_day, length).astype("<i4").tobytes()
        rows.append(SpotDay(area="NO1", day=day, vintage="final", published_at=clock.now(), per_hour=4, prices=packed))
    SpotDay.objects.bulk_create(rows)
    return rates


def _points(controller: Controller, points: int) -> None:
    people(register_id=controller.register_id, count=points)
    grid = GridCompany.objects.create(key="solbakken-nett", name="Solbakken Nett")
    given: dict[str, Any] = {"controller": controller.pk, "register": controller.register_id, "grid": grid.pk}
    with Scope(system("bench", {controller.pk}), "power_supply"), connection.cursor() as cursor:
        for name in ("points", "contracts"):
            cursor.execute(load(__file__, "cost", name), given)


def _values(controller: Controller, points: int, file: Path) -> int:
    """The same values in the table and in the file, point after point; how many."""
    rng, made = np.random.default_rng(6), 0
    with Scope(system("bench", {controller.pk}), "power_supply"), connection.cursor() as cursor, file.open("wb") as out:
        cursor.execute(load(__file__, "cost", "ids"), {"controller": controller.pk})
        ids = cursor.fetchall()
        require(len(ids) == points, "points are missing")
        for low in range(0, points, 500):
            some = ids[low : low + 500]
            peak = rng.integers(500, 6000, len(some))
            wh = (rng.random((len(some), DAYS * 24)) * peak[:, None]).astype("<u4")
            out.write(wh.tobytes())
            made += wh.size
            copy_days(controller=controller, points=some, first=FIRST, wh=wh)
        month: dict[str, Any] = {"controller": controller.pk, "first": FIRST, "after": AFTER}
        cursor.execute(load(__file__, "meters", "months"), month)
    return made


def _ours(controller: Controller) -> np.ndarray[Any, np.dtype[np.int64]]:
    found = []
    with Scope(system("bench", {controller.pk}), "service_payments"):
        for batch in many.bills(controller_id=controller.pk, controller="fjordlys", first=FIRST, after=AFTER):
            require(batch.bill is not None, f"no cost: {batch.without}")
            if batch.bill is not None:
                found.append(batch.bill.total)
    return np.concatenate(found)


def _bare(file: Path, spot: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """As a careful programmer writes it who knows this month, tariff and product."""
    hours = DAYS * 24
    price = spot.sum(axis=1)
    above = np.maximum(price - 4 * 770_000, 0)
    weekday = np.array([(FIRST + timedelta(days=n)).weekday() < 5 and n != 0 for n in range(DAYS)])
    day = (np.repeat(weekday, 24) & (np.tile(np.arange(24), DAYS) >= 6) & (np.tile(np.arange(24), DAYS) < 22)).astype(
        np.int64
    )
    edges, year = np.array([edge for edge, _ in STEPS]), np.array([ore for _, ore in STEPS])

    def near(amount: Any, unit: int) -> Any:
        return np.sign(amount) * ((2 * np.abs(amount) + unit) // (2 * unit))

    found = []
    with file.open("rb") as values:
        while data := values.read(AT_ONCE * hours * 4):
            wh = np.frombuffer(data, dtype="<u4").reshape(-1, hours).astype(np.int64)
            use, by_day = wh.sum(axis=1), wh @ day
            top = np.sort(wh.reshape(-1, DAYS, 24).max(axis=2), axis=1)[:, -3:].sum(axis=1) // 3
            net = near(wh @ price, 4 * ORE) + near(use * 39_200, ORE) + 3920
            net += near(by_day * 264_000, ORE) + near((use - by_day) * 156_000, ORE)
            net += near(use * 71_300, ORE) + near(use * 10_000, ORE) - near(wh @ above * 9, 40 * ORE)
            net += near(year[np.searchsorted(edges, top, side="right") - 1], 12)
            found.append(net + near(net * 2500, 10_000))
    return np.concatenate(found)


def _pages(controller: Controller, pages: int, tell: Tell, *, two_years: bool) -> list[float]:
    """What a customer waits for when a year is opened, the drawing of the page apart: two years of values each, which
    stand of these points, or of all.
    """
    acting = system("bench", {controller.pk})
    with Scope(acting, "power_supply"), connection.cursor() as cursor:
        cursor.execute(load(__file__, "cost", "ids"), {"controller": controller.pk})
        ids = cursor.fetchall()
        some = ids[:: max(len(ids) // pages, 1)][:pages]
        if not two_years:
            before(controller=controller, points=[point for _, point in some], start=EARLIEST, first=FIRST)
    if two_years:
        before_of_all(controller=controller, start=EARLIEST, first=FIRST, tell=tell)
    settle()
    took = []
    for subject, _ in some * (1 + PAGES // max(len(some), 1)):
        began = time.perf_counter()
        with Scope(acting, "energy_insight", frozenset({subject})):
            page = looking.page(
                subject_ids=[subject],
                controller_id=controller.pk,
                controller="fjordlys",
                number=1,
                looked=periods.parse("2025"),
                today=AFTER,
            )
        took.append(time.perf_counter() - began)
        require(page.shown is not None and page.shown.total > 0, "the page is empty")
    return sorted(took[:pages])
