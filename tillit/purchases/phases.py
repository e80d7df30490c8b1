"""Where an intake is, for operators to see in `pg_stat_activity`: `tillit intake <batch> <phase>`.

The phases: read, staged, matched, rated, posted, committed, finished. A phase lasts until the next one is named.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

PHASES = ("read", "staged", "matched", "rated", "posted", "committed", "finished")
PREFIX = "tillit intake"


def name(*, batch_id: int, phase: str) -> str:
    """The connection's name in a phase."""
    return f"{PREFIX} {batch_id} {phase}"


def enter(*, batch_id: int, phase: str) -> None:
    """Name the phase this connection is in. Takes effect at once, also inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", [name(batch_id=batch_id, phase=phase)])


@contextmanager
def shown() -> Iterator[None]:
    """Put the connection's usual name back afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('application_name')")
        (usual,) = cursor.fetchone()
    try:
        yield
    finally:
        if connection.is_usable() and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('application_name', %s, false)", [usual])
