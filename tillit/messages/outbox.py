"""The worker's side: what is due is claimed, asked about once more, handed to its transport, and settled (F2, F11).

Claiming is committed before a transport is spoken to, so no two workers ever send the same message. What is between
"handed over" and "settled" when a worker dies cannot be known: service messages are sent again under the same
Message-ID, marketing is not. A failure that may pass is tried again after 1, 5 and 30 minutes, 2, 8 and 24 hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import structlog
from django.db import connection

from tillit.consent.operations import marketing_sent
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.messages import addresses, leaving, push, tokens
from tillit.messages.envelopes import Envelope
from tillit.messages.errors import TransportError
from tillit.messages.gsm import sized
from tillit.messages.models import Message, State
from tillit.messages.operations import gate
from tillit.messages.reports import address_dead
from tillit.messages.templates import Sender, render
from tillit.messages.transports import TRANSPORTS, carrier, usable
from tillit.parties.sealing import open_sealed

CHUNK = 20
LEASE = timedelta(minutes=15)
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 480, 1440))
_IDS = UUID("5b4f3c1e-6a0d-4f7e-9c53-2f8d1f0b7a41")
log = structlog.get_logger(__name__)


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

    @property
    def segments(self) -> int:
        """Of an SMS; 0 for anything else."""
        return sized(self.envelope.rendered.short).segments if self.envelope and self.message.channel == "sms" else 0


def deliver() -> Delivered:
    """Send everything that is due now, of every controller. Outside every scope."""
    done = Delivered()
    for post in posts():
        if post.marketing:
            done.unknown += _give_up(post)
        while claimed := _claim(post):
            for one in claimed:
                _deliver(post, one, done)
    return done


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
        return int(cursor.rowcount)


def _claim(post: Post) -> list[Claimed]:
    """Take the next messages and decide each: an envelope to send, or the reason not to."""
    now = clock.now()
    with post.scope():
        with connection.cursor() as cursor:
            cursor.execute(
                load(__file__, "outbox", "claim"),
                {
                    "controller": post.controller,
                    "activity": post.activity,
                    "channels": list(TRANSPORTS.keys() & usable()),
                    "now": now,
                    "lapsed": now - LEASE,
                    "limit": CHUNK,
                },
            )
            keys = cursor.fetchall()
        rows = list(Message.objects.filter(subject_id__in=[s for s, _ in keys], id__in=[i for _, i in keys]))
        return [decide(post, row, now) for row in rows]


def decide(post: Post, row: Message, now: datetime) -> Claimed:
    """An envelope to send, or the reason not to. In the open scope of the outbox."""
    if row.valid_until is not None and now > row.valid_until:
        return Claimed(row, None, "", "too-late")
    # Asked again, one by one: a no said since it was put in holds for this very message (F2).
    decision = gate(post.controller, post.activity, {row.subject_id}, row.channel, answering=row.answering)
    if not decision[row.subject_id]:
        return Claimed(row, None, "", decision[row.subject_id].reason)
    to = _address(row)
    if to is None:
        return Claimed(row, None, "", "no-address")
    try:
        through = carrier(post.declaration, row.channel)
        said = post.declaration.controller
        sender = Sender(said.name, said.email, said.phone, said.web)
        leave = leaving.address(row.subject_id, row.controller_id, row.activity, row.channel) if post.marketing else ""
        rendered = render(row.template, row.language, row.content, sender, leave=leave)
    except TillitError as error:
        return Claimed(row, None, "", error.code)
    heads = leaving.headers(leave) if leave and row.channel == "email" else {}
    named = (row.subject_id, row.controller_id, row.id)
    known, returned = tokens.reference(*named), tokens.return_path(*named)
    envelope = Envelope(uuid5(_IDS, str(row.id)), to, sender, rendered, row.language, heads, known, returned)
    return Claimed(row, envelope, through)


def _address(row: Message) -> str | None:
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
    found = addresses.known(subject_ids=[row.subject_id], channels=[row.channel])
    return found[row.channel].get(row.subject_id)


def _deliver(post: Post, one: Claimed, done: Delivered) -> None:
    if one.envelope is None:
        refused = one.reason in {"no-processor", "no-template", "missing-value"}
        state = State.FAILED if refused else State.WITHHELD
        settle(post, one, state, one.reason)
        done.failed += state == State.FAILED
        done.withheld += state == State.WITHHELD
        return
    try:
        TRANSPORTS[one.message.channel].send(one.envelope)
    except Exception as error:  # noqa: BLE001 (a transport may fail in any way; its words may name the address)
        log.warning("message not sent", kind=type(error).__name__, activity=post.activity)
        code = error.code if isinstance(error, TransportError) else "transport-failed"
        final = isinstance(error, TransportError) and error.permanent
        if final or one.message.attempts > len(BACKOFF):
            settle(post, one, State.FAILED, code)
            done.failed += 1
            if isinstance(error, TransportError) and error.dead:
                who = {"subject_id": one.message.subject_id, "controller_id": one.message.controller_id}
                address_dead(**who, message_id=one.message.id, address=one.envelope.to, at=clock.now())
        else:
            _again(post, one, code)
            done.again += 1
        return
    settle(post, one, State.SENT, "")
    done.sent += 1


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
        )
    if state == State.SENT and post.marketing:
        marketing_sent(
            controller_id=post.controller, subject_ids=[one.message.subject_id], activity=post.activity, at=now
        )


def _again(post: Post, one: Claimed, reason: str) -> None:
    later = clock.now() + BACKOFF[one.message.attempts - 1]
    with post.scope():
        Message.objects.filter(
            subject_id=one.message.subject_id, id=one.message.id, message_state=State.SENDING
        ).update(message_state=State.QUEUED, reason=reason, due_at=later, claimed_at=None)
