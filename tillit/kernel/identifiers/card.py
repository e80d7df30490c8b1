"""Payment card numbers. Nothing here keeps one: a caller stores a keyed digest and the last four.

Source: PCI DSS 4.0, 3.5.1.1.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from stdnum import luhn

from tillit.kernel.identifiers import account_number
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import digits

SHORTEST, LONGEST = 12, 19
ACCOUNT_LENGTH = 11
_VISA_LENGTHS = (13, 16, 19)


class Network(StrEnum):
    """What the leading digits tell of a card."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    BANKAXEPT = "bankaxept"  # a pure debit card whose number is its account number
    OTHER = "other"


class CardFacts(NamedTuple):
    """What may be kept in the open about a card."""

    network: Network
    last_four: str


def normalise(text: str) -> str:
    """The digits of a card number: 12 to 19 with a Luhn check digit, or an 11-digit account number.

    Raises IdentifierError `card-not-digits`, `card-length` or `card-checksum`.
    """
    number = digits(text, "card")
    if len(number) == ACCOUNT_LENGTH:
        if not account_number.is_valid(number):
            raise IdentifierError("card-checksum", "The check digit does not agree.")
        return number
    if not SHORTEST <= len(number) <= LONGEST:
        raise IdentifierError("card-length", "A card number has 12 to 19 digits, an account number 11.")
    if not luhn.is_valid(number) or not int(number):
        raise IdentifierError("card-checksum", "The check digit does not agree.")
    return number


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True


def network(number: str) -> Network:
    """The network of a number that `normalise` returned."""
    if len(number) == ACCOUNT_LENGTH:
        return Network.BANKAXEPT
    if number[0] == "4" and len(number) in _VISA_LENGTHS:
        return Network.VISA
    if len(number) == 16 and (51 <= int(number[:2]) <= 55 or 2221 <= int(number[:4]) <= 2720):
        return Network.MASTERCARD
    return Network.OTHER


def facts(text: str) -> CardFacts:
    """Network and last four of a card; raises as `normalise`."""
    number = normalise(text)
    return CardFacts(network(number), last_four(number))


def last_four(number: str) -> str:
    """The part that may be shown beside a keyed digest."""
    return number[-4:]


def mask(number: str) -> str:
    """`•••• 1111`: the same length for every card, so that it tells nothing but the last four."""
    return f"••••\u00a0{last_four(number)}"
