"""The worker's side: what is due is claimed, asked about once more, handed to its transport, and settled (F2, F11).

Claiming is committed before a transport is spoken to, so no two workers ever send the same message. A worker holds a
lock of its number: what one that died had taken goes to the next at once, but for the one message it was handing over.
Whether that went cannot be known: a service message is sent again under the same Message-ID, marketing is not. So it
is where the other side fell silent after it was handed over. A failure that may pass is tried again after 1, 5 and 30
minutes, 2, 8 and 24 hours. Whether a campaign still stands is asked in the transaction that hands its message over.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from secrets import randbelow
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

import structlog
from django.db import connection
from django.db.models import F

from tillit.consent.operations import marketing_sent
from tillit.consent.queries import Decision
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of, known
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.messages import addresses, held, leaving, measuring, push, tokens, transports
from tillit.messages.addresses import PHONE
from tillit.messages.envelopes import Envelope
from tillit.messages.errors import TransportError
from tillit.messages.gsm import sized
from tillit.messages.models import Message, State
from tillit.messages.operations import gate
from tillit.messages.reports import address_dead
from tillit.messages.templates import Sender, filled, render
from tillit.messages.transports import TRANSPORTS, carrier, usable
from tillit.parties.sealing import open_sealed

CHUNK = 20
LEASE = timedelta(minutes=15)
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 480, 1440))
_IDS = UUID("5b4f3c1e-6a0d-4f7e-9c53-2f8d1f0b7a41")
FRESH = 2.0
"""Seconds for which a decision to send holds; after that it is made anew."""
_SPACE = 0x6D736773  # advisory lock space ("msgs"); the second key is a worker's number
_worker: ContextVar[int] = ContextVar("tillit_outbox_worker", default=0)
Asked = Callable[[int, Sequence[Message], datetime], Mapping[int, str | datetime]]
_ASKED: dict[str, Asked] = {}
log = structlog.get_logger(__name__)


def asked_as_it_leaves(activity: str, source: Asked) -> None:
    """Register who knows which messages of an activity are not to leave now: (controller, messages, moment) → by their
    id a reason not to send, or the moment to wait for. Asked in the outbox's scope, again before every try.
    """
    _ASKED[activity] = source


@dataclass
class Delivered:
    """What a run did."""

    sent: int = 0
    again: int = 0
    failed: int = 0
    withheld: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Post:
    """One controller's outbox for one activity."""

    controller: int
    declaration: Declaration
    activity: str
    marketing: bool

    def scope(self) -> Scope:
        """The scope its messages are read and settled in: the controller with its register's holder."""
        return Scope(system("outbox", {self.controller, holder_of(controller_id=self.controller)}), self.activity)


@dataclass
class Claimed:
    """A message with what is to be done: an envelope to send, or the reason not to."""

    message: Message
    envelope: Envelope | None
    carrier: str
    reason: str = ""
    decided: float = 0.0
    wait: datetime | None = None

    @property
    def segments(self) -> int:
        """Of an SMS; 0 for anything else."""
        return sized(self.envelope.rendered.short).segments if self.envelope and self.message.channel == "sms" else 0


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
        for one in claimed:
            _deliver(post, one, done)
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


def posts(*, only: int | None = None) -> Iterator[Post]:
    """The outboxes there are, of one controller or of all."""
    controllers = Controller.objects.filter(versions__isnull=False).distinct().order_by("id")
    for controller in controllers if only is None else controllers.filter(pk=only):
        declaration = current(controller_id=controller.pk, on=clock.today())
        for activity in declaration.activities:
            if {"message", "correspondence", "*"} & set(activity.records) and set(activity.channels) & usable():
                marketing = vocabulary().activities[activity.key].marketing
                yield Post(controller.pk, declaration, activity.key, marketing)


def _give_up(post: Post) -> int:
    now = clock.now()
    with post.scope(), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "outbox", "give_up"),
            {"controller": post.controller, "activity": post.activity, "now": now, "lapsed": now - LEASE},
        )
        people = [row[0] for row in cursor.fetchall()]
        if people:
            marketing_sent(controller_id=post.controller, subject_ids=people, activity=post.activity, at=now)
    return len(people)


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
        rows = list(Message.objects.filter(subject_id__in=[s for s, _ in keys], id__in=[i for _, i in keys]))
        return decide(post, rows, now)


def decide(post: Post, rows: Sequence[Message], now: datetime) -> list[Claimed]:
    """Of each an envelope to send, or the reason not to. In the open scope of the outbox."""
    # Asked again as they leave: a no said since they were put in holds for this very message (F2).
    answers: dict[tuple[str, bool], dict[int, Decision]] = {}
    known: dict[str, dict[int, str]] = {}
    for channel, answering in {(row.channel, row.answering) for row in rows}:
        people = {row.subject_id for row in rows if (row.channel, row.answering) == (channel, answering)}
        answers[channel, answering] = gate(post.controller, post.activity, people, channel, answering=answering)
        if channel != push.CHANNEL:
            known |= addresses.known(subject_ids=people, channels=[channel])
    measured = measuring.agreed(post.declaration, post.controller, [row for row in rows if row.campaign_id])
    asked = _ASKED.get(post.activity)
    not_now = asked(post.controller, rows, now) if asked is not None else {}
    moment = monotonic()
    over = {one for one in {row.campaign_id for row in rows} if held.stopped(one) == held.CANCELLED}
    return [
        _not_now(row, not_now[row.id])
        if row.id in not_now
        else Claimed(row, None, "", held.CANCELLED)
        if row.campaign_id in over
        else _decide(post, row, now, answers[row.channel, row.answering][row.subject_id], known, measured, moment)
        for row in rows
    ]


