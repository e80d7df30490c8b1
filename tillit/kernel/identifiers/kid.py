"""KID, the customer identification of a Norwegian payment: 2 to 25 characters, the last a check character.

The payee's agreement with the bank says which modulus holds; MOD11 writes the value 10 as `-`.
"""

from __future__ import annotations

import re
from enum import StrEnum

from stdnum import luhn

from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import digits

SHORTEST, LONGEST = 2, 25
_WEIGHTS = (2, 3, 4, 5, 6, 7)
_FORM = re.compile(r"[0-9]+[0-9-]")


class KidMethod(StrEnum):
    """Which check character a payee's KID carries."""

    MOD10 = "mod10"  # Luhn
    MOD11 = "mod11"  # weights 2 to 7 from the right


def generate(reference: str, method: KidMethod) -> str:
    """The KID of a reference of 1 to 24 digits.

    Raises IdentifierError `kid-not-digits` or `kid-length`.
    """
    number = digits(reference, "kid")
    if not SHORTEST - 1 <= len(number) <= LONGEST - 1:
        raise IdentifierError("kid-length", "A KID has 2 to 25 characters with its check character.")
    return number + _check_character(number, method)


def normalise(text: str, method: KidMethod | None = None) -> str:
    """The KID without spaces; without `method` either modulus is accepted.

    Raises IdentifierError `kid-not-digits`, `kid-length` or `kid-checksum`.
    """
    kid = re.sub(r"[ \u00a0\u202f\u2009]", "", text)
    if not SHORTEST <= len(kid) <= LONGEST:
        raise IdentifierError("kid-length", "A KID has 2 to 25 characters with its check character.")
    if not _FORM.fullmatch(kid):
        raise IdentifierError("kid-not-digits", "A KID is digits; only the last character may be a hyphen.")
    methods = [method] if method else list(KidMethod)
    if not any(_check_character(kid[:-1], each) == kid[-1] for each in methods):
        raise IdentifierError("kid-checksum", "The check character does not agree.")
    return kid


def is_valid(text: str, method: KidMethod | None = None) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text, method)
    except IdentifierError:
        return False
    return True


def _check_character(number: str, method: KidMethod) -> str:
    if method is KidMethod.MOD10:
        return luhn.calc_check_digit(number)
    total = sum(int(digit) * _WEIGHTS[i % 6] for i, digit in enumerate(reversed(number)))
    value = -total % 11
    return "-" if value == 10 else str(value)
