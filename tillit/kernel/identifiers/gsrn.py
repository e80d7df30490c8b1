"""Metering point ids: GSRN, 18 digits, the last a GS1 mod 10 check digit (GS1 General Specifications)."""

from __future__ import annotations

from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import digits, weighted

_WEIGHTS = (3, 1) * 8 + (3,)


def normalise(text: str) -> str:
    """Eighteen digits. Raises IdentifierError `gsrn-not-digits`, `gsrn-length` or `gsrn-checksum`."""
    number = digits(text, "gsrn")
    if len(number) != 18:
        raise IdentifierError("gsrn-length", "A metering point id has 18 digits.")
    if check_digit(number[:17]) != number[17]:
        raise IdentifierError("gsrn-checksum", "The check digit does not agree.")
    return number


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True


def check_digit(first_seventeen: str) -> str:
    """The check digit that belongs to 17 digits."""
    return str(-weighted(first_seventeen, _WEIGHTS) % 10)
