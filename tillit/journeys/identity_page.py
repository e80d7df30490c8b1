"""Birth date, gender, national number and address on the pages of the person and of the desk (A6).

What may be recorded there is what the declaration lets the activity record. A sealed value is opened for the person, or
for a colleague whose purpose has it, one at a time and on record; it is never part of a list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tillit.audit.events import KEY_OPENED, PERSON_CORRECTED
from tillit.audit.operations import append
from tillit.cases.rights import CORRECTABLE
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.disclosure.models import What
from tillit.journeys import person_facts, protected
from tillit.journeys.tell_recipients import tell_recipients
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties import protection
from tillit.parties.actors import person_scope
from tillit.parties.models import Fact, SealedFact
from tillit.parties.operations import open_fact

KINDS = (*person_facts.ADDRESS, "birth_date", "gender", "national_number")


@dataclass(frozen=True)
class Line:
    """A kind of fact as the page has it. value: '' for a sealed one; may: whether it may be recorded here."""

    kind: str
    category: str
    value: str
    sealed: bool
    known: bool
    may: bool
    since: datetime | None
    source: str


def lines(*, scope: Scope, controller: Controller, subject_id: int) -> list[Line]:
    """Every kind that the controller keeps, as the open scope sees and may record it."""
    declared = current(controller_id=controller.pk, on=clock.today())
    activity = declared.activity(scope.activity)
    seen = {*activity.uses, *activity.records} if activity else set()
    facts = {row.kind: row for row in Fact.objects.filter(subject_id=subject_id, superseded_at__isnull=True)}
    sealed = {row.kind: row for row in SealedFact.objects.filter(subject_id=subject_id, superseded_at__isnull=True)}
    hidden = sealed.get(protection.SEALED) if protection.stands(subject_id=subject_id) else None
    found = []
    for kind in KINDS:
        category = CORRECTABLE[kind]
        if category not in declared.category_keys() or not ({"*", category} & seen):
            continue
        row = facts.get(kind) or sealed.get(kind)
        value = facts[kind].value if kind in facts else ""
        may = activity is not None and category in activity.records
        since, source = (row.collected_at, row.source) if row else (None, "")
        closed = kind in person_facts.SEALED
        if hidden is not None and kind in protection.PARTS:
            row, value, closed = hidden, "", True
            since, source = row.collected_at, row.source
        found.append(Line(kind, category, value, closed, row is not None, may, since, source))
    return found


def own_lines(*, actor: Actor, controller: Controller, subject_id: int) -> list[Line]:
    """The same on the person's own page."""
    with Scope(actor, "self_service", frozenset({subject_id})) as scope:
        return lines(scope=scope, controller=controller, subject_id=subject_id)


def desk_lines(*, actor: Actor, controller: Controller, activity: str, subject_id: int) -> list[Line]:
    """The same at the desk, for a purpose. Raises `ScopeError`, `NotAssignedError`."""
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        return lines(scope=scope, controller=controller, subject_id=subject_id)


def change(*, scope: Scope, controller: Controller, subject_id: int, values: Mapping[str, str], source: str) -> int:
    """Record what is filled in, within an open scope; how many changed. Raises as `person_facts.keep`; `ValueError`
    for a kind that may not be recorded here. A national number that the person typed is not proven theirs by that.
    """
    holder, at, changed = holder_of(controller_id=controller.pk), clock.now(), set()
    may = {line.kind for line in lines(scope=scope, controller=controller, subject_id=subject_id) if line.may}
    for kind, text in values.items():
        if kind not in may:
            raise ValueError(kind)
        if person_facts.keep(
            scope=scope,
            subject_id=subject_id,
            controller_id=holder,
            register_id=controller.register_id,
            kind=kind,
            text=text,
            source=source,
            at=at,
            proven=scope.actor.kind != "member",
        ):
            changed.add(kind)
            append(
                type=PERSON_CORRECTED,
                scope=scope,
                controller=holder,
                subject=subject_id,
                details={"category": CORRECTABLE[kind], "kind": kind, "source": source},
            )
    if changed:
        tell_recipients(
            subject_id=subject_id,
            register_id=controller.register_id,
            what=What.RECTIFIED,
            at=at,
            categories=sorted({CORRECTABLE[kind] for kind in changed}),
        )
    return len(changed)


def opened(*, scope: Scope, controller: Controller, subject_id: int, kind: str) -> str | None:
    """The sealed value in clear, on record; None when there is none that the scope sees."""
    if kind == protection.SEALED:
        return protected.opened(scope=scope, controller=controller, subject_id=subject_id) or None
    row = SealedFact.objects.filter(subject_id=subject_id, kind=kind, superseded_at__isnull=True).first()
    if row is None:
        return None
    append(
        type=KEY_OPENED,
        scope=scope,
        controller=controller.pk,
        subject=subject_id,
        details={"purpose": scope.activity, "category": CORRECTABLE[kind]},
    )
    return open_fact(scope=scope, fact=row)
