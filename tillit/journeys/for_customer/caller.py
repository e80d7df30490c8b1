"""Somebody calls: staff make sure who it is, and open a case of the service that the purpose is (D2–D5, D7).

How the identity was checked stands in the case's first entry. What a mandate or a choice needs the person's own hand
for, the person signs on Min side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.cases import operations as cases
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.assistance import SERVICES
from tillit.journeys.for_customer.access import may_use
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.parties.actors import person_scope
from tillit.services import blocking, claims, covers, instruments
from tillit.services.errors import ServiceError
from tillit.services.insurance_models import Cover
from tillit.services.models import Instrument

BY_PHONE = "phone"
CHECKS = ("known_facts", "called_back", "met")
"""How staff made sure who calls: they told what only they should know, were called back on their number, or met."""
KINDS = (*SERVICES, blocking.ACTIVITY, claims.ACTIVITY)
"""The purposes that are services with cases of their own."""


@dataclass(frozen=True)
class Open:
    """What a case of the purpose is opened with. covers: to claim under; held: what can be blocked; may: whether the
    service is open to the person now.
    """

    purpose: str
    may: bool
    covers: Sequence[Cover] = ()
    held: Sequence[Instrument] = field(default=())


def look(*, actor: Actor, controller: Controller, activity: str, subject_id: int) -> Open:
    """What the form needs; the look is on record. Raises `ScopeError`, `NotAssignedError`."""
    may = activity not in SERVICES or may_use(controller=controller, subject_id=subject_id, service=activity)
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        held = list(instruments.mine(subject_id=subject_id)) if activity == blocking.ACTIVITY else []
        insured = list(covers.of_person(subject_id=subject_id)) if activity == claims.ACTIVITY else []
        seen = {"identity"} | ({"blocked_instrument"} if held else set()) | ({"insurance_cover"} if insured else set())
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": activity, "categories": sorted(seen)},
        )
    return Open(activity, may, insured, held)


def offered(*, controller: Controller, activity: str) -> bool:
    """Whether the purpose is a service of the controller with cases."""
    return activity in KINDS and current(controller_id=controller.pk, on=clock.today()).activity(activity) is not None


def open_case(
    *,
    actor: Actor,
    controller: Controller,
    activity: str,
    subject_id: int,
    identified: str,
    said: Mapping[str, Any],
    language: str = "nb",
) -> Case:
    """Open it. `said`: `text`; of a claim also `cover`, `item`, `loss_kind`, `loss_on`, `claimed`; of a block `held`,
    the ids of what is blocked. Raises `ServiceError` (`not-identified`, `no-access`, `not-offered`, …), `CaseError`.
    """
    if identified not in CHECKS:
        raise ServiceError("not-identified", "say how it was made sure who calls")
    if not offered(controller=controller, activity=activity):
        raise ServiceError("not-offered", "there is no such service")
    if activity in SERVICES and not may_use(controller=controller, subject_id=subject_id, service=activity):
        raise ServiceError("no-access", "no agreement gives access to it")
    at, details = clock.now(), {"identified": identified}
    whose: dict[str, Any] = {"subject_id": subject_id, "controller_id": controller.pk}
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        if activity == blocking.ACTIVITY:
            chosen = [int(one) for one in said.get("held", ())]
            opened, *_ = blocking.block(
                scope=scope, **whose, instrument_ids=chosen, channel=BY_PHONE, at=at, language=language, details=details
            )
            return opened
        if activity == claims.ACTIVITY:
            loss_on: date = said["loss_on"]
            cover = covers.covered(subject_id=subject_id, cover_id=said["cover"], on=loss_on)
            made = claims.make(
                scope=scope,
                **whose,
                cover=cover,
                item=said["item"],
                loss_kind=said["loss_kind"],
                loss_on=loss_on,
                text=said["text"],
                claimed=said.get("claimed"),
                channel=BY_PHONE,
                at=at,
                language=language,
                details=details,
            )
            claims.tell(scope=scope, case=made, about="claim", of_id=made.id, at=at)
            return made
        return cases.open_case(
            scope=scope,
            **whose,
            kind=activity,
            channel=BY_PHONE,
            at=at,
            fields={"text": said["text"]},
            language=language,
            details=details,
        )
