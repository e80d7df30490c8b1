"""Vouchers made and used by 16 clients in one chain (C9), beside two hand-written transactions on bare tables.

Each client is a process with a connection of its own, which does as it will for a quarter of the time before all are
measured together. A pair is what the journeys do: a scope in which the member sets
an amount aside, and a scope in which a till uses it by its code; each commits. Through the API the vouchers are made
beforehand and only their use is timed, by a server process over sockets. The yardstick knows no lots, expiry, history,
purpose, digest or row security: one balance a person, one row a voucher.
"""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import cycle, islice
from multiprocessing.connection import Connection
from statistics import quantiles
from threading import BrokenBarrierError
from typing import Any
from uuid import uuid4

from django.db import connection, connections

from tillit.bonus import codes, vouchers
from tillit.bonus.kinds import LOT
from tillit.bonus.models import Programme
from tillit.journeys.bench import Figure, Result, world
from tillit.journeys.bench.errors import BenchError
from tillit.journeys.bench.machine import processors, server_seconds, tree_seconds
from tillit.journeys.bench.place import DATABASE, hold_server, require, settle
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.ledger import queries as ledger
from tillit.platform import database

NAME = "redeem"
CLIENTS = 16
AMOUNT = 1
_TILLIT = [sys.executable, "-m", "tillit.faces.cli"]
_PATIENCE = 120  # seconds that anything may take to begin
_BUSY = 0.85  # a share of the processors from which on they are what bounds


@dataclass
class Times:
    """What clients measured: seconds a step by name, things done in all and in the measured time, how many of these a
    second, and milliseconds of processor time for one: the clients', PostgreSQL's and, through the API, the site's.
    """

    steps: dict[str, list[float]]
    done: int
    measured: int
    rate: float
    client: float
    server: float
    site: float = 0.0

    def p95(self, step: str) -> Figure:
        """The 95th percentile of a step."""
        found = self.steps[step]
        return Figure(round(1000 * (quantiles(found, n=20)[-1] if len(found) > 1 else found[0]), 1), "ms")

    def cpu(self, which: str) -> Figure:
        """Processor time for one."""
        return Figure(round(float(getattr(self, which)), 2), "ms")


def run(*, people: int, seconds: float, tell: Callable[[str], None]) -> Result:
    """Measure in the database made by `place.prepared`. Raises `BenchError` where a sum is wrong afterwards."""
    tell(f"{people:,} members")
    world.build(members=people)
    programme = Programme.objects.select_related("chain__controller").get(chain__key="bench0")
    subjects = _holders(programme)
    require(len(subjects) >= CLIENTS, f"{len(subjects)} members of the chain for {CLIENTS} clients")
    with database.connect("owner", name=DATABASE, autocommit=True) as owner:
        owner.execute(load(__file__, "redeem", "tables"))
        owner.execute(load(__file__, "redeem", "fill"), {"subjects": subjects})
    settle()
    hold_server(
        logged=["ledger_transfer", "ledger_balance", "bonus_voucher", "bench_purse"],
        secured=["ledger_transfer", "ledger_balance", "bonus_voucher"],
    )
    tell(f"bare transactions, {CLIENTS} clients, {seconds:g} s")
    bare = _together(_bare, subjects, seconds)
    tell("operations")
    ours = _together(partial(_operations, programme), subjects, seconds)
    tell("the API")
    api = _api(programme, subjects, seconds, ours.rate, tell)
    _sums(programme, ours.done + api.done)
    ratios = {
        "pair_operations": bare.rate / ours.rate,
        "pair_processor_time": (ours.client + ours.server) / (bare.client + bare.server),
        "use_api_beside_pair_operations": ours.rate / api.rate,
    }
    figures = {
        "pairs": Figure(round(ours.rate), "pairs/s"),
        "pair_p95": ours.p95("pair"),
        "reserve_p95": ours.p95("reserve"),
        "redeem_p95": ours.p95("redeem"),
        "pair_processor_python": ours.cpu("client"),
        "pair_processor_postgresql": ours.cpu("server"),
        "bare_pairs": Figure(round(bare.rate), "pairs/s"),
        "bare_p95": bare.p95("pair"),
        "bare_processor_python": bare.cpu("client"),
        "bare_processor_postgresql": bare.cpu("server"),
        "api_uses": Figure(round(api.rate), "uses/s"),
        "api_p95": api.p95("redeem"),
        "api_processor_site": api.cpu("site"),
        "api_processor_postgresql": api.cpu("server"),
        "api_processor_clients": api.cpu("client"),
        "clients": Figure(CLIENTS, "processes"),
        "processors": Figure(processors(), "processors"),
    }
    return Result(NAME, {name: round(ratio, 3) for name, ratio in ratios.items()}, figures, _bound(ours))