def _not_now(row: Message, said: str | datetime) -> Claimed:
    if isinstance(said, str):
        return Claimed(row, None, "", said)
    if row.valid_until is not None and said > row.valid_until:
        return Claimed(row, None, "", "too-late")
    return Claimed(row, None, "", wait=said)


def _decide(
    post: Post,
    row: Message,
    now: datetime,
    decision: Decision,
    known: dict[str, dict[int, str]],
    measured: Collection[int],
    moment: float,
) -> Claimed:
    if row.valid_until is not None and now > row.valid_until:
        return Claimed(row, None, "", "too-late")
    if not decision:
        return Claimed(row, None, "", decision.reason)
    to = _address(row, known)
    if to is None:
        return Claimed(row, None, "", "no-address")
    try:
        through = carrier(post.declaration, row.channel)
        said = post.declaration.controller
        sender = Sender(said.name, said.email, said.phone, said.web)
        leave = (
            leaving.address(row.subject_id, row.controller_id, row.activity, row.channel)
            if post.marketing and row.channel != PHONE
            else ""
        )
        values = filled(row.template, row.language, row.subject_id, row.content)
        rendered = render(row.template, row.language, values, sender, leave=leave)
    except TillitError as error:
        return Claimed(row, None, "", error.code)
    heads = leaving.headers(leave) if leave and row.channel == "email" else {}
    named = (row.subject_id, row.controller_id, row.id)
    if row.subject_id in measured and row.channel == "email":
        rendered = measuring.measured(rendered, *named, leave=leave)
    token, returned = tokens.reference(*named), tokens.return_path(*named)
    envelope = Envelope(
        uuid5(_IDS, str(row.id)),
        to,
        sender,
        rendered,
        row.language,
        heads,
        token,
        returned,
        controller_id=post.controller,
    )
    return Claimed(row, envelope, through, decided=moment)


def _address(row: Message, known: dict[str, dict[int, str]]) -> str | None:
    if row.sealed_address is not None:
        return open_sealed(
            subject_id=row.subject_id,
            controller_id=row.controller_id,
            table=Message._meta.db_table,
            column="sealed_address",
            sealed=row.sealed_address,
        )
    if row.channel == push.CHANNEL:
        return push.known(subject_ids=[row.subject_id]).get(row.subject_id)
    return known[row.channel].get(row.subject_id)


def _deliver(post: Post, one: Claimed, done: Delivered) -> None:
    if one.envelope is not None and monotonic() - one.decided > FRESH:
        with post.scope():
            (one,) = decide(post, [one.message], clock.now())
    if one.wait is not None:
        _wait(one.wait, post, one)
        return
    if one.envelope is None:
        refused = one.reason in {"no-processor", "no-template", "missing-value"}
        state = State.FAILED if refused else State.WITHHELD
        settle(post, one, state, one.reason)
        done.failed += state == State.FAILED
        done.withheld += state == State.WITHHELD
        return
    transport = TRANSPORTS[one.message.channel]
    handed: list[bool] = []
    envelope = replace(one.envelope, going=partial(_going, post, one.message, handed))
    try:
        if not getattr(transport, "tells", False):
            envelope.going()
        transport.send(envelope)
    except _NotOursError as error:
        if error.reason == held.CANCELLED:
            settle(post, one, State.WITHHELD, held.CANCELLED)
            done.withheld += 1
        elif error.reason:
            _again(post, one, "", clock.now())
        return
    except Exception as error:  # noqa: BLE001 (a transport may fail in any way; its words may name the address)
        _failed(post, one, error, done, handed=bool(handed))
        return
    settle(post, one, State.SENT, "")
    done.sent += 1


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
    """Another worker has the message, or its campaign does not stand (`reason`)."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


def _going(post: Post, row: Message, handed: list[bool]) -> None:
    """From now on the message may have left, and `handed` says so. Raises `_NotOursError`."""
    given: dict[str, Any] = {"now": clock.now(), "subject": row.subject_id, "id": row.id, "worker": _worker.get()}
    with post.scope(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "outbox", "hand_over"), given)
        if not cursor.rowcount:
            raise _NotOursError
        # Asked with the row locked: who stops the campaign either waits for this, or is seen here.
        if reason := held.stopped(row.campaign_id):
            raise _NotOursError(reason)
    handed.append(True)


def settle(post: Post, one: Claimed, state: State, reason: str) -> None:
    """What became of a message that was being sent, or of a letter that waited."""
    now = clock.now()
    with post.scope():
        rows = Message.objects.filter(
            subject_id=one.message.subject_id, id=one.message.id, message_state=one.message.message_state
        )
        rows.update(
            message_state=state,
            reason=reason,
            settled_at=now,
            sealed_address=None,
            carrier=one.carrier,
            segments=one.segments if state == State.SENT else 0,
            claimed_at=None,
            claimed_by=None,
        )
        if state in {State.SENT, State.UNKNOWN} and post.marketing:  # what may have gone counts as gone (F6)
            marketing_sent(
                controller_id=post.controller, subject_ids=[one.message.subject_id], activity=post.activity, at=now
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
