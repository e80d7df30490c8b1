"""Visits (G3): views stored a second, what a killed process loses, and a year of views shown.

Views are taken in as the beacon does (read, hashed, put aside) by two processes that store twice a second, beside the
same rows in one bare COPY; one of them is killed, and what it had taken in and not stored is counted. A year's hourly
figures of many million views are written straight and shown by the statements of the dashboard.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

from django.db import connection, connections

from tillit.declaration.models import Controller
from tillit.journeys.bench import Figure, Result
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.visits import operations, queries
from tillit.visits.counting import Counter, Seen
from tillit.visits.models import Hit

NAME = "visits"
PROCESSES = 2
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/14{0}.0"


def run(*, seconds: float, views: int, key: str, tell: Callable[[str], None]) -> Result:
    """Store views for `seconds` in each process; show a year of `views`. `key`: a controller that counts visits."""
    controller = Controller.objects.get(key=key)
    tell("storing views")
    taken, spent = _storm(key, seconds)
    stored = Hit.objects.count()
    lost = taken[0] + taken[1] - stored
    rate = stored / seconds
    tell("bare COPY of the same rows")
    bare = _copy(stored)
    tell("a year's figures")
    added_up = _year(controller.pk, views)
    today = clock.today()
    shown = min(_shown(controller, today) for _ in range(3))
    return Result(
        NAME,
        {"bare COPY": round(spent / bare, 1)},
        {
            "stored a second": Figure(round(rate), "views/s"),
            "lost by a kill": Figure(round(lost / (taken[0] / seconds), 2), "seconds of views"),
            "a year shown": Figure(round(shown, 3), "s"),
            "a year added up by day": Figure(round(added_up, 3), "s"),
            "views in the year": Figure(views, "views"),
        },
        "reading and hashing each view in Python",
    )


def _storm(key: str, seconds: float) -> tuple[list[int], float]:
    """Two processes take views in; the first is killed at the end. Views taken in by each, and the time spent."""
    connections.close_all()
    workers = []
    for number in range(PROCESSES):
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=_work, args=(number, key, seconds, there))
        process.start()
        workers.append((process, here))
    taken, begun = [], time.perf_counter()
    for number, (process, here) in enumerate(workers):
        taken.append(int(here.recv()))
        if number == 0 and process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)
        else:
            here.send("stop")
        process.join(timeout=60)
    return taken, time.perf_counter() - begun


def _work(number: int, key: str, seconds: float, out: Connection) -> None:
    counter, done = Counter(), 0
    counter.start()
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        agent, address = _AGENT.format(done % 7), f"198.51.{done % 250}.{number}"
        seen = Seen(
            f"/{key}/page-{done % 40}/", agent, address, "site.example", "https://www.google.com/search?q=hytte"
        )
        done += counter.take(key, seen)
    out.send(done)
    out.recv()
    counter.stop()


def _copy(rows: int) -> float:
    """Seconds for the same rows in one COPY to a table without indexes."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bare_hit (LIKE visits_hit)")
        cursor.execute("SELECT * FROM visits_hit")
        made: list[Any] = cursor.fetchall()
        begun = time.perf_counter()
        with cursor.copy("COPY bare_hit FROM STDIN") as copy:
            for row in made:
                copy.write_row(row)
        return max(time.perf_counter() - begun, 1e-6) if rows else 1.0


def _year(controller: int, views: int) -> float:
    """Hourly figures of a year's views: forty pages, eight sources, and what is counted beside them. Seconds in which
    the worker adds the whole of it up by day (otherwise it does so a day at a time).
    """
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "controller": controller,
            "last": now,
            "first": now - timedelta(days=364),
            "views": views,
        }
        cursor.execute(load(__file__, "visits", "year"), values)
        begun = time.perf_counter()
        added: dict[str, Any] = {"controller": controller, "zone": clock.DEFAULT_ZONE, "from": now - timedelta(366)}
        cursor.execute(load(operations.__file__, "figures", "labels"), added)
        spent = time.perf_counter() - begun
        cursor.execute("ANALYZE visits_hour, visits_day_label")
    return spent


def _shown(controller: Controller, today: Any) -> float:
    begun = time.perf_counter()
    found = queries.dashboard(
        controller=controller, start=today - timedelta(days=364), end=today + timedelta(days=1), unit="month"
    )
    if not found.views:
        raise RuntimeError("nothing was shown")
    return time.perf_counter() - begun
