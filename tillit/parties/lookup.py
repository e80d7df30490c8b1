"""Finding a person by what they type: e-mail, phone, member or customer number, through the register's digests (A6)."""

from collections.abc import Collection, Iterable
from uuid import UUID

from tillit.kernel.identifiers import bonus_id, email, phone
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.parties import directories
from tillit.parties.digests import Kind, digest


def address_key(text: str) -> tuple[Kind, str] | None:
    """(kind, matching key) of an e-mail address or a phone number as typed; None when it is neither."""
    try:
        if "@" in text:
            return Kind.EMAIL, email.matching_key(text)
        return Kind.PHONE, phone.normalise(text)
    except IdentifierError:
        return None


def by_address(*, register_id: int, text: str) -> int | None:
    """The person of the register with that e-mail address or phone number, or None."""
    key = address_key(text)
    if key is None:
        return None
    kind, value = key
    return directories.resolve(register_id=register_id, kind=kind, digest=digest(register_id, kind, value))


def found_by(
    *, register_id: int, subject_ids: Collection[int], addresses: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Those of the addresses (`email` or `phone`, value) that find one of these people, in their order: what others
    state of somebody is claimed for nobody. As many statements whatever there is to look up.
    """
    keys = [(one, address_key(one[1])) for one in addresses]
    made = {one: digest(register_id, *key) for one, key in keys if key is not None}
    held: dict[tuple[Kind, UUID], int] = {}
    for kind in (Kind.EMAIL, Kind.PHONE):
        wanted = [made[one] for one, key in keys if key is not None and key[0] == kind]
        found = directories.resolve_set(register_id=register_id, kind=kind, digests=wanted)
        held |= {(kind, known): subject for known, subject in found.items()}
    return [one for one, key in keys if key is not None and held.get((key[0], made[one])) in subject_ids]


def by_number(*, register_id: int, text: str) -> int | None:
    """The person of the register with that BonusID, member or customer number, or None. A BonusID with a wrong digit
    is nobody's.
    """
    value = "".join(text.split()).upper()
    if bonus_id.is_valid(text):
        key = digest(register_id, Kind.BONUS_ID, bonus_id.normalise(text))
        found = directories.resolve(register_id=register_id, kind=Kind.BONUS_ID, digest=key)
        if found is not None:
            return found
    for kind in (Kind.MEMBER_NUMBER, Kind.CUSTOMER_NUMBER):
        found = directories.resolve(register_id=register_id, kind=kind, digest=digest(register_id, kind, value))
        if found is not None:
            return found
    return None
