"""Enquiries as they are read: on Min side by the person, in the queue and on the case by staff (D9, A9)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.cases import attachments, queries
from tillit.cases.customers import KINDS
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.enquiries.acting import ACTIVITY, desk, handling, of_desk
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.messages.models import Message
from tillit.parties.models import Fact, Relationship

PARTS = ("unanswered", "waiting", "open", "unassigned", "closed", "all")
"""The ways to look at the queue: with us, with the person, either, nobody's, over, every one."""
COLUMNS = ("number", "kind", "topic", "channel", "received", "stage", "days", "outcome", "closed", "handler")
_OURS = ("received", "in_hand")


@dataclass(frozen=True)
class Line:
    """One line of a case's log: what happened, and the words, from the log or from the message. `message`: of ours or
    theirs, with its way and whether it went; None where nothing was sent. `document`: what was attached.
    """

    entry: Entry
    text: str
    message: Message | None
    document: Document | None


@dataclass(frozen=True)
class Shown:
    """An enquiry. days: since the person last waited for us, None when we wait for them or it is over."""

    case: Case
    days: int | None
    lines: list[Line]
    documents: list[Document]


@dataclass(frozen=True)
class Handled:
    """An enquiry as who handles it sees it."""

    shown: Shown
    name: str
    address: str
    ties: list[Relationship]


def own(*, actor: Actor, controller: Controller, subject_id: int) -> list[Shown]:
    """The person's enquiries to the controller, the newest first, without their logs."""
    with Scope(actor, "self_service", frozenset({subject_id})):
        rows = queries.of_person(subject_id=subject_id).filter(controller_id=controller.pk, kind__in=KINDS)
        return [Shown(row, _days(row, controller), [], []) for row in rows]


def own_case(*, actor: Actor, controller: Controller, subject_id: int, case_id: int) -> Shown:
    """One of them, with what is shown to the person. Raises `UnknownCaseError`."""
    with Scope(actor, "self_service", frozenset({subject_id})):
        return _shown(of_desk(controller, queries.case(case_id=case_id, subject_id=subject_id)), controller, own=True)


def own_file(
    *, actor: Actor, controller: Controller, subject_id: int, case_id: int, document_id: int
) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a file of the person's own case. Raises `UnknownCaseError`."""
    with Scope(actor, "self_service", frozenset({subject_id})) as scope:
        case = of_desk(controller, queries.case(case_id=case_id, subject_id=subject_id))
        return attachments.open_file(scope=scope, case=case, document_id=document_id)


def queue(
    *,
    actor: Actor,
    controller: Controller,
    part: str = "unanswered",
    kind: str = "",
    topic: str = "",
    mine: bool = False,
    page: int = 1,
    size: int = 50,
) -> tuple[list[Shown], bool]:
    """One page of the queue, who has waited longest first, and whether more follow. Names nobody. `ScopeError`."""
    with desk(actor=actor, controller=controller):
        rows = _filtered(controller, part, kind, topic, _handler(actor) if mine else None)
        found = list(rows[(page - 1) * size : page * size + 1])
        return [Shown(row, _days(row, controller), [], []) for row in found[:size]], len(found) > size


def counts(*, actor: Actor, controller: Controller) -> dict[str, int]:
    """How many there are in each part of the queue that may grow."""
    with desk(actor=actor, controller=controller):
        return {part: _filtered(controller, part, "", "", None).count() for part in PARTS[:4]}


def export(
    *, actor: Actor, controller: Controller, part: str, kind: str = "", topic: str = "", mine: bool = False
) -> Iterator[str]:
    """The queue as lines of CSV. Numbers, codes and times: nobody's name and nobody's words."""
    with desk(actor=actor, controller=controller):
        rows = list(_filtered(controller, part, kind, topic, _handler(actor) if mine else None))
        days = [_days(row, controller) for row in rows]
    yield _line(COLUMNS)
    for row, waited in zip(rows, days, strict=True):
        closed = row.closed_at.isoformat(timespec="minutes") if row.closed_at else ""
        told = (row.id, row.kind, row.fields.get("topic", ""), row.channel, _minutes(row.received_at), row.stage)
        yield _line((*told, "" if waited is None else waited, row.outcome, closed, row.handler or ""))


def case_for(*, actor: Actor, controller: Controller, case_id: int) -> Handled:
    """One enquiry with who asks; reading it is on record. Raises as `handling` does."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        facts = Fact.objects.filter(subject_id=case.subject_id, superseded_at__isnull=True, failed_at__isnull=True)
        known = dict(facts.order_by("controller_id").values_list("kind", "value"))
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=case.subject_id,
            details={"purpose": ACTIVITY, "categories": [case.kind, "contact", "identity"]},
        )
        return Handled(
            shown=_shown(case, controller, own=False),
            name=" ".join(known[kind] for kind in ("name.given", "name.middle", "name.family") if kind in known),
            address=known.get("email", known.get("phone", "")),
            ties=list(Relationship.objects.filter(subject_id=case.subject_id).order_by("started")),
        )


def file_for(*, actor: Actor, controller: Controller, case_id: int, document_id: int) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a file of the case."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        return attachments.open_file(scope=scope, case=case, document_id=document_id)


def _filtered(controller: Controller, part: str, kind: str, topic: str, handler: int | None) -> QuerySet[Case]:
    chosen = {
        "unanswered": Q(closed_at__isnull=True, stage__in=_OURS),
        "waiting": Q(closed_at__isnull=True, stage="waiting"),
        "open": Q(closed_at__isnull=True),
        "unassigned": Q(closed_at__isnull=True, handler__isnull=True),
        "closed": Q(closed_at__isnull=False),
        "all": Q(),
    }[part]
    rows = Case.objects.filter(chosen, controller_id=controller.pk, kind__in=[kind] if kind else KINDS)
    rows = rows.filter(fields__topic=topic) if topic else rows
    rows = rows.filter(handler=handler) if handler is not None else rows
    return rows.order_by("-closed_at", "id") if part == "closed" else rows.order_by("received_at", "id")


def _shown(case: Case, controller: Controller, *, own: bool) -> Shown:
    entries = queries.entries(case=case, shown_only=own)
    messages = {row.id: row for row in Message.objects.filter(subject_id=case.subject_id, case_id=case.id)}
    documents = {row.id: row for row in queries.attached(case=case)}
    lines = []
    for entry in entries:
        message = messages.pop(entry.details.get("message", 0), None)
        document = documents.get(entry.details.get("document", 0))
        if message is None and entry.number == 1 and case.channel in {"email", "sms"}:
            # The message that opened the case stands with its first entry, whichever it was.
            message = min((m for m in messages.values() if m.direction == "in"), key=_came, default=None)
            if message is not None:
                messages.pop(message.id)
        text = entry.text or (str(message.content.get("text", "")) if message is not None else "")
        lines.append(Line(entry, text, message, document))
    return Shown(case, _days(case, controller), lines, list(documents.values()))


def _came(message: Message) -> datetime:
    return message.queued_at


def _days(case: Case, controller: Controller) -> int | None:
    if case.closed_at is not None or case.stage not in _OURS:
        return None
    zone = current(controller_id=controller.pk, on=clock.today()).controller.time_zone
    return (clock.today(zone) - clock.local_date(case.received_at, zone)).days


def _handler(actor: Actor) -> int | None:
    return int(actor.ref) if actor.kind == "staff" else None


def _minutes(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _line(values: tuple[object, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue()
