"""Taking a union's file in: full or delta, tried first (dry run), approved where it ends many."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.db import transaction

from tillit.declaration.models import Controller
from tillit.files.chunks import Chunk, Reject
from tillit.files.dialect import Layout
from tillit.files.json_rows import JsonRows
from tillit.files.opening import Opener, RowFile
from tillit.files.sheets import MAGIC, SheetRows
from tillit.files.stopping import Where
from tillit.journeys.register import applying, reading
from tillit.journeys.register.comparing import ACTIVITY, Difference, compare
from tillit.journeys.register.settled import mark, settled
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.membership import register_files
from tillit.membership.models import RegisterFile
from tillit.membership.reading import references
from tillit.membership.reading.dates import STYLES
from tillit.membership.reading.layout import layout_of, meaning
from tillit.membership.reading.references import References

SHOWN = 100
Progress = Callable[[str, int, int], None]  # phase, done, total (0: not known)


@dataclass
class Outcome:
    """What a file did, or would do (`file` None: a dry run). `waiting`: it did nothing yet, as it would end too many.
    `withheld`: memberships that would end, and did not, since damaged rows may be theirs. `rejects`: the first of them,
    without their values.
    """

    file: RegisterFile | None
    difference: Difference
    described: str
    waiting: bool = False
    withheld: int = 0
    rejects: list[Reject] = field(default_factory=list)

    @property
    def quarantined(self) -> int:
        """How many rows could not be used."""
        return sum(self.difference.reasons.values())


class _TriedError(Exception):
    """Ends a dry run's transaction."""


def import_file(
    *,
    path: Path,
    controller: Controller,
    full: bool,
    dry_run: bool = False,
    approve: bool = False,
    approved: Mapping[str, int] | None = None,
    name: str = "",
    actor: Actor | None = None,
    encoding: str | None = None,
    progress: Progress | None = None,
    describe: Callable[[str], None] | None = None,
) -> Outcome:
    """Take in a union's file. Outside every scope and transaction: it commits a chunk at a time.

    `full`: who is listed and not in the file has left. `approve`: do it although it ends more than the union's share,
    or although damaged rows may be of people who are missing; `approved`: the difference (`Difference.summary`) that
    somebody approved, which it may not exceed. `name`: what the file is called, where the path does not say.
    Raises `FileRefusedError` when nothing of it is taken in, and `ImportStoppedError` when it stopped on its way.
    """
    where = Where()
    tell = where.hearing(progress or (lambda phase, done, total: None))
    acting = actor or system("register", {controller.pk})
    known = references.load(controller=controller)
    layout = layout_of(known.columns)
    others: dict[bytes, Opener] = {
        MAGIC: partial(_sheet, layout),
        b"[": partial(_json, layout),
        b"{": partial(_json, layout),
    }
    with (
        RowFile(path, layout, encoding=encoding, others=others) as opened,
        register_files.union_locked(controller_id=controller.pk),
    ):
        digest = opened.digest(lambda done: tell("check", done, opened.size))
        style, columns = reading.style_of(opened.chunks(), known)
        described = f"{opened.describe()}, dates as {STYLES[style][2]}"
        if describe:
            describe(described)
        taking = _Taking(
            acting, known, opened.chunks, style, columns, full, lambda phase, done: tell(phase, done, opened.total)
        )
        if dry_run:
            return taking.tried(described)
        file = register_files.begin(
            controller_id=controller.pk, digest=digest, name=name or path.name, full=full, described=described
        )
        if approved is not None:
            file.approved = dict(approved)
        where.batch = file.pk
        nothing = settled(actor=acting, known=known, style=style, described=described, file=file)
        if nothing is not None:
            return Outcome(file, nothing, described)
        with where.told():
            return taking.taken(file, described, approve=approve)


