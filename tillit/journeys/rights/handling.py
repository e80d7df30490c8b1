"""What staff do with a request: carry it out, answer, ask for more time, refuse, decide, lift a restriction (H2–H9).

Each is one transaction, and on record under the name of who did it.
"""

from collections.abc import Collection, Mapping
from datetime import date

from tillit.audit.events import PERSON_READ, RESTRICTION_LIFTED
from tillit.audit.operations import append
from tillit.cases import operations, queries, rights
from tillit.cases.errors import CaseError
from tillit.cases.models import Case
from tillit.consent.operations import lift as lift_restriction
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.models import What
from tillit.journeys import intake
from tillit.journeys.rights import answers, fulfil, letters, objecting, recipients
from tillit.journeys.rights.acting import ACTIVITY, acting, handling
from tillit.journeys.rights.answers import Item, day
from tillit.journeys.rights.carrying import carry_out as do
from tillit.journeys.rights.errors import RequestError
from tillit.journeys.rights.texts import say
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties.operations import wait_for_sets

REFUSALS = ("unverified", "unfounded", "excessive", "others", "ground")
_LONGEST = 4000


def carry_out(
    *,
    actor: Actor,
    controller: Controller,
    case_id: int,
    text: str = "",
    ground: str | None = None,
    categories: Collection[str] | None = None,
    corrections: Mapping[str, str] | None = None,
) -> Case:
    """Do what was asked and answer (see `carrying.carry_out`)."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        do(
            scope=scope,
            case=case,
            address=letters.address_of(case.subject_id),
            at=clock.now(),
            text=_words(text),
            ground=ground,
            categories=categories,
            corrections=corrections,
        )
    return case


def decide(*, actor: Actor, controller: Controller, case_id: int, upheld: bool, text: str) -> Case:
    """The privacy adviser's decision on an objection or a complaint, with the reason in words (H5, H9)."""
    if not _words(text):
        raise RequestError("no-reason", "a decision needs its reason in words")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        address, at, right = letters.address_of(case.subject_id), clock.now(), case.fields["right"]
        if right == "objection":
            objecting.decide(scope=scope, case=case, upheld=upheld, text=_words(text), address=address, at=at)
        elif right == "complaint":
            outcome = "upheld" if upheld else "not_upheld"
            operations.take(scope=scope, case=case, step="decided", at=at, text=_words(text), outcome=outcome)
            answers.give(
                scope=scope,
                case=case,
                step="answered",
                outcome=outcome,
                items=[],
                at=at,
                text=_words(text),
                address=address,
            )
        else:
            raise RequestError("not-to-be-decided", f"{right} is carried out or refused, not decided")
    return case


def extend(*, actor: Actor, controller: Controller, case_id: int, until: date, reason: str) -> Case:
    """The interim answer: the reason why it takes longer, and the day the answer is expected (GDPR 12(3), H8).

    Raises `RequestError`: `no-reason`; `too-late` once the deadline has passed, when only an answer helps; `too-long`
    beyond two further months; `not-later` for a day that is not after the present deadline.
    """
    if not _words(reason):
        raise RequestError("no-reason", "an interim answer says why")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        declared, at = current(controller_id=controller.pk, on=clock.today()), clock.now()
        new = rights.after(until, declared)
        if case.due_at is None or at >= case.due_at:
            raise RequestError("too-late", "the deadline has passed; only an answer helps now")
        if new <= case.due_at:
            raise RequestError("not-later", "that is no later than the answer is due already")
        if new > rights.latest_due_at(case.received_at, declared):
            raise RequestError("too-long", "at most two further months (GDPR 12(3))")
        operations.take(
            scope=scope,
            case=case,
            step="extended",
            at=at,
            due_at=new,
            text=_words(reason),
            details={"until": until.isoformat()},
        )
        said = say(case.language, "extended", reason=_words(reason), day=day(until, case.language))
        letters.tell(
            scope=scope, case=case, address=letters.address_of(case.subject_id), about="extended", lines=[said]
        )
    return case


