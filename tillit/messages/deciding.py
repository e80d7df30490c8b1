"""Before a message leaves: the outboxes there are; of each message an envelope to send, or the reason not to (F2)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from uuid import UUID, uuid5

from tillit.consent.queries import Decision
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.messages import addresses, held, leaving, measuring, push, tokens
from tillit.messages.addresses import PHONE
from tillit.messages.envelopes import Envelope
from tillit.messages.gsm import sized
from tillit.messages.models import Message
from tillit.messages.operations import gate
from tillit.messages.templates import Sender, filled, render
from tillit.messages.transports import carrier, usable
from tillit.parties.sealing import open_sealed

_IDS = UUID("5b4f3c1e-6a0d-4f7e-9c53-2f8d1f0b7a41")
Asked = Callable[[int, Sequence[Message], datetime], Mapping[int, str | datetime]]
_ASKED: dict[str, Asked] = {}


def asked_as_it_leaves(activity: str, source: Asked) -> None:
    """Register who knows which messages of an activity are not to leave now: (controller, messages, moment) → by their
    id a reason not to send, or the moment to wait for. Asked in the outbox's scope, again before every try.
    """
    _ASKED[activity] = source


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


def posts(*, only: int | None = None) -> Iterator[Post]:
    """The outboxes there are, of one controller or of all."""
    controllers = Controller.objects.filter(versions__isnull=False).distinct().order_by("id")
    for controller in controllers if only is None else controllers.filter(pk=only):
        declaration = current(controller_id=controller.pk, on=clock.today())
        for activity in declaration.activities:
            if {"message", "correspondence", "*"} & set(activity.records) and set(activity.channels) & usable():
                marketing = vocabulary().activities[activity.key].marketing
                yield Post(controller.pk, declaration, activity.key, marketing)


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
    if row.address_digest is not None and _another(row, to):
        return Claimed(row, None, "", "address-changed")
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


def _another(row: Message, to: str) -> bool:
    """Whether the address is not the one that the message is bound to."""
    register = Controller.objects.values_list("register_id", flat=True).get(pk=row.controller_id)
    return addresses.digest_of(register_id=register, channel=row.channel, address=to) != row.address_digest
