"""A customer's use and cost at the desk (E3): for the purpose the person was looked up for, and on record."""

from datetime import date

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.journeys.staff_lookup import seen
from tillit.kernel.scope import Actor, ScopeError
from tillit.parties.actors import person_scope
from tillit.parties.merging import same_person
from tillit.power import looking
from tillit.power.looking import Page
from tillit.power.periods import Looked

NEEDS = frozenset({"power_contract", "metering_point", "consumption"})


def may_look(*, controller: Controller, activity: str) -> bool:
    """Whether the purpose may see meter values."""
    return seen(controller=controller, activity=activity) >= NEEDS


def look(
    *,
    actor: Actor,
    controller: Controller,
    activity: str,
    subject_id: int,
    number: int,
    looked: Looked | None,
    today: date,
) -> Page:
    """The page of a customer's point; a read on record. Raises `ScopeError`, `NotAssignedError`, `NoSuchPointError`."""
    if not may_look(controller=controller, activity=activity):
        raise ScopeError("scope-activity", f"{activity} may not see meter values")
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        page = looking.page(
            subject_ids=same_person(subject_id),
            controller_id=controller.pk,
            controller=controller.key,
            number=number,
            looked=looked,
            today=today,
            beside=False,
        )
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": activity, "categories": sorted(NEEDS)},
        )
    return page
