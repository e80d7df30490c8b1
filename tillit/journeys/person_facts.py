"""Facts about who somebody is (A6), each in its own form: sealed where it must be, and found by its digest only."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tillit.cases.rights import CORRECTABLE
from tillit.kernel import clock
from tillit.kernel.identifiers import account_number, email, name, national_number, phone
from tillit.kernel.scope import Scope
from tillit.parties import dead, directories, protection
from tillit.parties.contacts import record_address
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, SealedFact
from tillit.parties.operations import open_fact, record_fact, seal_fact

GENDERS = ("female", "male", "other")
SEALED: dict[str, Callable[[str], str]] = {
    "national_number": national_number.normalise,
    "bank_account": account_number.normalise,
}
ADDRESS = ("address.street", "address.postal_code", "address.city")
_OLDEST = 130


def keep(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    register_id: int,
    kind: str,
    text: str,
    source: str,
    at: datetime,
    proven: bool = True,
) -> bool:
    """Record a fact at one controller in its normal form; whether it was another before.

    A national number that is not `proven` the person's (they typed it themselves) is sealed, and finds nobody.

    Raises `IdentifierError` or `ValueError` for what cannot be read, `AlreadyClaimedError` for an address or national
    number that is another person's.
    """
    where: dict[str, Any] = {"scope": scope, "subject_id": subject_id, "controller_id": controller_id}
    if kind in SEALED:
        return _seal(where, register_id, kind, SEALED[kind](text), source, at, proven=proven)
    standing = Fact.objects.filter(
        subject_id=subject_id, controller_id=controller_id, kind=kind, superseded_at__isnull=True
    ).first()
    if kind in ("email", "phone"):
        fact = record_address(**where, register_id=register_id, kind=kind, text=text, source=source, at=at)
        return standing is None or standing.value != fact.value
    value = normal(kind, text)
    if kind in protection.PARTS and protection.stands(subject_id=subject_id):
        return protection.amend(**where, kind=kind, value=value, source=source, at=at)
    record_fact(**where, category=CORRECTABLE[kind], kind=kind, value=value, source=source, at=at)
    return standing is None or standing.value != value


def claim_number(*, register_id: int, subject_id: int, number: str) -> None:
    """The national number is proven the person's: it finds them. Raises `AlreadyClaimedError`."""
    if finds(register_id=register_id, number=number) in same_person(subject_id):
        return
    known = digest(register_id, Kind.NATIONAL_NUMBER, number)
    directories.claim(register_id=register_id, kind=Kind.NATIONAL_NUMBER, digest=known, subject_id=subject_id)


def finds(*, register_id: int, number: str) -> int | None:
    """Who the national number is proven to be of, or None."""
    known = digest(register_id, Kind.NATIONAL_NUMBER, number)
    return directories.resolve(register_id=register_id, kind=Kind.NATIONAL_NUMBER, digest=known)


def keep_contact(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    register_id: int,
    kind: str,
    text: str,
    source: str,
    at: datetime,
) -> bool:
    """Record an e-mail address or phone number as somebody else states it: it reaches the person and is no way in, so
    it is claimed for nobody; one that proved dead stays dead. Whether it was another before. Raises `IdentifierError`.
    """
    value = email.normalise(text) if kind == "email" else phone.normalise(text)
    where: dict[str, Any] = {"subject_id": subject_id, "controller_id": controller_id}
    before = Fact.objects.filter(**where, kind=kind, superseded_at__isnull=True).first()
    fact = record_fact(scope=scope, **where, category="contact", kind=kind, value=value, source=source, at=at)
    if dead.among(register_id=register_id, addresses=[value]) and fact.failed_at is None:
        Fact.objects.filter(subject_id=subject_id, id=fact.id).update(failed_at=at)
    return before is None or before.value != value


def _seal(
    where: dict[str, Any], register: int, kind: str, value: str, source: str, at: datetime, *, proven: bool
) -> bool:
    standing = SealedFact.objects.filter(
        subject_id=where["subject_id"], controller_id=where["controller_id"], kind=kind, superseded_at__isnull=True
    ).first()
    old = open_fact(scope=where["scope"], fact=standing) if standing else None
    if kind == "national_number" and proven:
        claim_number(register_id=register, subject_id=where["subject_id"], number=value)
    if old == value:
        return False
    if kind == "national_number" and old:
        before, after = (digest(register, Kind.NATIONAL_NUMBER, one) for one in (old, value))
        directories.move(
            register_id=register,
            kind=Kind.NATIONAL_NUMBER,
            subject_id=where["subject_id"],
            before=before,
            after=after,
        )
    seal_fact(**where, category=CORRECTABLE[kind], kind=kind, value=value, source=source, at=at)
    return True


def normal(kind: str, text: str) -> str:
    """The value as it is kept. Raises `ValueError`."""
    value = " ".join(text.split())
    if kind.startswith("name."):
        return name.normalise(value)
    if kind == "birth_date":
        return _born(date.fromisoformat(value)).isoformat()
    if kind == "gender" and value not in GENDERS:
        raise ValueError(kind)
    if kind == "address.postal_code" and not (value.isascii() and value.replace("-", "").replace(" ", "").isalnum()):
        raise ValueError(kind)
    if not value or len(value) > 200 or not value.isprintable():
        raise ValueError(kind)
    return value


def _born(day: date) -> date:
    today = clock.today()
    if not day <= today or today.year - day.year > _OLDEST:
        raise ValueError("birth_date")
    return day
