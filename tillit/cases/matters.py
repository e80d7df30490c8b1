"""Opening a matter that names nobody, and taking steps in it: the engine of kinds with `nobodys` (see `kinds.Kind`).

Keyword-only, within an open scope whose activity is the kind's. Locks the matter's controller, then the matter.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillit.cases.errors import CaseError
from tillit.cases.kinds import FIRST, Kind, Step, kind_of
from tillit.cases.models import Matter, MatterEntry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope, require


def open_matter(
    *,
    scope: Scope,
    controller_id: int,
    kind: str,
    source: str,
    at: datetime,
    fields: Mapping[str, Any],
    known_at: datetime | None = None,
    key: str | None = None,
    drill: bool = False,
) -> Matter:
    """Open a matter with its first entry. `known_at`: from when its clock runs; None: not yet.

    Raises `CaseError`: for fields the kind does not know, `known-early` for a moment that has not been.
    """
    said = kind_of(kind)
    require(activity=said.activity)
    stated = said.check(fields)
    Controller.objects.select_for_update().get(pk=controller_id)  # one number after the other
    year = clock.local_date(at).year
    mine = Matter.objects.filter(controller_id=controller_id, kind=kind, reference__startswith=f"{year}-")
    matter = Matter.objects.create(
        controller_id=controller_id,
        kind=kind,
        reference=f"{year}-{1 + mine.count():03}",
        key=key,
        source=source,
        drill=drill,
        stage=FIRST,
        suspected_at=at,
        fields=stated,
        **(_started(said, controller_id, known_at, at, since=None) if known_at is not None else {}),
    )
    _enter(scope, matter, "registered", at, str(stated.get("what", "")))
    return matter


def take(
    *,
    scope: Scope,
    matter: Matter,
    step: str,
    at: datetime,
    text: str = "",
    fields: Mapping[str, Any] | None = None,
    known_at: datetime | None = None,
    because: str = "",
    outcome: str = "",
) -> MatterEntry:
    """Take a step; the object is brought up to date. `known_at`: for one that starts the clock; `because`: why so late.

    Raises `CaseError`: `step-unknown`, `step-not-now`, `field-unknown`, `field-value`, `known-early`, `say-why-late`,
    `not-done` with what is still owed.
    """
    kind = kind_of(matter.kind)
    require(activity=kind.activity)
    Matter.objects.select_for_update().get(pk=matter.pk)
    matter.refresh_from_db()
    said = kind.steps.get(step)
    if said is None:
        raise CaseError("step-unknown", f"{matter.kind} has no step {step}")
    if matter.stage not in said.before:
        raise CaseError("step-not-now", f"{step} cannot be taken when {matter.reference} is {matter.stage}")
    if said.complete and (missing := owed(matter)):
        raise CaseError("not-done", "before it is closed: " + ", ".join(missing))
    stated = kind.stated(fields or {}, said.states)
    if said.stamps:
        stated |= kind.stated({said.stamps: at}, frozenset({said.stamps}))
    moved = {"fields": matter.fields | stated} | _moved(kind, said, matter, at, known_at, because, outcome)
    for name, value in moved.items():
        setattr(matter, name, value)
    matter.save(update_fields=list(moved))
    return _enter(scope, matter, step, at, text)


def note(*, scope: Scope, matter: Matter, step: str, at: datetime, text: str) -> MatterEntry:
    """Put on record what was done about it elsewhere: how many people it turned out to concern."""
    return _enter(scope, matter, step, at, text)


def owed(matter: Matter) -> list[str]:
    """What must still be done, by the declaration in effect."""
    kind = kind_of(matter.kind)
    declared = current(controller_id=matter.controller_id, on=clock.today())
    return kind.owed(matter, declared) if kind.owed is not None else []


def _moved(
    kind: Kind, said: Step, matter: Matter, at: datetime, known_at: datetime | None, because: str, outcome: str
) -> dict[str, Any]:
    """The columns a step changes."""
    moved: dict[str, Any] = {"stage": said.after} if said.after else {}
    if said.starts:
        if known_at is None:
            raise CaseError("known-early", "say when it became known")
        moved |= _started(kind, matter.controller_id, known_at, at, since=matter.suspected_at)
    if said.answers and matter.answered_at is None:
        if said.explained and matter.due_at is not None and at > matter.due_at and not because.strip():
            raise CaseError("say-why-late", "the deadline has passed: say why the answer is so late")
        moved |= {"answered_at": at, "late_because": because}
    if said.closes:
        moved |= {"closed_at": at}
    return moved | ({"outcome": outcome} if outcome else {})


def _started(
    kind: Kind, controller_id: int, known_at: datetime, at: datetime, *, since: datetime | None
) -> dict[str, Any]:
    """The clock as it runs from a moment that has been, and not long before the matter came in."""
    if known_at > at or (since is not None and (since - known_at).days > 365):
        raise CaseError("known-early", "that cannot be when it became known")
    declared = current(controller_id=controller_id, on=clock.local_date(known_at))
    return {"known_at": known_at, "due_at": kind.deadline(known_at, declared) if kind.deadline else None}


def _enter(scope: Scope, matter: Matter, step: str, at: datetime, text: str) -> MatterEntry:
    number = 1 + MatterEntry.objects.filter(matter=matter).count()
    return MatterEntry.objects.create(matter=matter, number=number, step=step, at=at, actor=str(scope.actor), text=text)
