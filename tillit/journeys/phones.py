"""A person gives a new phone number (H2): it waits until somebody has seen that it is theirs.

A phone number leads to its person: sign-in and staff find people by it, and purchases in web shops are recognised by
it. Whoever types a number has shown nothing, and no message can be sent to it yet. So it is kept as what the person
says, claimed by nobody and used for nothing, and the page says the same of a number that is free and of another
person's. A colleague who has the person before them or on that phone confirms it; only then does it replace the old.
"""

from datetime import timedelta

from tillit.audit.events import PERSON_CORRECTED
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.disclosure.models import What
from tillit.journeys.profile import move_pair
from tillit.journeys.sign_in import TooManyTriesError
from tillit.journeys.tell_recipients import tell_recipients
from tillit.kernel import clock
from tillit.kernel.identifiers import phone
from tillit.kernel.scope import Actor, Scope
from tillit.parties.actors import person_scope
from tillit.parties.contacts import record_address
from tillit.parties.models import Fact
from tillit.parties.operations import record_fact, retire_fact
from tillit.parties.queries import facts
from tillit.parties.rates import Limit, within

UNCONFIRMED = "unconfirmed.phone"
NEW_NUMBERS = Limit("new_phone", 5, timedelta(hours=1))


def state_phone(*, scope: Scope, controller: Controller, subject_id: int, text: str) -> bool:
    """Keep the number the person gives until it is confirmed; False when it is the one on record already.

    Raises `IdentifierError` for what is no number, `TooManyTriesError` after five in an hour; never whose it is.
    """
    number, at = phone.normalise(text), clock.now()
    holder = holder_of(controller_id=controller.pk)
    if not within(NEW_NUMBERS, str(subject_id)):
        raise TooManyTriesError("too-many-tries", "too many new phone numbers; wait an hour")
    if facts(subject_id=subject_id).get("phone") == number:
        retire_fact(scope=scope, subject_id=subject_id, controller_id=holder, kind=UNCONFIRMED, at=at)
        return False
    record_fact(
        scope=scope,
        subject_id=subject_id,
        controller_id=holder,
        category="contact",
        kind=UNCONFIRMED,
        value=number,
        source="data_subject",
        at=at,
    )
    _noted(scope, holder, subject_id, UNCONFIRMED)
    return True


def may_confirm(*, controller: Controller, activity: str) -> bool:
    """Whether the activity may record what people are reached by."""
    declared = current(controller_id=controller.pk, on=clock.today()).activity(activity)
    return declared is not None and not {"contact", "*"}.isdisjoint(declared.records)


def confirm_phone(*, actor: Actor, controller: Controller, activity: str, subject_id: int) -> Fact | None:
    """A colleague has seen that the number is the person's: it replaces the old one. None when none waits.

    Raises `AlreadyClaimedError` when it is another person's, `ScopeError` and `NotAssignedError` as a look-up does.
    """
    holder, at = holder_of(controller_id=controller.pk), clock.now()
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        before = facts(subject_id=subject_id)
        if UNCONFIRMED not in before:
            return None
        fact = record_address(
            scope=scope,
            register_id=controller.register_id,
            subject_id=subject_id,
            controller_id=holder,
            kind="phone",
            text=before[UNCONFIRMED],
            source="data_subject",
            at=at,
        )
        retire_fact(scope=scope, subject_id=subject_id, controller_id=holder, kind=UNCONFIRMED, at=at)
        move_pair(scope, controller, subject_id, before)
        tell_recipients(
            subject_id=subject_id,
            register_id=controller.register_id,
            what=What.RECTIFIED,
            at=at,
            categories=["contact"],
        )
        _noted(scope, holder, subject_id, "phone")
    return fact


def _noted(scope: Scope, controller_id: int, subject_id: int, kind: str) -> None:
    append(
        type=PERSON_CORRECTED,
        scope=scope,
        controller=controller_id,
        subject=subject_id,
        details={"category": "contact", "kind": kind, "source": "data_subject"},
    )
