"""E-mail addresses: kept as written for sending, compared by a key that ignores capitals."""

from __future__ import annotations

import re
import unicodedata

import idna

from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import invisible

LONGEST = 254
LONGEST_LOCAL = 64
# RFC 5322 dot-atom with the letters of RFC 6531; quoted local parts and address literals are not for people.
_LOCAL = re.compile(r"[^\s()<>\[\]:;@\\,.\"]+(?:\.[^\s()<>\[\]:;@\\,.\"]+)*")


def normalise(text: str) -> str:
    """The address in NFC, trimmed, its domain in lower case and in letters (not `xn--`).

    Raises IdentifierError `email-control-character`, `email-malformed` or `email-too-long` (254 octets, 64
    before the @).
    """
    address = unicodedata.normalize("NFC", text.strip(" \t\r\n\u00a0")) if len(text) <= 2 * LONGEST else ""
    if not address and text.strip():
        raise IdentifierError("email-too-long", "The e-mail address is too long.")
    if invisible(address) or "\u200c" in address or "\u200d" in address:
        raise IdentifierError("email-control-character", "The e-mail address holds an invisible character.")
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise IdentifierError("email-malformed", "The e-mail address is not of the form name@example.org.")
    ascii_domain, domain = _domain(domain)
    octets = len(local.encode()) + 1 + max(len(ascii_domain), len(domain.encode()))
    if octets > LONGEST or len(local.encode()) > LONGEST_LOCAL:
        raise IdentifierError("email-too-long", "The e-mail address is too long.")
    return f"{local}@{domain}"


def matching_key(text: str) -> str:
    """What two spellings of one mailbox share: all in lower case, the domain in its ASCII form.

    Raises as `normalise`. Sub-addresses (`name+tag`) and full stops are left: they belong to the provider.
    """
    local, _, domain = normalise(text).rpartition("@")
    return f"{unicodedata.normalize('NFC', local.lower())}@{_domain(domain)[0]}"


def mailbox(key: str) -> str:
    """A matching key without its sub-address: what `name+tag` and `name` share at most providers. For counting only."""
    local, at, domain = key.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True


def _domain(domain: str) -> tuple[str, str]:
    """A domain in its ASCII and its Unicode form, both lower case (IDNA 2008, UTS 46 mapping)."""
    try:
        ascii_form = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
        unicode_form = idna.decode(ascii_form)
    except (idna.IDNAError, UnicodeError):
        ascii_form = unicode_form = ""
    last_label = ascii_form.rpartition(".")
    if not last_label[1] or not last_label[2] or last_label[2].isdigit():
        raise IdentifierError("email-malformed", "The e-mail address is not of the form name@example.org.")
    return ascii_form, unicode_form
