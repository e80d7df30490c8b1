"""The worker's side: what is due is claimed, asked about once more, handed to its transport, and settled (F2, F11).

Claiming is committed before a transport is spoken to, so no two workers ever send the same message. A worker holds a
lock of its number: what one that died had taken goes to the next at once, but for the one message it was handing over.
Whether that went cannot be known: a service message is sent again under the same Message-ID, marketing is not. So it
is where the other side fell silent after it was handed over. A worker hands over in the order of ids, one at a time:
that it hands over a message of marketing says that the one before went, and those that went are settled together, at
the end of what was taken or after two seconds. One commit a message, and one in doubt at most: of what a worker that
died had handed over, all but the last went (`give_up`). A failure that may pass is tried again after 1, 5 and 30
minutes, 2, 8 and 24 hours. Whether a campaign still stands is asked in the transaction that hands its message over.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from secrets import randbelow
from time import monotonic
from typing import Any

import structlog
from django.db import connection
from django.db.models import F

from tillit.consent.operations import marketing_sent
from tillit.declaration.queries import known
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.messages import held, transports
from tillit.messages.deciding import Claimed, Post, decide, posts
from tillit.messages.errors import TransportError
from tillit.messages.models import Message, State
from tillit.messages.reports import address_dead
from tillit.messages.transports import TRANSPORTS, usable

CHUNK = 50
LEASE = timedelta(minutes=15)
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 480, 1440))
FRESH = 2.0
"""Seconds for which a decision to send holds; after that it is made anew."""
_TOGETHER = 2.0
"""Seconds after which marketing that went is settled, though not all that was taken is out."""
_SPACE = 0x6D736773  # advisory lock space ("msgs"); the second key is a worker's number
_worker: ContextVar[int] = ContextVar("tillit_outbox_worker", default=0)
log = structlog.get_logger(__name__)


@dataclass
class Delivered:
    """What a run did."""

    sent: int = 0
    again: int = 0
    failed: int = 0
    withheld: int = 0
    unknown: int = 0
    gone: list[tuple[Claimed, datetime]] = field(default_factory=list)
    """Marketing that went, and when, where that is not written yet."""
    since: float = 0.0
    """When (`monotonic`) the first of it went."""


def deliver(*, controller_id: int | None = None, activity: str | None = None, until: float | None = None) -> Delivered:
    """Send everything that is due now, of every controller and activity or of one. Outside every scope.

    until: the time (`monotonic`) at which no further messages are begun.
    """
    done = Delivered()
    with _working():
        for post in posts(only=controller_id):
            if activity not in (None, post.activity):
                continue
            if post.marketing:
                done.unknown += _give_up(post)
            while (until is None or monotonic() < until) and _next(post, done):
                pass
    return done


def _next(post: Post, done: Delivered) -> bool:
    """Send the next messages; whether there were any. Which declaration holds is looked up once for them."""
    with known():
        claimed = _claim(post)
        try:
            for one in claimed:
                _deliver(post, one, done)
        finally:
            if done.gone:
                with post.scope():
                    _settle_gone(post, done)
                done.gone = []
    return bool(claimed)


@contextmanager
def _working() -> Iterator[None]:
    """This worker's number, locked as long as it works."""
    number = 1 + randbelow(2**31 - 1)
    held = {"space": _SPACE, "worker": number}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "outbox", "work"), held)
    token = _worker.set(number)
    try:
        yield
    finally:
        _worker.reset(token)
        transports.rest()
        with connection.cursor() as cursor:
            cursor.execute(load(__file__, "outbox", "rest"), held)


def _give_up(post: Post) -> int:
    """Settle what a worker that died had handed over; of how many it is not known whether they went."""
    now = clock.now()
    with post.scope(), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "outbox", "give_up"),
            {"controller": post.controller, "activity": post.activity, "now": now, "lapsed": now - LEASE},
        )
        found = cursor.fetchall()
        if found:
            people = [subject for subject, _ in found]
            marketing_sent(controller_id=post.controller, subject_ids=people, activity=post.activity, at=now)
    return sum(last for _, last in found)


