"""Insurance from every side (D7): covers that follow agreements, a person's claims, the desk, insurer and broker."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import structlog

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.cases import attachments, queries
from tillit.cases import operations as cases
from tillit.cases.errors import UnknownCaseError
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.case_desk import handled
from tillit.journeys.insurance_told import called
from tillit.journeys.payments import scope_of
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, Scope
from tillit.messages.telling import tell
from tillit.services import claims, covers
from tillit.services.agreement_models import Agreement
from tillit.services.claims import ACTIVITY, CLAIM
from tillit.services.errors import ServiceError
from tillit.services.insurance_models import ClaimNotice, Cover, PaidClaim, RefusedClaim

OWN, COVERS, CUSTOMERS = "self_service", covers.ACTIVITY, "customer_administration"
RECENT = timedelta(days=3)
AGAIN = timedelta(minutes=5)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Shown:
    """A claim with its log and its files. `who`: for the desk."""

    case: Case
    entries: Sequence[Entry]
    files: Sequence[Document] = ()
    who: str = ""
    cover: Cover | None = None
    notices: Sequence[ClaimNotice] = ()


@dataclass(frozen=True)
class Mine:
    """What a person sees of their insurance."""

    covers: Sequence[Cover]
    claims: Sequence[Shown]
    paid: Sequence[PaidClaim] = ()
    refused: Sequence[RefusedClaim] = field(default=())


def offered(*, controller: Controller) -> bool:
    """Whether the controller's customers may be insured and claim by themselves."""
    declared = current(controller_id=controller.pk, on=clock.today())
    own = declared.activity(OWN)
    return declared.activity(ACTIVITY) is not None and own is not None and "insurance_claim" in own.records


def follow_agreements() -> int:
    """Covers follow the agreements that give them, new ones, endings and endings undone; how many changed. Daily."""
    changed = 0
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        declared = current(controller_id=controller.pk, on=clock.today())
        if declared.activity(COVERS) is None or declared.activity(CUSTOMERS) is None:
            continue
        with scope_of(controller.pk, CUSTOMERS):
            found = Agreement.objects.filter(
                controller_id=controller.pk, product__services__contains=[COVERS]
            ).select_related("product")
            agreed = list(found)
        with scope_of(controller.pk, COVERS):
            rows = Cover.objects.filter(controller_id=controller.pk, agreement_id__isnull=False)
            known = {(one.subject_id, one.agreement_id): (one.starts, one.ends) for one in rows}
        for one in agreed:
            if known.get((one.subject_id, one.id)) != (one.starts, one.ends):
                changed += _cover(controller, one)
    return changed


def _cover(controller: Controller, one: Agreement) -> bool:
    terms = covers.terms_of(controller_id=controller.pk, product=one.product.key, on=one.starts)
    if terms is None:
        log.warning("a product insures and has no terms", product=one.product.key)
        return False
    with scope_of(controller.pk, COVERS, one.subject_id) as scope:
        covers.insure(
            scope=scope,
            subject_id=one.subject_id,
            terms=terms,
            starts=one.starts,
            ends=one.ends,
            at=clock.now(),
            agreement_id=one.id,
        )
    return True


def mine(*, actor: Actor, subject_id: int) -> Mine:
    """What a person sees: covers, claims that are handled, claims that were decided."""
    with Scope(actor, OWN, frozenset({subject_id})):
        found = queries.of_person(subject_id=subject_id, kind=CLAIM)[:50]
        paid, refused = claims.decided(subject_id=subject_id)
        handled = [_shown(case, shown_only=True) for case in found]
        return Mine(list(covers.of_person(subject_id=subject_id)), handled, paid, refused)


def claim(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    cover_id: int,
    item: str,
    loss_kind: str,
    loss_on: date,
    text: str,
    claimed: int | None,
    files: Sequence[bytes] = (),
    language: str = "nb",
) -> Case:
    """A person claims. Insurer and broker are told when the worker comes to it. Raises `ServiceError`, `CaseError`."""
    at = clock.now()
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        cover = covers.covered(subject_id=subject_id, cover_id=cover_id, on=loss_on)
        case = claims.make(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            cover=cover,
            item=item,
            loss_kind=loss_kind,
            loss_on=loss_on,
            text=text,
            claimed=claimed,
            channel="self_service",
            at=at,
            language=language,
        )
        claims.tell(scope=scope, case=case, about="claim", of_id=case.id, at=at)
        _attach(scope, case, files)
        return case


def _attach(scope: Scope, case: Case, files: Sequence[bytes]) -> None:
    """Keep files with a claim; insurer and broker get them after it."""
    for body in files:
        kept = attachments.add(scope=scope, case=case, body=body, at=clock.now())
        claims.tell(scope=scope, case=case, about="file", of_id=kept.id, at=clock.now())


