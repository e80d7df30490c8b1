"""E-mail addresses and phone numbers of people: the fact, and the digest that finds the person by it, together (A6)."""

from datetime import datetime
from typing import Any

from tillit.kernel.identifiers import email, phone
from tillit.kernel.scope import Scope
from tillit.parties import dead, directories
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Fact
from tillit.parties.operations import record_fact, retire_fact

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
    may_be_anothers: bool = False,
) -> Fact:
    """Record `email` or `phone` as the person's, claim its digest and release the one it replaces.

    may_be_anothers: where another person of the register has it already it is kept as a fact, and is neither a way in
    nor a way to find them: who states it for them is not told of the other.
    Raises `IdentifierError` when it is malformed and `AlreadyClaimedError` when another person of the register has it.
    """
    written, key = _forms(kind, text)
    before = Fact.objects.filter(
        subject_id=subject_id, controller_id=controller_id, kind=kind, superseded_at__isnull=True
    ).first()
    if source == dead.OWN_WORD:
        dead.revive(register_id=register_id, address=written)  # the person says that it is theirs
    claimed = digest(register_id, KINDS[kind], key)
    place: dict[str, Any] = {"register_id": register_id, "kind": KINDS[kind]}
    if may_be_anothers:
        ours = directories.claim_set(**place, claims={claimed: subject_id})[claimed] == subject_id
    else:
        directories.claim(**place, digest=claimed, subject_id=subject_id)
        ours = True
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
        if gone != claimed and ours:
            directories.move(**place, before=gone, after=claimed, subject_id=subject_id)
        elif gone != claimed:
            directories.unclaim(**place, digest=gone, subject_id=subject_id)
    return fact


def retire_address(
    *, scope: Scope, register_id: int, subject_id: int, controller_id: int, kind: str, at: datetime
) -> bool:
    """The `email` or `phone` is not the person's: it is kept no more, and finds them no more; whether there was one."""
    mine = Fact.objects.filter(subject_id=subject_id, controller_id=controller_id, kind=kind, superseded_at=None)
    fact = mine.first()
    if fact is None:
        return False
    gone = digest(register_id, KINDS[kind], _forms(kind, fact.value)[1])
    directories.unclaim(register_id=register_id, kind=KINDS[kind], digest=gone, subject_id=subject_id)
    return retire_fact(scope=scope, subject_id=subject_id, controller_id=controller_id, kind=kind, at=at)


def _forms(kind: str, text: str) -> tuple[str, str]:
    """(as kept, as compared)."""
    if kind == "email":
        return email.normalise(text), email.matching_key(text)
    number = phone.normalise(text)
    return number, number
