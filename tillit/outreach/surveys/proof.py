"""What an attacker who holds the whole database would look for, looked for by `tillit prove` (F7)."""

from collections.abc import Iterator
from datetime import date

from django.db import connection

from tillit.kernel.sql import load


def anonymous(controller_id: int, on: date) -> Iterator[str]:
    """Columns that could tell when, in which order or by whom an anonymous answer was given; commit times kept by the
    server; survey keys that outlive their survey; remarks that did not come in one go.
    """
    with connection.cursor() as cursor:
        for name in ("columns", "commit_times", "keys", "remarks"):
            cursor.execute(load(__file__, "anonymous", name), {"controller": controller_id})
            yield from (str(row[0]) for row in cursor.fetchall())
