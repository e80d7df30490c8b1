"""From a file or a list of rows to `purchases_staged`: digests only, all or nothing, with bounded memory.

The table is a temporary one of each lane's connection: nobody else can read it, no index slows it down, it is in no
dump and no log, and it goes with the connection. A killed intake reads its file anew.

A file is split in chunks by one thread; two others check and encode them, some chunks ahead of PostgreSQL.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from django.db import connection, transaction

from tillit.files.ahead import ahead
from tillit.files.chunks import Chunk, Reject
from tillit.purchases import intake, quarantine
from tillit.purchases.lanes import HERE, Lane, all_of
from tillit.purchases.models import Batch
from tillit.purchases.reading import encoding
from tillit.purchases.reading.checking import check
from tillit.purchases.reading.references import References

_COPY = f"COPY purchases_staged ({', '.join(encoding.COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_AT_ONCE = 1 << 20


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
    """A chunk ready for the database: binary COPY tuples for each lane, and rejects."""

    data: list[bytes]
    rows: int
    rejects: list[Reject] = field(repr=False)
    cash: int
    position: int


def prepare(chunk: Chunk, *, references: References, batch_id: int, lanes: int = 1) -> Prepared:
    """Check and encode a chunk, for a number of lanes."""
    if chunk.frame.is_empty():
        return Prepared([], 0, chunk.rejects, 0, chunk.position)
    checked = chunk.checked or check(chunk, references)
    halves = encoding.split(checked.purchases, source_id=references.source_id, parts=lanes)
    data = [
        encoding.encode(part, external=external, batch_id=batch_id, source_id=references.source_id)
        for part, external in halves
    ]
    rejects = sorted([*chunk.rejects, *checked.rejects], key=lambda reject: reject.line)
    return Prepared(data, len(checked.purchases), rejects, checked.cash, chunk.position)


def stage(
    *,
    batch: Batch,
    chunks: Iterable[Chunk],
    references: References,
    progress: Callable[[int], None] | None = None,
    side_by_side: Sequence[Lane] = HERE,
) -> Counts:
    """Put every row of the chunks into staging or quarantine, all or nothing.

    The first time the batch's counts are set, its bad rows quarantined and its state becomes `staged`. When that was
    done before (a try that was killed later), only the staging tables are filled anew. Errors of the chunks' source
    pass through.
    """
    counts, first = Counts(), batch.state == "read"
    all_of([lane.submit(intake.prepare_tables) for lane in side_by_side])
    copying: list[Future[None]] = []
    try:
        with transaction.atomic():
            for prepared in _prepared(chunks, references=references, batch_id=batch.pk, lanes=len(side_by_side)):
                all_of(copying)
                pairs = zip(side_by_side, prepared.data, strict=False)  # a chunk without rows has no data
                copying = [lane.submit(partial(_copy, data)) for lane, data in pairs]
                if first:
                    quarantine.put(batch_id=batch.pk, rejects=prepared.rejects)
                counts.add(prepared)
                if progress:
                    progress(prepared.position)
            all_of(copying)
            if first:
                batch.rows_read, batch.quarantined, batch.strangers = counts.read, counts.quarantined, counts.cash
                batch.state = "staged"
                batch.save(update_fields=["rows_read", "quarantined", "strangers", "state"])
    except BaseException:
        for copied in copying:
            copied.exception()
        all_of([lane.submit(intake.prepare_tables) for lane in side_by_side])
        raise
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
    for prepared in _prepared(chunks, references=references, batch_id=0):
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


def _prepared(chunks: Iterable[Chunk], *, references: References, batch_id: int, lanes: int = 1) -> Iterator[Prepared]:
    """The chunks checked and encoded, in their order, some at a time, ahead of whoever takes them."""
    make = partial(prepare, references=references, batch_id=batch_id, lanes=lanes)
    yield from ahead(chunks, make)
