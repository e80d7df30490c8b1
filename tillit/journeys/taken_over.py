"""What a member sees and says of a hand-over to another controller (A10)."""

from dataclasses import dataclass
from hashlib import sha256

from tillit.audit.events import OBJECTION_LIFTED, OBJECTION_MADE
from tillit.audit.operations import append
from tillit.consent.models import Choice, EventKind
from tillit.consent.operations import record
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.privacy.handover.planning import ACTIVITY, open_one
from tillit.privacy.models import Handover


@dataclass(frozen=True)
class Coming:
    """An announced hand-over, and whether the person has objected to going along."""

    handover: Handover
    objected: bool


def coming(*, actor: Actor, controller: Controller, subject_id: int) -> Coming | None:
    """The announced hand-over of the controller's people, or None."""
    found = open_one(giver=controller)
    if found is None or found.announced_at is None:
        return None
    with Scope(actor, "consent_management"):
        noes = Choice.objects.filter(subject_id=subject_id, activity=ACTIVITY, objected=True)
        return Coming(found, noes.exists())


def say(*, actor: Actor, controller: Controller, subject_id: int, goes: bool, wording: str) -> None:
    """Record that the person objects to going along, or takes that back. `wording`: the words they saw."""
    with Scope(actor, "consent_management") as scope:
        record(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            activity=ACTIVITY,
            kind=EventKind.OBJECTION_LIFTED if goes else EventKind.OBJECTED,
            route="min_side",
            wording=sha256(wording.encode()).hexdigest(),
            at=clock.now(),
        )
        append(
            type=OBJECTION_LIFTED if goes else OBJECTION_MADE,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": ACTIVITY, "channel": "all"},
        )
