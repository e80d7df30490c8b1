"""A file of meter values, from its bytes to days stored and rows put aside (E2).

A file is read in chunks, each checked in vectors and taken in by itself, ahead of which two more are read. A file that
was broken off is sent again: what is in stays, and the same file to its end changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import polars as pl
from django.db import DatabaseError

from tillit.declaration.models import Controller
from tillit.files.ahead import ahead
from tillit.files.chunks import Chunk, Reject
from tillit.files.errors import FileRefusedError
from tillit.kernel import clock
from tillit.power import outside, quarantine, readings
from tillit.power.models import ReadingFile
from tillit.power.packing import TOLD
from tillit.power.reading import files
from tillit.power.reading.checking import Checked, Rules, check

Progress = Callable[[str, int, int], None]
COUNTS = ("values", "added", "changed", "unchanged", "corrections")
SHOWN = 100
_AT_ONCE = 400_000


@dataclass
class Outcome:
    """What became of a file. counts: `COUNTS` → how many (values, and days); reasons: code → rows put aside.

    rejects: the first of them, without their values. repeated: the file was taken in before; nothing was done.
    """

    file: ReadingFile | None
    described: str
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    repeated: bool = False

    @property
    def quarantined(self) -> int:
        """Rows that could not be used."""
        return sum(self.reasons.values())

    def put(self, rejects: Iterable[Reject]) -> None:
        """Count rows that could not be used."""
        for one in rejects:
            self.reasons[one.code] += 1
            if len(self.rejects) < SHOWN:
                self.rejects.append(Reject(one.line, one.field, one.code))


def import_file(
    *,
    path: Path,
    controller: Controller,
    name: str = "",
    point: str = "",
    swapped: bool = False,
    registered: datetime | None = None,
    dry_run: bool = False,
    encoding: str | None = None,
    progress: Progress | None = None,
    describe: Callable[[str], None] | None = None,
) -> Outcome:
    """Take in a file. Outside every scope and transaction: it commits a chunk at a time.

    name: what the file is called, where the path does not say. point: whose values they are, where neither rows nor
    name do. swapped: in and out are seen from the customer. registered: when, where rows do not say; without it, such
    a value gives way to every one that says when, and to those of files that came later. Raises `FileRefusedError`
    where the whole file cannot be used.
    """
    tell = progress or (lambda phase, done, total: None)
    called = name or path.name
    now = clock.now()
    rules = Rules(
        now=int(now.timestamp()),
        point=point or files.point_of(called),
        swapped=swapped,
        registered=0 if registered is None else int(registered.timestamp() * 1_000_000),
    )
    with files.ReadingFile(path, encoding=encoding) as opened:
        digest = opened.digest(lambda done: tell("check", done, opened.size))
        outcome = Outcome(None, opened.describe())
        if describe:
            describe(outcome.described)
        if not dry_run:
            as_sent = _as_sent(digest, rules, encoding or "")
            outcome.file, outcome.repeated = _begin(controller, as_sent, files.masked(called), outcome.described)
            if outcome.repeated:
                return outcome
        rules = replace(rules, arrival=outcome.file.pk if outcome.file is not None else TOLD - 1)
        checked = ahead(_larger(opened.rows()), partial(_checked, rules=rules))
        try:
            for position, one in checked:
                _take_in(controller, one, outcome, dry_run=dry_run)
                tell("read", position, opened.total)
        except FileRefusedError as error:
            _end(outcome, failure=error.code)
            raise
        except BaseException:  # also when it is broken off: nobody is reading it any more
            with suppress(DatabaseError):
                _end(outcome, failure="unexpected")
            raise
    _end(outcome)
    return outcome


def _as_sent(digest: str, rules: Rules, encoding: str) -> str:
    """What a file is known by when it comes again: its bytes, and what decides what they say besides. Two points of
    which nothing was used have files of the same bytes, where a point stands in the file's name alone.
    """
    besides = (rules.point, rules.swapped, rules.registered, encoding)
    return sha256(repr((digest, *besides)).encode()).hexdigest() if any(besides) else digest


def _begin(controller: Controller, digest: str, name: str, described: str) -> tuple[ReadingFile, bool]:
    """The file as it was begun before or is now; whether it was finished."""
    known = ReadingFile.objects.filter(controller=controller, digest=digest).order_by("-pk").first()
    if known is not None and known.state == "finished" and not outside.waits_again(known):
        return known, True
    if known is not None:
        known.state, known.failure = "reading", ""
        known.save(update_fields=["state", "failure"])
        return known, False
    file = ReadingFile.objects.create(
        controller=controller, digest=digest, name=name[:200], layout=described[:20], received_at=clock.now()
    )
    return file, False


def _end(outcome: Outcome, failure: str = "") -> None:
    file = outcome.file
    if file is None:
        return
    file.state, file.failure = ("failed", failure[:40]) if failure else ("finished", "")
    file.counts, file.quarantined = dict(outcome.counts), outcome.quarantined
    file.finished_at = clock.now()
    file.save(update_fields=["state", "failure", "counts", "quarantined", "finished_at"])


def _checked(chunk: Chunk, rules: Rules) -> tuple[int, Checked]:
    found = check(chunk.frame, rules) if not chunk.frame.is_empty() else Checked([], readings.no_values(), [])
    rejects = sorted([*chunk.rejects, *found.rejects], key=lambda one: one.line)
    return chunk.position, Checked(found.points, found.values, rejects)


def _larger(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Chunks put together until they are worth a round trip."""
    some: list[Chunk] = []
    rows = 0
    for chunk in chunks:
        some.append(chunk)
        rows += chunk.frame.height + len(chunk.rejects)
        if rows >= _AT_ONCE:
            yield _joined(some)
            some, rows = [], 0
    if some:
        yield _joined(some)


def _joined(chunks: list[Chunk]) -> Chunk:
    frames = [one.frame for one in chunks if not one.frame.is_empty()]
    frame = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    return Chunk(chunks[-1].position, frame, rejects=[one for chunk in chunks for one in chunk.rejects])


def _take_in(controller: Controller, one: Checked, outcome: Outcome, *, dry_run: bool) -> None:
    rejects = list(one.rejects)
    if len(one.values):
        taken = readings.store(controller_id=controller.pk, points=one.points, values=one.values, dry_run=dry_run)
        outcome.counts.update({name: getattr(taken, name) for name in COUNTS})
        rejects += [quarantine.unmatched(day, one.points[day.point], known=known) for day, known in taken.unmatched]
    outcome.put(rejects)
    if outcome.file is not None:
        quarantine.put(file=outcome.file, rejects=rejects)
