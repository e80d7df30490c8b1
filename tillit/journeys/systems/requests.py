"""Requests about rights that a system hands in for somebody, and how far they have come (H8, A8).

Whoever hands it in has shown nothing of who the person is: the request is unverified, the person is told of it, and
nothing that holds data leaves before they have shown who they are, to staff or by the code sent to their own address.
The answer goes to the person, never to the system.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tillit.cases import queries
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.models import Case
from tillit.cases.rights import REQUEST
from tillit.declaration.queries import current
from tillit.journeys.rights.acting import ACTIVITY, acting, whole_register
from tillit.journeys.rights.errors import RequestError
from tillit.journeys.rights.receive import receive, receive_from_stranger
from tillit.journeys.systems.errors import SystemRefusedError
from tillit.journeys.systems.reach import System
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Actor, Scope
from tillit.parties import lookup
from tillit.parties.merging import own, same_person
from tillit.parties.models import Relationship

CHANNEL = "partner"


@dataclass(frozen=True)
class Progress:
    """How far a request has come: what the one who handed it in may know, and nothing of its answer."""

    subject: int
    number: int
    right: str
    stage: str
    received_at: datetime
    due: date | None
    verified: bool
    answered_at: datetime | None
    closed_at: datetime | None


def hand_in(*, system: System, subject_id: int, right: str, language: str, fields: Mapping[str, Any]) -> Progress:
    """Open a request of somebody the system means. An objection stops the processing at once, as from anybody.

    Raises `SystemRefusedError` `request-refused`.
    """
    try:
        case = receive(
            actor=_actor(system),
            controller=system.controller,
            subject_id=subject_id,
            right=right,
            channel=CHANNEL,
            language=language,
            fields=fields,
        )
    except (CaseError, RequestError):
        raise SystemRefusedError("request-refused", "that cannot be asked for in this way") from None
    return _progress(case)


def hand_in_for_stranger(
    *, system: System, name: str, email: str, right: str, language: str, fields: Mapping[str, Any]
) -> Progress:
    """The same for somebody the system does not know. Whoever reads the address is told either way: who is on record by
    it, has asked; who is not, is kept as an enquirer to be answered at all, without a claim to the address, which
    nobody has shown to read. The answer is the same, so that it tells nothing of who is on record.

    Raises `SystemRefusedError`: `request-refused`, for a paying partner's system, too, and `value-unreadable`.
    """
    if system.partner is not None:
        raise SystemRefusedError("request-refused", "a paying partner hands in requests of its own customers alone")
    asked: dict[str, Any] = {
        "actor": _actor(system),
        "controller": system.controller,
        "right": right,
        "channel": CHANNEL,
        "language": language,
        "fields": fields,
    }
    try:
        names.normalise(name)
        emails.normalise(email)
        known = _on_record(system, email)
        if known is not None:
            case = receive(**asked, subject_id=known)
        else:
            case = receive_from_stranger(**asked, name=name, email=email, claimed=False)
    except IdentifierError:
        raise SystemRefusedError("value-unreadable", "a name and an e-mail address") from None
    except (CaseError, RequestError):
        raise SystemRefusedError("request-refused", "that cannot be asked for in this way") from None
    return _progress(case)


def _on_record(system: System, email: str) -> int | None:
    """Who of the controller's people has the address."""
    found = lookup.by_address(register_id=system.controller.register_id, text=email)
    if found is None:
        return None
    found = own(found)
    with Scope(acting(actor=_actor(system), subject_id=found), ACTIVITY):
        tied = Relationship.objects.filter(subject_id__in=same_person(found), controller_id=system.controller.pk)
        return found if tied.exists() else None


def progress(*, system: System, subject_id: int, number: int) -> Progress:
    """How far a request has come. Raises `SystemRefusedError` `request-unknown`, also once it is erased."""
    try:
        with Scope(acting(actor=_actor(system), subject_id=subject_id), ACTIVITY):
            case = queries.case(case_id=number, subject_id=subject_id)
    except UnknownCaseError:
        raise SystemRefusedError("request-unknown", "there is no such request") from None
    if case.kind != REQUEST or case.controller_id != system.controller.pk:
        raise SystemRefusedError("request-unknown", "there is no such request")
    return _progress(case)


def _actor(system: System) -> Actor:
    return Actor("partner", str(system.client), whole_register(system.controller), frozenset({ACTIVITY}))


def _progress(case: Case) -> Progress:
    zone = current(controller_id=case.controller_id, on=clock.today()).controller.time_zone
    return Progress(
        case.subject_id,
        case.id,
        case.fields["right"],
        case.stage,
        case.received_at,
        queries.standing(case, zone=zone).last_day,
        case.verified_at is not None,
        case.answered_at,
        case.closed_at,
    )
