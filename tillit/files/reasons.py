"""Why a row of any file cannot be used. The code is stable; the words are for readers and hold no value of the row."""

from collections.abc import Mapping
from typing import NamedTuple


class Reason(NamedTuple):
    """A reason in both languages."""

    nb: str
    en: str


REASONS: dict[str, Reason] = {
    # The line is no row.
    "columns": Reason(
        "Linjen har et annet antall kolonner enn overskriften.", "The line has not as many columns as the header."
    ),
    "quotes": Reason(
        "Et anførselstegn er ikke lukket, eller står inne i et felt.",
        "A quotation mark is not closed, or stands inside a field.",
    ),
    "encoding": Reason("Linjen er ikke gyldig i filens tegnsett.", "The line is not valid in the file's encoding."),
    "nul": Reason("Linjen holder en nullbyte.", "The line holds a NUL byte."),
    "row-too-long": Reason("Linjen er lengre enn 64 kB.", "The line is longer than 64 kB."),
    "no-line-end": Reason(
        "Filen slutter uten linjeslutt, så siste rad kan være avkuttet.",
        "The file ends without a line end, so its last row may be cut off.",
    ),
    "json": Reason("Linjen er ikke et JSON-objekt.", "The line is no JSON object."),
    # A field cannot be used.
    "missing": Reason("Feltet er tomt.", "The field is empty."),
    "too-long": Reason("Teksten er for lang for feltet.", "The text is too long for the field."),
    "control-character": Reason("Teksten holder et usynlig tegn.", "The text holds an invisible character."),
    "formula": Reason("Teksten ser ut som en regnearkformel.", "The text looks like a spreadsheet formula."),
}


def message(words: Mapping[str, Reason], code: str, language: str = "en") -> str:
    """The words for a code; the code itself for one of another version."""
    reason = words.get(code)
    return code if reason is None else (reason.nb if language == "nb" else reason.en)
