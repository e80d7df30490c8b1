"""Finding cases, within an open scope."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Q, QuerySet

from tillit.cases.errors import UnknownCaseError
from tillit.cases.models import Case, Document, Entry
from tillit.kernel import clock
from tillit.parties.merging import same_person

SOON = timedelta(days=7)
SHOWN = ("open", "late", "soon", "unverified", "with_adviser", "in_force", "closed", "all")
"""The ways to look at a queue."""


@dataclass(frozen=True)
class Standing:
    """How a case stands against its deadline. last_day: the last day in time, and days_left until it (0: today,
    negative: late by so many); None without a deadline. Nothing is late once it is answered.
    """

    last_day: date | None
    days_left: int | None
    late: bool


def standing(case: Case, *, zone: str = clock.DEFAULT_ZONE, now: datetime | None = None) -> Standing:
    """How the case stands now, in the controller's time zone."""
    moment = now or clock.now()
    if case.due_at is None:
        return Standing(None, None, late=False)
    last = clock.local_date(case.due_at - timedelta(microseconds=1), zone)
    if case.answered_at is not None or case.closed_at is not None:
        return Standing(last, None, late=False)
    return Standing(last, (last - clock.local_date(moment, zone)).days, late=moment >= case.due_at)


def case(*, case_id: int, subject_id: int | None = None) -> Case:
    """One case the scope may see. Raises `UnknownCaseError`."""
    found = Case.objects.filter(id=case_id)
    if subject_id is not None:
        found = found.filter(subject_id__in=same_person(subject_id))
    row = found.first()
    if row is None:
        raise UnknownCaseError("no-case", "there is no such case")
    return row


def of_person(*, subject_id: int, kind: str | None = None) -> QuerySet[Case]:
    """The person's cases, newest first."""
    found = Case.objects.filter(subject_id__in=same_person(subject_id))
    return (found if kind is None else found.filter(kind=kind)).order_by("-received_at", "-id")


def queue(
    *,
    controller_ids: Collection[int],
    kind: str,
    show: str = "open",
    handler: int | None = None,
) -> QuerySet[Case]:
    """Cases of a kind, the most urgent first. show: `open`, `late`, `soon` (seven days), `unverified`, `with_adviser`,
    `in_force`, `closed`, `all`.
    """
    now = clock.now()
    chosen = {
        "open": Q(closed_at__isnull=True),
        "late": Q(answered_at__isnull=True, closed_at__isnull=True, due_at__lte=now),
        "soon": Q(answered_at__isnull=True, closed_at__isnull=True, due_at__gt=now, due_at__lte=now + SOON),
        "unverified": Q(closed_at__isnull=True, verified_at__isnull=True),
        "with_adviser": Q(stage="with_adviser"),
        "in_force": Q(stage="in_force"),
        "closed": Q(closed_at__isnull=False),
        "all": Q(),
    }[show]
    found = Case.objects.filter(chosen, controller_id__in=list(controller_ids), kind=kind)
    if handler is not None:
        found = found.filter(handler=handler)
    if show == "closed":
        return found.order_by("-closed_at", "id")
    return found.order_by(F("answered_at").asc(nulls_first=True), F("due_at").asc(nulls_last=True), "received_at", "id")


def entries(*, case: Case, shown_only: bool = False) -> list[Entry]:
    """What was done in the case, in order."""
    rows = Entry.objects.filter(subject_id=case.subject_id, case_id=case.id).order_by("number")
    return list(rows.filter(shown=True) if shown_only else rows)


def documents(*, case: Case) -> list[Document]:
    """The case's files, without their contents, newest first."""
    rows = Document.objects.filter(subject_id=case.subject_id, case_id=case.id)
    return list(rows.defer("sealed").order_by("-made_at", "id"))


def attached(*, case: Case) -> QuerySet[Document]:
    """What was attached to the case by somebody, oldest first, without contents."""
    rows = Document.objects.filter(subject_id=case.subject_id, case_id=case.id).exclude(attached_by="")
    return rows.defer("sealed").order_by("made_at", "name", "id")


def document(*, case: Case, document_id: int) -> Document:
    """One file of the case. Raises `UnknownCaseError`."""
    row = Document.objects.filter(subject_id=case.subject_id, case_id=case.id, id=document_id).first()
    if row is None:
        raise UnknownCaseError("no-document", "there is no such document")
    return row
