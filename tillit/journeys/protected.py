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
from tillit.parties.errors import NotAssignedError, ProtectionStandsError
from tillit.parties.models import StaffMember
from tillit.parties.operations import lock_subject
from tillit.parties.queries import active_roles
from tillit.registers.sources import POPULATION

SAID_BY = ("data_subject", "third_party", "issued")
"""Who may have said it at the desk: the person, somebody else, or nobody: the controller itself."""


def may_open(*, staff: StaffMember, controller: Controller) -> bool:
    """Whether a role of the colleague may open protected addresses there."""
    access = current(controller_id=controller.pk, on=clock.today()).staff_access
    named = set(access.protected_for) if access else set()
    return any(r.controller_id == controller.pk and r.role in named for r in active_roles(staff=staff))


def changeable(*, actor: Actor, controller: Controller, subject_id: int) -> tuple[str, ...]:
    """The levels that the actor may set from the one that stands, '' for lifting it; none but that where the population
    register said it. Raises `NotAssignedError`.
    """
    with person_scope(actor=actor, activity=activity_of(actor=actor, controller=controller), subject_id=subject_id):
        before = protection.stands(subject_id=subject_id) or ""
        fixed = POPULATION.key in protection.sources(subject_id=subject_id)
    may = _opens(actor, controller)
    offered = ("", *protection.LEVELS)
    return tuple(one for one in offered if one == before or not (fixed or (protection.weaker(one, before) and not may)))


def set_level(*, actor: Actor, controller: Controller, subject_id: int, level: str, source: str) -> None:
    """Protect the address: `level` is one of `protection.LEVELS`, '' lifts it. source: who says so, of `SAID_BY`.

    Whoever keeps the register protects an address; lifting or lowering is for the roles that open protected addresses,
    since a lifted one stands in clear, and is on record as opened. What the population register said, it alone changes.
    Raises `NotAssignedError`, `ProtectionStandsError` for the register's, `ValueError` for another level or source.
    """
    if level not in ("", *protection.LEVELS) or source not in SAID_BY:
        raise ValueError(level)
    activity = activity_of(actor=actor, controller=controller)
    holder, at = holder_of(controller_id=controller.pk), clock.now()
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        lock_subject(scope=scope, subject_id=subject_id)
        before = protection.stands(subject_id=subject_id) or ""
        if level == before:
            return
        if POPULATION.key in protection.sources(subject_id=subject_id):
            raise ProtectionStandsError("registers-own", "the population register protects the address")
        if protection.weaker(level, before) and not _opens(actor, controller):
            raise NotAssignedError("not-assigned", "your role does not open protected addresses")
        where: dict[str, Any] = {"scope": scope, "subject_id": subject_id, "controller_id": holder}
        where |= {"source": source, "at": at}
        if level:
            protection.protect(**where, level=level)
            details = {"source": source, "level": level}
            append(type=events.ADDRESS_PROTECTED, scope=scope, controller=holder, subject=subject_id, details=details)
        else:
            opened(scope=scope, controller=controller, subject_id=subject_id)
            protection.lift(**where)
            details = {"source": source}
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


def _opens(actor: Actor, controller: Controller) -> bool:
    """Whether the actor is a colleague whose role opens protected addresses there."""
    staff = StaffMember.objects.filter(pk=int(actor.ref)).first() if actor.kind == "staff" else None
    return staff is not None and may_open(staff=staff, controller=controller)
