"""Payment account reference (PAR, EMVCo): 29 letters and digits for the account behind a card and its tokens."""

from __future__ import annotations

import re

from tillit.kernel.identifiers.errors import IdentifierError

LENGTH = 29
_FORM = re.compile(r"[0-9A-Z]{29}")


def normalise(text: str) -> str:
    """The reference in capitals without blanks around it. Raises IdentifierError `par-form`."""
    found = text.strip().upper()
    if not _FORM.fullmatch(found):
        raise IdentifierError("par-form", f"A payment account reference has {LENGTH} letters and digits.")
    return found


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True
