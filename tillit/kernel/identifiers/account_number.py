"""Norwegian bank account numbers: eleven digits, the last a mod 11 check digit."""

from __future__ import annotations

from stdnum.no import kontonr

from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import digits


def normalise(text: str) -> str:
    """Eleven digits. Seven-digit postal giro numbers, out of use, are refused.

    Raises IdentifierError `account-number-not-digits`, `-length` or `-checksum`.
    """
    number = digits(text, "account-number")
    if len(number) != 11:
        raise IdentifierError("account-number-length", "An account number has eleven digits.")
    # The library reads a number of bank 0000 as a postal giro number; no bank has that code today.
    if number.startswith("0000") or not kontonr.is_valid(number):
        raise IdentifierError("account-number-checksum", "The check digit does not agree.")
    return number


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True


def format_for_reader(number: str) -> str:
    """`1234 56 78903`, with no-break spaces; the number is one that `normalise` returned."""
    return f"{number[:4]}\u00a0{number[4:6]}\u00a0{number[6:]}"


def last_four(number: str) -> str:
    """The part that may be shown beside a keyed digest."""
    return number[-4:]
