"""Insurer and broker are told of claims, their files and decisions, each once and on record (D7).

Files leave sealed for the recipient's certificate; the installation that names none sends none.
"""

import base64
from datetime import timedelta
from hashlib import sha256
from typing import Any

import structlog

from tillit.audit.operations import append
from tillit.cases import attachments
from tillit.cases import operations as cases
from tillit.cases.models import Case, Document
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import Disclosed, disclose
from tillit.journeys.payments import scope_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.parties.operations import lock_subject
from tillit.parties.queries import facts
from tillit.services import covers, insurers
from tillit.services import events as service_events
from tillit.services.claims import ACTIVITY
from tillit.services.errors import InsurerError, ServiceError
from tillit.services.insurance_models import ClaimNotice, PaidClaim, RefusedClaim

AGAIN = timedelta(minutes=5)
log = structlog.get_logger(__name__)


def tell_everywhere() -> int:
    """Tell insurers and brokers everything that is due; how much they have now. Outside every scope. One that does not
    answer is tried again, and holds up no other.
    """
    told = 0
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        if current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is None:
            continue
        with scope_of(controller.pk, ACTIVITY):
            due = ClaimNotice.objects.filter(controller_id=controller.pk, told_at=None, due_at__lte=clock.now())
            waiting = list(due.order_by("due_at", "id")[:500])
        silent: set[str] = set()
        for notice in waiting:
            if notice.recipient in silent:
                continue
            try:
                told += _tell(controller, notice)
            except (InsurerError, DisclosureRefusedError, ServiceError) as error:
                log.warning("claim not told", code=error.code, recipient=notice.recipient)
                silent |= {notice.recipient} if isinstance(error, InsurerError) else set()
                _later(controller, notice, error.code)
            except Exception as error:  # noqa: BLE001 (one that cannot be told holds up no other; words may name a person)
                log.warning("claim not told", fault=type(error).__name__, recipient=notice.recipient)
                _later(controller, notice, "fault")
    return told


def _tell(controller: Controller, notice: ClaimNotice) -> bool:
    """Tell one: what leaves is on record before it does; whose outcome is not known is asked about first."""
    if not insurers.reachable(notice.recipient):
        raise InsurerError("insurer-unnamed", "the installation does not say how to reach them")
    if not notice.handed_over or not insurers.has(recipient=notice.recipient, reference=notice.reference):
        with scope_of(controller.pk, ACTIVITY, notice.subject_id) as scope:
            lock_subject(scope=scope, subject_id=notice.subject_id)
            if moot := _moot(notice):
                gone = ClaimNotice.objects.filter(subject_id=notice.subject_id, id=notice.id, told_at=None)
                gone.update(told_at=clock.now(), reason=moot)
                return False
            sent = _release(scope, notice)
            mine = ClaimNotice.objects.filter(subject_id=notice.subject_id, id=notice.id)
            mine.update(handed_over=True, attempts=notice.attempts + 1)
        insurers.tell(recipient=notice.recipient, reference=notice.reference, about=notice.about, sent=sent)
    with scope_of(controller.pk, ACTIVITY, notice.subject_id) as scope:
        at = clock.now()
        mine = ClaimNotice.objects.filter(subject_id=notice.subject_id, id=notice.id, told_at=None)
        if not mine.update(told_at=at, reason=""):
            return False
        case = Case.objects.filter(subject_id=notice.subject_id, id=notice.case_id, closed_at=None).first()
        if case is not None:
            details = {"recipient": notice.recipient, "about": notice.about}
            cases.take(scope=scope, case=case, step="told", at=at, details=details)
        append(
            type=service_events.CLAIM_TOLD,
            scope=scope,
            controller=controller.pk,
            subject=notice.subject_id,
            details={"notice": notice.id, "recipient": notice.recipient},
        )
    return True