def _bound(ours: Times) -> str:
    busy = ours.rate * (ours.client + ours.server) / 1000 / processors()
    cost = f"{ours.client:.2f} ms of Python's and {ours.server:.2f} ms of PostgreSQL's processor time a pair"
    if busy > _BUSY:
        return f"processors, busy {busy:.0%} with it: {cost}"
    return (
        f"what else the machine does or waits for (two flushes to disk a pair): processors busy {busy:.0%} with {cost}"
    )


def _holders(programme: Programme) -> list[int]:
    with Scope(system("bench", [programme.chain.controller_id]), "bookkeeping"), connection.cursor() as cursor:
        cursor.execute(load(__file__, "redeem", "holders"), {"book": programme.book_id, "lot": LOT.id})
        return [row[0] for row in cursor.fetchall()]


Work = Callable[[Iterator[Any], float], tuple[dict[str, list[float]], int]]
"""What a client does with what it is given until a time: (seconds a step by name, how many)."""


def _together(
    work: Work,
    given: list[Any],
    seconds: float,
    *,
    over: Callable[[list[Any]], Iterator[Any]] = cycle,
    site: int | None = None,
) -> Times:
    """Let every client work on its own part of the list: a while to warm up, then all at once until the time is up.

    over: `cycle` begins the list again at its end, `iter` does not. site: a process whose processor time is told apart.
    """
    connections.close_all()
    context = multiprocessing.get_context("fork")
    begin, end = context.Barrier(CLIENTS + 1), context.Barrier(CLIENTS + 1)
    clients, answers = [], []
    for number in range(CLIENTS):
        here, there = context.Pipe(duplex=False)
        mine = given[number::CLIENTS]
        process = context.Process(target=_client, args=(work, over(mine), seconds, begin, end, there))
        process.start()
        there.close()
        clients.append(process)
        answers.append(here)
    try:
        begin.wait(_PATIENCE + seconds)
        before = (server_seconds(), tree_seconds(site) if site else 0.0)
        end.wait(_PATIENCE + seconds)
        after = (server_seconds(), tree_seconds(site) if site else 0.0)
        found = [answer.recv() for answer in answers]
    except (BrokenBarrierError, EOFError):
        raise BenchError("bench-client", "a client has failed") from None
    finally:
        begin.abort()
        end.abort()
        for process in clients:
            process.join()
    steps: dict[str, list[float]] = {}
    for one in found:
        for name, times in one.steps.items():
            steps.setdefault(name, []).extend(times)
    measured = sum(one.measured for one in found)
    require(measured > 0, "no client has done anything")
    cost = [1000 * (b - a) / measured for a, b in zip(before, after, strict=True)]
    client = sum(one.client for one in found) * 1000 / measured
    rate = sum(one.rate for one in found)
    return Times(steps, sum(one.done for one in found), measured, rate, client, *cost)


def _client(
    work: Work,
    mine: Iterator[Any],
    seconds: float,
    begin: Any,
    end: Any,
    answer: Connection,
) -> None:
    try:
        _, warm = work(mine, time.monotonic() + seconds / 4)
        begin.wait()
        started, cost = time.monotonic(), time.process_time()
        steps, count = work(mine, started + seconds)
        wall, cost = time.monotonic() - started, time.process_time() - cost
        answer.send(Times(steps, warm + count, count, count / wall, cost, 0.0))
        end.wait()
    except BrokenBarrierError:
        pass  # another one has failed
    except BaseException:
        begin.abort()
        end.abort()
        raise
    answer.close()
    connections.close_all()


def _operations(programme: Programme, mine: Iterator[int], until: float) -> tuple[dict[str, list[float]], int]:
    chain = programme.chain
    actor = system("bench", [chain.controller_id])
    till = vouchers.Till(chain.pk, chain.controller_id, chain.controller.register_id, client_id=1)
    steps: dict[str, list[float]] = {"reserve": [], "redeem": [], "pair": []}
    while time.monotonic() < until:
        subject = next(mine)
        begun = time.perf_counter()
        with Scope(actor, vouchers.ACTIVITY, frozenset({subject})) as scope:
            made = vouchers.reserve(
                scope=scope, subject_id=subject, programme=programme, amount=AMOUNT, key=uuid4(), at=clock.now()
            )
        between = time.perf_counter()
        code = vouchers.code_of(voucher=made, register_id=till.register_id)
        scanned = time.perf_counter()
        with Scope(actor, vouchers.ACTIVITY) as scope:
            vouchers.redeem(
                scope=scope, till=till, code=codes.read(code), amount=AMOUNT, at=clock.now(), reference=uuid4().hex
            )
        done = time.perf_counter()
        for name, took in (("reserve", between - begun), ("redeem", done - scanned), ("pair", done - begun)):
            steps[name].append(took)
    return steps, len(steps["pair"])


