"""A colleague registers a new address for somebody who has lost access, having seen who it is (H18).

The code shows that the address is the person's and spelt right; the document seen is on record. Whoever has an address
already is told there first, and the new one waits (`recovery`).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tillit.declaration.models import Controller
from tillit.journeys import recovery
from tillit.journeys.sign_in import Mail, Recipient, TooManyTriesError, send_code
from tillit.kernel.identifiers import IdentifierError, email
from tillit.kernel.scope import Actor
from tillit.parties import codes, directories
from tillit.parties.actors import person_scope
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.merging import own
from tillit.parties.rates import Limit, within

PURPOSE = "new_access"
SEEN = ("passport", "national_id_card", "driving_licence", "bank_card")
"""Documents that a colleague may have seen."""
PER_COLLEAGUE = Limit("new_access", 20, recovery.WAIT)


@dataclass(frozen=True)
class Done:
    """When the new address counts; None: now."""

    waits: datetime | None


def ask(
    *, actor: Actor, controller: Controller, activity: str, subject_id: int, text: str, seen: str, mail: Mail
) -> tuple[UUID, str]:
    """Send a code to the new address; (the code's id, the address as it will be kept).

    Raises `IdentifierError` for what is no address or no document, `AlreadyClaimedError` for another person's,
    `TooManyTriesError` for a colleague who does it far too often.
    """
    address = email.normalise(text)
    if seen not in SEEN:
        raise IdentifierError("no-document", "no identity document was seen")
    if not within(PER_COLLEAGUE, f"{actor.kind}:{actor.ref}"):
        raise TooManyTriesError("too-many-tries", "too many people were given new access by one colleague")
    known = digest(controller.register_id, Kind.EMAIL, email.matching_key(text))
    holder = directories.resolve(register_id=controller.register_id, kind=Kind.EMAIL, digest=known)
    if holder is not None and own(holder) != own(subject_id):
        raise AlreadyClaimedError("already-claimed", "that email belongs to another person")
    with person_scope(actor=actor, activity=activity, subject_id=subject_id):
        issued = codes.issue(purpose=PURPOSE, register_id=controller.register_id, subject_id=subject_id)
    send_code(Recipient(address, subject_id=subject_id), mail, issued.code)
    return issued.id, address


def confirm(
    *,
    actor: Actor,
    controller: Controller,
    activity: str,
    subject_id: int,
    code_id: UUID,
    typed: str,
    address: str,
    seen: str,
    said: recovery.Letter,
) -> Done | None:
    """Register the address when the code is right; None when it is not. Raises `AlreadyClaimedError`."""
    row = codes.redeem(code_id=code_id, code=codes.digits(typed), purpose=PURPOSE)
    if row is None or row.subject_id != subject_id:
        return None
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        waits = recovery.ask(
            scope=scope,
            controller=controller,
            subject_id=subject_id,
            addresses={"email": address},
            said=said,
            seen=seen,
        )
    return Done(waits)
