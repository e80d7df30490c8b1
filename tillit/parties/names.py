"""Finding people by name, spelled as remembered. Within an open scope that may see names."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from tillit.kernel.identifiers import name
from tillit.kernel.sql import load

KINDS = ["name.given", "name.middle", "name.family", "name.full"]
WORDS = 6
_LEAST = 0.4


def search(*, text: str, limit: int) -> Sequence[int]:
    """Subjects whose names match every word of `text`, the likest first. Raises `IdentifierError` for no name."""
    words = [word for word in name.normalise(text).replace("-", " ").split(" ") if word][:WORDS]
    values: dict[str, Any] = {"words": words, "kinds": KINDS, "least": _LEAST, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "names", "search"), values)
        return [row[0] for row in cursor.fetchall()]
