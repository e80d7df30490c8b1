"""Web-shop purchases: the member is known by mobile number and e-mail together (C5), never by one of them alone."""

import re

from tillit.kernel.identifiers import IdentifierError, email, phone
from tillit.parties.digests import Kind, digest

_NORWEGIAN = re.compile(r"(?:\+47|0047)?([49][0-9]{7})")
_SIMPLE = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,24}")
_SURELY_SHORT = 63  # no part of an address this short is too long


def normal_mobile(text: str) -> str:
    """The number in E.164. Raises `IdentifierError`. A Norwegian mobile number needs no look-up in numbering plans."""
    found = _NORWEGIAN.fullmatch(text.replace(" ", ""))
    return f"+47{found[1]}" if found else phone.normalise(text)


def normal_email(text: str) -> str:
    """What spellings of one mailbox share. Raises `IdentifierError`."""
    if len(text) <= _SURELY_SHORT and _SIMPLE.fullmatch(text):
        return text.lower()
    return email.matching_key(text)


def pair_digest(register_id: int, mobile: str, address: str) -> bytes:
    """The digest of the pair, from normalised parts; 16 bytes."""
    return digest(register_id, Kind.PHONE_AND_EMAIL, f"{mobile} {address}").bytes


def read(register_id: int, mobile: str, address: str) -> tuple[bytes | None, str]:
    """(digest, "") of a pair as written, or (None, the field that cannot be read)."""
    try:
        number = normal_mobile(mobile)
    except IdentifierError:
        return None, "mobile"
    try:
        key = normal_email(address)
    except IdentifierError:
        return None, "email"
    return pair_digest(register_id, number, key), ""