def write(*, actor: Actor, subject_id: int, case_id: int, text: str, files: Sequence[bytes] = ()) -> None:
    """The person adds to a claim that is handled. Raises `ServiceError` `no-words`, `CaseError`, `UnknownCaseError`."""
    if not text.strip() and not files:
        raise ServiceError("no-words", "say it in words")
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _of_kind(queries.case(case_id=case_id, subject_id=subject_id))
        _attach(scope, case, files)
        if text.strip():
            cases.take(scope=scope, case=case, step="wrote", at=clock.now(), text=text)


def withdraw(*, actor: Actor, subject_id: int, case_id: int) -> None:
    """The person takes a claim back."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _of_kind(queries.case(case_id=case_id, subject_id=subject_id))
        cases.take(scope=scope, case=case, step="withdrawn", at=clock.now(), outcome="withdrawn")


def own_claim(*, actor: Actor, subject_id: int, case_id: int) -> Shown:
    """One of the person's claims. Raises `UnknownCaseError`."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return _shown(_of_kind(queries.case(case_id=case_id, subject_id=subject_id)), shown_only=True)


def own_file(*, actor: Actor, subject_id: int, case_id: int, document_id: int) -> tuple[str, str, bytes]:
    """A file of one's own claim."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        case = _of_kind(queries.case(case_id=case_id, subject_id=subject_id))
        return attachments.open_file(scope=scope, case=case, document_id=document_id)


def may_handle(actor: Actor) -> bool:
    """Whether the member of staff handles claims."""
    return actor.activities is None or ACTIVITY in actor.activities


def queue(*, actor: Actor, controller: Controller, show: str = "open", first: int = 0, most: int = 200) -> list[Case]:
    """The controller's claims, the most urgent first: `most` after the first so many. Raises `ScopeError`."""
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        return list(queries.queue(controller_ids=[controller.pk], kind=CLAIM, show=show)[first : first + most])


def count_open(*, actor: Actor, controller: Controller) -> int:
    """How many claims are not closed."""
    if current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is None:
        return 0
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        return queries.queue(controller_ids=[controller.pk], kind=CLAIM).count()


def handling(*, actor: Actor, controller: Controller, case_id: int) -> AbstractContextManager[tuple[Scope, Case]]:
    """The open scope in which staff handle a claim, and its case. Raises as `case_desk.handled`."""
    return handled(actor=actor, controller=controller, case_id=case_id, activity=ACTIVITY, kinds={CLAIM})


def look(*, actor: Actor, controller: Controller, case_id: int) -> Shown:
    """A claim as the desk sees it; the look is on record."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=case.subject_id,
            details={"purpose": ACTIVITY, "categories": ["identity", "insurance_claim", "insurance_cover"]},
        )
        cover = covers.of_person(subject_id=case.subject_id).filter(id=int(case.fields["cover"])).first()
        notices = list(ClaimNotice.objects.filter(subject_id=case.subject_id, case_id=case.id).order_by("due_at"))
        return _shown(case, shown_only=False, who=called(case.subject_id), cover=cover, notices=notices)


def take_step(*, actor: Actor, controller: Controller, case_id: int, step: str, text: str) -> None:
    """`assessed`, `asked` (which the person is told of) or `note`, in the handler's words. Raises `CaseError`."""
    if step not in {"assessed", "asked", "note"} or not text.strip():
        raise ServiceError("no-words", "say it in words")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        cases.take(scope=scope, case=case, step=step, at=clock.now(), text=text)
        if step == "asked":
            _message(scope, case, "claim_asked", {}, f"claim_asked:{case.id}:{clock.now().timestamp():.0f}")


def decide(*, actor: Actor, controller: Controller, case_id: int, amount: int, reasons: str) -> None:
    """Decide a claim (`claims.decide`); the person is told. Raises `ServiceError`, `CaseError`."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        claims.decide(scope=scope, case=case, amount=amount, reasons=reasons, at=clock.now())
        _message(scope, case, "claim_decided", {}, f"claim_decided:{case.id}")


def pay(*, actor: Actor, controller: Controller, case_id: int, method: str, to_account: str) -> PaidClaim:
    """Pay what was approved (`claims.pay`); the person is told. Raises `ServiceError`."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        row = claims.pay(scope=scope, case=case, method=method, to_account=to_account, at=clock.now())
        values = {"amount": Money(row.amount, row.currency).format(case.language)}
        _message(scope, case, "claim_paid", values, f"claim_paid:{row.id}")
        return row


def staff_file(*, actor: Actor, controller: Controller, case_id: int, document_id: int) -> tuple[str, str, bytes]:
    """A file of a claim, for the desk."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        return attachments.open_file(scope=scope, case=case, document_id=document_id)


def _message(scope: Scope, case: Case, template: str, values: dict[str, Any], key: str) -> None:
    tell(
        scope=scope,
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        template=template,
        values=values,
        key=key,
        language=case.language,
    )


def _of_kind(case: Case) -> Case:
    if case.kind != CLAIM:
        raise UnknownCaseError("no-case", "there is no such claim")
    return case


def _shown(case: Case, *, shown_only: bool, **more: Any) -> Shown:
    entries = queries.entries(case=case, shown_only=shown_only)
    return Shown(case, entries, list(queries.attached(case=case)), **more)
