"""Is the trail what was written? A controller's chain, in pieces, held against events, queue and published heads.

Each fault is a `Finding` with its link (seq) and event. What it can see, and what nobody can, stands in docs/audit.md.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from tillit.audit import chain, heads, queries
from tillit.audit.events import AUDIT_DISPOSED

Fault = Literal[
    "changed",  # the event is not the one that was linked
    "removed",  # linked, but gone, and no disposal on record accounts for it
    "gap",  # links are missing between two others, or before the first
    "forged",  # the link was not made with the key, or does not follow its predecessor
    "copied",  # more than one event carries the id, or a disposed one is back
    "truncated",  # a published head lies behind the end of the chain
    "rewritten",  # the chain says something else than a published head
    "head-unreadable",  # a line of the published heads is damaged or not ours
    "unaccounted",  # an event that was never appended
    "lost",  # appended, not linked yet, and gone or changed
    "doubled",  # linked, and waiting to be linked
]
MOST_FINDINGS = 100
_PAGE = 2000


class Finding(NamedTuple):
    """One fault; seq and event are 0 where there is none."""

    fault: Fault
    controller: int
    seq: int
    event: int


@dataclass
class Report:
    """What was found on one controller's chain. `findings` are the first 100; `faults` counts all.

    `unpublished` links stand behind the last published head: cutting them off would leave no trace. The unlinked
    window: `waiting` events, the oldest recorded at `oldest_waiting`. `youngest_disposed`: the shortest time any
    disposed event of a retention run had been linked, to be held against the declared period.
    """

    controller: int
    links: int = 0
    disposed: int = 0
    heads: int = 0
    unpublished: int = 0
    waiting: int = 0
    oldest_waiting: datetime | None = None
    youngest_disposed: timedelta | None = None
    faults: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """No fault was found."""
        return not self.faults

    def add(self, fault: Fault, *, seq: int = 0, event: int = 0, times: int = 1) -> None:
        """Note a fault."""
        self.faults[fault] = self.faults.get(fault, 0) + times
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(fault, self.controller, seq, event))


def verify(controller: int) -> Report:
    """Verify one controller's chain. Memory does not grow with its length. Reads in a system scope of its own."""
    walk = _Walk(controller, upto=heads.size(controller))
    walk.along()
    waiting = queries.waiting_disposals(controller=controller)
    walk.along()  # what was linked meanwhile: a disposal on record is now in `waiting` or behind us
    walk.end(waiting)
    return walk.report


class _Removals:
    """Links whose events were disposed of, by batch, until the batch's own event accounts for them."""

    def __init__(self) -> None:
        self.open: dict[int, _Batch] = {}

    def note(self, row: queries.Row) -> None:
        """One more link of the batch."""
        batch = self.open.setdefault(row.disposed_batch or 0, _Batch(row.linked_at))
        batch.digest.update(f"{row.seq},".encode())
        batch.count += 1
        batch.newest = max(batch.newest, row.linked_at)
        if len(batch.some) < MOST_FINDINGS:
            batch.some.append((row.seq, row.link_event))

    def account(self, number: int | None, details: str) -> datetime | None:
        """Strike out a batch that its event describes rightly; when the newest of its links was made, else None."""
        batch = self.open.get(number or 0)
        if batch is None or json.loads(details) != {"count": batch.count, "links": batch.digest.hexdigest()}:
            return None
        return self.open.pop(number or 0).newest


@dataclass
class _Batch:
    newest: datetime
    count: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    some: list[tuple[int, int]] = field(default_factory=list)


