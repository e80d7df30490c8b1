"""How long what we hold about one person is kept: cell by cell, the day it goes and the rules that say so (H1, H10)."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from tillit.declaration import registry
from tillit.declaration.schema import Retention
from tillit.declaration.vocabulary import category_id, category_key
from tillit.kernel import clock
from tillit.kernel.scope import require
from tillit.parties.models import Subject
from tillit.privacy.compiler import Plan, plans
from tillit.privacy.retention import parties


@dataclass(frozen=True)
class Cell:
    """Rows of one table, controller and category about the person.

    first, last: the days the first and the last of them go; None while a clock is open (a membership goes on, a case
    is not closed). archived: whether all of them are in the archive. rules: what the declaration says.
    """

    controller_id: int
    table: str
    category: str
    rows: int
    first: date | None
    last: date | None
    archived: bool
    held: bool
    rules: tuple[Retention, ...]


def outlook(*, subject_id: int, on: date | None = None) -> list[Cell]:
    """Every cell the open scope may see of the person, in the order of categories."""
    require()
    day = on or clock.today()
    register_id = Subject.objects.values_list("register_id", flat=True).get(pk=subject_id)
    found: dict[tuple[int, str, str], Plan] = {}
    members = parties(day).get(register_id, [])
    for party in members:
        others = [m for m in members if m is not party] if party.controller_id == party.holder_id else []
        found |= {(p.controller_id, p.table.table, p.category): p for p in plans(party, others)}
    cells = [
        _measure(found.get((controller, table.table, category)), table, controller, category, subject_id)
        for table in registry.PERSONAL.values()
        for controller, category in held(table, subject_id)
    ]
    return sorted(cells, key=lambda cell: (category_id(cell.category), cell.table, cell.controller_id))


def held(table: registry.PersonalTable, subject_id: int) -> list[tuple[int, str]]:
    """The (controller, category) pairs in which the table holds rows of the person that the scope may see."""
    column = table.category_column or "0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT controller_id, {column} FROM {table.table} WHERE subject_id = %s ORDER BY 1, 2",
            [subject_id],
        )
        return [(c, table.category or category_key(number)) for c, number in cursor.fetchall()]


def _measure(
    plan: Plan | None, table: registry.PersonalTable, controller_id: int, category: str, subject_id: int
) -> Cell:
    plan = plan or Plan(controller_id, table, category, (), due="'-infinity'::timestamp")
    params = {**plan.params, "subject": subject_id}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), min({plan.due})::text, max({plan.due})::text, bool_and(t.state IN (2, 3)),"
            f" bool_or({plan.held()}) {plan.source()} AND t.subject_id = %(subject)s",
            params,
        )
        rows, first, last, archived, on_hold = cursor.fetchone()
    return Cell(
        controller_id, table.table, category, rows, _day(first), _day(last), bool(archived), bool(on_hold), plan.rules
    )


def _day(text: str | None) -> date | None:
    return None if text is None or "infinity" in text else date.fromisoformat(text[:10])
