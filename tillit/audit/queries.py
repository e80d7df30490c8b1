"""What can be asked of the audit trail. Whole chains are read in a system scope for `security_log`, by functions."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from tillit.audit import chain, heads
from tillit.audit.models import Event
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load


class Last(NamedTuple):
    """The end of a chain; seq 0 and 32 zero bytes when it is empty."""

    seq: int
    hash: bytes
    key_version: int
    linked_at: datetime


class Row(NamedTuple):
    """A link, with its event or None."""

    seq: int
    link_event: int
    key_version: int
    linked_at: datetime
    leaf: bytes
    previous: bytes
    hash: bytes
    disposed_batch: int | None
    content: chain.Content | None


class Shown(NamedTuple):
    """An event as it is listed; seq is None while it waits to be linked."""

    recorded_at: datetime
    event_id: int
    at: datetime | None
    type: str
    actor: str
    activity: str
    subject_id: int
    batch: int | None
    details: str
    seq: int | None


def about(*, scope: Scope, subject_id: int, others: Collection[int] = ()) -> QuerySet[Event]:
    """The events about a person that the scope may see, newest first: who looked, and why (A9). Without what an order
    of court or authority forbids telling of (D11). `others`: the subjects merged with the person's own.

    Evaluate inside the scope.
    """
    rows = Event.objects.filter(subject_id__in={subject_id, *others})
    return rows.exclude(type__startswith="hold.", details__told=False).order_by("-at", "-id")


def controllers() -> list[int]:
    """Every controller with a chain, a published head, or events that wait, and 0 for the installation."""
    return sorted({row[0] for row in _rows("controllers")} | heads.controllers())


def head(*, controller: int) -> Last:
    """The end of the controller's chain."""
    with _scope(controller):
        rows = _rows("head", controller=controller)
    if not rows:
        return Last(0, chain.FIRST_PREVIOUS, chain.current_key_version(), datetime.min.replace(tzinfo=UTC))
    seq, last, version, linked_at = rows[0]
    return Last(seq, bytes(last), version, linked_at)


def pages(*, controller: int, after: int = 0, size: int = 2000) -> Iterator[Row]:
    """The links behind `after` in order, read `size` at a time; one with several events comes once for each."""
    while True:
        with _scope(controller):
            rows = _rows("page", controller=controller, after=after, limit=size)
        for row in rows:
            event = row[8:]
            content = None if event[0] is None else chain.Content._make((*event[:12], bytes(event[12])))
            yield Row._make((*row[:4], *map(bytes, row[4:7]), row[7], content))
        if not rows:
            return
        after = rows[-1][0]


def strays(*, controller: int, limit: int) -> list[tuple[Any, int, int]]:
    """(kind, event id, how many of that kind) of events that neither chain nor queue accounts for."""
    with _scope(controller):
        return _rows("strays", controller=controller, limit=limit)


def window(*, controller: int) -> tuple[int, datetime | None]:
    """How many events no chain protects yet, and when the oldest of them was recorded."""
    with _scope(controller):
        waiting, oldest = _rows("window", controller=controller)[0]
    return waiting, oldest


def waiting_disposals(*, controller: int) -> dict[int | None, str]:
    """Batch → details of the disposals that are on record but not linked yet."""
    with _scope(controller):
        return dict(_rows("waiting_disposals", controller=controller))


def since(*, controller: int, since: datetime, size: int = 500) -> Iterator[Shown]:
    """The controller's events recorded from `since` on, oldest first, read `size` at a time."""
    after = -1
    while True:
        with _scope(controller):
            rows = _rows("since", controller=controller, since=since, after=after, limit=size)
        yield from (Shown(*row) for row in rows)
        if len(rows) < size:
            return
        since, after = rows[-1][0], rows[-1][1]


def _scope(controller: int) -> Scope:
    return Scope(system("audit", {controller}), "security_log")


def _rows(name: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "calls", name), values)
        return list(cursor.fetchall())
