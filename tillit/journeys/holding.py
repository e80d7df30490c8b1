"""Staff keep what a claim, a dispute or an order concerns, and let go of it (D11). The rules are `privacy.holds`'."""

from collections.abc import Collection
from datetime import date

from tillit.cases import queries as cases
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.rights.acting import ACTIVITY, may_handle, must_reach
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.privacy import holds
from tillit.privacy.errors import HoldRefusedError
from tillit.privacy.holds import Held


def listed(*, actor: Actor, controller: Controller, released: bool = False) -> list[Held]:
    """The controller's holds, oldest first; the released ones, too, if asked. Names nobody. Raises `ScopeError`."""
    _may(actor, controller)
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        return [one for one in holds.listed(standing=not released) if one.controller_id == controller.pk]


def may_hold(controller: Controller) -> list[str]:
    """The categories that a claim or dispute may hold there, as declared."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return sorted({category for hold in declared.holds for category in hold.categories})


def open_cases(*, actor: Actor, controller: Controller, subject_id: int) -> list[Case]:
    """The person's open cases there, which a hold may be for."""
    _may(actor, controller)
    must_reach(actor=actor, controller=controller, subject_id=subject_id)
    with Scope(actor, ACTIVITY, frozenset({subject_id}), frozenset({controller.pk})):
        found = cases.of_person(subject_id=subject_id).filter(controller_id=controller.pk, closed_at__isnull=True)
        return list(found)


def place(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    reason: str,
    reference: str = "",
    categories: Collection[str] | None = None,
    secret: bool = False,
    until: date | None = None,
    case_id: int | None = None,
) -> Held:
    """Keep the person's rows until the matter is closed. `secret`: an order that forbids telling of it. `case_id`: the
    case whose closing ends it. Raises `HoldRefusedError`, `ScopeError`, `NotAssignedError`, `UnknownCaseError`.
    """
    _may(actor, controller)
    must_reach(actor=actor, controller=controller, subject_id=subject_id)
    with Scope(actor, ACTIVITY, frozenset({subject_id}), frozenset({controller.pk})) as scope:
        if case_id is not None:
            cases.case(case_id=case_id, subject_id=subject_id)
        return holds.place(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            reason=reason,
            reference=reference,
            categories=categories or None,
            told=not secret,
            until=until,
            case_id=case_id,
            at=clock.now(),
        )


def release(*, actor: Actor, controller: Controller, hold_id: int) -> Held:
    """The matter is finally closed; what is past its time goes with the next run. Raises `HoldRefusedError`."""
    for one in listed(actor=actor, controller=controller):
        if one.id == hold_id:
            with Scope(actor, ACTIVITY, frozenset({one.subject_id}), frozenset({controller.pk})) as scope:
                return holds.release(scope=scope, subject_id=one.subject_id, hold_id=hold_id, at=clock.now())
    raise HoldRefusedError("hold-unknown", "there is no such hold")


def _may(actor: Actor, controller: Controller) -> None:
    if not may_handle(actor, controller):
        raise ScopeError("scope-activity", f"{actor.kind} may not place or release holds")
