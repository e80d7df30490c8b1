"""Somebody leaves a purpose and channel by a link in a message, by one click, by STOP, or by a complaint (F2).

It holds for the very next message: whoever sends asks again as each one leaves.
"""

from hashlib import sha256

from tillit.audit.events import CONSENT_CHANGED, OBJECTION_MADE
from tillit.audit.operations import append
from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.consent.queries import may_each
from tillit.declaration.models import Controller
from tillit.declaration.queries import declared, holder_of, versions
from tillit.declaration.schema import Activity
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.leaving import Leaving
from tillit.parties.errors import UnknownSubjectError
from tillit.parties.models import Subject

ROUTES = ("one_click", "link", "sms", "phone", "complaint")


def receives(link: Leaving) -> bool:
    """Whether messages of the purpose may go to the person over the channel now."""
    if not _known(link):
        return False
    everyone = {link.controller_id, holder_of(controller_id=link.controller_id)}
    with Scope(system("leaving", everyone), "consent_management", frozenset({link.subject_id})):
        decided = may_each(
            controller_id=link.controller_id,
            activity=link.activity,
            subject_ids=[link.subject_id],
            channel=link.channel,
        )
    return bool(decided[link.subject_id])


def leave(*, link: Leaving, route: str) -> None:
    """Say no for the person: a consent is withdrawn, an interest objected to; both where it is marketing on either.

    Again, or for somebody who is gone: nothing happens. `route`: one of `ROUTES`.
    """
    if not _known(link):
        return
    at = clock.now()
    everyone = {link.controller_id, holder_of(controller_id=link.controller_id)}
    wording = sha256(f"{route}:{link.activity}:{link.channel}".encode()).hexdigest()
    for kind in _noes(link):
        with Scope(system("leaving", everyone), "consent_management", frozenset({link.subject_id})) as scope:
            try:
                event = record(
                    scope=scope,
                    subject_id=link.subject_id,
                    controller_id=link.controller_id,
                    activity=link.activity,
                    kind=kind,
                    route=route,
                    wording=wording,
                    at=at,
                    channel=link.channel,
                )
            except (UnknownChoiceError, UnknownSubjectError):
                return  # nothing of the kind can be sent any more
            said = {"purpose": link.activity, "channel": link.channel}
            withdrawn = kind is EventKind.WITHDRAWN
            append(
                type=CONSENT_CHANGED if withdrawn else OBJECTION_MADE,
                scope=scope,
                controller=link.controller_id,
                subject=link.subject_id,
                details=said | ({"given": False, "proof": event.id} if withdrawn else {}),
            )


def leave_all(*, subject_id: int, register_id: int, channel: str, route: str) -> int:
    """Say no to all marketing over a channel, at every controller of the register; to how many purposes."""
    left = 0
    for controller in Controller.objects.filter(register_id=register_id, versions__isnull=False).distinct():
        for activity in _ever(controller.pk):
            if channel in activity.channels and vocabulary().activities[activity.key].marketing:
                link = Leaving(subject_id, controller.pk, activity.key, channel)
                left += receives(link)
                leave(link=link, route=route)
    return left


def _known(link: Leaving) -> bool:
    controller = Controller.objects.filter(pk=link.controller_id).first()
    return (
        controller is not None
        and Subject.objects.filter(pk=link.subject_id, register_id=controller.register_id).exists()
    )


def _noes(link: Leaving) -> list[EventKind]:
    """What the no is called, by the grounds that any version had for the purpose."""
    grounds = {b.ground for one in _ever(link.controller_id) if one.key == link.activity for b in one.basis}
    found = [EventKind.WITHDRAWN] if "consent" in grounds else []
    return found + ([EventKind.OBJECTED] if grounds - {"consent"} else [])


def _ever(controller_id: int) -> list[Activity]:
    """Every activity of every version; the latest of each last."""
    numbers = [version.number for version in versions(controller_id=controller_id)]
    found: dict[str, Activity] = {}
    for number in sorted(numbers):
        found |= {one.key: one for one in declared(controller_id=controller_id, number=number).activities}
    return list(found.values())
