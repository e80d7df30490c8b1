"""Reading what people type: ASCII digits with separators, and text without invisible characters."""

from __future__ import annotations

import re
import unicodedata

from tillit.kernel.identifiers.errors import IdentifierError

LONGEST_NUMBER = 60

# Space, no-break spaces, thin space, tab, and the hyphens people and word processors write.
_SEPARATORS = re.compile(r"[ \t\u00a0\u202f\u2007\u2009.\-\u2010\u2011\u2012\u2013\u2212]")
_DIGITS = re.compile(r"[0-9]+")

# Joiners that Persian and Indic names need; every other format character is invisible mischief.
_JOINERS = "\u200c\u200d"


def digits(text: str, scheme: str) -> str:
    """The digits of a number written with spaces, full stops or hyphens.

    Raises IdentifierError `<scheme>-not-digits` for anything else, other scripts' digits included.
    """
    compact = _SEPARATORS.sub("", text) if len(text) <= LONGEST_NUMBER else ""
    if not _DIGITS.fullmatch(compact):
        raise IdentifierError(f"{scheme}-not-digits", "The number holds something else than digits.")
    return compact


def invisible(text: str) -> bool:
    """True when the text holds a control, format, private, surrogate or unassigned character."""
    return any(unicodedata.category(char)[0] == "C" and char not in _JOINERS for char in text)


def weighted(number: str, weights: tuple[int, ...]) -> int:
    """Sum of digit × weight over the digits that have a weight."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))
