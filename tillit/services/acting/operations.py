"""Counterparts of a case: added, answers from them, outcomes, reminders by the clock. Within an open scope (D3, D4)."""

from datetime import date, datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef

from tillit.cases import attachments
from tillit.cases import operations as cases
from tillit.cases.models import Case
from tillit.cases.queries import case as one_case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import lock_subject
from tillit.services.acting import letters, mandates
from tillit.services.acting.errors import ActingError
from tillit.services.acting.models import OPEN, PURPOSES, WAITING, Counterpart, Letter, Stage

MOST_REMINDERS = 2
"""More is for a colleague to decide."""
LOOK_AGAIN = timedelta(days=30)
"""Content that is gone, or a claim that is dropped, is looked at once more after that."""
_LONGEST = {"name": 120, "address": 500, "url": 2000, "matter": 2000}
log = structlog.get_logger(__name__)


def add(
    *,
    scope: Scope,
    case: Case,
    name: str,
    at: datetime,
    address: str = "",
    country: str = "NO",
    url: str = "",
    matter: str = "",
) -> Counterpart:
    """A creditor or site that the case is about. Nothing is sent yet. Raises `ActingError`: `no-words` (no name),
    `words` (too long, or a card number), `url`, `country`, `case-closed`.
    """
    said = {"name": name.strip(), "address": address.strip(), "url": url.strip(), "matter": matter.strip()}
    if not said["name"]:
        raise ActingError("no-words", "say who it is")
    if any(len(text) > _LONGEST[key] or has_card_number(text) for key, text in said.items()):
        raise ActingError("words", "that is too long, or tells a card number")
    if said["url"] and not said["url"].startswith(("https://", "http://")):
        raise ActingError("url", "an address on the web begins with https://")
    if len(country) != 2 or not country.isalpha():
        raise ActingError("country", "a country has two letters")
    state = lock_subject(scope=scope, subject_id=case.subject_id)
    cases.refresh(case)
    if case.closed_at is not None:
        raise ActingError("case-closed", "the case is closed")
    made = Counterpart.objects.create(
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        state=state,
        category=case.category,
        case_id=case.id,
        country=country.upper(),
        added_at=at,
        **said,
    )
    cases.take(scope=scope, case=case, step="counterpart", at=at, details={"counterpart": made.id})
    return made


def of_case(*, case: Case) -> list[Counterpart]:
    """The counterparts of a case, in the order in which they were added."""
    return list(Counterpart.objects.filter(subject_id=case.subject_id, case_id=case.id).order_by("added_at", "id"))


def letters_of(*, case: Case) -> list[Letter]:
    """Letters and answers of a case, the oldest first."""
    return list(Letter.objects.filter(subject_id=case.subject_id, case_id=case.id).order_by("at", "id"))


def one(*, case: Case, counterpart_id: int) -> Counterpart:
    """A counterpart of the case. Raises `ActingError` `no-counterpart`."""
    found = Counterpart.objects.filter(subject_id=case.subject_id, case_id=case.id, id=counterpart_id).first()
    if found is None:
        raise ActingError("no-counterpart", "there is no such creditor or site in the case")
    return found


def letter(*, case: Case, letter_id: int) -> Letter:
    """A letter of the case. Raises `ActingError` `no-letter`."""
    found = Letter.objects.filter(subject_id=case.subject_id, case_id=case.id, id=letter_id).first()
    if found is None:
        raise ActingError("no-letter", "there is no such letter in the case")
    return found


def take_in(*, scope: Scope, case: Case, counterpart: Counterpart, body: bytes, at: datetime) -> Letter:
    """An answer came: its file is sealed with the case. Without a mandate in force it is not taken in.

    Raises `ActingError` `no-mandate`, `not-in-scope`; `CaseError` for a file that cannot be kept.
    """
    state = lock_subject(scope=scope, subject_id=case.subject_id)
    mandate = mandates.need(case=case, covers="collect", at=at)
    kept = attachments.add(scope=scope, case=case, body=body, at=at)
    made = letters.kept_as(
        case=case, counterpart=counterpart, mandate=mandate, state=state, document_id=kept.id, at=at, direction="in"
    )
    if counterpart.stage in OPEN:
        _set(counterpart, Stage.ANSWERED, None)
    told = {"counterpart": counterpart.id, "document": kept.id}
    cases.take(scope=scope, case=case, step="came_in", at=at, details=told)
    return made


