"""How long what we hold about one person is kept: cell by cell, the day it goes and the rules that say so (H1, H10)."""

from dataclasses import dataclass
from datetime import date

from tillit.declaration import registry
from tillit.declaration.schema import Retention
from tillit.declaration.vocabulary import category_id
from tillit.kernel import clock
from tillit.kernel.scope import require
from tillit.parties.models import Subject
from tillit.privacy.compiler import Plan, register_plans
from tillit.privacy.planned import Planned, planned
from tillit.privacy.presence import held
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
    compiled = register_plans(parties(day).get(register_id, []))
    found = {(plan.controller_id, plan.table.table, plan.category): plan for plan in compiled}
    with planned() as asking:
        cells = [
            _measure(
                asking,
                found.get((one.controller_id, one.table, one.category)),
                registry.PERSONAL[one.table],
                one.controller_id,
                one.category,
                subject_id,
            )
            for one in held([subject_id], asking)
        ]
    return sorted(cells, key=lambda cell: (category_id(cell.category), cell.table, cell.controller_id))


def _measure(
    asking: Planned,
    plan: Plan | None,
    table: registry.PersonalTable,
    controller_id: int,
    category: str,
    subject_id: int,
) -> Cell:
    plan = plan or Plan(controller_id, table, category, (), due="'-infinity'::timestamp")
    params = {**plan.params, "subject": subject_id}
    ((rows, first, last, archived, on_hold),) = asking.ask(
        f"SELECT count(*), min({plan.due})::text, max({plan.due})::text, bool_and(t.state IN (2, 3)),"
        f" bool_or({plan.held()}) {plan.source()} AND t.subject_id = %(subject)s",
        params,
    )
    return Cell(
        controller_id, table.table, category, rows, _day(first), _day(last), bool(archived), bool(on_hold), plan.rules
    )


def _day(text: str | None) -> date | None:
    return None if text is None or "infinity" in text else date.fromisoformat(text[:10])