def _moot(notice: ClaimNotice) -> str:
    """Why nobody is told any more: the claim was taken back before they had it, or what it is about is gone."""
    kind: Any = {"claim": Case, "file": Document, "paid": PaidClaim, "refused": RefusedClaim}[notice.about]
    row = kind.objects.filter(subject_id=notice.subject_id, id=notice.of_id).first()
    if row is None:
        return "gone"
    taken_back = Case.objects.filter(subject_id=notice.subject_id, id=notice.case_id, outcome="withdrawn")
    return "withdrawn" if notice.about in {"claim", "file"} and taken_back.exists() else ""


def _release(scope: Scope, notice: ClaimNotice) -> Disclosed:
    """What of the claim and its cover leaves, on record."""
    cover = covers.of_person(subject_id=notice.subject_id).filter(id=notice.cover_id).first()
    if cover is None:
        raise ServiceError("not-covered", "the cover is gone")
    name, about = _about(scope, notice)
    fields: dict[str, Any] = {
        "name": called(notice.subject_id),
        "insurance_cover": {
            "policy": cover.terms.policy,
            "starts": cover.starts.isoformat(),
            "ends": cover.ends.isoformat() if cover.ends else None,
        },
        name: about,
    }
    return disclose(
        scope=scope,
        subject_id=notice.subject_id,
        controller_id=notice.controller_id,
        recipient=notice.recipient,
        fields=fields,
        at=clock.now(),
        party=notice.recipient,
        case_id=notice.case_id,
    )


def _about(scope: Scope, notice: ClaimNotice) -> tuple[str, dict[str, Any]]:
    """(category, what leaves of it)."""
    mine = {"subject_id": notice.subject_id, "id": notice.of_id}
    if notice.about == "claim":
        case = Case.objects.get(**mine)
        told = {key: case.fields.get(key) for key in ("item", "loss_kind", "loss_on", "text", "claimed")}
        claimed_on = clock.local_date(case.received_at).isoformat()
        return "insurance_claim", told | {"case": str(case.id), "claimed_on": claimed_on}
    if notice.about == "file":
        return "insurance_claim", _file(scope, notice)
    row: Any = (PaidClaim if notice.about == "paid" else RefusedClaim).objects.get(**mine)
    common = {
        "item": row.item,
        "loss_kind": row.loss_kind,
        "loss_on": row.loss_on.isoformat(),
        "claimed_on": row.claimed_on.isoformat(),
    }
    if notice.about == "paid":
        paid = {"amount": row.amount, "currency": row.currency, "method": row.method, "status": row.status}
        return "paid_claim", common | paid | {"paid_on": clock.local_date(row.paid_at).isoformat()}
    refused = {"reasons": row.reasons, "partly": row.partly}
    return "refused_claim", common | refused | {"refused_on": clock.local_date(row.refused_at).isoformat()}


def _file(scope: Scope, notice: ClaimNotice) -> dict[str, Any]:
    """A file of the claim, sealed for who is told; what is on record of it is its digest."""
    case = Case.objects.get(subject_id=notice.subject_id, id=notice.case_id)
    name, media_type, body = attachments.open_file(scope=scope, case=case, document_id=notice.of_id)
    sealed = insurers.sealed_for(recipient=notice.recipient, body=body)
    return {
        "case": str(case.id),
        "file": name,
        "media_type": media_type,
        "sha256": sha256(body).hexdigest(),
        "sealed": base64.b64encode(sealed).decode(),
    }


def _later(controller: Controller, notice: ClaimNotice, reason: str) -> None:
    with scope_of(controller.pk, ACTIVITY, notice.subject_id):
        mine = ClaimNotice.objects.filter(subject_id=notice.subject_id, id=notice.id, told_at=None)
        mine.update(reason=reason[:40], due_at=clock.now() + AGAIN)


def called(subject_id: int) -> str:
    """What the person is called, as far as the open scope sees it."""
    known = facts(subject_id=subject_id)
    return " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
