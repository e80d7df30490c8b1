"""The frame a domain's kind of file plugs into: what it is for, how it is looked through and taken in, as data.

offer(FileKind(key="purchases", activities=frozenset({"bonus_earning"}), targets=…, examine=…, take_in=…))
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from tillit.declaration.models import Controller
from tillit.kernel.scope import Actor


@dataclass(frozen=True)
class Target:
    """What a file is sent for: a source of purchases, a register. key: stable; name: for readers; part: which files of
    it, worded `imports.part.<part>`.
    """

    key: str
    name: str
    part: str = ""


@dataclass(frozen=True)
class Fault:
    """A row that cannot be used: its line, field ('' for the line as a whole) and reason code. Never its content."""

    line: int
    field: str
    code: str


class Approval(StrEnum):
    """Whether what a file would do asks for somebody's word: no; it may be given; without it nothing is done."""

    NONE = ""
    POSSIBLE = "possible"
    NEEDED = "needed"


@dataclass(frozen=True)
class Examined:
    """What a dry run found. form: the dialect as sniffed, for the reader; counts: name → number; reasons: code → rows.

    `faults`: the first of them. `would`: what somebody approves (`Work.approved`). Wording of an approval:
    `imports.approval.<kind>.<possible|needed>`.
    """

    form: str
    counts: Mapping[str, int]
    reasons: Mapping[str, int] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    approval: Approval = Approval.NONE
    would: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """A file to take in. `actor`: the member of staff who confirmed it; `approved`: what they approved of it."""

    path: Path
    name: str
    target: str
    controller: Controller
    actor: Actor
    approved: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a file. counts: name → number; before: the same of what this target sent last, to compare with;
    reference: what the domain calls it; repeated: it was taken in before, nothing was done.
    """

    counts: Mapping[str, int]
    before: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    reference: int | None = None
    repeated: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a running file has come; total 0 where that is not known."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True)
class PutAside:
    """A row that waits: where it stood and why it was put aside. `kept`: its content can still be repaired."""

    id: int
    reference: int
    file: str
    line: int
    field: str
    code: str
    at: datetime
    kept: bool


def put_aside(row: Any, *, of: Any) -> PutAside:
    """A domain's quarantined row as the frame shows it. `of`: the file or batch it came in (pk, name)."""
    return PutAside(
        id=row.pk,
        reference=of.pk,
        file=of.name,
        line=row.line,
        field=row.field,
        code=row.reason,
        at=row.quarantined_at,
        kept=row.sealed is not None,
    )


class Rows(Protocol):
    """What a domain does with the rows it put aside. Raises `TillitError` where a row cannot be handled so."""

    columns: tuple[str, ...]
    secret: frozenset[str]  # columns shown by their last four alone until asked for
    reasons: tuple[str, ...]  # why a row may be given up

    def listed(
        self, *, target: str, reference: int | None, code: str, offset: int, limit: int
    ) -> tuple[Sequence[PutAside], int]:
        """The rows that wait, oldest first, and how many there are of them."""

    def codes(self, *, target: str) -> Mapping[str, int]:
        """Reason → how many wait for it."""

    def one(self, *, target: str, row: int) -> PutAside | None:
        """The row, if it is the target's and waits."""

    def opened(self, *, row: int, actor: Actor) -> Mapping[str, str | None]:
        """Its fields by column, '' for a line that was no row; the look is on record."""

    def repair(self, *, row: int, values: Mapping[str, str | None], actor: Actor) -> None:
        """Give fields other values; None empties one."""

    def discard(self, *, rows: Sequence[int], because: str, actor: Actor) -> int:
        """Give rows up for a reason; how many."""

    def again(self, *, target: str, rows: Sequence[int], reference: int | None, actor: Actor) -> Outcome:
        """Play rows again: those named, or all that wait (of one file)."""

    def words(self, code: str, language: str) -> str:
        """The reason in words."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file. Wording: `imports.kind.<key>.title|text`, and `imports.count.<name>` for each count.

    activities: what a role must may, all of them; targets: what a controller takes such files for, none: not offered.
    examine: the dry run of (path, target, controller, what the file is called).
    """

    key: str
    activities: frozenset[str]
    targets: Callable[[Controller], Sequence[Target]]
    examine: Callable[[Path, str, Controller, str], Examined]
    take_in: Callable[[Work], Outcome]
    progress: Callable[[str, str], Progress | None] = lambda target, digest: None
    rows: Rows | None = None


KINDS: dict[str, FileKind] = {}


def offer(kind: FileKind) -> FileKind:
    """Offer a kind in the console."""
    KINDS[kind.key] = kind
    return kind


def may_send(kind: FileKind, *, actor: Actor, controller: Controller) -> bool:
    """Whether the actor's role sends such files for the controller."""
    return kind.activities <= (actor.activities or frozenset()) and bool(kind.targets(controller))


def open_to(*, actor: Actor, controller: Controller) -> list[FileKind]:
    """The kinds the actor may send, in the order they are offered."""
    return [kind for kind in KINDS.values() if may_send(kind, actor=actor, controller=controller)]
