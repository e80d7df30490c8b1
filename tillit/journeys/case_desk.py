"""How staff come to a case on their desk: the one scope in which it is handled, whatever its kind."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from tillit.cases import queries
from tillit.cases.errors import UnknownCaseError
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.parties.actors import person_scope


@contextmanager
def handled(
    *, actor: Actor, controller: Controller, case_id: int, activity: str, kinds: Collection[str]
) -> Iterator[tuple[Scope, Case]]:
    """The open scope of the person a case of the controller is about, and the case. Looked up first in a scope that
    names nobody, so that the person is one whom the member of staff may look at.

    Raises `ScopeError` for who does not do the activity, `NotAssignedError`, `UnknownCaseError` for another's case or
    one of another kind.
    """
    if actor.activities is not None and activity not in actor.activities:
        raise ScopeError("scope-activity", f"{actor.kind} may not do {activity}")
    with Scope(actor, activity, controllers=frozenset({controller.pk})):
        subject_id = _of(queries.case(case_id=case_id), controller, kinds).subject_id
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        yield scope, _of(queries.case(case_id=case_id, subject_id=subject_id), controller, kinds)


def _of(case: Case, controller: Controller, kinds: Collection[str]) -> Case:
    if case.kind not in kinds or case.controller_id != controller.pk:
        raise UnknownCaseError("no-case", "there is no such case")
    return case