def _bare(mine: Iterator[int], until: float) -> tuple[dict[str, list[float]], int]:
    pairs = []
    with database.connect("app", name=DATABASE) as one:
        while time.monotonic() < until:
            subject, code = next(mine), uuid4()
            before = time.perf_counter()
            one.execute(load(__file__, "redeem", "bare_reserve"), {"subject": subject, "code": code, "amount": AMOUNT})
            one.commit()
            one.execute(load(__file__, "redeem", "bare_redeem"), {"code": code})
            one.commit()
            pairs.append(time.perf_counter() - before)
    return {"pair": pairs}, len(pairs)


def _api(programme: Programme, subjects: list[int], seconds: float, pace: float, tell: Callable[[str], None]) -> Times:
    """Vouchers made beforehand, used over sockets: as many as there can be used at the pace of whole pairs."""
    chain = programme.chain
    actor = system("bench", [chain.controller_id])
    count = max(8 * CLIENTS, int(seconds * 1.5 * pace))
    tell(f"{count:,} vouchers")
    ready = []
    for subject in islice(cycle(subjects), count):
        with Scope(actor, vouchers.ACTIVITY, frozenset({subject})) as scope:
            made = vouchers.reserve(
                scope=scope, subject_id=subject, programme=programme, amount=AMOUNT, key=uuid4(), at=clock.now()
            )
        ready.append(vouchers.code_of(voucher=made, register_id=chain.controller.register_id))
    with _server() as (port, key, site):
        return _together(partial(_call, port, key), ready, seconds, over=iter, site=site)


def _call(port: int, key: str, mine: Iterator[str], until: float) -> tuple[dict[str, list[float]], int]:
    link = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    times: list[float] = []
    while time.monotonic() < until and (code := next(mine, None)) is not None:
        body = json.dumps({"code": code, "amount": "0.01", "receipt": uuid4().hex})
        headers = {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": uuid4().hex,
            "Content-Type": "application/json",
        }
        before = time.perf_counter()
        link.request("POST", "/api/v1/till/vouchers/redeem", body, headers)
        answer = link.getresponse()
        answer.read()
        times.append(time.perf_counter() - before)
        require(answer.status == 200, f"the API answered {answer.status}")
    link.close()
    return {"redeem": times}, len(times)


@contextmanager
def _server() -> Iterator[tuple[int, str, int]]:
    """The site in processes of its own on the bench's database (port, key of the chain's tills, process)."""
    environment = {**os.environ, "TILLIT_DATABASE_NAME": DATABASE}
    add = ["api-key", "add", "--chain", "bench0", "--name", "bench", "--per-minute", "100000000"]
    made = subprocess.run([*_TILLIT, *add], env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    key = made.stdout.strip()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [*_TILLIT, "serve", "--port", str(port), "--workers", str(processors())]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(serve, env=environment, stdout=quiet, stderr=quiet)  # noqa: S603 (words of ours)
    try:
        _wait(port)
        yield port, key, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            link = HTTPConnection("127.0.0.1", port, timeout=5)
            link.request("GET", "/api/v1/openapi.json")
            if link.getresponse().status == 200:
                return
        except OSError:
            pass
        require(time.monotonic() < until, "the server does not answer")
        time.sleep(0.1)


def _sums(programme: Programme, pairs: int) -> None:
    """Nothing was lost or made: every book adds up, every balance is its history, and each pair was debited once."""
    with Scope(system("bench", [programme.chain.controller_id]), "bookkeeping"):
        lines = [line for line in ledger.trial_balance() if line.book_id == programme.book_id]
        moved = {line.kind: line.moved for line in lines}
        require(sum(moved.values()) == 0, "the book does not add up")
        require(moved["redeemed"] == pairs * AMOUNT, f"{pairs} pairs, {moved['redeemed']} debited")
        require(ledger.unexplained() == 0, "a balance is not its history")
