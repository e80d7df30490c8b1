"""Who acts on an enquiry, and the scopes it is handled in."""

from collections.abc import Iterator
from contextlib import contextmanager

from tillit.cases import customers, queries
from tillit.cases.errors import UnknownCaseError
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.parties.actors import person_scope

ACTIVITY = "customer_service"


def may_handle(actor: Actor, controller: Controller) -> bool:
    """Whether the member of staff answers enquiries for the controller."""
    allowed = actor.activities is None or ACTIVITY in actor.activities
    declared = current(controller_id=controller.pk, on=clock.today())
    return controller.pk in actor.controllers and allowed and declared.activity(ACTIVITY) is not None


def kinds(controller: Controller) -> list[str]:
    """The kinds that may be opened at a controller."""
    held = current(controller_id=controller.pk, on=clock.today()).category_keys()
    return [kind for kind in customers.KINDS if "enquiry" in held or kind in held]


def desk(*, actor: Actor, controller: Controller) -> Scope:
    """The scope in which the queue is looked at, which names nobody; not yet opened. Raises `ScopeError`."""
    if not may_handle(actor, controller):
        raise ScopeError("scope-activity", f"{actor.kind} does not answer enquiries")
    return Scope(actor, ACTIVITY, controllers=frozenset({controller.pk}))


@contextmanager
def handling(*, actor: Actor, controller: Controller, case_id: int) -> Iterator[tuple[Scope, Case]]:
    """The open scope in which staff handle one enquiry of the controller, and the case.

    Raises `ScopeError`, `UnknownCaseError`, and `NotAssignedError` for a person the member of staff may not look at.
    """
    with desk(actor=actor, controller=controller):
        found = of_desk(controller, queries.case(case_id=case_id))
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=found.subject_id) as scope:
        yield scope, queries.case(case_id=case_id, subject_id=found.subject_id)


def of_desk(controller: Controller, case: Case) -> Case:
    """The case, if it is an enquiry of the controller. Raises `UnknownCaseError`."""
    if case.kind not in customers.KINDS or case.controller_id != controller.pk:
        raise UnknownCaseError("no-case", "there is no such case")
    return case
