"""Addresses as advertising networks want them: SHA-256, in hexadecimal, of the normal form. Pure.

E-mail: trimmed and in lower case; phone: E.164. Plain, unkeyed hashes, as the networks match them with their own: a
pseudonym at most, hence only for people who said yes, and a category of its own (`advertising_audience`).
"""

from hashlib import sha256

from tillit.kernel.identifiers import email, phone
from tillit.kernel.identifiers.errors import IdentifierError


def email_hash(text: str) -> str:
    """Of an e-mail address; '' for what is none."""
    try:
        return _hash(email.normalise(text).strip().lower())
    except IdentifierError:
        return ""


def phone_hash(text: str) -> str:
    """Of a phone number; '' for what is none."""
    try:
        return _hash(phone.normalise(text))
    except IdentifierError:
        return ""


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
