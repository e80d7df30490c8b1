"""Opening a case and taking steps in it. Keyword-only; within an open scope whose activity records the category."""

import base64
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillit.audit.operations import append
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.events import CASE_ADVANCED, CASE_OPENED
from tillit.cases.kinds import CLOSING, FIRST, Kind, Step, kind_of, no_card_number
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.queries import current
from tillit.declaration.vocabulary import category_id
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.parties import sealing
from tillit.parties.operations import lock_subject

_SEALED = (Document._meta.db_table, "sealed")


def open_case(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    kind: str,
    channel: str,
    at: datetime,
    received_at: datetime | None = None,
    fields: Mapping[str, Any] | None = None,
    language: str = "nb",
    category: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Case:
    """Open a case, with its first entry. `received_at`: when it came in (`at` unless given), from which the deadline
    runs. `category`: of its rows where it is not the kind's own; `details`: of its first entry. Raises `CaseError` for
    fields the kind does not know or a reception in the future, `UnknownSubjectError`.
    """
    said, received = kind_of(kind), received_at or at
    if received > at:
        raise CaseError("received-later", "a case cannot have come in later than now")
    stated = said.check(fields or {})
    state = lock_subject(scope=scope, subject_id=subject_id)
    declared = current(controller_id=controller_id, on=clock.local_date(at))
    case = Case.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        category=category_id(category or said.category),
        kind=kind,
        channel=channel,
        language=language,
        received_at=received,
        stage=FIRST,
        due_at=said.deadline(received, declared) if said.deadline else None,
        fields=stated,
    )
    enter(scope, case, FIRST, at, text="", details={"channel": channel, **(details or {})}, shown=True)
    append(
        type=CASE_OPENED,
        scope=scope,
        controller=controller_id,
        subject=subject_id,
        details={"case": case.id, "kind": kind, "channel": channel} | ({"due": case.due_at} if case.due_at else {}),
    )
    return case


