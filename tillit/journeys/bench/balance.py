"""The balance of a member as the ledger grows (C10): the same question at sizes that grow tenfold.

The balance is read from the accounts, not from the history, so its time should not depend on how many transfers there
are. The yardstick adds up the person's transfers: what a programme does that keeps only a log.
"""

import time
from collections.abc import Callable
from random import Random
from statistics import median, quantiles

from django.db import connection

from tillit.bonus.kinds import ISSUED, LOT
from tillit.bonus.models import Programme
from tillit.bonus.queries import overview
from tillit.journeys.bench import Figure, Result, world
from tillit.journeys.bench.machine import Cost
from tillit.journeys.bench.place import hold_server, require, settle
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load

NAME = "balance"
_AT_ONCE = 50_000


def run(*, people: int, each: int, steps: int, sample: int, tell: Callable[[str], None]) -> Result:
    """Measure with each, 10 × each … transfers a member and chain. Raises `BenchError` where a balance is wrong."""
    world.build(members=people)
    hold_server(logged=["ledger_transfer", "ledger_balance"], secured=["ledger_transfer", "ledger_balance"])
    programmes = list(Programme.objects.select_related("chain"))
    with Scope(system("bench", {one.chain.controller_id for one in programmes}), "bookkeeping"):
        subjects = _subjects(programmes)
    chosen = Random(7).sample(subjects, min(sample, len(subjects)))  # noqa: S311 (the same members every time)
    figures: dict[str, Figure] = {}
    points: list[tuple[int, float, float]] = []
    cost: list[float] = []
    grown = 1
    for step in range(steps):
        wanted = each * 10**step
        for programme in programmes:
            _grow(programme, subjects, wanted - grown)
        grown = wanted
        settle()
        rows = _rows(programmes)
        tell(f"{rows:,} transfers")
        _ask(programmes, chosen[:20], _overview)  # plans are a server's usual state
        begun = Cost.now()
        ours = _ask(programmes, chosen, _overview)
        spent = Cost.now() - begun
        added = _ask(programmes, chosen, _added_up)
        require([a for a, _ in ours] == [b for b, _ in added], "a balance is not its history")
        times, theirs = [t for _, t in ours], [t for _, t in added]
        points.append((rows, median(times), median(theirs)))
        cost.append(1000 * (spent.ours + spent.server) / len(chosen))
        figures[f"processor_{rows}"] = Figure(round(cost[-1], 2), "ms")
        figures[f"p95_{rows}"] = Figure(round(1000 * quantiles(times, n=20)[-1], 2), "ms")
        figures[f"added_up_p95_{rows}"] = Figure(round(1000 * quantiles(theirs, n=20)[-1], 2), "ms")
    first, last = points[0], points[-1]
    ratios = {
        "growth": last[1] / first[1],
        "processor_growth": cost[-1] / cost[0],
        "added_up_growth": last[2] / first[2],
        "beside_adding_up": last[1] / last[2],
    }
    figures["rows"] = Figure(last[0], "transfers")
    figures["members"] = Figure(people, "members")
    bound = "round trips: a scope and one statement that reads the person's accounts by their key"
    return Result(NAME, {name: round(ratio, 3) for name, ratio in ratios.items()}, figures, bound)


def _subjects(programmes: list[Programme]) -> list[int]:
    found: set[int] = set()
    with connection.cursor() as cursor:
        for programme in programmes:
            cursor.execute(load(__file__, "redeem", "holders"), {"book": programme.book_id, "lot": LOT.id})
            found |= {row[0] for row in cursor.fetchall()}
    return sorted(found)


def _grow(programme: Programme, subjects: list[int], each: int) -> None:
    """So many more transfers for every member of the chain, some ten thousand a transaction."""
    if each <= 0:
        return
    some = max(1, _AT_ONCE // each)
    actor = system("bench", [programme.chain.controller_id])
    for start in range(0, len(subjects), some):
        part = subjects[start : start + some]
        given = {
            "issued": ISSUED.id,
            "lot": LOT.id,
            "book": programme.book_id,
            "each": each,
            "after": part[0] - 1,
            "until": part[-1],
        }
        with Scope(actor, "bonus_earning"), connection.cursor() as cursor:
            cursor.execute(load(__file__, "redeem", "grow"), given)


def _rows(programmes: list[Programme]) -> int:
    actor = system("bench", {one.chain.controller_id for one in programmes})
    with Scope(actor, "bookkeeping"), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_transfer")
        return int(cursor.fetchone()[0])


def _ask(programmes: list[Programme], chosen: list[int], how: Callable[[int], int]) -> list[tuple[int, float]]:
    actor = system("bench", {one.chain.controller_id for one in programmes})
    found = []
    for subject in chosen:
        before = time.perf_counter()
        with Scope(actor, "self_service", frozenset({subject})):
            total = how(subject)
        found.append((total, time.perf_counter() - before))
    return found


def _overview(subject: int) -> int:
    return sum(one.available for one in overview(subject_id=subject, on=clock.today()))


def _added_up(subject: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "redeem", "added_up"), {"subject": subject, "lot": LOT.id, "on": clock.today()})
        return int(cursor.fetchone()[0])
