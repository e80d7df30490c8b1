"""A request comes in: from Min side, or registered by staff from e-mail, phone, letter or the counter (H8).

What needs nobody's judgement is done at once when the identity is known. An objection stops the processing at once,
whoever sent it in: that can be undone, and going on cannot (H5).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tillit.audit.events import REQUEST_RECEIVED
from tillit.audit.operations import append
from tillit.cases import operations, queries
from tillit.cases.models import Case
from tillit.cases.rights import CHANNELS, REQUEST
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.rights import letters, objecting
from tillit.journeys.rights.acting import ACTIVITY, acting, may_receive, must_reach, whole_register
from tillit.journeys.rights.answers import day
from tillit.journeys.rights.carrying import carry_out
from tillit.journeys.rights.errors import RequestError
from tillit.journeys.rights.texts import languages, say
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.parties import operations as parties
from tillit.parties.contacts import record_address

AT_ONCE = frozenset({"access", "portability", "withdrawal"})
SESSION = "session"
SEEN = ("id_document", "known_person", "signed_letter", "call_back")
"""How staff may have verified who asks; besides a one-time code, which `identity` checks."""


def receive(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    right: str,
    channel: str,
    received_at: datetime | None = None,
    verified_how: str = "",
    language: str = "nb",
    fields: Mapping[str, Any] | None = None,
) -> Case:
    """Open a request. `received_at`: when it came in, from which the deadline runs; `fields`: see `cases.rights`.

    A member's session verifies the member; staff say in `verified_how` how they did, if they have. From Min side the
    same request again, while the first is open, is the first. Raises `RequestError`, `CaseError`, `ScopeError` for who
    may not, `NotAssignedError` for a person the member of staff may not look at.
    """
    own = actor.kind == "member"
    _check(actor, controller, channel, verified_how, language)
    must_reach(actor=actor, controller=controller, subject_id=subject_id)
    at, stated = clock.now(), {"right": right, **(fields or {})}
    objecting.check(controller=controller, stated=stated)
    with Scope(acting(actor=actor, subject_id=subject_id), ACTIVITY) as scope:
        if own and (standing := _same(subject_id, controller, stated)):
            return standing
        case = operations.open_case(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            kind=REQUEST,
            channel=channel,
            at=at,
            received_at=received_at,
            fields=stated,
            language=language,
        )
        last = queries.standing(case, zone=_zone(controller)).last_day
        append(
            type=REQUEST_RECEIVED,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"case": case.id, "right": right} | ({"due": last} if last else {}),
        )
        how = SESSION if own else verified_how
        if how:
            operations.take(scope=scope, case=case, step="verified", at=at, how=how, details={"how": how})
        address = letters.address_of(subject_id)
        finished = _at_once(scope, case, address, at, known=bool(how))
        if not own and not finished:
            told = [say(language, "letter.due", day=day(last, language))] if last else []
            letters.tell(scope=scope, case=case, address=address, about="received", lines=told)
    return case


def receive_from_stranger(
    *,
    actor: Actor,
    controller: Controller,
    name: str,
    email: str,
    right: str,
    channel: str,
    received_at: datetime | None = None,
    language: str = "nb",
    fields: Mapping[str, Any] | None = None,
    claimed: bool = True,
) -> Case:
    """The same from somebody not on record: they are kept as an enquirer, with name and address, to be answered at all.
    `claimed`: the address finds them from now on; else it is where the answer goes, and no more.

    Raises also `IdentifierError`, and `AlreadyClaimedError` when the address is somebody's who is on record.
    """
    given, _, family = names.normalise(name).rpartition(" ")
    address = emails.normalise(email)
    _check(actor, controller, channel, "", language)
    everyone, at = whole_register(controller), clock.now()
    opening = Actor(actor.kind, actor.ref, everyone, frozenset({ACTIVITY}))
    with Scope(opening, ACTIVITY) as scope:
        subject = parties.create_subject(scope=scope, register_id=controller.register_id)
        who: dict[str, Any] = {"scope": scope, "subject_id": subject, "controller_id": controller.pk}
        parties.relate(**who, kind="enquirer", started=clock.today())
        facts = [
            parties.NewFact("identity", kind, value)
            for kind, value in (("name.given", given), ("name.family", family))
            if value
        ]
        if not claimed:
            facts.append(parties.NewFact("contact", "email", address))
        parties.record_facts(**who, facts=facts, source="data_subject", at=at)
        if claimed:
            record_address(
                **who, register_id=controller.register_id, kind="email", text=address, source="data_subject", at=at
            )
        return receive(
            actor=actor,
            controller=controller,
            subject_id=subject,
            right=right,
            channel=channel,
            received_at=received_at,
            language=language,
            fields=fields,
        )


def _check(actor: Actor, controller: Controller, channel: str, verified_how: str, language: str) -> None:
    if actor.kind == "member":
        if channel != "self_service" or verified_how:
            raise RequestError("channel", "a member asks on Min side, where the session says who it is")
    elif not may_receive(actor, controller):
        raise ScopeError("scope-activity", f"{actor.kind} may not take in requests about rights")
    elif channel == "self_service" or channel not in CHANNELS:
        raise RequestError("channel", f"one of {', '.join(one for one in CHANNELS if one != 'self_service')}")
    elif verified_how and verified_how not in SEEN:
        raise RequestError("verified", f"one of {', '.join(SEEN)}")
    if language not in languages():
        raise RequestError("language", f"one of {', '.join(languages())}")


def _same(subject_id: int, controller: Controller, stated: Mapping[str, Any]) -> Case | None:
    """An open request of the member's own for the very same."""
    mine = queries.of_person(subject_id=subject_id, kind=REQUEST).filter(
        controller_id=controller.pk, answered_at__isnull=True, closed_at__isnull=True, channel="self_service"
    )
    return next((case for case in mine if case.fields == dict(stated)), None)


def _at_once(scope: Scope, case: Case, address: str | None, at: datetime, *, known: bool) -> bool:
    """What is done without waiting for anybody; whether the request has its answer by that."""
    right = case.fields["right"]
    if right == "objection":
        return objecting.stop(scope=scope, case=case, address=address, at=at, known=known)
    if right == "complaint":
        operations.take(scope=scope, case=case, step="referred", at=at)
    if right in AT_ONCE and known:
        carry_out(scope=scope, case=case, address=address, at=at)
        return True
    return False


def _zone(controller: Controller) -> str:
    return current(controller_id=controller.pk, on=clock.today()).controller.time_zone
