"""Purchases from a file or a call to posted bonus (C5). After a kill anywhere the same call completes it.

A batch is one file or call, known by its digest. The source is locked while it is taken in; reading commits once
(`staged`), posting commits by itself, and a batch that is finished is recognised and left alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tillit.files.chunks import Chunk, Reject
from tillit.files.errors import FileRefusedError
from tillit.files.stopping import Where
from tillit.journeys import intake
from tillit.parties.digests import register_key
from tillit.purchases import batches, lanes, phases, quarantine, staging
from tillit.purchases.errors import RowsRefusedError
from tillit.purchases.intake import prepare_tables
from tillit.purchases.lanes import Lane
from tillit.purchases.models import Batch
from tillit.purchases.reading import references
from tillit.purchases.reading.checking import check
from tillit.purchases.reading.files import PurchaseFile
from tillit.purchases.reading.references import References
from tillit.purchases.reading.single import chunk_of, digest_of

LARGE = 16 * 1024 * 1024  # bytes of a file that is worth two connections; the same file takes the same way again
Row = Mapping[str, str | None]  # column → value
Progress = Callable[[str, int, int], None]  # phase, done, total (0: not known)


@dataclass(frozen=True)
class Report:
    """What became of a file or call. `repeated`: its batch was finished before, nothing was done now.

    `counts` is what was read now, with reason code → rows put aside. `rejects`: the first of them, in a dry run only.
    """

    batch: Batch | None
    counts: staging.Counts
    repeated: bool = False
    rejects: list[Reject] = field(default_factory=list)


def import_file(
    *,
    path: Path,
    source_key: str,
    encoding: str | None = None,
    name: str | None = None,
    progress: Progress | None = None,
    describe: Callable[[str], None] | None = None,
) -> Report:
    """Take in a file of purchases. Outside every scope and transaction: it commits phase by phase.

    `name`: what its batch is called, where that is not the name of the file.

    Raises `FileRefusedError` when the file is refused (nothing of it is taken in) or another intake of the source is
    running, `UnknownSourceError`, and `ImportStoppedError` when it stopped on its way.
    """
    where = Where()
    tell = where.hearing(progress or _silently)
    known = references.load(source_key=source_key)
    with (
        PurchaseFile(path, encoding=encoding) as file,
        batches.source_locked(source_id=known.source_id),
        phases.shown(),
        _lanes(large=file.size >= LARGE) as side_by_side,
    ):
        if describe:
            describe(file.describe())
        digest = file.digest(lambda done: tell("check", done, file.size))
        called = name or path.name
        batch = batches.begin(source_id=known.source_id, digest=digest, name=called, read_as=file.read_as)
        where.batch = batch.pk
        with where.told():
            return _take_in(batch, file.chunks, known, side_by_side, lambda phase, done: tell(phase, done, file.total))


def take_in(*, rows: Sequence[Row], source_key: str, name: str = "api", patience: int = 0) -> Report:
    """Take in rows given by column (API), one or many: all or none.

    Raises `RowsRefusedError` naming each row that cannot be used, `FileRefusedError` `source-busy` when another intake
    of the source is still running after `patience` seconds. What only posting can tell (an id that was counted with
    another content) is put aside, and stands in the batch's quarantine.
    """
    known = references.load(source_key=source_key)
    chunk = chunk_of(rows)
    chunk.checked = check(chunk, known)  # before the source is waited for, and only once
    if rejects := chunk.checked.rejects:
        raise RowsRefusedError(_named(rejects))
    digest = digest_of(rows, key=register_key(known.register_id))
    with (
        batches.source_locked(source_id=known.source_id, patience=patience),
        phases.shown(),
        _lanes(large=False) as side_by_side,
    ):
        batch = batches.begin(source_id=known.source_id, digest=digest, name=name)
        return _take_in(batch, lambda: [chunk], known, side_by_side, lambda phase, done: None)


def faults_of(*, rows: Sequence[Row], lines: Sequence[int], source_key: str) -> list[tuple[int, str, str]]:
    """(line, field, reason code) of each of the rows that cannot be used; `lines` are their numbers. Stores nothing."""
    known = references.load(source_key=source_key)
    return _named(check(chunk_of(rows, lines), known).rejects) if rows else []


def _named(rejects: Sequence[Reject]) -> list[tuple[int, str, str]]:
    return [(reject.line, reject.field, reject.code) for reject in rejects]


def examine_file(
    *,
    path: Path,
    source_key: str,
    encoding: str | None = None,
    progress: Progress | None = None,
    describe: Callable[[str], None] | None = None,
) -> Report:
    """Read and check a file without storing anything: what would be staged and what would be quarantined, and why."""
    tell = progress or _silently
    known = references.load(source_key=source_key)
    with PurchaseFile(path, encoding=encoding) as file:
        if describe:
            describe(file.describe())
        file.digest(lambda done: tell("check", done, file.size))
        counts, rejects = staging.examine(
            chunks=file.chunks(), references=known, progress=lambda done: tell("read", done, file.total)
        )
    return Report(None, counts, rejects=rejects)


@contextmanager
def _lanes(*, large: bool) -> Iterator[Sequence[Lane]]:
    """Two connections for a large file, the caller's own for others, whose staging is emptied afterwards."""
    if large:
        with lanes.beside() as side_by_side:
            yield side_by_side
        return
    try:
        yield lanes.HERE
    finally:
        prepare_tables()


def _take_in(
    batch: Batch,
    chunks: Callable[[], Iterable[Chunk]],
    known: References,
    side_by_side: Sequence[Lane],
    tell: Callable[[str, int], None],
) -> Report:
    """Take the batch from where it stands to its end."""
    counts = staging.Counts()
    if batch.state == "finished":
        return Report(batch, counts, repeated=True)
    if batch.state != "posted":
        phases.enter(batch_id=batch.pk, phase="read")
        try:
            counts = staging.stage(
                batch=batch,
                chunks=chunks(),
                references=known,
                progress=lambda done: tell("read", done),
                side_by_side=side_by_side,
            )
        except FileRefusedError:
            batches.withdraw(batch=batch)
            raise
        phases.enter(batch_id=batch.pk, phase="staged")
        tell("post", 0)
        intake.post_batch(batch_id=batch.pk, side_by_side=side_by_side)
        batch.refresh_from_db()
    quarantine.complete(batch_id=batch.pk, chunks=chunks)
    phases.enter(batch_id=batch.pk, phase="finished")
    batches.finish(batch=batch)
    return Report(batch, counts)


def _silently(phase: str, done: int, total: int) -> None:
    """Nobody watches."""