def settle(
    *,
    scope: Scope,
    case: Case,
    counterpart: Counterpart,
    stage: Stage,
    at: datetime,
    text: str = "",
    look_again: date | None = None,
) -> None:
    """How it ended with one: done, refused, or not followed up. What is done is looked at again on a day (in 30 days
    unless said). Raises `ActingError`: `stage`, `day` (not after today), `case-closed`.
    """
    if stage not in (Stage.DONE, Stage.REFUSED, Stage.DROPPED):
        raise ActingError("stage", "it is done, refused or not followed up")
    today = clock.local_date(at)
    if look_again is not None and look_again <= today:
        raise ActingError("day", "choose a later day")
    if case.closed_at is not None:
        raise ActingError("case-closed", "the case is closed")
    lock_subject(scope=scope, subject_id=case.subject_id)
    later = look_again or (today + LOOK_AGAIN if stage == Stage.DONE else None)
    _set(counterpart, stage, later)
    told = {"counterpart": counterpart.id, "outcome": str(stage)}
    cases.take(scope=scope, case=case, step="outcome", at=at, text=text, details=told)


def looked_again(*, scope: Scope, case: Case, counterpart: Counterpart, still_done: bool, at: datetime) -> None:
    """What was done was looked at again: it still is, or what was gone is back, and is asked for anew.

    Raises `ActingError` `stage`.
    """
    if counterpart.stage != Stage.DONE:
        raise ActingError("stage", "only what is done is looked at again")
    lock_subject(scope=scope, subject_id=case.subject_id)
    _set(counterpart, Stage.DONE if still_done else Stage.NEW, None)
    told = {"counterpart": counterpart.id, "outcome": "still_done" if still_done else "back"}
    cases.take(scope=scope, case=case, step="looked_again", at=at, details=told)


def close(*, scope: Scope, case: Case, at: datetime, text: str = "") -> None:
    """Nothing is left to do: the mandate is no longer used, nothing is awaited. From now the case's period counts."""
    Counterpart.objects.filter(subject_id=case.subject_id, case_id=case.id).update(next_on=None)
    cases.take(scope=scope, case=case, step="closed", at=at, text=text)


def remind() -> int:
    """Whoever has not answered a posted letter in time is reminded, at most twice, of every controller; how many
    letters were made. A case whose mandate stands no more is left to a colleague, and says so. Outside every scope.
    """
    made, today = 0, clock.today()
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        declared = current(controller_id=controller.pk, on=today)
        for purpose in PURPOSES:
            if declared.activity(purpose) is not None:
                actor = system("reminders", {controller.pk, holder_of(controller_id=controller.pk)})
                with Scope(actor, purpose):
                    due = Counterpart.objects.filter(
                        controller_id=controller.pk,
                        stage__in=WAITING,
                        next_on__lte=today,
                        closed_at=None,
                        reminders__lt=MOST_REMINDERS,
                    ).order_by("next_on", "id")
                    mine = Letter.objects.filter(
                        subject_id=OuterRef("subject_id"), counterpart_id=OuterRef("id"), direction="out"
                    )
                    due = due.filter(Exists(mine)).exclude(Exists(mine.filter(posted_at=None)))
                    found = [(one.subject_id, one.case_id, one.id) for one in due if one.case_id]
                made += sum(_remind(Scope(actor, purpose, frozenset({one[0]})), purpose, *one) for one in found)
    return made


def _remind(scope: Scope, purpose: str, subject_id: int, case_id: int, counterpart_id: int) -> bool:
    at = clock.now()
    try:
        with scope:
            case = one_case(case_id=case_id, subject_id=subject_id)
            if case.kind != purpose:
                return False
            to = one(case=case, counterpart_id=counterpart_id)
            letters.write(
                scope=scope, case=case, counterpart=to, template=letters.REMINDER, at=at, language=case.language
            )
    except TillitError as refused:
        log.warning("no reminder", code=refused.code, purpose=purpose)
        again = Scope(scope.actor, purpose, frozenset({subject_id}))
        with again:
            case = one_case(case_id=case_id, subject_id=subject_id)
            to = one(case=case, counterpart_id=counterpart_id)
            _set(to, Stage(to.stage), clock.local_date(at) + timedelta(days=7))
            told = {"counterpart": counterpart_id, "reason": refused.code}
            cases.take(scope=again, case=case, step="not_reminded", at=at, details=told)
        return False
    return True


def _set(counterpart: Counterpart, stage: Stage, next_on: date | None) -> None:
    Counterpart.objects.filter(subject_id=counterpart.subject_id, id=counterpart.id).update(
        stage=stage, next_on=next_on
    )
    counterpart.stage, counterpart.next_on = stage, next_on
