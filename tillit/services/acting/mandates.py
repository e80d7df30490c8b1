"""Mandates: the wording that is signed, signing, withdrawing, and whether one stands. Within an open scope (D3, D4)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from tillit.audit.operations import append
from tillit.cases import operations as cases
from tillit.cases.models import Case
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.documents import read_yaml
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope
from tillit.parties.operations import lock_subject
from tillit.services.acting import events
from tillit.services.acting.errors import ActingError
from tillit.services.acting.models import Mandate


@dataclass(frozen=True)
class Wording:
    """A mandate as it is read before it is signed. digest: SHA-256 of the text."""

    purpose: str
    version: int
    language: str
    title: str
    paragraphs: tuple[str, ...]
    scope: tuple[tuple[str, str], ...]
    period: str

    @property
    def digest(self) -> str:
        """Of everything that is read."""
        said = "\n".join([self.title, *self.paragraphs, *(text for _, text in self.scope)])
        return sha256(said.encode()).hexdigest()


def wording(
    *, purpose: str, controller_id: int, language: str, version: int | None = None, by_guardian: bool = False
) -> Wording:
    """The text in effect, or that of a version, as the controller shows it. Versions are never changed."""
    versions = _texts()[f"{purpose}_guardian" if by_guardian else purpose]
    number = version or max(versions)
    said = versions[number]
    spoken = language if language in said["title"] else "nb"
    name = current(controller_id=controller_id, on=clock.today()).controller.name
    return Wording(
        purpose,
        number,
        spoken,
        said["title"][spoken],
        tuple(part.format(name=name) for part in said["text"][spoken]),
        tuple((code, texts[spoken]) for code, texts in said["scope"].items()),
        said["period"],
    )


def standing(*, subject_id: int, case_id: int, at: datetime) -> Mandate | None:
    """The mandate in force in the case at a moment; None where there is none."""
    found = Mandate.objects.filter(subject_id=subject_id, case_id=case_id, signed_at__lte=at, expires_at__gt=at)
    return found.exclude(withdrawn_at__lte=at).order_by("-signed_at", "id").first()


def of_case(*, case: Case) -> list[Mandate]:
    """Every mandate of the case, the newest first."""
    return list(Mandate.objects.filter(subject_id=case.subject_id, case_id=case.id).order_by("-signed_at", "id"))


def sign(
    *, scope: Scope, case: Case, shown: str, language: str, at: datetime, guardian_until: datetime | None = None
) -> Mandate:
    """The person, signed in, signs what they were shown (`shown`: its digest). In force at once.

    `guardian_until`: it is the parent of a child too young to sign, who is old enough at that moment: it ends then.
    Raises `ActingError`: `not-theirs` (anybody else's hand), `wording` (the text is another by now), `mandate-stands`,
    `case-closed`.
    """
    if scope.actor.kind != "member":
        raise ActingError("not-theirs", "a mandate is signed by the person themselves")
    by_guardian = guardian_until is not None
    text = wording(purpose=case.kind, controller_id=case.controller_id, language=language, by_guardian=by_guardian)
    if text.digest != shown:
        raise ActingError("wording", "the text has changed: read it again")
    state = lock_subject(scope=scope, subject_id=case.subject_id)
    cases.refresh(case)
    if case.closed_at is not None:
        raise ActingError("case-closed", "the case is closed")
    if standing(subject_id=case.subject_id, case_id=case.id, at=at) is not None:
        raise ActingError("mandate-stands", "a mandate is in force")
    made = Mandate.objects.create(
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        state=state,
        case_id=case.id,
        purpose=case.kind,
        version=text.version,
        language=text.language,
        wording=text.digest,
        scope=[code for code, _ in text.scope],
        signed_at=at,
        signed_by=str(scope.actor),
        by_guardian=by_guardian,
        expires_at=min(filter(None, (IsoPeriod.parse(text.period).add_to(at), guardian_until))),
    )
    cases.take(scope=scope, case=case, step="mandate_signed", at=at, details={"mandate": made.id})
    told: dict[str, Any] = {"mandate": made.id, "case": case.id, "purpose": case.kind, "until": made.expires_at}
    append(
        type=events.MANDATE_SIGNED, scope=scope, controller=case.controller_id, subject=case.subject_id, details=told
    )
    return made


def withdraw(*, scope: Scope, case: Case, at: datetime) -> bool:
    """The mandate counts no more, from this moment: nothing goes out, nothing is taken in. Whether one stood."""
    lock_subject(scope=scope, subject_id=case.subject_id)
    found = standing(subject_id=case.subject_id, case_id=case.id, at=at)
    if found is None:
        return False
    Mandate.objects.filter(subject_id=found.subject_id, id=found.id).update(withdrawn_at=at)
    cases.refresh(case)
    if case.closed_at is None:
        cases.take(scope=scope, case=case, step="mandate_withdrawn", at=at, details={"mandate": found.id})
    told = {"mandate": found.id, "case": case.id, "purpose": found.purpose}
    append(
        type=events.MANDATE_WITHDRAWN, scope=scope, controller=case.controller_id, subject=case.subject_id, details=told
    )
    return True


def guardian_gone(*, scope: Scope, subject_id: int, but: Collection[str], at: datetime) -> int:
    """Withdraw what parents signed for the person, but for what was signed by `but`: those who may still. How many."""
    signed = Mandate.objects.filter(subject_id=subject_id, by_guardian=True, withdrawn_at=None, expires_at__gt=at)
    numbers = sorted(signed.exclude(signed_by__in=list(but)).values_list("case_id", flat=True))
    found = Case.objects.filter(subject_id=subject_id, id__in=numbers).order_by("id")
    return sum(withdraw(scope=scope, case=case, at=at) for case in found)


def need(*, case: Case, covers: str, at: datetime) -> Mandate:
    """The mandate that stands and covers it. Raises `ActingError` `no-mandate`, `not-in-scope`."""
    found = standing(subject_id=case.subject_id, case_id=case.id, at=at)
    if found is None:
        raise ActingError("no-mandate", "nothing is collected or sent without a mandate in force")
    if covers not in found.scope:
        raise ActingError("not-in-scope", "the mandate does not cover that")
    return found


@cache
def _texts() -> dict[str, dict[int, Any]]:
    loaded: dict[str, dict[int, Any]] = read_yaml(Path(__file__).with_name("mandates.yaml"))
    return loaded
