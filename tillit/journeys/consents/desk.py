"""A member of staff records what a person says: on the phone, at the reception, by e-mail, SMS or letter (F1, F2).

Before a yes on the phone or at the reception the script is read; a yes in writing is recorded with what shows it.
"""

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.consent.operations import shown
from tillit.consent.queries import Switch, switches
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys import choices
from tillit.journeys.consents import receipts
from tillit.journeys.consents.errors import ConsentRefusedError
from tillit.journeys.consents.words import first_language, script
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.parties.actors import person_scope

UNDER = "consent_management"
SPOKEN, WRITTEN = ("phone", "reception"), ("email", "sms", "letter")
ROUTES = (*SPOKEN, *WRITTEN)
_LONGEST = 200


def may(actor: Actor) -> bool:
    """Whether the actor records people's choices."""
    return UNDER in (actor.activities or ())


def standing(*, actor: Actor, controller: Controller, subject_id: int) -> list[tuple[Switch, str]]:
    """What the person may choose and has chosen, each with the words to be read; on record."""
    declared, language = current(controller_id=controller.pk, on=clock.today()), first_language(controller)
    with person_scope(actor=actor, activity=UNDER, subject_id=subject_id) as scope:
        found = switches(subject_id=subject_id, controller_id=controller.pk)
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": UNDER, "categories": ["consent_record"]},
        )
    known = {activity.key: activity for activity in declared.activities}
    return [(one, script(declared, known[one.activity], one.channel, language)) for one in found]


def record(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    activity: str,
    channel: str,
    on: bool,
    route: str,
    read_aloud: bool = False,
    evidence: str = "",
) -> None:
    """Record what the person said, and send them a receipt.

    Raises `ConsentRefusedError`: `route`, `not-read` (a spoken yes without the script), `evidence` (a written one
    without what shows it), `UnknownChoiceError`, `NotAssignedError`.
    """
    person_scope(actor=actor, activity=UNDER, subject_id=subject_id)
    noted = " ".join(evidence.split())[:_LONGEST]
    if route not in ROUTES:
        raise ConsentRefusedError("route", "how was it said?")
    if on and route in SPOKEN and not read_aloud:
        raise ConsentRefusedError("not-read", "the words are read to the person first")
    if on and route in WRITTEN and not noted:
        raise ConsentRefusedError("evidence", "a yes in writing is recorded with what shows it")
    declared, language, at = (
        current(controller_id=controller.pk, on=clock.today()),
        first_language(controller),
        clock.now(),
    )
    purpose = declared.activity(activity)
    words = script(declared, purpose, channel, language) if purpose else activity
    choices.choose(
        actor=actor,
        controller=controller,
        subject_id=subject_id,
        activity=activity,
        channel=channel,
        on=on,
        wording=shown(controller_id=controller.pk, text=words, language=language, at=at),
        route=route,
        evidence=noted,
    )
    receipts.tell(
        controller=controller,
        subject_id=subject_id,
        activity=activity,
        channel=channel,
        on=on,
        key=f"receipt:{activity}:{channel}:{at:%Y%m%d%H%M%S}",
    )
