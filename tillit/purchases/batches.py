"""The life of a batch: read → staged → (posted, by the intake) → finished. One batch a source and file digest.

Each step commits by itself and can be taken again: a batch that was killed anywhere is read anew and posted anew, and
`seen` keeps what was already posted from counting twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.purchases.errors import FileRefusedError
from tillit.purchases.models import Batch

_LOCK = 1_953_786_473  # advisory lock space of intakes; the second key is the source


@contextmanager
def source_locked(*, source_id: int) -> Iterator[None]:
    """Hold the source, so that two intakes of it never run at once. Ends with the connection, however that ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, source_id])
        if not cursor.fetchone()[0]:
            raise FileRefusedError("source-busy", "another intake of this source is running")
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, source_id])


def begin(*, source_id: int, digest: str, name: str) -> Batch:
    """The batch of that file: the one there is, finished or not, or a new one in state `read`."""
    found = Batch.objects.filter(source_id=source_id, digest=digest).order_by("id").first()
    return found or Batch.objects.create(
        source_id=source_id, digest=digest, name=name[:200], state="read", received_at=clock.now()
    )


def finish(*, batch: Batch) -> None:
    """The batch is done."""
    batch.state, batch.finished_at = "finished", clock.now()
    batch.save(update_fields=["state", "finished_at"])


def register_holder(*, register_id: int) -> int:
    """The controller that answers for what a register holds jointly; the sole one elsewhere (A1)."""
    controllers = Controller.objects.filter(register_id=register_id).order_by("-holder", "id")
    return controllers.values_list("id", flat=True)[0]


def withdraw(*, batch: Batch) -> None:
    """Forget a batch of which nothing was taken in (its file was refused while it was read)."""
    Batch.objects.filter(pk=batch.pk, state="read").delete()
