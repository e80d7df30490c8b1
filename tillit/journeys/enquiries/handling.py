"""What staff do with an enquiry: answer, note, sort, decide, close, open again, take it on. Each is on record."""

from collections.abc import Sequence

from tillit.cases import attachments, operations, queries
from tillit.cases.customers import COMPLAINT, OUTCOMES
from tillit.cases.errors import CaseError
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.journeys.enquiries.acting import handling, of_desk
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.messages.operations import correspondence_of, send
from tillit.messages.templates import FREE

LONGEST = 4000
_OVER = {"email": ("email",), "sms": ("sms", "email"), "self_service": ("email",)}
"""How it came in → the channels an answer goes by, the first that reaches; on Min side it always stands."""


def reply(*, actor: Actor, controller: Controller, case_id: int, text: str, files: Sequence[bytes] = ()) -> Case:
    """Answer the person: in a message over the way they came by, and on Min side. Raises `CaseError` (`no-text`)."""
    words = _words(text)
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=clock.now())
        sent = send(
            scope=scope,
            subject_id=case.subject_id,
            controller_id=controller.pk,
            template=FREE,
            values={"subject": f"Re: {case.fields['subject']}", "text": words},
            at=clock.now(),
            channels=_OVER.get(case.channel, ("email",)),
            language=case.language,
            answering=True,
            case_id=case.id,
            category=correspondence_of(controller.pk),
        )
        operations.take(scope=scope, case=case, step="replied", at=clock.now(), details={"message": sent.id})
    return case


def note(*, actor: Actor, controller: Controller, case_id: int, text: str) -> Case:
    """What matters to the case, for those who handle it: a call, a finding. Raises `CaseError`."""
    words = _words(text)
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="note", at=clock.now(), text=words)
    return case


def sort(*, actor: Actor, controller: Controller, case_id: int, topic: str) -> Case:
    """Say what it is about. Raises `CaseError` for an unknown topic."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="topic", at=clock.now(), fields={"topic": topic})
    return case


def attach(*, actor: Actor, controller: Controller, case_id: int, files: Sequence[bytes]) -> Case:
    """Attach what came by letter or otherwise. Raises `CaseError`."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=clock.now())
    return case


def close(*, actor: Actor, controller: Controller, case_id: int, outcome: str, text: str = "") -> Case:
    """The matter is over. A complaint is decided first: its outcome says how, with the reason in words.

    Raises `CaseError`: `outcome` for an unknown one, `no-text` for a complaint decided without a reason.
    """
    if outcome not in OUTCOMES:
        raise CaseError("outcome", f"one of {', '.join(OUTCOMES)}")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        if case.kind == COMPLAINT and case.settled_at is None:
            operations.take(scope=scope, case=case, step="decided", at=clock.now(), text=_words(text), outcome=outcome)
            text = ""
        operations.take(
            scope=scope, case=case, step="closed", at=clock.now(), text=text.strip()[:LONGEST], outcome=outcome
        )
    return case


def reopen(*, actor: Actor, controller: Controller, case_id: int) -> Case:
    """It was not over after all: undoes the closing, and what belongs to the case stops lapsing."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="reopened", at=clock.now())
    return case


def assign(*, actor: Actor, controller: Controller, case_id: int, staff_id: int | None) -> None:
    """Say who has it; nobody with None."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.assign(scope=scope, case=case, staff_id=staff_id)


def take_back(*, actor: Actor, controller: Controller, subject_id: int, case_id: int) -> Case:
    """The person needs no answer any more."""
    with Scope(actor, "self_service", frozenset({subject_id})) as scope:
        case = of_desk(controller, queries.case(case_id=case_id, subject_id=subject_id))
        operations.take(scope=scope, case=case, step="taken_back", at=clock.now(), outcome="no_answer_needed")
    return case


def _words(text: str) -> str:
    words = text.replace("\0", "").strip()[:LONGEST]
    if not words:
        raise CaseError("no-text", "there is nothing to write")
    return words
