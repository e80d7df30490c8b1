"""Vouchers made and used by 16 clients in one chain (C9), beside two hand-written transactions on bare tables.

Each client is a process with a connection of its own. A pair is what the journeys do: a scope in which the member sets
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
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from statistics import quantiles
from typing import Any
from uuid import uuid4

from django.db import connection, connections

from tillit.bonus import codes, vouchers
from tillit.bonus.kinds import LOT
from tillit.bonus.models import Programme
from tillit.journeys.bench import Figure, Result, world
from tillit.journeys.bench.machine import processors
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
_START = 15  # seconds for the server to answer


@dataclass
class Times:
    """What clients measured: seconds a step by name, pairs done, and how long all of it took."""

    steps: dict[str, list[float]]
    done: int
    wall: float

    @property
    def rate(self) -> float:
        """Pairs (or uses) a second."""
        return self.done / self.wall

    def p95(self, step: str) -> float:
        """The 95th percentile of a step, in milliseconds."""
        return 1000 * quantiles(self.steps[step], n=20)[-1]


def run(*, people: int, seconds: float, tell: Callable[[str], None]) -> Result:
    """Measure in the database made by `place.prepared`. Raises `BenchError` where a sum is wrong afterwards."""
    tell(f"{people:,} members")
    world.build(members=people)
    programme = Programme.objects.select_related("chain__controller").get(chain__key="bench0")
    subjects = _holders(programme)
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
    ours = _together(lambda mine, until: _operations(programme, mine, until), subjects, seconds)
    tell("the API")
    api = _api(programme, subjects, seconds, tell)
    _sums(programme, ours.done + api.done)
    ratios = {
        "pair_operations": bare.rate / ours.rate,
        "use_api_beside_pair_operations": ours.rate / api.rate,
    }
    figures = {
        "pairs": Figure(round(ours.rate), "pairs/s"),
        "reserve_p95": Figure(round(ours.p95("reserve"), 1), "ms"),
        "redeem_p95": Figure(round(ours.p95("redeem"), 1), "ms"),
        "bare_pairs": Figure(round(bare.rate), "pairs/s"),
        "bare_p95": Figure(round(bare.p95("pair"), 1), "ms"),
        "api_uses": Figure(round(api.rate), "uses/s"),
        "api_p95": Figure(round(api.p95("redeem"), 1), "ms"),
        "clients": Figure(CLIENTS, "processes"),
        "processors": Figure(processors(), "processors"),
    }
    bound = "processors: a pair is two scopes of one statement each, of which the ledger's functions take the most"
    return Result(NAME, {name: round(ratio, 3) for name, ratio in ratios.items()}, figures, bound)


def _holders(programme: Programme) -> list[int]:
    with Scope(system("bench", [programme.chain.controller_id]), "bookkeeping"), connection.cursor() as cursor:
        cursor.execute(load(__file__, "redeem", "holders"), {"book": programme.book_id, "lot": LOT.id})
        return [row[0] for row in cursor.fetchall()]


Work = Callable[[list[int], float], tuple[dict[str, list[float]], int]]


def _together(work: Work, subjects: list[Any], seconds: float) -> Times:
    """Let every client work on its own part of the list until the time is up."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    until = time.monotonic() + 1 + seconds
    clients, ends = [], []
    for number in range(CLIENTS):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_client, args=(work, subjects[number::CLIENTS], until, seconds, there))
        process.start()
        there.close()
        clients.append(process)
        ends.append(here)
    steps: dict[str, list[float]] = {}
    done = 0
    for end in ends:
        measured, count = end.recv()
        done += count
        for name, times in measured.items():
            steps.setdefault(name, []).extend(times)
    for process in clients:
        process.join()
    require(done > 0, "no client has done anything")
    return Times(steps, done, seconds)


def _client(work: Work, mine: list[int], until: float, seconds: float, end: Connection) -> None:
    while time.monotonic() < until - seconds:
        time.sleep(0.005)
    end.send(work(mine, until))
    end.close()
    connections.close_all()


def _operations(programme: Programme, mine: list[int], until: float) -> tuple[dict[str, list[float]], int]:
    chain = programme.chain
    actor = system("bench", [chain.controller_id])
    till = vouchers.Till(chain.pk, chain.controller_id, chain.controller.register_id, client_id=1)
    reserved, used = [], []
    turn = 0
    while time.monotonic() < until:
        subject = mine[turn % len(mine)]
        turn += 1
        before = time.perf_counter()
        with Scope(actor, vouchers.ACTIVITY, frozenset({subject})) as scope:
            made = vouchers.reserve(
                scope=scope, subject_id=subject, programme=programme, amount=AMOUNT, key=uuid4(), at=clock.now()
            )
        between = time.perf_counter()
        code = vouchers.code_of(voucher=made, register_id=till.register_id)
        scanned = time.perf_counter()
        with Scope(actor, vouchers.ACTIVITY) as scope:
            vouchers.redeem(
                scope=scope, till=till, code=codes.read(code), amount=AMOUNT, at=clock.now(), reference=f"r{turn}"
            )
        used.append(time.perf_counter() - scanned)
        reserved.append(between - before)
    return {"reserve": reserved, "redeem": used}, turn


def _bare(mine: list[int], until: float) -> tuple[dict[str, list[float]], int]:
    pairs = []
    turn = 0
    with database.connect("app", name=DATABASE) as one:
        while time.monotonic() < until:
            subject, code = mine[turn % len(mine)], uuid4()
            turn += 1
            before = time.perf_counter()
            one.execute(load(__file__, "redeem", "bare_reserve"), {"subject": subject, "code": code, "amount": AMOUNT})
            one.commit()
            one.execute(load(__file__, "redeem", "bare_redeem"), {"code": code})
            one.commit()
            pairs.append(time.perf_counter() - before)
    return {"pair": pairs}, turn


def _api(programme: Programme, subjects: list[int], seconds: float, tell: Callable[[str], None]) -> Times:
    """Vouchers made beforehand, used over sockets."""
    chain = programme.chain
    actor = system("bench", [chain.controller_id])
    count = int(seconds * 400)
    tell(f"{count:,} vouchers")
    ready = []
    for number in range(count):
        subject = subjects[number % len(subjects)]
        with Scope(actor, vouchers.ACTIVITY, frozenset({subject})) as scope:
            made = vouchers.reserve(
                scope=scope, subject_id=subject, programme=programme, amount=AMOUNT, key=uuid4(), at=clock.now()
            )
        ready.append(vouchers.code_of(voucher=made, register_id=chain.controller.register_id))
    with _server() as (port, key):
        return _together(lambda mine, until: _call(port, key, mine, until), ready, seconds)


def _call(port: int, key: str, mine: list[Any], until: float) -> tuple[dict[str, list[float]], int]:
    link = HTTPConnection("127.0.0.1", port, timeout=30)
    times = []
    for number, code in enumerate(mine):
        if time.monotonic() >= until:
            break
        body = json.dumps({"code": code, "amount": "0.01", "receipt": f"r{number}"})
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
    return {"redeem": times}, len(times)


@contextmanager
def _server() -> Iterator[tuple[int, str]]:
    """The site in processes of its own on the bench's database, and a key for the chain's tills."""
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
        yield port, key
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int) -> None:
    until = time.monotonic() + _START
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
