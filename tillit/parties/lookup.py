"""Finding a person by what they type: e-mail, phone, member or customer number, through the register's digests (A6)."""

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
