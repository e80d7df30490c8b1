"""A document as a tagged PDF (PDF/UA-1), set by typst in a process of its own with bounded time and size.

The template is ours and fixed; the document arrives as data, so nothing declared is ever read as markup. No font and
no package is looked for outside the program: the same document gives the same bytes everywhere.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tillit.declaration.statement.document import Document
from tillit.kernel.errors import TillitError

TEMPLATE = Path(__file__).with_name("templates") / "statement.typ"
LARGEST = 8 * 1024 * 1024
SECONDS = 60.0
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class TypesettingError(TillitError):
    """The PDF could not be made: `document-too-large`, `typesetting-slow` or `typesetting-failed`."""


def render_pdf(document: Document, *, made: datetime | None = None, seconds: float = SECONDS) -> bytes:
    """The document as PDF bytes. See `typeset`."""
    return typeset(TEMPLATE, document.plain(), made=made, seconds=seconds)


def typeset(
    template: Path, document: dict[str, Any], *, made: datetime | None = None, seconds: float = SECONDS
) -> bytes:
    """What the template makes of the document (plain JSON), as PDF bytes. `made`: the creation time written into it
    (default 1 January 2000, so that equal documents are equal files). Raises `TypesettingError` after `seconds` or for
    more than 8 MB of text.
    """
    stamp = made or EPOCH
    order = json.dumps({"document": document, "made": int(stamp.timestamp())}).encode()
    if len(order) > LARGEST:
        raise TypesettingError("document-too-large", f"a document of {len(order)} bytes is not set as PDF")
    command = [sys.executable, "-m", "tillit.declaration.statement.typeset", str(template)]
    try:
        done = subprocess.run(command, input=order, capture_output=True, timeout=seconds, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise TypesettingError("typesetting-slow", f"the PDF was not ready within {seconds:g} s") from None
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF-"):
        raise TypesettingError("typesetting-failed", done.stderr.decode(errors="replace")[-500:])
    return done.stdout
