"""A person's own proof: each thing held, why, until when, and whether that is kept (H1, H10; Min side)."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.wording import Words
from tillit.kernel import clock
from tillit.privacy.outlook import Cell, outlook


@dataclass(frozen=True)
class Item:
    """What one controller holds of a category about the person, in one table.

    why: the activities that use it; sources and recipients by name; rules: when it goes, in words. until: the day the
    last of it goes, first: the day the first goes; None while something keeps it open (a membership goes on). state:
    `broken` when something of it should already be gone.
    """

    controller: str
    category: str
    name: str
    rows: int
    why: tuple[str, ...]
    sources: tuple[str, ...]
    recipients: tuple[str, ...]
    rules: tuple[str, ...]
    first: date | None
    until: date | None
    on_hold: bool
    archived: bool
    state: Literal["kept", "broken"]


def promises_for(*, subject_id: int, language: str) -> list[Item]:
    """Everything the open scope sees of the person, by category. Under `self_service` that is what Min side may show.

    Raises `UnscopedAccessError` outside every scope.
    """
    today = clock.today()
    cells = outlook(subject_id=subject_id, on=today)
    names = dict(Controller.objects.values_list("id", "name"))
    declared = {c: current(controller_id=c, on=today) for c in {cell.controller_id for cell in cells}}
    return [_item(cell, declared[cell.controller_id], names[cell.controller_id], language, today) for cell in cells]


def state_of(cell: Cell, today: date) -> Literal["kept", "broken"]:
    """Whether what is promised of the cell is kept: `broken` when something of it should already be gone."""
    overdue = not cell.held and cell.first is not None and cell.first <= today
    return "broken" if overdue else "kept"


def _item(cell: Cell, declaration: Declaration, controller: str, language: str, today: date) -> Item:
    words = Words(declaration, language)
    uses = [a for a in declaration.activities if cell.category in (*a.uses, *a.records)]
    sources = dict.fromkeys(source for a in uses if cell.category in a.records for source in a.sources)
    return Item(
        controller=controller,
        category=cell.category,
        name=words.word("categories", cell.category),
        rows=cell.rows,
        why=tuple(dict.fromkeys(words.of(activity.purpose) for activity in uses)),
        sources=words.words("sources", sources),
        recipients=tuple(r.name for r in declaration.recipients if cell.category in r.categories),
        rules=tuple(dict.fromkeys(words.retention(rule) for rule in cell.rules)),
        first=cell.first,
        until=cell.last,
        on_hold=cell.held,
        archived=cell.archived,
        state=state_of(cell, today),
    )
