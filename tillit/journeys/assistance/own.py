"""What a person does on Min side: ask for help, sign and withdraw mandates, choose offers, write (D3, D4, D5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tillit.cases import attachments, operations, queries
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.assistance import SERVICES, UNDER_MANDATE
from tillit.journeys.for_customer.access import may_use
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.services.acting import mandates
from tillit.services.acting import operations as acting
from tillit.services.acting.errors import ActingError
from tillit.services.acting.models import Counterpart, Letter, Mandate
from tillit.services.concierge import operations as concierge
from tillit.services.concierge.models import Offer
from tillit.services.errors import ServiceError

OWN = "self_service"
MOST_OPEN = 20


@dataclass(frozen=True)
class Shown:
    """A case of a service with what belongs to it; what its kind does not have is empty."""

    case: Case
    entries: Sequence[Entry] = ()
    files: Sequence[Document] = ()
    mandate: Mandate | None = None
    wording: mandates.Wording | None = None
    counterparts: Sequence[Counterpart] = ()
    letters: Sequence[Letter] = ()
    offers: Sequence[tuple[Offer, dict[str, Any]]] = ()
    who: tuple[str, str] = ("", "")


def offered(*, controller: Controller, service: str) -> bool:
    """Whether the controller has the service and people may enter what it needs."""
    declared = current(controller_id=controller.pk, on=clock.today())
    own, activity = declared.activity(OWN), declared.activity(service)
    if own is None or activity is None:
        return False
    return {"id_protection": "id_case", "web_cleanup": "web_cleanup_case", "concierge": "booking"}[
        service
    ] in own.records


def mine(*, actor: Actor, controller: Controller, subject_id: int, service: str) -> tuple[list[Case], bool]:
    """(the person's cases of the service, newest first; whether they may begin one now)."""
    may = may_use(controller=controller, subject_id=subject_id, service=service)
    with Scope(actor, OWN, frozenset({subject_id})):
        return list(queries.of_person(subject_id=subject_id, kind=service)[:100]), may


def ask(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    service: str,
    fields: dict[str, Any],
    about: Sequence[dict[str, str]] = (),
    files: Sequence[bytes] = (),
    language: str = "nb",
) -> Case:
    """Ask for help. `about`: creditors or sites it is about, as `acting.operations.add` takes them. All or nothing.

    Raises `ServiceError` (`no-access`, `too-many`), `CaseError`, `ActingError`.
    """
    if service not in SERVICES or not offered(controller=controller, service=service):
        raise ServiceError("not-offered", "there is no such service")
    at = clock.now()
    if not may_use(controller=controller, subject_id=subject_id, service=service):
        raise ServiceError("no-access", "no agreement gives access to it")
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        if queries.of_person(subject_id=subject_id, kind=service).filter(closed_at=None).count() >= MOST_OPEN:
            raise ServiceError("too-many", "that many are open already")
        case = operations.open_case(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            kind=service,
            channel=OWN,
            at=at,
            fields=fields,
            language=language,
        )
        for one in about:
            acting.add(scope=scope, case=case, at=at, **one)
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=at)
    return case


def one(*, actor: Actor, subject_id: int, service: str, case_id: int, language: str) -> Shown:
    """A case of one's own. Raises `UnknownCaseError`."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return shown(_case(subject_id, service, case_id), language=language, shown_only=True)


def write(*, actor: Actor, subject_id: int, service: str, case_id: int, text: str, files: Sequence[bytes] = ()) -> None:
    """Write in one's own case, with files. Raises `CaseError` (`no-text`, …)."""
    if not text.strip() and not files:
        raise CaseError("no-text", "there is nothing to send")
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _case(subject_id, service, case_id)
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=clock.now())
        if text.strip():
            operations.take(scope=scope, case=case, step="wrote", at=clock.now(), text=text.strip())


def sign(*, actor: Actor, subject_id: int, service: str, case_id: int, shown_text: str, language: str) -> Mandate:
    """Sign the mandate whose text was read (`shown_text`: its digest). Raises `ActingError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _case(subject_id, service, case_id)
        return mandates.sign(scope=scope, case=case, shown=shown_text, language=language, at=clock.now())


def withdraw(*, actor: Actor, subject_id: int, service: str, case_id: int) -> bool:
    """Withdraw the mandate, at any time; whether one stood."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return mandates.withdraw(scope=scope, case=_case(subject_id, service, case_id), at=clock.now())


def add(*, actor: Actor, subject_id: int, service: str, case_id: int, about: dict[str, str]) -> Counterpart:
    """Say of one more creditor or site. Raises `ActingError`."""
    if service not in UNDER_MANDATE:
        raise ActingError("no-counterpart", "this service turns to nobody under a mandate")
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return acting.add(scope=scope, case=_case(subject_id, service, case_id), at=clock.now(), **about)


def choose(*, actor: Actor, subject_id: int, case_id: int, offer_id: int, yes_to: str = "") -> Offer:
    """Choose an offer; `yes_to`: what was read and agreed to of a supplier outside the EEA. Raises `ConciergeError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _case(subject_id, concierge.CONCIERGE, case_id)
        return concierge.choose(scope=scope, case=case, offer_id=offer_id, at=clock.now(), yes_to=yes_to)


def turn_down(*, actor: Actor, subject_id: int, case_id: int, offer_id: int) -> None:
    """Decline an offer, or regret a choice that is not booked yet. Raises `ConciergeError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _case(subject_id, concierge.CONCIERGE, case_id)
        concierge.turn_down(scope=scope, case=case, offer_id=offer_id, at=clock.now())


def file(*, actor: Actor, subject_id: int, service: str, case_id: int, document_id: int) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a file or letter of one's own case. Raises `UnknownCaseError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _case(subject_id, service, case_id)
        document = queries.document(case=case, document_id=document_id)
        return document.name, document.media_type, operations.open_document(scope=scope, document=document)


def shown(case: Case, *, language: str, shown_only: bool) -> Shown:
    """A case with what belongs to it. Within a scope that sees it."""
    under = case.kind in UNDER_MANDATE
    standing = mandates.standing(subject_id=case.subject_id, case_id=case.id, at=clock.now()) if under else None
    given: dict[str, Any] = {"purpose": case.kind, "controller_id": case.controller_id, "language": language}
    version = standing.version if standing is not None else None
    offers = concierge.of_case(case=case) if case.kind == concierge.CONCIERGE else []
    return Shown(
        case,
        queries.entries(case=case, shown_only=shown_only),
        queries.documents(case=case),
        standing,
        mandates.wording(**given, version=version) if under else None,
        acting.of_case(case=case) if under else (),
        acting.letters_of(case=case) if under else (),
        [(one, concierge.what_leaves(subject_id=case.subject_id, offer=one)) for one in offers],
    )


def day(text: str) -> date | None:
    """A date typed, None for none. Raises `CaseError` `day`."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CaseError("day", "that is no day") from None


def _case(subject_id: int, service: str, case_id: int) -> Case:
    case = queries.case(case_id=case_id, subject_id=subject_id)
    if case.kind != service:
        raise UnknownCaseError("no-case", "there is no such case")
    return case
