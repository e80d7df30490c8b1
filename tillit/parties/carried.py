"""Cards that came along from another register (A10, C4): found though nobody has their numbers, re-digested when seen.

A digest cannot be made anew without the number. What goes along is therefore a digest *of the digest*, under the
receiver's key: the giver's digest is in no table of the receiver, so the two registers' rows still cannot be joined by
whoever holds the database (ADR 15). Each such way from another register has a key version of its own (2 and up) in the
receiver's directory; who has a number in hand, a till's file or the person, makes the digest by the same steps and
finds the card. Registered again by the person, the card gets the receiver's own digest.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection

from tillit.parties.digests import KEY_VERSION, Kind, digest, digest_many
from tillit.parties.models import CarriedKey

Way = tuple[int, int]
"""(register, key version) that a digest is made by."""


def version(*, register_id: int, source: Way) -> int:
    """The key version of digests that came from the other register's; made when missing."""
    known = {"register_id": register_id, "from_register_id": source[0], "from_version": source[1]}
    found = CarriedKey.objects.filter(**known).first()
    if found is None:
        last = CarriedKey.objects.filter(register_id=register_id).order_by("-version").first()
        found = CarriedKey.objects.create(**known, version=(last.version if last else KEY_VERSION) + 1)
    return int(found.version)


def ways(*, register_id: int) -> dict[int, Way]:
    """Key version → what it was made from, for the register. Empty where nothing came along."""
    found = CarriedKey.objects.filter(register_id=register_id).order_by("version")
    return {one.version: (one.from_register_id, one.from_version) for one in found}


def keys(*, register_id: int, version: int) -> tuple[int, ...]:
    """The registers whose keys make that version's digests: first the one that had the number, last the register."""
    if version == KEY_VERSION:
        return (register_id,)
    source, before = ways(register_id=register_id)[version]
    return (*keys(register_id=source, version=before), register_id)


def again(*, register_id: int, kind: Kind, before: Sequence[bytes]) -> list[bytes]:
    """The digests (16 bytes each) that the register keeps of the other's digests."""
    return digest_many(register_id, kind, [b"carried:" + one.hex().encode() for one in before])


def made(*, register_id: int, kind: Kind, version: int, number: str) -> UUID:
    """The digest of a normalised number under a key version of the register."""
    first, *rest = keys(register_id=register_id, version=version)
    found = digest(first, kind, number).bytes
    for one in rest:
        (found,) = again(register_id=one, kind=kind, before=[found])
    return UUID(bytes=found)


def held(*, register_id: int, kind: Kind, number: str) -> Mapping[UUID, int]:
    """Digests under which the number came along, and whose it is: none or one."""
    versions = ways(register_id=register_id)
    keys = [made(register_id=register_id, kind=kind, version=one, number=number) for one in versions]
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, subject_id FROM directory_resolve(%s, %s::smallint, %s::uuid[])",
            [register_id, int(kind), keys],
        )
        return dict(cursor.fetchall())


def known(*, register_id: int, version: int) -> set[bytes]:
    """Every digest that came along this way and still stands (16 bytes each); of the register's own version those of
    cards and accounts, with which what came along is compared.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT directory_carried(%s, %s::smallint)", [register_id, version])
        return {row[0].bytes for row in cursor.fetchall()}
