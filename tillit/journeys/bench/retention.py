"""`tillit bench retention`: everything due disposed of, beside a DELETE written by hand for these very rows.

One in a hundred members has left, so one row in a hundred is due. `retention.run` is the whole product: every rule of
every declaration, archives, holds, locks, digests, keys, logins and the empty subject. The yardstick is what a careful
programmer writes who knows the rules of these tables: four statements in one transaction, on copies with the same keys,
indexes and links, to which all tables refer that refer to people here; and, undone, on three tables that stand alone.
Both must leave the same rows.
"""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from tillit.declaration.vocabulary import category_id
from tillit.journeys.bench import Figure, Result, crowd
from tillit.journeys.bench.machine import Cost, processors
from tillit.journeys.bench.place import hold_server, require, settle
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.kernel.sql import load
from tillit.privacy import retention

NAME = "retention"
ROWS = 10_000_000
_TABLES = {
    "parties_fact": "bench_fact",
    "parties_relationship": "bench_relationship",
    "parties_subject": "bench_subject",
}
_BY_HAND = ("delete_facts", "delete_replaced", "delete_relationships", "delete_subjects")
Tell = Callable[[str], None]


def run(*, rows: int = ROWS, tell: Tell) -> Result:
    """Measure and report. In a process whose database is `place.DATABASE`, made by `place.prepared`.

    Raises `BenchError` when a condition does not hold or something else is left than by hand.
    """
    tell(f"{rows:,} rows")
    made = crowd.build(people=rows // crowd.EACH)
    hold_server(logged=["parties_fact", "parties_relationship"], secured=["parties_fact", "parties_relationship"])
    before = _left(made)
    tell("by hand")
    alone = _delete(undo=True)
    settle()
    crowd.link_alike()
    by_hand = _delete()
    settle()
    tell("rehearsal")
    began = time.monotonic()
    retention.run(dry_run=True)
    rehearsal = time.monotonic() - began
    settle()
    tell("Tillit")
    started = Cost.now()
    retention.run()
    cost = Cost.now() - started
    after = _left(made)
    gone = before["parties_fact"] - after["parties_fact"]
    require(gone > 0, "nothing was due")
    for ours, theirs in _TABLES.items():
        require(after[ours] == after[theirs], f"{ours}: {after[ours]} rows are left, by hand {after[theirs]}")
    tell("again, with nothing due")
    started = Cost.now()
    retention.run()
    idle = Cost.now() - started
    figures = {
        "rows": Figure(before["parties_fact"], "rows"),
        "due": Figure(gone, "rows"),
        "people_gone": Figure(before["parties_subject"] - after["parties_subject"], "people"),
        "seconds": Figure(round(cost.wall, 2), "s"),
        "processor": Figure(round(cost.ours + cost.server, 2), "s"),
        "by_hand": Figure(round(by_hand.wall, 2), "s"),
        "by_hand_processor": Figure(round(by_hand.server + by_hand.ours, 2), "s"),
        "by_hand_alone": Figure(round(alone.wall, 2), "s"),
        "rehearsal": Figure(round(rehearsal, 2), "s"),
        "nothing_due": Figure(round(idle.wall, 2), "s"),
        "busy": Figure(round(100 * cost.busy), "%"),
        "processors": Figure(processors(), "processors"),
    }
    ratios = {
        "delete_by_hand": cost.wall / by_hand.wall,
        "processor_time": (cost.ours + cost.server) / (by_hand.ours + by_hand.server),
        "delete_alone": cost.wall / alone.wall,
        "nothing_due": idle.wall / by_hand.wall,
    }
    ratios = {name: round(ratio, 3) for name, ratio in ratios.items()}
    return Result(NAME, ratios, figures, _bound(cost))


def _delete(*, undo: bool = False) -> Cost:
    given: dict[str, Any] = {"today": clock.today(), "named": [category_id(key) for key in ("identity", "contact")]}
    started = Cost.now()
    with transaction.atomic(), connection.cursor() as cursor:
        for name in _BY_HAND:
            cursor.execute(load(crowd.__file__, "crowd", name), given)
        cost = Cost.now() - started
        transaction.set_rollback(undo)
    return cost if undo else Cost.now() - started


def _left(made: crowd.Crowd) -> dict[str, int]:
    found = {}
    with Scope(made.actor, "retention"), connection.cursor() as cursor:
        for table in (*_TABLES, *_TABLES.values()):
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            found[table] = cursor.fetchone()[0]
    return found


def _bound(cost: Cost) -> str:
    what = "processor time" if cost.busy > 0.4 else "the disk and waiting"
    return (
        f"{what} of one connection: reading the tables once a rule that asks about each row (what was replaced a year "
        "ago), finding by index the rows of people whose clocks have run out, and deleting them with their log"
    )
