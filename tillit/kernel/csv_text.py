"""Text in files that spreadsheets open: what looks like a formula is not run."""

import re

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")  # some programs read full-width signs as plain ones
_NUMBER = re.compile(r"^[+-]?[0-9][0-9 .,:]*$")


def inert(text: str) -> str:
    """The text, preceded by an apostrophe where a spreadsheet would run it."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text