def refuse(*, actor: Actor, controller: Controller, case_id: int, reason: str, text: str) -> Case:
    """Refuse the request, or what is left of it, with the reason and where to complain (GDPR 12(4))."""
    if reason not in REFUSALS:
        raise RequestError("reason", f"one of {', '.join(REFUSALS)}")
    if not _words(text):
        raise RequestError("no-reason", "a refusal says why in words")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        if case.fields["right"] in {"objection", "complaint"} and reason != "unverified":
            raise RequestError("to-be-decided", "an objection or a complaint is decided")
        answers.give(
            scope=scope,
            case=case,
            step="refused",
            outcome=f"refused_{reason}",
            items=[{"what": "refused", "reason": reason}],
            at=clock.now(),
            text=_words(text),
            address=letters.address_of(case.subject_id),
        )
    return case


def write(*, actor: Actor, controller: Controller, case_id: int, text: str, shown: bool) -> Case:
    """A message to the person about the case (`shown`), or a note for those who handle it."""
    if not _words(text):
        raise RequestError("no-text", "there is nothing to write")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="told" if shown else "note", at=clock.now(), text=_words(text))
        if shown:
            address = letters.address_of(case.subject_id)
            letters.tell(scope=scope, case=case, address=address, about="message", lines=[_words(text)])
    return case


def lift(*, actor: Actor, controller: Controller, case_id: int, reason: str) -> Case:
    """Lift the restriction, the person being told first (GDPR 18(3), H4). Purchases that waited are posted.

    Raises `RequestError` `no-reason`, or `not-restricted` when none stands.
    """
    if not _words(reason):
        raise RequestError("no-reason", "say why the restriction is lifted")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        at = clock.now()
        wait_for_sets(subject_id=case.subject_id)
        standing = fulfil.standing_restriction(case)
        if standing is None or case.stage != "in_force":
            raise RequestError("not-restricted", "no restriction stands by this case")
        item: Item = {"what": "lifting", "reason": _words(reason)}
        letters.tell(
            scope=scope,
            case=case,
            address=letters.address_of(case.subject_id),
            about="lifted",
            lines=answers.lines(
                [item], declared=answers.declarations(case, clock.local_date(at)), language=case.language
            ),
        )
        lift_restriction(scope=scope, subject_id=case.subject_id, at=at)
        operations.take(scope=scope, case=case, step="lifted", at=at, text=_words(reason))
        append(
            type=RESTRICTION_LIFTED,
            scope=scope,
            controller=case.controller_id,
            subject=case.subject_id,
            details={"case": case.id},
        )
        recipients.owe(scope=scope, case=case, what=What.UNRESTRICTED, categories=None, at=at)
        intake.resume(subject_ids=[case.subject_id], since=standing.since, controller_id=case.controller_id)
    return case


def take_back(*, actor: Actor, controller: Controller, subject_id: int, case_id: int) -> Case:
    """The person no longer wants it: it is closed without an answer. Raises `CaseError` when it is over already."""
    with Scope(acting(actor=actor, subject_id=subject_id), ACTIVITY) as scope:
        case = queries.case(case_id=case_id, subject_id=subject_id)
        if case.controller_id != controller.pk or case.answered_at is not None:
            raise CaseError("step-not-now", "it has its answer")
        operations.take(scope=scope, case=case, step="taken_back", at=clock.now(), outcome="taken_back")
    return case


def close(*, actor: Actor, controller: Controller, case_id: int, text: str) -> Case:
    """Staff note that the person has taken the request back, in words of how."""
    if not _words(text):
        raise RequestError("no-reason", "say how the person took it back")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        if case.answered_at is not None:
            raise CaseError("step-not-now", "it has its answer")
        operations.take(
            scope=scope, case=case, step="taken_back", at=clock.now(), outcome="taken_back", text=_words(text)
        )
    return case


def assign(*, actor: Actor, controller: Controller, case_id: int, staff_id: int | None) -> Case:
    """Take the case, or leave it to others (None)."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.assign(scope=scope, case=case, staff_id=staff_id)
    return case


def noted_reading(*, scope: Scope, case: Case) -> None:
    """On record that who asked was read, for the case (A9)."""
    append(
        type=PERSON_READ,
        scope=scope,
        controller=case.controller_id,
        subject=case.subject_id,
        details={"purpose": ACTIVITY, "categories": ["contact", "identity", "rights_case"], "case": case.id},
    )


def _words(text: str) -> str:
    """Free text as it is kept: trimmed, bounded, no NUL."""
    return text.replace("\0", "").strip()[:_LONGEST]
