"""From a file or a list of rows to `purchases_staged`: digests only, in one transaction, with bounded memory.

Reading and checking run in a thread of their own, one chunk ahead, while PostgreSQL takes the chunk before it.
"""

import contextvars
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import connection, transaction

from tillit.purchases import quarantine
from tillit.purchases.models import Batch, QuarantinedRow, StagedPurchase
from tillit.purchases.reading import encoding
from tillit.purchases.reading.checking import check
from tillit.purchases.reading.chunks import Chunk, Reject
from tillit.purchases.reading.numbers import Digester
from tillit.purchases.reading.references import References

_COPY = f"COPY purchases_staged ({', '.join(encoding.COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_AT_ONCE = 1 << 20
_AHEAD = 1


@dataclass
class Counts:
    """What became of the rows of a batch so far. `cash`: rows paid in cash, which earn nothing and are dropped."""

    read: int = 0
    staged: int = 0
    quarantined: int = 0
    cash: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, prepared: "Prepared") -> None:
        """Count a chunk."""
        self.staged += prepared.rows
        self.quarantined += len(prepared.rejects)
        self.cash += prepared.cash
        self.read += prepared.rows + len(prepared.rejects) + prepared.cash
        for reject in prepared.rejects:
            self.reasons[reject.code] = self.reasons.get(reject.code, 0) + 1


@dataclass(frozen=True)
class Prepared:
    """A chunk ready for the database: binary COPY tuples and rejects."""

    data: bytes
    rows: int
    rejects: list[Reject] = field(repr=False)
    cash: int
    position: int


def prepare(chunks: Iterable[Chunk], *, references: References, batch_id: int) -> Iterator[Prepared]:
    """Check and encode chunks."""
    digester = Digester(references.register_id)
    for chunk in chunks:
        if chunk.frame.is_empty():
            yield Prepared(b"", 0, chunk.rejects, 0, chunk.position)
            continue
        checked = check(chunk, references, digester)
        data = encoding.encode(checked.purchases, batch_id=batch_id, source_id=references.source_id)
        rejects = [*chunk.rejects, *checked.rejects]
        yield Prepared(data, len(checked.purchases), rejects, checked.cash, chunk.position)


def stage(
    *,
    batch: Batch,
    chunks: Iterable[Chunk],
    references: References,
    progress: Callable[[int], None] | None = None,
) -> Counts:
    """Put every row of the chunks into staging or quarantine, all or nothing; what an earlier try left goes first.

    Sets the batch's counts and its state to `staged`. Errors of the chunks' source pass through.
    """
    counts = Counts()
    with transaction.atomic():
        StagedPurchase.objects.filter(batch_id=batch.pk).delete()
        QuarantinedRow.objects.filter(batch=batch).delete()
        for prepared in _ahead(prepare(chunks, references=references, batch_id=batch.pk)):
            _copy(prepared.data)
            quarantine.put(batch_id=batch.pk, rejects=prepared.rejects)
            counts.add(prepared)
            if progress:
                progress(prepared.position)
        batch.rows_read, batch.quarantined, batch.strangers = counts.read, counts.quarantined, counts.cash
        batch.state = "staged"
        batch.save(update_fields=["rows_read", "quarantined", "strangers", "state"])
    return counts


def examine(
    *,
    chunks: Iterable[Chunk],
    references: References,
    progress: Callable[[int], None] | None = None,
    most_shown: int = 100,
) -> tuple[Counts, list[Reject]]:
    """Read and check without storing anything (a dry run): the counts, and the first rejects without their values."""
    counts, shown = Counts(), list[Reject]()
    for prepared in _ahead(prepare(chunks, references=references, batch_id=0)):
        counts.add(prepared)
        shown += [Reject(r.line, r.field, r.code) for r in prepared.rejects[: max(0, most_shown - len(shown))]]
        if progress:
            progress(prepared.position)
    return counts, shown


def _copy(data: bytes) -> None:
    if not data:
        return
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(encoding.SIGNATURE)
        view = memoryview(data)
        for start in range(0, len(data), _AT_ONCE):
            copy.write(view[start : start + _AT_ONCE])
        copy.write(encoding.TRAILER)


def _ahead(items: Iterator[Prepared]) -> Iterator[Prepared]:
    """The items, each made in a thread while the one before it is used. What the thread raises is raised here."""
    waiting: queue.Queue[Prepared | BaseException | None] = queue.Queue(maxsize=_AHEAD)
    stopped = threading.Event()

    def offer(item: Prepared | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not offer(item):
                    return
            offer(None)
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits
            offer(error)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(work,), name="purchases-reading", daemon=True
    )
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
