"""Protected addresses at the desk and on Min side (A7): set, lifted, and opened by whom the declaration names."""

from typing import Any

from tillit.audit.events import KEY_OPENED
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys import events
from tillit.journeys.merging import activity_of
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties import protection
from tillit.parties.actors import person_scope
from tillit.parties.errors import NotAssignedError
from tillit.parties.models import StaffMember
from tillit.parties.queries import active_roles


def may_open(*, staff: StaffMember, controller: Controller) -> bool:
    """Whether a role of the colleague may open protected addresses there."""
    access = current(controller_id=controller.pk, on=clock.today()).staff_access
    named = set(access.protected_for) if access else set()
    return any(r.controller_id == controller.pk and r.role in named for r in active_roles(staff=staff))


def set_level(*, actor: Actor, controller: Controller, subject_id: int, level: str) -> None:
    """The person has asked for, or lost, protection: one of `protection.LEVELS`, or '' to lift it.

    Raises `NotAssignedError`, `ValueError` for another level.
    """
    if level not in ("", *protection.LEVELS):
        raise ValueError(level)
    activity = activity_of(actor=actor, controller=controller)
    holder, at = holder_of(controller_id=controller.pk), clock.now()
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        where: dict[str, Any] = {
            "scope": scope,
            "subject_id": subject_id,
            "controller_id": holder,
            "source": "data_subject",
            "at": at,
        }
        if level:
            protection.protect(**where, level=level)
            details = {"source": "data_subject", "level": level}
            append(type=events.ADDRESS_PROTECTED, scope=scope, controller=holder, subject=subject_id, details=details)
        elif protection.lift(**where):
            details = {"source": "data_subject"}
            append(type=events.PROTECTION_LIFTED, scope=scope, controller=holder, subject=subject_id, details=details)


def level_of(*, actor: Actor, controller: Controller, subject_id: int) -> str:
    """The level that stands, '' for none. Raises `NotAssignedError`."""
    activity = activity_of(actor=actor, controller=controller)
    with person_scope(actor=actor, activity=activity, subject_id=subject_id):
        return protection.stands(subject_id=subject_id) or ""


def opened_by(*, staff: StaffMember, actor: Actor, controller: Controller, activity: str, subject_id: int) -> str:
    """The protected address in clear for a colleague whose role may, on record. Raises `NotAssignedError`."""
    if not may_open(staff=staff, controller=controller):
        raise NotAssignedError("not-assigned", "your role does not open protected addresses")
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        return opened(scope=scope, controller=controller, subject_id=subject_id)


def opened(*, scope: Scope, controller: Controller, subject_id: int) -> str:
    """The protected address in clear as a line, within an open scope, on record; '' where there is none."""
    parts = protection.address(scope=scope, subject_id=subject_id)
    append(
        type=KEY_OPENED,
        scope=scope,
        controller=controller.pk,
        subject=subject_id,
        details={"purpose": scope.activity, "category": "contact"},
    )
    return ", ".join(parts[kind] for kind in protection.PARTS if kind in parts)
