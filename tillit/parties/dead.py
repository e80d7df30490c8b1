"""Addresses that proved dead: never used again, and not taken in again from anybody but the person (F5).

What is kept is a keyed digest in the register's directory. It goes when nothing of the person's consents is left.
"""

from collections.abc import Collection
from datetime import datetime

from tillit.kernel.identifiers import email, phone
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Fact

KINDS = ("email", "marketing.email", "phone", "marketing.phone")
OWN_WORD = "data_subject"
"""The source that brings a dead address to life: the person says it is theirs."""


def fail(*, scope: Scope, register_id: int, subject_id: int, address: str, at: datetime) -> int:
    """An address of the person is dead, wherever it stands; how many facts say it. It stays where a contract needs it,
    and is used by nobody; the copy for marketing lapses at once, as declared (`address_failed`).
    """
    key = form(address)
    if key is None:
        return 0
    rows = Fact.objects.filter(
        subject_id=subject_id, kind__in=KINDS, superseded_at__isnull=True, failed_at__isnull=True
    )
    dead = [row.id for row in rows if form(row.value) == key]
    if dead:
        Fact.objects.filter(subject_id=subject_id, id__in=dead).update(failed_at=at)
        made = digest(register_id, Kind.DEAD_ADDRESS, key)
        directories.claim_set(register_id=register_id, kind=Kind.DEAD_ADDRESS, claims={made: subject_id})
    return len(dead)


def among(*, register_id: int, addresses: Collection[str]) -> frozenset[str]:
    """Those of the addresses that are known to be dead, as they were given."""
    keys = {text: key for text in addresses if (key := form(text)) is not None}
    digests = {text: digest(register_id, Kind.DEAD_ADDRESS, key) for text, key in keys.items()}
    known = directories.resolve_set(
        register_id=register_id, kind=Kind.DEAD_ADDRESS, digests=sorted(set(digests.values()))
    )
    return frozenset(text for text, made in digests.items() if made in known)


def revive(*, register_id: int, address: str) -> None:
    """The person says that the address is theirs: it is not dead any more."""
    key = form(address)
    if key is None:
        return
    made = digest(register_id, Kind.DEAD_ADDRESS, key)
    holder = directories.resolve(register_id=register_id, kind=Kind.DEAD_ADDRESS, digest=made)
    if holder is not None:
        directories.unclaim(register_id=register_id, kind=Kind.DEAD_ADDRESS, digest=made, subject_id=holder)


def form(text: str) -> str | None:
    """An e-mail address or a number as it is compared; None for what is neither."""
    try:
        return email.matching_key(text) if "@" in text else phone.normalise(text)
    except IdentifierError:
        return None