@dataclass
class _Taking:
    """One file on its way in."""

    actor: Actor
    known: References
    chunks: Callable[[], Iterable[Chunk]]
    style: str
    columns: frozenset[str]
    full: bool
    tell: Callable[[str, int], None]

    def tried(self, described: str) -> Outcome:
        """A dry run: everything but applying, and nothing stays."""
        outcome = None
        with suppress(_TriedError), transaction.atomic():
            shown: list[Reject] = []
            difference, _ = self._compared(lambda rejects: shown.extend(rejects[: SHOWN - len(shown)]))
            bare = [Reject(one.line, one.field, one.code) for one in shown[:SHOWN]]
            outcome = Outcome(None, difference, described, rejects=bare)
            outcome.waiting = difference.too_many(self.known.most_ends)
            outcome.withheld = len(difference.gone) if difference.nameless else 0
            raise _TriedError
        assert outcome is not None  # noqa: S101 (set before the raise)
        return outcome

    def taken(self, file: RegisterFile, described: str, *, approve: bool) -> Outcome:
        """Compare, and apply what may be applied."""
        shown: list[Reject] = []
        quarantined = 0

        def put(rejects: list[Reject]) -> None:
            nonlocal quarantined
            quarantined += register_files.put(file=file, rejects=rejects)
            shown.extend(Reject(one.line, one.field, one.code) for one in rejects[: SHOWN - len(shown)])

        difference, numbers = self._compared(put)
        outcome = Outcome(file, difference, described, rejects=shown)
        said = difference.summary()
        if approve:
            file.approved = said
        agreed = file.approved is not None and all(count <= file.approved.get(name, 0) for name, count in said.items())
        outcome.waiting = difference.too_many(self.known.most_ends) and not agreed
        outcome.withheld = len(difference.gone) if difference.nameless and not agreed else 0
        repeat = file.state == "finished"
        file.quarantined = file.quarantine.count()
        if outcome.waiting:
            file.state = "waiting"
            file.save(update_fields=["state", "quarantined", "approved"])
            return outcome
        if repeat and not _anything(difference, outcome) and not quarantined:
            return outcome
        if file.state == "read":
            file.counts = {"rows": difference.rows, "unchanged": difference.unchanged, "changed": difference.changed}
            file.fields = difference.fields
        file.state = "applying"
        file.save(update_fields=["state", "quarantined", "approved", "counts", "fields"])
        applying.apply(
            actor=self.actor,
            known=self.known,
            file=file,
            difference=difference,
            numbers=numbers,
            ends_too=not outcome.withheld,
            at=clock.now(),
            tell=lambda done: self.tell("apply", done),
        )
        stands = not (outcome.withheld or file.quarantined or difference.restricted or difference.past)
        file.settled = self._mark(described, difference.rows) if self.full and stands else ""
        applying.finish(actor=self.actor, known=self.known, file=file)
        return outcome

    def _mark(self, described: str, rows: int) -> str:
        return mark(actor=self.actor, known=self.known, style=self.style, described=described, rows=rows)

    def _compared(self, put: reading.Put):  # type: ignore[no-untyped-def]
        with Scope(self.actor, ACTIVITY):
            before = reading.listed(controller_id=self.known.controller_id)
        done = reading.read(
            chunks=self.chunks(),
            known=self.known,
            before=before,
            style=self.style,
            columns=self.columns,
            put=put,
            tell=lambda at: self.tell("read", at),
        )
        self.tell("compare", 0)
        difference, faults = compare(actor=self.actor, known=self.known, done=done, before=before, full=self.full)
        if faults:
            put(self._with_values(faults))
        return difference, done.numbers

    def _with_values(self, faults: list[Reject]) -> list[Reject]:
        """The rows that comparing found fault with, read once more for what they say."""
        wanted = {one.line: one for one in faults}
        words = meaning(self.known.columns)
        found = []
        for chunk in self.chunks():
            if chunk.frame.is_empty():
                continue
            for row in chunk.frame.filter(chunk.frame["line"].is_in(list(wanted))).iter_rows(named=True):
                one = wanted[row.pop("line")]
                values = {words[name]: text for name, text in row.items() if text and words[name]}
                found.append(Reject(one.line, one.field, one.code, values))
        return found


def _anything(difference: Difference, outcome: Outcome) -> bool:
    """Whether the file does anything to anybody."""
    done = difference.joins + difference.returns + difference.changed + difference.ends
    return bool(done or (len(difference.gone) and not outcome.withheld))


def _sheet(layout: Layout, file: BinaryIO, size: int) -> SheetRows:
    return SheetRows(file, layout)


def _json(layout: Layout, file: BinaryIO, size: int) -> JsonRows:
    return JsonRows(file, size, layout)