def take(
    *,
    scope: Scope,
    case: Case,
    step: str,
    at: datetime,
    text: str = "",
    details: Mapping[str, Any] | None = None,
    outcome: str = "",
    how: str = "",
    due_at: datetime | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Entry:
    """Take a step; the case object is brought up to date. Returns the entry.

    `how`: how the identity was verified, for a step that verifies; `due_at`: the new deadline, for one that extends;
    `fields`: what it states anew, for one that may.
    Raises `CaseError`: `step-unknown`, `step-not-now` (the stage does not allow it), `not-verified`, `field-unknown`,
    `card-number`.
    """
    no_card_number(text)
    lock_subject(scope=scope, subject_id=case.subject_id)
    refresh(case)
    kind = kind_of(case.kind)
    said = kind.steps.get(step)
    if said is None:
        raise CaseError("step-unknown", f"{case.kind} has no step {step}")
    if case.stage not in said.before:
        raise CaseError("step-not-now", f"{step} cannot be taken when the case is {case.stage}")
    was = case.category
    if said.verified and case.verified_at is None:
        raise CaseError("not-verified", f"{step} needs a verified identity")
    moved = _moved(case, kind, said, at, outcome=outcome, how=how, due_at=due_at)
    if fields:
        moved["fields"] = case.fields | kind.stated(fields, said.states)
    if moved:
        Case.objects.filter(subject_id=case.subject_id, id=case.id).update(**moved)
        refresh(case)
    entry = enter(scope, case, step, at, text=text, details=details or {}, shown=said.shown)
    if said.closes or said.reopens:
        _follow(case, before=was)
    for act in CLOSING if said.closes else ():
        act(subject_id=case.subject_id, controller_id=case.controller_id, case_id=case.id, at=at)
    append(
        type=CASE_ADVANCED,
        scope=scope,
        controller=case.controller_id,
        subject=case.subject_id,
        details={"case": case.id, "kind": case.kind, "step": step, "stage": case.stage},
    )
    return entry


def assign(*, scope: Scope, case: Case, staff_id: int | None) -> None:
    """Say who has the case; nobody with None."""
    Case.objects.filter(subject_id=case.subject_id, id=case.id).update(handler=staff_id)
    case.handler = staff_id


def attach(
    *,
    scope: Scope,
    case: Case,
    name: str,
    media_type: str,
    body: bytes,
    at: datetime,
    category: str | None = None,
    attached_by: str = "",
) -> Document:
    """Keep a file with the case, sealed. `category`: of the file where it is not the case's own (its own retention).

    For what the system made itself; what somebody hands in goes through `attachments.add`.
    """
    state = lock_subject(scope=scope, subject_id=case.subject_id)
    table, column = _SEALED
    sealed = sealing.seal(
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        table=table,
        column=column,
        value=base64.b64encode(zlib.compress(body)).decode(),
    )
    return Document.objects.create(
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        state=state,
        category=category_id(category) if category else case.category,
        case_id=case.id,
        name=name,
        media_type=media_type,
        made_at=at,
        attached_by=attached_by,
        bytes=len(body),
        sealed=sealed,
        closed_at=case.closed_at,
    )


def open_document(*, scope: Scope, document: Document) -> bytes:
    """The file. Raises `SealedValueLostError` when the key is gone."""
    table, column = _SEALED
    text = sealing.open_sealed(
        subject_id=document.subject_id,
        controller_id=document.controller_id,
        table=table,
        column=column,
        sealed=document.sealed,
    )
    return zlib.decompress(base64.b64decode(text))


def _moved(
    case: Case, kind: Kind, said: Step, at: datetime, *, outcome: str, how: str, due_at: datetime | None
) -> dict[str, Any]:
    """The columns a step changes."""
    moved: dict[str, Any] = {"stage": said.after} if said.after else {}
    if said.verifies:
        if not how:
            raise CaseError("no-how", "say how the identity was verified")
        moved |= {"verified_at": at, "verified_how": how}
    if said.extends:
        if due_at is None or case.due_at is None or due_at <= case.due_at:
            raise CaseError("no-new-deadline", "say the later day on which the answer is expected")
        moved["due_at"] = due_at
    if said.settles:
        moved["settled_at"] = at
    if said.answers and case.answered_at is None:
        moved["answered_at"] = at
    if said.closes or said.reopens:
        moved["closed_at"] = at if said.closes else None
    if outcome:
        moved["outcome"] = outcome
        if outcome in kind.closes_as and said.closes:
            moved["category"] = category_id(kind.closes_as[outcome])
    return moved


def _follow(case: Case, *, before: int) -> None:
    """What belongs to the case lapses with it: its category (a file's own one excepted) and its closing time."""
    mine = {"subject_id": case.subject_id, "case_id": case.id}
    Entry.objects.filter(**mine).update(category=case.category, closed_at=case.closed_at)
    Document.objects.filter(**mine).update(closed_at=case.closed_at)
    for model in kind_of(case.kind).rows:
        model._default_manager.filter(**mine).update(closed_at=case.closed_at)
    if case.category != before:
        Document.objects.filter(**mine, category=before).update(category=case.category)


def enter(
    scope: Scope, case: Case, step: str, at: datetime, *, text: str, details: Mapping[str, Any], shown: bool
) -> Entry:
    """Write an entry of the log, the next in the case. Its subject is locked."""
    return Entry.objects.create(
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        state=case.state,
        category=case.category,
        case_id=case.id,
        number=1 + Entry.objects.filter(subject_id=case.subject_id, case_id=case.id).count(),
        step=step,
        at=at,
        actor=str(scope.actor),
        shown=shown,
        text=text,
        details=dict(details),
        closed_at=case.closed_at,
    )


def refresh(case: Case) -> None:
    """Bring the object up to date. Raises `UnknownCaseError` when it is gone or out of the scope's sight."""
    fresh = Case.objects.filter(subject_id=case.subject_id, id=case.id).first()
    if fresh is None:
        raise UnknownCaseError("no-case", "there is no such case")
    for field in Case._meta.concrete_fields:
        setattr(case, field.attname, getattr(fresh, field.attname))
