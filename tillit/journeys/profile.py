"""A person corrects their own name and e-mail address (H2); of the phone number see `phones`.

A new e-mail address is the way in, so it is recorded only once a code sent to it has come back, and the old address is
told. What the declaration does not let the person record (a union's own names) is refused by the database.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tillit.audit.events import PERSON_CORRECTED
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.disclosure.models import What
from tillit.journeys.sign_in import TooManyTriesError
from tillit.journeys.tell_recipients import tell_recipients
from tillit.kernel import clock
from tillit.kernel.identifiers import email, name
from tillit.kernel.scope import Scope
from tillit.messages.mail import send_unstored
from tillit.parties import codes
from tillit.parties.contacts import record_address
from tillit.parties.operations import record_fact
from tillit.parties.queries import facts
from tillit.parties.rates import Limit, within
from tillit.purchases.operations import recognise_in_web_shops

PURPOSE = "new_address"
NEW_ADDRESSES = Limit("new_address", 5, timedelta(minutes=15))


@dataclass(frozen=True)
class Letter:
    """A mail's subject, text (`{code}`, `{minutes}` where it carries a code) and sender."""

    subject: str
    text: str
    sender: str


def own_to_correct(*, controller: Controller) -> frozenset[str]:
    """Categories the person may correct alone on the own pages, as declared."""
    declared = current(controller_id=controller.pk, on=clock.today()).activity("self_service")
    return frozenset(declared.records if declared else ())


def correct_name(*, scope: Scope, controller: Controller, subject_id: int, given: str, family: str) -> int:
    """Record the name; returns how many parts changed. Raises `IdentifierError` for what is no name."""
    holder, at = holder_of(controller_id=controller.pk), clock.now()
    wanted = {"name.given": name.normalise(given), "name.family": name.normalise(family)}
    known = facts(subject_id=subject_id)
    changed = {kind: value for kind, value in wanted.items() if known.get(kind) != value}
    for kind, value in changed.items():
        record_fact(
            scope=scope,
            subject_id=subject_id,
            controller_id=holder,
            category="identity",
            kind=kind,
            value=value,
            source="data_subject",
            at=at,
        )
        _noted(scope, holder, subject_id, "identity", kind)
    return len(changed)


def ask_for_new_email(*, controller: Controller, subject_id: int, text: str, letter: Letter) -> tuple[UUID, str]:
    """Send a code to a new address; (the code's id, the address as it will be kept). Raises `IdentifierError`."""
    address = email.normalise(text)
    if not within(NEW_ADDRESSES, str(subject_id)):
        raise TooManyTriesError("too-many-tries", "too many new addresses; wait a quarter of an hour")
    issued = codes.issue(purpose=PURPOSE, register_id=controller.register_id, subject_id=subject_id)
    minutes = int(codes.LIVES.total_seconds() // 60)
    body = letter.text.format(code=issued.code, minutes=minutes)
    expires = clock.now() + codes.LIVES
    send_unstored(to=address, subject=letter.subject, text=body, sender=letter.sender, expires=expires)
    return issued.id, address


def confirm_new_email(
    *, scope: Scope, controller: Controller, subject_id: int, code_id: UUID, typed: str, address: str, letter: Letter
) -> bool:
    """Record the address when the code that was sent to it is right, and tell the old one; whether it was.

    Raises `AlreadyClaimedError` when it is another person's: only somebody who reads mail to it learns that.
    """
    row = codes.redeem(code_id=code_id, code=codes.digits(typed), purpose=PURPOSE)
    if row is None or row.subject_id != subject_id:
        return False
    holder = holder_of(controller_id=controller.pk)
    known = facts(subject_id=subject_id)
    before = known.get("email")
    record_address(
        scope=scope,
        register_id=controller.register_id,
        subject_id=subject_id,
        controller_id=holder,
        kind="email",
        text=address,
        source="data_subject",
        at=clock.now(),
    )
    move_pair(scope, controller, subject_id, known)
    _noted(scope, holder, subject_id, "contact", "email")
    if before is not None and before != address:
        send_unstored(to=before, subject=letter.subject, text=letter.text, sender=letter.sender)
    return True


def move_pair(scope: Scope, controller: Controller, subject_id: int, before: dict[str, str]) -> None:
    """Web-shop purchases are recognised by mobile and e-mail together (C5): by the new pair from now on."""
    if current(controller_id=controller.pk, on=clock.today()).programme is None:
        return
    after = facts(subject_id=subject_id)
    old, new = ((f["phone"], f["email"]) if {"phone", "email"} <= f.keys() else None for f in (before, after))
    recognise_in_web_shops(
        scope=scope, subject_id=subject_id, register_id=controller.register_id, before=old, after=new
    )


def _noted(scope: Scope, controller_id: int, subject_id: int, category: str, kind: str) -> None:
    """On record, and whoever has received the old value is to be told (GDPR 19)."""
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    tell_recipients(
        subject_id=subject_id, register_id=register, what=What.RECTIFIED, at=clock.now(), categories=[category]
    )
    append(
        type=PERSON_CORRECTED,
        scope=scope,
        controller=controller_id,
        subject=subject_id,
        details={"category": category, "kind": kind, "source": "data_subject"},
    )
