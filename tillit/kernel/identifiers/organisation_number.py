"""Norwegian organisation numbers: nine digits, the last a mod 11 check digit (Brønnøysund registers)."""

from __future__ import annotations

import re

from stdnum.no import orgnr

from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import digits

_VAT_FORM = re.compile(r"\s*(?:NO)?\s*(.*?)\s*(?:MVA)?\s*", re.IGNORECASE | re.DOTALL)


def normalise(text: str) -> str:
    """Nine digits; `NO` before and `MVA` after (the VAT form) are taken off.

    Raises IdentifierError `organisation-number-not-digits`, `-length` or `-checksum`.
    """
    bare = _VAT_FORM.fullmatch(text)
    number = digits(bare.group(1) if bare else text, "organisation-number")
    if len(number) != 9:
        raise IdentifierError("organisation-number-length", "An organisation number has nine digits.")
    if not orgnr.is_valid(number):
        raise IdentifierError("organisation-number-checksum", "The check digit does not agree.")
    return number


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True


def format_for_reader(number: str) -> str:
    """`123 456 785`, with no-break spaces; the number is one that `normalise` returned."""
    return f"{number[:3]}\u00a0{number[3:6]}\u00a0{number[6:]}"
