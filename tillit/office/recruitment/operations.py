"""Applying, assessing, deciding; ending what is left of an applicant (H16). Keyword-only."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from tillit.audit.operations import append
from tillit.cases import files
from tillit.cases.errors import CaseError
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.messages.telling import tell
from tillit.office.recruitment import events, keeping
from tillit.office.recruitment.errors import ApplicationError
from tillit.office.recruitment.models import DECIDED, Application, ApplicationFile, Stage
from tillit.parties import operations as parties
from tillit.parties import sealing
from tillit.parties.models import Relationship

ACTIVITY, KIND = "recruitment", "applicant"
MOST_FILES, LARGEST, LONGEST = 5, 5_000_000, 20_000
_TABLE = "recruitment_file"


@dataclass(frozen=True)
class Applied:
    """What somebody sends who applies."""

    name: str
    email: str
    phone: str
    position: str
    letter: str
    files: Sequence[bytes] = ()


def apply(*, controller: Controller, sent: Applied, language: str = "nb") -> Application:
    """Take an application in: a person of its own, the files sealed, a receipt sent. Raises `ApplicationError`."""
    if current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is None:
        raise ApplicationError("undeclared", "no applications are taken here")
    facts, position, letter = _facts(sent), " ".join(sent.position.split()), sent.letter.strip()
    if not position or len(position) > 120:
        raise ApplicationError("position", "a position is missing")
    if not letter or len(letter) > LONGEST:
        raise ApplicationError("letter", "the application is missing, or too long")
    kept, at = _checked(sent.files), clock.now()
    where = {"controller_id": controller.pk}
    with Scope(system("recruitment", {controller.pk}), ACTIVITY) as scope:
        subject = parties.create_subject(scope=scope, register_id=controller.register_id)
        parties.relate(scope=scope, subject_id=subject, kind=KIND, started=clock.local_date(at), **where)
        parties.record_facts(scope=scope, subject_id=subject, facts=facts, source="data_subject", at=at, **where)
        made = Application.objects.create(
            subject_id=subject, position=position, letter=letter, language=language, received_at=at, **where
        )
        for body in kept:
            ApplicationFile.objects.create(
                subject_id=subject,
                application_id=made.id,
                media_type=body.media_type,
                bytes=len(body.body),
                sealed=_seal(subject, controller.pk, body.body),
                **where,
            )
        append(type=events.RECEIVED, scope=scope, controller=controller.pk, subject=subject,
               details={"application": made.id})  # fmt: skip
        _tell(scope, made, "job_received")
    return made


def note(*, scope: Scope, application: Application, assessment: str) -> None:
    """What the recruiters think, which the applicant may ask to see. Raises `ApplicationError` `letter`."""
    if len(assessment) > LONGEST:
        raise ApplicationError("letter", "that is too long")
    rows = Application.objects.filter(subject_id=application.subject_id, id=application.id)
    rows.update(assessment=assessment.strip())


def move(*, scope: Scope, application: Application, stage: str) -> None:
    """Call to an interview, or decide; the applicant is told, and a decision starts the period. Once decided it stays.

    Raises `ApplicationError` `stage`, `decided`.
    """
    if stage not in Stage.values or stage == Stage.RECEIVED:
        raise ApplicationError("stage", "there is no such stage")
    parties.lock_subject(scope=scope, subject_id=application.subject_id)
    mine = {"subject_id": application.subject_id}
    row = Application.objects.filter(**mine, id=application.id).first()
    if row is None or row.decided_at is not None or row.stage == stage:
        raise ApplicationError("decided", "that is done already")
    at = clock.now() if stage in DECIDED else None
    Application.objects.filter(**mine, id=row.id).update(stage=stage, decided_at=at)
    ApplicationFile.objects.filter(**mine, application_id=row.id).update(decided_at=at)
    append(type=events.MOVED, scope=scope, controller=row.controller_id, subject=row.subject_id,
           details={"application": row.id, "stage": stage})  # fmt: skip
    _tell(scope, row, f"job_{stage}")


def contents(*, scope: Scope, file: ApplicationFile) -> bytes:
    """The file itself. Raises `SealedValueLostError`."""
    opened = sealing.open_sealed(
        subject_id=file.subject_id, controller_id=file.controller_id, table=_TABLE, column="sealed", sealed=file.sealed
    )
    return base64.b64decode(opened)


def follow_everywhere() -> int:
    """The worker's run: who has no application left is an applicant no longer; how many."""
    ended, today = 0, clock.today()
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("pk"):
        if current(controller_id=controller.pk, on=today).activity(ACTIVITY) is None:
            continue
        with Scope(system("recruitment", {controller.pk}), ACTIVITY) as scope:
            kept = Application.objects.filter(controller_id=controller.pk).values("subject_id")
            rows = Relationship.objects.filter(controller_id=controller.pk, kind=KIND, ended__isnull=True)
            for subject in list(rows.exclude(subject_id__in=kept).values_list("subject_id", flat=True)):
                ended += parties.end_relationship(
                    scope=scope, subject_id=subject, controller_id=controller.pk, kind=KIND, ended=today,
                    reason="application_over",
                )  # fmt: skip
    return ended


def _checked(bodies: Sequence[bytes]) -> list[files.Clean]:
    if len(bodies) > MOST_FILES:
        raise ApplicationError("file-many", f"at most {MOST_FILES} files")
    if any(len(body) > LARGEST for body in bodies):
        raise ApplicationError("file-large", "a file is too large")
    if any(files.media_type_of(body) not in {files.PDF, *files.PICTURES} for body in bodies):
        raise ApplicationError("file-type", "a file is neither PDF nor picture")
    try:
        return [files.clean(body) for body in bodies]
    except CaseError:
        raise ApplicationError("file-type", "a file cannot be read") from None


def _facts(sent: Applied) -> list[parties.NewFact]:
    try:
        given, _, family = names.normalise(sent.name).rpartition(" ")
    except IdentifierError:
        raise ApplicationError("name", "a name is missing") from None
    found = [parties.NewFact("identity", "name.given", given or family)]
    found += [parties.NewFact("identity", "name.family", family)] if given else []
    try:
        found.append(parties.NewFact("contact", "email", emails.normalise(sent.email)))
    except IdentifierError:
        raise ApplicationError("email", "that is no e-mail address") from None
    if sent.phone.strip():
        try:
            found.append(parties.NewFact("contact", "phone", phones.normalise(sent.phone)))
        except IdentifierError:
            raise ApplicationError("phone", "that is no phone number") from None
    return found


def _seal(subject_id: int, controller_id: int, body: bytes) -> bytes:
    value = base64.b64encode(body).decode()
    return sealing.seal(subject_id=subject_id, controller_id=controller_id, table=_TABLE, column="sealed", value=value)


def _tell(scope: Scope, row: Application, template: str) -> None:
    if template == "job_declined" and keeping.offered(Controller.objects.get(pk=row.controller_id)) is not None:
        template = "job_declined_keep"
    tell(
        scope=scope,
        subject_id=row.subject_id,
        controller_id=row.controller_id,
        template=template,
        values={"application": row.id, "position": row.position, "controller": row.controller_id},
        key=f"application:{row.id}:{template}",
        language=row.language,
    )
