"""A file of purchases, from disk to posted bonus (C5). After a kill anywhere the same call completes it.

A batch is one file, known by its digest. The source is locked while it is taken in; reading commits once (`staged`),
posting commits by itself, and a batch that is finished is recognised and left alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tillit.journeys import intake
from tillit.purchases import batches, phases, staging
from tillit.purchases.errors import FileRefusedError
from tillit.purchases.models import Batch
from tillit.purchases.reading import references
from tillit.purchases.reading.chunks import Reject
from tillit.purchases.reading.files import PurchaseFile

Progress = Callable[[str, int, int], None]  # phase, done, total (0: not known)


@dataclass(frozen=True)
class Report:
    """What became of a file. `repeated_file`: its batch was finished before, nothing was done now.

    `reasons`: reason code → rows quarantined while reading. `rejects`: the first of them, in a dry run only.
    """

    batch: Batch | None
    counts: staging.Counts
    repeated_file: bool = False
    rejects: list[Reject] = field(default_factory=list)


def import_file(
    *,
    path: Path,
    source_key: str,
    encoding: str | None = None,
    progress: Progress | None = None,
    describe: Callable[[str], None] | None = None,
) -> Report:
    """Take in a file of purchases. Outside every scope and transaction: it commits phase by phase.

    Raises `FileRefusedError` when the file is refused (nothing of it is taken in) or another intake of the source is
    running, and `UnknownSourceError`.
    """
    tell = progress or (lambda phase, done, total: None)
    known = references.load(source_key=source_key)
    with (
        PurchaseFile(path, encoding=encoding) as file,
        batches.source_locked(source_id=known.source_id),
        phases.shown(),
    ):
        if describe:
            describe(file.describe())
        digest = file.digest(lambda done: tell("check", done, file.size))
        batch = batches.begin(source_id=known.source_id, digest=digest, name=path.name)
        if batch.state == "finished":
            return Report(batch, staging.Counts(), repeated_file=True)
        counts = staging.Counts()
        if batch.state != "posted":
            phases.enter(batch_id=batch.pk, phase="read")
            try:
                counts = staging.stage(
                    batch=batch,
                    chunks=file.chunks(),
                    references=known,
                    progress=lambda done: tell("read", done, file.total),
                )
            except FileRefusedError:
                batches.withdraw(batch=batch)
                raise
            phases.enter(batch_id=batch.pk, phase="staged")
            tell("post", 0, 0)
            intake.post_batch(batch_id=batch.pk)
            batch.refresh_from_db()
        phases.enter(batch_id=batch.pk, phase="finished")
        batches.finish(batch=batch)
        return Report(batch, counts)


def examine_file(
    *,
    path: Path,
    source_key: str,
    encoding: str | None = None,
    progress: Progress | None = None,
    describe: Callable[[str], None] | None = None,
) -> Report:
    """Read and check a file without storing anything: what would be staged and what would be quarantined, and why."""
    tell = progress or (lambda phase, done, total: None)
    known = references.load(source_key=source_key)
    with PurchaseFile(path, encoding=encoding) as file:
        if describe:
            describe(file.describe())
        file.digest(lambda done: tell("check", done, file.size))
        counts, rejects = staging.examine(
            chunks=file.chunks(), references=known, progress=lambda done: tell("read", done, file.total)
        )
    return Report(None, counts, rejects=rejects)
