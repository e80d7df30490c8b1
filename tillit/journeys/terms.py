"""Accepting new terms actively, where the controller asks for it (A4): on Min side, or said to a colleague.

Whoever does not accept stays as they are: what waits for it waits, and they may leave instead.
"""

from datetime import datetime

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, to_accept
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Actor, Scope
from tillit.membership import events
from tillit.membership.operations import accept_terms
from tillit.membership.queries import Asked, asked_of

_UNDER = ("self_service", "consent_management", "membership_administration", "customer_administration")
CATEGORY = "terms_acceptance"


class TermsError(TillitError):
    """These terms cannot be accepted: `terms-changed` (others are asked for by now), `terms-not-recorded`."""

    exit_code = 2


def asked(*, controller: Controller, subject_id: int) -> Asked | None:
    """What the person is asked to accept at the controller, or None."""
    return asked_of(subject_id=subject_id, controller_id=controller.pk, on=clock.today())


def accept(*, actor: Actor, controller: Controller, subject_id: int, number: int, route: str, at: datetime) -> None:
    """Record the person's acceptance of that version. Again: nothing more. `actor`: the person, or staff who heard it.

    Raises `TermsError` when another version is asked for than the person saw.
    """
    newest = to_accept(controller_id=controller.pk)
    if not newest or newest[-1].number != number:
        raise TermsError("terms-changed", "other terms are to be accepted by now; read them first")
    if asked(controller=controller, subject_id=subject_id) is None:
        return
    acting = Actor(actor.kind, actor.ref, actor.controllers, frozenset(_UNDER), actor.subjects)
    with Scope(acting, _activity(controller), frozenset({subject_id})) as scope:
        accept_terms(scope=scope, subject_id=subject_id, controller_id=controller.pk, route=route, at=at, number=number)
        append(
            type=events.TERMS_ACCEPTED,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"route": route, "version": number},
        )


def _activity(controller: Controller) -> str:
    """The activity under which the controller records acceptances."""
    declared = current(controller_id=controller.pk, on=clock.today())
    for activity in declared.activities:
        if activity.key in _UNDER and CATEGORY in declared.named(activity, only_recorded=True):
            return activity.key
    raise TermsError("terms-not-recorded", "the declaration has no activity that records accepted terms")
