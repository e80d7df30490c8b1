"""Names of people and organisations: any script, no invisible characters."""

from __future__ import annotations

import unicodedata

from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import invisible

LONGEST = 200


def normalise(text: str) -> str:
    """The name in Unicode NFC, trimmed, runs of blanks as one space; capitals are left as written.

    Raises IdentifierError `name-empty`, `name-too-long` (over 200 characters), `name-control-character` or
    `name-card-number` (a full card number stands in it).
    """
    if len(text) > 4 * LONGEST:
        raise IdentifierError("name-too-long", "The name is too long.")
    # Blanks at the ends and tabs come with copying; a line break or a control character inside does not.
    name = " ".join(unicodedata.normalize("NFC", text.strip().replace("\t", " ")).split(" "))
    if invisible(name):
        raise IdentifierError("name-control-character", "The name holds an invisible character.")
    if has_card_number(name):
        raise IdentifierError("name-card-number", "The name holds a full card number.")
    name = " ".join(name.split())
    if not name:
        raise IdentifierError("name-empty", "The name is empty.")
    if len(name) > LONGEST:
        raise IdentifierError("name-too-long", "The name is too long.")
    return name


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True
