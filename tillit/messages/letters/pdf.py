"""The letters of a batch as one PDF, each from a page of its own, addressed for a window envelope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tillit.declaration.statement.pdf import typeset
from tillit.kernel import clock
from tillit.messages.templates import Sender

_TEMPLATE = Path(__file__).with_name("letters.typ")


@dataclass(frozen=True)
class Letter:
    """One letter. number: its place in the batch, printed on it and named in the address file."""

    number: int
    lines: tuple[str, ...]
    subject: str
    paragraphs: tuple[str, ...]
    language: str


def letters_pdf(letters: Sequence[Letter], *, sender: Sender, made: datetime) -> bytes:
    """The PDF. Raises `TypesettingError`."""
    foot = " · ".join(part for part in (sender.name, sender.email, sender.phone, sender.web) if part)
    said = [
        {
            "number": str(one.number),
            "lines": list(one.lines),
            "subject": one.subject,
            "paragraphs": list(one.paragraphs),
            "language": one.language,
        }
        for one in letters
    ]
    document = {"publisher": sender.name, "foot": foot, "day": clock.local_date(made).isoformat(), "letters": said}
    return typeset(_TEMPLATE, document, made=made)
