"""The balance of a member as the ledger grows (C10): the same question at sizes that grow, in history or in members.

The balance is read from the accounts, not from the history, so its time should not depend on how many transfers there
are, nor on how many members. That no table of people is read from end to end is looked up in the server's own counts.
The yardstick adds up the person's transfers: what a programme does that keeps only a log.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median, quantiles
from typing import Any

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
_READ = (
    *("ledger_balance", "ledger_transfer", "bonus_voucher", "purchases_authorisation", "purchases_unmatched_refund"),
    "parties_subject",
)
"""What a balance is read from."""


def run(
    *, people: int, each: int, steps: int, sample: int, sizes: Sequence[int] = (), tell: Callable[[str], None]
) -> Result:
    """Measure with each, 10 × each … transfers a member and chain; or, with `sizes`, with so many members, one size
    after the other, of `each` transfers in three chains. Raises `BenchError` where a balance is wrong or a table was
    read whole.
    """
    world.build(members=sizes[0] if sizes else people)
    hold_server(logged=["ledger_transfer", "ledger_balance"], secured=["ledger_transfer", "ledger_balance"])
    programmes = list(Programme.objects.select_related("chain"))
    points: list[_Point] = []
    known: set[int] = set()
    grown = 1
    for step in range(len(sizes) or steps):
        if sizes and step:
            world.more_members(after=sizes[step - 1], until=sizes[step])
        with Scope(system("bench", {one.chain.controller_id for one in programmes}), "bookkeeping"):
            subjects = _subjects(programmes)
        wanted = each if sizes else each * 10**step
        if sizes:
            new, grown = sorted(set(subjects) - known), 1
        else:
            new = subjects
        begun = time.perf_counter()
        for programme in programmes:
            _grow(programme, new, wanted - grown)
        grown, known = wanted, set(subjects)
        settle()
        tell(f"{_rows(programmes):,} transfers of {len(subjects):,} members ({time.perf_counter() - begun:.0f} s)")
        points.append(_measured(programmes, subjects, sample))
    return _result(points)


@dataclass(frozen=True)
class _Point:
    """One size: how many transfers and members; seconds of each question, ours and adding up; processor ms a question;
    how many statements read one of the tables from end to end.
    """

    rows: int
    members: int
    ours: list[float]
    theirs: list[float]
    cost: float
    whole: int


def _measured(programmes: list[Programme], subjects: list[int], sample: int) -> _Point:
    chosen = Random(7).sample(subjects, min(sample, len(subjects)))  # noqa: S311 (the same members every time)
    _ask(programmes, chosen[:20], _overview)  # plans are a server's usual state
    before, begun = _whole_reads(), Cost.now()
    ours = _ask(programmes, chosen, _overview)
    spent, whole = Cost.now() - begun, _whole_reads() - before
    added = _ask(programmes, chosen, _added_up)
    require([a for a, _ in ours] == [b for b, _ in added], "a balance is not its history")
    require(whole == 0, "the plan of a balance reads a table of people from end to end")
    cost = 1000 * (spent.ours + spent.server) / len(chosen)
    return _Point(_rows(programmes), len(subjects), [t for _, t in ours], [t for _, t in added], cost, whole)


def _result(points: list[_Point]) -> Result:
    figures: dict[str, Figure] = {}
    for one in points:
        at = f"{one.rows}"
        figures[f"members_{at}"] = Figure(one.members, "members")
        figures[f"processor_{at}"] = Figure(round(one.cost, 2), "ms")
        figures[f"p50_{at}"] = Figure(round(1000 * median(one.ours), 2), "ms")
        figures[f"p95_{at}"] = Figure(round(1000 * quantiles(one.ours, n=20)[-1], 2), "ms")
        figures[f"added_up_p95_{at}"] = Figure(round(1000 * quantiles(one.theirs, n=20)[-1], 2), "ms")
    first, last = points[0], points[-1]
    ratios = {
        "growth": median(last.ours) / median(first.ours),
        "processor_growth": last.cost / first.cost,
        "added_up_growth": median(last.theirs) / median(first.theirs),
        "beside_adding_up": median(last.ours) / median(last.theirs),
    }
    figures["rows"] = Figure(last.rows, "transfers")
    figures["members"] = Figure(last.members, "members")
    figures["tables_read_whole"] = Figure(sum(one.whole for one in points), "scans")
    bound = "round trips: a scope and one statement that reads the person's accounts by their key"
    return Result(NAME, {name: round(ratio, 3) for name, ratio in ratios.items()}, figures, bound)


def _whole_reads() -> int:
    """How often the tables that hold people's rows were read from end to end, as the server counts it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(load(__file__, "redeem", "whole_reads"), {"tables": list(_READ)})
        return int(cursor.fetchone()[0])


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
        given: dict[str, Any] = {
            "issued": ISSUED.id,
            "lot": LOT.id,
            "book": programme.book_id,
            "each": each,
            "subjects": part,
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