class _Walk:
    """One way along a chain, with the published heads beside it."""

    def __init__(self, controller: int, *, upto: int) -> None:
        self.report = Report(controller)
        self.removals = _Removals()
        self.seq, self.previous = 0, chain.FIRST_PREVIOUS
        self._published = 0
        self._owed = heads.owed(controller, upto=upto)
        self._head = self._next_head()

    def along(self) -> None:
        """To the present end of the chain."""
        for row in queries.pages(controller=self.report.controller, after=self.seq, size=_PAGE):
            if row.seq == self.seq:
                self.report.add("copied", seq=row.seq, event=row.link_event)
                continue
            self.report.links += 1
            self._link(row)
            self._event(row)
            self._heads(row)
            self.seq, self.previous = row.seq, row.hash

    def end(self, waiting: dict[int | None, str]) -> None:
        """What is left when the chain is at its end: heads behind it, removals nobody accounts for, stray events."""
        report = self.report
        while self._head is not None:
            report.add("truncated", seq=self._head.seq)
            self._head = self._next_head()
        for batch, details in waiting.items():
            self._accounted(batch, details, "")
        for lost in self.removals.open.values():
            for seq, event in lost.some:
                report.add("removed", seq=seq, event=event)
            report.faults["removed"] += lost.count - len(lost.some)
        for kind, event, times in queries.strays(controller=report.controller, limit=MOST_FINDINGS):
            report.add(kind, event=event, times=0)
            report.faults[kind] = times
        report.unpublished = max(0, self.seq - self._published)
        report.waiting, report.oldest_waiting = queries.window(controller=report.controller)

    def _link(self, row: queries.Row) -> None:
        if row.seq != self.seq + 1:
            self.report.add("gap", seq=self.seq + 1, times=row.seq - self.seq - 1)
        elif row.previous != self.previous:
            self.report.add("forged", seq=row.seq, event=row.link_event)
            return
        if not holds(self.report.controller, row):
            self.report.add("forged", seq=row.seq, event=row.link_event)

    def _event(self, row: queries.Row) -> None:
        report, content = self.report, row.content
        if row.disposed_batch is not None:
            report.disposed += 1
            self.removals.note(row)
            if content is not None:
                report.add("copied", seq=row.seq, event=row.link_event)
        elif content is None:
            report.add("removed", seq=row.seq, event=row.link_event)
        elif not matches(row):
            report.add("changed", seq=row.seq, event=row.link_event)
        elif content.type == AUDIT_DISPOSED.key:
            self._accounted(content.batch, content.details, content.activity, row.linked_at)

    def _accounted(self, batch: int | None, details: str, activity: str, at: datetime | None = None) -> None:
        newest = self.removals.account(batch, details)
        if newest is not None and at is not None and activity == "retention":
            age, report = at - newest, self.report
            report.youngest_disposed = age if report.youngest_disposed is None else min(age, report.youngest_disposed)

    def _heads(self, row: queries.Row) -> None:
        while self._head is not None and self._head.seq <= row.seq:
            if self._head.seq == row.seq and self._head.hash != row.hash.hex():
                self.report.add("rewritten", seq=row.seq)
            self._head = self._next_head()

    def _next_head(self) -> heads.Head | None:
        for entry in self._owed:
            if isinstance(entry, heads.Head):
                self.report.heads += 1
                self._published = entry.seq
                return entry
            self.report.add("head-unreadable", seq=entry.line)
        return None


def last_holds(controller: int, seq: int) -> bool:
    """Whether the link `seq`, the last one, was made with the key: only then may another one follow it."""
    return all(holds(controller, row) for row in queries.pages(controller=controller, after=seq - 1, size=1))


def holds(controller: int, row: queries.Row) -> bool:
    """Whether the link was made with the key, for this place."""
    try:
        secret = chain.key(row.key_version)
    except KeyError:
        return False
    made = chain.link(
        secret,
        controller=controller,
        seq=row.seq,
        linked_at=row.linked_at,
        key_version=row.key_version,
        previous=row.previous,
        leaf=row.leaf,
    )
    return hmac.compare_digest(made, row.hash)


def matches(row: queries.Row) -> bool:
    """Whether the link's event is the one it was made for."""
    try:
        secret = chain.key(row.key_version)
    except KeyError:
        return False
    return row.content is not None and hmac.compare_digest(chain.leaf(secret, row.content), row.leaf)