def _claim(post: Post) -> list[Claimed]:
    """Take the next messages and decide each: an envelope to send, or the reason not to."""
    now = clock.now()
    with post.scope():
        with connection.cursor() as cursor:
            mine: dict[str, Any] = {"controller": post.controller, "activity": post.activity}
            cursor.execute(load(__file__, "outbox", "dead"), {**mine, "space": _SPACE})
            dead = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                load(__file__, "outbox", "claim"),
                {
                    **mine,
                    "worker": _worker.get(),
                    "dead": dead,
                    "again": not post.marketing,
                    "held": held.paused(),
                    "channels": list(TRANSPORTS.keys() & usable()),
                    "now": now,
                    "lapsed": now - LEASE,
                    "limit": CHUNK,
                },
            )
            keys = cursor.fetchall()
        if not keys:
            return []
        rows = Message.objects.filter(subject_id__in=[s for s, _ in keys], id__in=[i for _, i in keys])
        return decide(post, list(rows.order_by("id", "subject_id")), now)  # the order that `give_up` relies on


def _deliver(post: Post, one: Claimed, done: Delivered) -> None:
    if one.envelope is not None and monotonic() - one.decided > FRESH:
        with post.scope():
            (one,) = decide(post, [one.message], clock.now())
    if one.envelope is None:
        _stays(post, one, done)
        return
    transport = TRANSPORTS[one.message.channel]
    handed: list[bool] = []
    envelope = replace(one.envelope, going=partial(_going, post, one, handed, done))
    try:
        if not getattr(transport, "tells", False):
            envelope.going()
        transport.send(envelope)
    except _NotOursError as error:
        if error.instead is not None:
            _stays(post, error.instead, done)
        elif error.reason == held.CANCELLED:
            settle(post, one, State.WITHHELD, held.CANCELLED)
            done.withheld += 1
        elif error.reason:
            _again(post, one, "", clock.now())
        return
    except Exception as error:  # noqa: BLE001 (a transport may fail in any way; its words may name the address)
        _failed(post, one, error, done, handed=bool(handed))
        return
    done.sent += 1
    if post.marketing:
        done.since = done.since if done.gone else monotonic()
        done.gone.append((one, clock.now()))
    else:  # in doubt it would be sent again
        settle(post, one, State.SENT, "")


def _stays(post: Post, one: Claimed, done: Delivered) -> None:
    """A message that does not leave now, or never."""
    if one.wait is not None:
        _wait(one.wait, post, one)
        return
    refused = one.reason in {"no-processor", "no-template", "missing-value"}
    state = State.FAILED if refused else State.WITHHELD
    settle(post, one, state, one.reason)
    done.failed += state == State.FAILED
    done.withheld += state == State.WITHHELD


def _failed(post: Post, one: Claimed, error: Exception, done: Delivered, *, handed: bool) -> None:
    log.warning("message not sent", kind=type(error).__name__, activity=post.activity)
    known = error if isinstance(error, TransportError) else TransportError("transport-failed", "it failed")
    twice = getattr(TRANSPORTS[one.message.channel], "knows", False)
    if post.marketing and handed and not known.answered and not twice:
        settle(post, one, State.UNKNOWN, "no-answer")
        done.unknown += 1
    elif known.permanent or one.message.attempts > len(BACKOFF):
        settle(post, one, State.FAILED, known.code)
        done.failed += 1
        if known.dead and one.envelope is not None:
            who = {"subject_id": one.message.subject_id, "controller_id": one.message.controller_id}
            address_dead(**who, message_id=one.message.id, address=one.envelope.to, at=clock.now())
    elif held.stopped(one.message.campaign_id) == held.CANCELLED:
        settle(post, one, State.WITHHELD, held.CANCELLED)
        done.withheld += 1
    else:
        _again(post, one, known.code, clock.now() + BACKOFF[one.message.attempts - 1])
        done.again += 1


