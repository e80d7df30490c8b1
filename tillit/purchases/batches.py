"""The life of a batch: read → staged → (posted, by the intake) → finished. One batch a source and file digest.

Each step commits by itself and can be taken again: a batch that was killed anywhere is read anew and posted anew, and
`seen` keeps what was already posted from counting twice.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

from tillit.files.errors import FileRefusedError
from tillit.kernel import clock
from tillit.purchases.models import Batch

_LOCK = 1_953_786_473  # advisory lock space of intakes; the second key is the source
_TOO_LONG = "55P03"  # lock_not_available: the wait was over first


@contextmanager
def source_locked(*, source_id: int, patience: int = 0) -> Iterator[None]:
    """Hold the source, so that two intakes of it never run at once. Ends with the connection, however that ends.

    `patience`: how many seconds to wait for another intake to end (several tills call at once).
    """
    if not _locked(source_id, patience):
        raise FileRefusedError("source-busy", "another intake of this source is running")
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, source_id])


def _locked(source_id: int, patience: int) -> bool:
    """Whether the source is held now, at once or after waiting."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, source_id])
        if cursor.fetchone()[0]:
            return True
        if not patience:
            return False
        try:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{patience}s"])
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_LOCK, source_id])
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != _TOO_LONG:
                raise
            return False
        finally:
            if connection.is_usable():
                cursor.execute("RESET lock_timeout")
    return True


def begin(*, source_id: int, digest: str, name: str, read_as: str = "") -> Batch:
    """The batch of that file: the one there is, finished or not, or a new one in state `read`.

    `read_as`: the encoding that its bytes were read in, where they tell of another: they say something else then, and
    are another file.
    """
    digest = hashlib.sha256(f"{read_as}:{digest}".encode()).hexdigest() if read_as else digest
    found = Batch.objects.filter(source_id=source_id, digest=digest).order_by("id").first()
    return found or Batch.objects.create(
        source_id=source_id, digest=digest, name=name[:200], state="read", received_at=clock.now()
    )


def finish(*, batch: Batch) -> None:
    """The batch is done."""
    batch.state, batch.finished_at = "finished", clock.now()
    batch.save(update_fields=["state", "finished_at"])


def withdraw(*, batch: Batch) -> None:
    """Forget a batch of which nothing was taken in (its file was refused while it was read)."""
    Batch.objects.filter(pk=batch.pk, state="read").delete()
