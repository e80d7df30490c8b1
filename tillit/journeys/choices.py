"""A person says yes or no to an activity over a channel, effective for the very next statement (F1, F2, H5, H7)."""

from datetime import datetime
from typing import Any

from tillit.audit.events import CONSENT_CHANGED, OBJECTION_LIFTED, OBJECTION_MADE
from tillit.audit.operations import append
from tillit.bonus import profiles
from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.consent.queries import Switch, switches
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system

_EVENT = {
    ("consent", True): EventKind.GIVEN,
    ("consent", False): EventKind.WITHDRAWN,
    ("objection", True): EventKind.OBJECTION_LIFTED,
    ("objection", False): EventKind.OBJECTED,
}


def standing(*, actor: Actor, controller: Controller, subject_id: int) -> list[Switch]:
    """What the person may choose, and has chosen, at the controller."""
    with Scope(actor, "consent_management"):
        return switches(subject_id=subject_id, controller_id=controller.pk)


def choose(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    activity: str,
    channel: str,
    on: bool,
    wording: str,
    route: str,
    evidence: str = "",
    at: datetime | None = None,
    proof_file: tuple[str, bytes] | None = None,
) -> int:
    """Record the choice; the number of its act. `wording`: digest of the words the person saw
    (`consent.operations.shown`); `evidence`, `proof_file`: what shows it where it was said elsewhere; `at`: when it
    was said, now unless given. Raises `UnknownChoiceError`.
    """
    said = at or clock.now()
    with Scope(actor, "consent_management", frozenset({subject_id})) as scope:
        known = switches(subject_id=subject_id, controller_id=controller.pk)
        switch = next((s for s in known if (s.activity, s.channel) == (activity, channel)), None)
        if switch is None:
            raise UnknownChoiceError("unknown-choice", "the declaration has no such choice")
        kinds = [_EVENT[switch.kind, on]]
        if switch.kind == "consent" and on and switch.objected:
            kinds.insert(0, EventKind.OBJECTION_LIFTED)  # a yes after a no to marketing takes the no back
        for kind in kinds:
            event = record(
                scope=scope,
                subject_id=subject_id,
                controller_id=controller.pk,
                activity=activity,
                kind=kind,
                route=route,
                wording=wording,
                at=said,
                channel=channel,
                evidence=evidence,
                proof_file=proof_file if kind is kinds[-1] else None,
            )
        if activity == profiles.ACTIVITY and not on:
            _empty_profile(actor, controller, subject_id)
        details: dict[str, Any] = {"purpose": activity, "channel": channel or "all"}
        if switch.kind == "consent":
            noted, details = CONSENT_CHANGED, {**details, "given": on, "proof": event.id}
        else:
            noted = OBJECTION_LIFTED if on else OBJECTION_MADE
        append(
            type=noted,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details=details,
        )
    return event.id


def _empty_profile(actor: Actor, controller: Controller, subject_id: int) -> None:
    """What was compiled goes with the objection, at once: the holder's covers every controller of the arrangement."""
    register = Controller.objects.filter(register_id=controller.register_id)
    covered = register if holder_of(controller_id=controller.pk) == controller.pk else register.filter(pk=controller.pk)
    ids = list(covered.values_list("pk", flat=True))
    with Scope(system(f"objection:{actor}"[:60], ids), profiles.ACTIVITY, frozenset({subject_id})):
        profiles.stop(subject_id=subject_id, controller_ids=ids)
