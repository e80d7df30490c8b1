"""Files that a person or staff attach to a case of a kind that allows it (`kinds.Attachments`)."""

from contextlib import nullcontext
from datetime import datetime

from tillit.audit.operations import append
from tillit.cases import files, operations, queries
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.events import CASE_ADVANCED
from tillit.cases.kinds import Attachments, kind_of
from tillit.cases.models import Case, Document
from tillit.kernel.scope import Scope
from tillit.parties.operations import lock_subject

ATTACHED = "attached"
"""The entry of the case's log that says so; its details name the document."""


def allowed(kind: str) -> Attachments | None:
    """What may be attached to cases of a kind; None: nothing."""
    return kind_of(kind).attachments


def add(
    *,
    scope: Scope,
    case: Case,
    body: bytes,
    at: datetime,
    made_at: datetime | None = None,
    under: Scope | None = None,
) -> Document:
    """Attach a file, as it came in, to a case. A member's own scope attaches as the person. `made_at`: when it was made
    (a recording), from which it lapses; `at` unless given. `under`: the scope, not yet open, of the activity that may
    record the files' category, where the case's own may not.

    Raises `CaseError`: `file-not-here` (the kind allows none, or not from the person), `case-closed`, `file-empty`,
    `file-large`, `file-many`, `file-type`, `file-pixels`. Returns the document; the case's log says that it came.
    """
    said = allowed(case.kind)
    by_person = scope.actor.kind == "member"
    if said is None or (by_person and not said.person):
        raise CaseError("file-not-here", f"nothing can be attached to {case.kind}")
    if not body:
        raise CaseError("file-empty", "the file is empty")
    if len(body) > said.largest:
        raise CaseError("file-large", f"a file may have {said.largest} bytes at most")
    if files.media_type_of(body) not in said.types:
        raise CaseError("file-type", "that type of file cannot be attached")
    kept = files.clean(body)  # before anything is locked: it takes a while
    lock_subject(scope=scope, subject_id=case.subject_id)
    operations.refresh(case)
    if case.closed_at is not None and not said.after_closing:
        raise CaseError("case-closed", "the case is closed")
    number = 1 + queries.attached(case=case).count()
    if number > said.most:
        raise CaseError("file-many", f"a case has at most {said.most} files")
    with under or nullcontext(scope) as keeping:
        made = operations.attach(
            scope=keeping,
            case=case,
            name=f"attachment-{number}.{kept.ending}",
            media_type=kept.media_type,
            body=kept.body,
            at=made_at or at,
            category=said.category,
            attached_by=str(scope.actor),
        )
    operations.enter(scope, case, ATTACHED, at, text="", details={"document": made.id}, shown=said.person)
    append(
        type=CASE_ADVANCED,
        scope=scope,
        controller=case.controller_id,
        subject=case.subject_id,
        details={"case": case.id, "kind": case.kind, "step": ATTACHED, "stage": case.stage},
    )
    return made


def open_file(*, scope: Scope, case: Case, document_id: int) -> tuple[str, str, bytes]:
    """(name, media type, contents) of an attached file. Hand it out to be saved, never shown in the page: a PDF is kept
    as it came. Raises `UnknownCaseError`, `SealedValueLostError`.
    """
    document = queries.document(case=case, document_id=document_id)
    if not document.attached_by:
        raise UnknownCaseError("no-document", "that is no attached file")
    return document.name, document.media_type, operations.open_document(scope=scope, document=document)
