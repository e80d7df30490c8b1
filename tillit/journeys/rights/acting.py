"""Who acts on a request, and the scopes it is handled in.

The controllers of a joint register answer as one (GDPR 26): a request to any of them concerns all that is held about
the person there. So whoever may handle it at one of them acts, on this person alone, for all.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tillit.cases import queries
from tillit.cases.errors import UnknownCaseError
from tillit.cases.models import Case
from tillit.cases.rights import REQUEST
from tillit.declaration.models import Controller
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.parties.actors import within_reach
from tillit.parties.errors import NotAssignedError
from tillit.parties.merging import same_person
from tillit.parties.models import Subject

ACTIVITY = "rights_requests"
FRONT_DESK = frozenset(
    {
        ACTIVITY,
        "customer_service",
        "customer_administration",
        "membership_administration",
        "service_delivery",
        "reception",
    }
)
"""Whoever may do one of these may take a request in; handling it needs `rights_requests`."""


def whole_register(controller: Controller) -> frozenset[int]:
    """The controllers that answer together."""
    return frozenset(Controller.objects.filter(register_id=controller.register_id).values_list("id", flat=True))


def acting(*, actor: Actor, subject_id: int) -> Actor:
    """`actor` on this person alone (every subject of theirs), for every controller of the person's register, for
    requests about rights.
    """
    register = Subject.objects.values_list("register_id", flat=True).get(pk=subject_id)
    controllers = frozenset(Controller.objects.filter(register_id=register).values_list("id", flat=True))
    return Actor(actor.kind, actor.ref, controllers, frozenset({ACTIVITY}), frozenset(same_person(subject_id)))


def may_receive(actor: Actor, controller: Controller) -> bool:
    """Whether the member of staff may take requests in for the controller."""
    allowed = actor.activities is None or bool(actor.activities & FRONT_DESK)
    return controller.pk in actor.controllers and allowed


def may_handle(actor: Actor, controller: Controller) -> bool:
    """Whether the member of staff may handle requests for the controller."""
    allowed = actor.activities is None or ACTIVITY in actor.activities
    return actor.kind in {"staff", "system"} and controller.pk in actor.controllers and allowed


def must_reach(*, actor: Actor, controller: Controller, subject_id: int) -> None:
    """Raise `NotAssignedError` unless the member of staff may look at the person at this controller (A9)."""
    if actor.kind == "staff" and controller.pk not in within_reach(actor=actor, subject_ids=[subject_id]).get(
        subject_id, frozenset()
    ):
        raise NotAssignedError("not-assigned", "you are not assigned to anybody by that")


@contextmanager
def handling(*, actor: Actor, controller: Controller, case_id: int) -> Iterator[tuple[Scope, Case]]:
    """The open scope in which staff handle a request of the controller, and its case.

    Raises `ScopeError` for who may not, `UnknownCaseError` for a case that is not the controller's, or no request.
    """
    if not may_handle(actor, controller):
        raise ScopeError("scope-activity", f"{actor.kind} may not handle requests about rights")
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        found = queries.case(case_id=case_id)
        if found.kind != REQUEST or found.controller_id != controller.pk:
            raise UnknownCaseError("no-case", "there is no such case")
    with Scope(acting(actor=actor, subject_id=found.subject_id), ACTIVITY) as scope:
        yield scope, queries.case(case_id=case_id, subject_id=found.subject_id)
