"""What is due, overdue and coming, by plan: the figures that tell whether disposal keeps its days."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from tillit.declaration import registry
from tillit.kernel.scope import Actor, Scope, system
from tillit.privacy.compiler import Plan
from tillit.privacy.retention import all_plans, of_something, parties
from tillit.privacy.stages import archive_plans

Cell = tuple[int, str, str]
"""Controller, table, category."""


@dataclass(frozen=True)
class Seen:
    """A cell on one day. rows: how many it holds; overdue: due and neither gone nor held; next_due: the next day on
    which any goes; rests_on: the tables that its people's clocks are read from.
    """

    rows: int
    overdue: int
    next_due: date | None
    rests_on: frozenset[str]


_COUNT = """SELECT count(*), count(*) FILTER (WHERE due <= %(on)s AND NOT held),
  min(due) FILTER (WHERE due > %(on)s AND due < 'infinity')::date"""


def look(on: date) -> dict[Cell, Seen]:
    """Every cell that holds rows."""
    found = {}
    for actor, plan in of_something(all_plans(on)):
        rows, overdue, following = _ask(actor, plan, on, "")
        if rows:
            cell = plan.controller_id, plan.table.table, plan.category
            asked = " ".join(plan.joins)
            found[cell] = Seen(rows, overdue, following, frozenset(t for t in registry.PERSONAL if t in asked))
    return found


def archives(on: date) -> tuple[int, date | None]:
    """How many rows ought to be in an archive and are not, and the next day on which one enters."""
    late, days = 0, []
    for members in parties(on).values():
        actor = system("retention", [party.controller_id for party in members])
        for party in members:
            others = [m for m in members if m is not party] if party.controller_id == party.holder_id else []
            for plan in archive_plans(party, others):
                _, overdue, following = _ask(actor, plan, on, f"AND t.state IN (0, 1) AND {plan.due} > '-infinity'")
                late += overdue
                days += [following] if following else []
    return late, min(days, default=None)


def _ask(actor: Actor, plan: Plan, on: date, also: str) -> tuple[int, int, date | None]:
    held = "false" if also else plan.held()  # a hold keeps nothing out of an archive
    with Scope(actor, "retention"), connection.cursor() as cursor:
        text = f"SELECT {plan.due} AS due, {held} AS held {plan.source()} {also}"
        cursor.execute(f"{_COUNT} FROM ({text}) x", {**plan.params, "on": on})
        row: tuple[int, int, date | None] = cursor.fetchone()
        return row