class _NotOursError(Exception):
    """Another worker has the message, its campaign does not stand (`reason`), or it is decided anew (`instead`)."""

    def __init__(self, reason: str = "", instead: Claimed | None = None) -> None:
        super().__init__(reason)
        self.reason, self.instead = reason, instead


def _going(post: Post, one: Claimed, handed: list[bool], done: Delivered) -> None:
    """From now on the message may have left, and `handed` says so. Raises `_NotOursError`."""
    row = one.message
    given: dict[str, Any] = {"now": clock.now(), "subject": row.subject_id, "id": row.id, "worker": _worker.get()}
    with post.scope(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "outbox", "hand_over"), given)
        if not cursor.rowcount:
            raise _NotOursError
        # Asked with the row locked: who stops the campaign either waits for this, or is seen here.
        if reason := held.stopped(row.campaign_id):
            raise _NotOursError(reason)
        if monotonic() - one.decided > FRESH:  # the other side let us wait for it
            (now,) = decide(post, [row], given["now"])
            if now.envelope is None:
                raise _NotOursError(instead=now)
            if one.envelope is None or now.envelope.to != one.envelope.to:
                raise _NotOursError("another-address")  # the next try goes there
        if slow := bool(done.gone) and monotonic() - done.since > _TOGETHER:
            _settle_gone(post, done)
    if slow:
        done.gone = []
    handed.append(True)


def settle(post: Post, one: Claimed, state: State, reason: str) -> None:
    """What became of a message that was being sent, or of a letter that waited."""
    with post.scope():
        _settle(post, one, state, reason, clock.now())


def _settle_gone(post: Post, done: Delivered) -> None:
    """All of what went, in an open scope. Who commits it says that nothing of it is unsettled."""
    given: dict[str, Any] = {
        "subjects": [one.message.subject_id for one, _ in done.gone],
        "ids": [one.message.id for one, _ in done.gone],
        "at": [at for _, at in done.gone],
        "carriers": [one.carrier for one, _ in done.gone],
        "segments": [one.segments for one, _ in done.gone],
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "outbox", "gone"), given)
    last = max(given["at"])
    marketing_sent(controller_id=post.controller, subject_ids=given["subjects"], activity=post.activity, at=last)


def _settle(post: Post, one: Claimed, state: State, reason: str, at: datetime) -> None:
    rows = Message.objects.filter(
        subject_id=one.message.subject_id, id=one.message.id, message_state=one.message.message_state
    )
    rows.update(
        message_state=state,
        reason=reason,
        settled_at=at,
        sealed_address=None,
        carrier=one.carrier,
        segments=one.segments if state == State.SENT else 0,
        claimed_at=None,
        claimed_by=None,
    )
    if state in {State.SENT, State.UNKNOWN} and post.marketing:  # what may have gone counts as gone (F6)
        marketing_sent(
            controller_id=post.controller, subject_ids=[one.message.subject_id], activity=post.activity, at=at
        )


def _wait(until: datetime, post: Post, one: Claimed) -> None:
    """Back in the outbox until then: no try was made."""
    with post.scope():
        Message.objects.filter(
            subject_id=one.message.subject_id, id=one.message.id, message_state=State.SENDING, handed_at=None
        ).update(message_state=State.QUEUED, due_at=until, attempts=F("attempts") - 1, claimed_at=None, claimed_by=None)


def _again(post: Post, one: Claimed, reason: str, due: datetime) -> None:
    """Back into the queue. Without a reason it was no try."""
    with post.scope():
        Message.objects.filter(
            subject_id=one.message.subject_id, id=one.message.id, message_state=State.SENDING
        ).update(
            message_state=State.QUEUED,
            reason=reason,
            due_at=due,
            claimed_at=None,
            claimed_by=None,
            handed_at=None,
            attempts=one.message.attempts - (not reason),
        )
