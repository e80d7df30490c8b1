"""A person gives a new phone number (H2): it waits until somebody has seen that it is theirs.

A phone number leads to its person: sign-in and staff find people by it, and purchases in web shops are recognised by
it. Whoever types a number has shown nothing. So it is kept as what the person says, claimed by nobody and used for
nothing, and the page says the same of a number that is free and of another person's. A code sent to it confirms it, or
a colleague who has the person before them or on that phone; only then does it replace the old.
"""

from datetime import timedelta
from uuid import UUID

from tillit.audit.events import PERSON_CORRECTED
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.disclosure.models import What
from tillit.journeys.profile import Letter, move_pair
from tillit.journeys.sign_in import TooManyTriesError
from tillit.journeys.tell_recipients import tell_recipients
from tillit.kernel import clock
from tillit.kernel.identifiers import phone
from tillit.kernel.scope import Actor, Scope
from tillit.messages.mail import send_unstored
from tillit.messages.text_message import can_text, send_unstored_text
from tillit.parties import codes
from tillit.parties.actors import person_scope
from tillit.parties.contacts import record_address
from tillit.parties.models import Fact
from tillit.parties.operations import record_fact, retire_fact
from tillit.parties.queries import facts
from tillit.parties.rates import Limit, within

UNCONFIRMED = "unconfirmed.phone"
PURPOSE = "new_phone"
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


def ask_by_text(*, controller: Controller, subject_id: int, text: str, sms: str) -> UUID | None:
    """Send a code to the number just stated, where text messages go; its id. `sms`: with `{code}`."""
    declared = current(controller_id=controller.pk, on=clock.today())
    if not can_text(declared):
        return None
    issued = codes.issue(purpose=PURPOSE, register_id=controller.register_id, subject_id=subject_id)
    minutes = int(codes.LIVES.total_seconds() // 60)
    said = sms.format(code=issued.code, minutes=minutes)
    send_unstored_text(declaration=declared, to=phone.normalise(text), text=said, expires=clock.now() + codes.LIVES)
    return issued.id


def confirm_by_code(
    *, scope: Scope, controller: Controller, subject_id: int, code_id: UUID, typed: str, number: str, letter: Letter
) -> bool:
    """The number a code was sent to replaces the old one when the code is right, and the person is told by e-mail.

    Raises `AlreadyClaimedError` when it is another person's: only somebody who reads its messages learns that.
    """
    row = codes.redeem(code_id=code_id, code=codes.digits(typed), purpose=PURPOSE)
    before = facts(subject_id=subject_id)
    if row is None or row.subject_id != subject_id or before.get(UNCONFIRMED) != number:
        return False
    _replace(scope, controller, subject_id, before)
    if "email" in before:
        send_unstored(to=before["email"], subject=letter.subject, text=letter.text, sender=letter.sender)
    return True


def may_confirm(*, controller: Controller, activity: str) -> bool:
    """Whether the activity may record what people are reached by."""
    declared = current(controller_id=controller.pk, on=clock.today()).activity(activity)
    return declared is not None and not {"contact", "*"}.isdisjoint(declared.records)


def confirm_phone(*, actor: Actor, controller: Controller, activity: str, subject_id: int) -> Fact | None:
    """A colleague has seen that the number is the person's: it replaces the old one. None when none waits.

    Raises `AlreadyClaimedError` when it is another person's, `ScopeError` and `NotAssignedError` as a look-up does.
    """
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        before = facts(subject_id=subject_id)
        return _replace(scope, controller, subject_id, before) if UNCONFIRMED in before else None


def _replace(scope: Scope, controller: Controller, subject_id: int, before: dict[str, str]) -> Fact:
    holder, at = holder_of(controller_id=controller.pk), clock.now()
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
