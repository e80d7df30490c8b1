"""BonusID, the number a person is known by in a bonus programme (C3): twelve digits at random, the last a check digit.

Eleven random digits, the first no zero, and the digit of H. M. Damm's method, which finds every single wrong digit and
every two neighbours that changed places. Nothing of the person is in it. Written in groups of four.
"""

from __future__ import annotations

import secrets

from stdnum import damm

from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import digits

LENGTH = 12


def make() -> str:
    """A new number, twelve digits; who issues it claims it, so that no two people have the same."""
    body = str(10 ** (LENGTH - 2) + secrets.randbelow(9 * 10 ** (LENGTH - 2)))
    return body + damm.calc_check_digit(body)


def normalise(text: str) -> str:
    """The twelve digits without spaces. Raises IdentifierError `bonus-id-not-digits`, `-length` or `-checksum`."""
    number = digits(text, "bonus-id")
    if len(number) != LENGTH or number.startswith("0"):
        raise IdentifierError("bonus-id-length", f"A BonusID has {LENGTH} digits.")
    if not damm.is_valid(number):
        raise IdentifierError("bonus-id-checksum", "The check digit does not agree.")
    return number


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True


def format_for_reader(number: str) -> str:
    """The number in groups of four."""
    return " ".join(number[at : at + 4] for at in range(0, LENGTH, 4))
