"""E-mail addresses and phone numbers of people: the fact, and the digest that finds the person by it, together (A6)."""

from datetime import datetime

from tillit.kernel.identifiers import email, phone
from tillit.kernel.scope import Scope
from tillit.parties import dead, directories
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Fact
from tillit.parties.operations import record_fact

KINDS = {"email": Kind.EMAIL, "phone": Kind.PHONE}


def record_address(
    *,
    scope: Scope,
    register_id: int,
    subject_id: int,
    controller_id: int,
    kind: str,
    text: str,
    source: str,
    at: datetime,
) -> Fact:
    """Record `email` or `phone` as the person's, claim its digest and release the one it replaces.

    Raises `IdentifierError` when it is malformed and `AlreadyClaimedError` when another person of the register has it.
    """
    written, key = _forms(kind, text)
    before = Fact.objects.filter(
        subject_id=subject_id, controller_id=controller_id, kind=kind, superseded_at__isnull=True
    ).first()
    if source == dead.OWN_WORD:
        dead.revive(register_id=register_id, address=written)  # the person says that it is theirs
    claimed = digest(register_id, KINDS[kind], key)
    directories.claim(register_id=register_id, kind=KINDS[kind], digest=claimed, subject_id=subject_id)
    fact = record_fact(
        scope=scope,
        subject_id=subject_id,
        controller_id=controller_id,
        category="contact",
        kind=kind,
        value=written,
        source=source,
        at=at,
    )
    if source == dead.OWN_WORD and fact.failed_at is not None:
        fact.failed_at = None
        Fact.objects.filter(subject_id=subject_id, id=fact.id).update(failed_at=None)
    if before is not None:
        gone = digest(register_id, KINDS[kind], _forms(kind, before.value)[1])
        if gone != claimed:
            directories.move(
                register_id=register_id, kind=KINDS[kind], before=gone, after=claimed, subject_id=subject_id
            )
    return fact


def _forms(kind: str, text: str) -> tuple[str, str]:
    """(as kept, as compared)."""
    if kind == "email":
        return email.normalise(text), email.matching_key(text)
    number = phone.normalise(text)
    return number, number
