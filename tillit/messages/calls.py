"""The callers' list: messages of the channel `phone`, taken one at a time by who calls, settled with what came of it.

Whether a person may be called is asked again as each call is handed out, so that a no said a minute ago holds (F2). A
call that was handed out and left lying for a quarter of an hour goes to the next who asks. A no counts from whoever was
ever handed the call, however late it is told.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db.models import F, Q, QuerySet

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.messages import addresses, held, outbox
from tillit.messages.addresses import PHONE
from tillit.messages.deciding import Claimed, Post, decide
from tillit.messages.errors import MessageRefusedError
from tillit.messages.models import Message, State
from tillit.messages.reports import address_dead

TRIES, LATER = 3, timedelta(hours=2)
AT_ONCE = 200


class Outcome(StrEnum):
    """What came of a call. `objected`: reached, and wants no more calls. `wrong`: the number is somebody else's."""

    REACHED = "reached"
    OBJECTED = "objected"
    LATER = "later"
    WRONG = "wrong"


ALWAYS = frozenset({Outcome.OBJECTED, Outcome.WRONG})
"""What is taken in also when the call has gone to somebody else, or its campaign is over."""


@dataclass(frozen=True)
class Call:
    """A call to be made: whom, at which number, what is said. tries: how often it has been handed out."""

    message_id: int
    subject_id: int
    number: str
    script: str
    tries: int


def outbox_of(*, controller: Controller, activity: str) -> Post:
    """The controller's outbox for an activity."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return Post(controller.pk, declared, activity, vocabulary().activities[activity].marketing)


def mine(*, post: Post, campaign_id: int, caller: int) -> Call | None:
    """The call that the caller has been handed and not told of yet, where the person may still be called. Looking at
    it keeps it theirs.
    """
    with post.scope():
        found = _of(post, campaign_id).filter(message_state=State.SENDING, claimed_by=caller, carrier="")
        found.update(claimed_at=clock.now())
        row = found.first()
    return _ready(post, row) if row is not None else None


def take(*, post: Post, campaign_id: int, caller: int) -> Call | None:
    """Hand the next call out; the open one again. None where nobody waits, or the campaign stands still."""
    if held.stopped(campaign_id):
        return None
    if standing := mine(post=post, campaign_id=campaign_id, caller=caller):
        return standing
    while (row := _claimed(post, campaign_id, caller)) is not None:
        if (call := _ready(post, row)) is not None:
            return call
    return None


def told(*, post: Post, campaign_id: int, caller: int, message_id: int, outcome: Outcome) -> Message:
    """What came of a call that the caller was handed; its message. `ALWAYS` is taken in whoever has the call now; the
    message itself is settled by who has it. Raises `MessageRefusedError` `no-call`.
    """
    row = handed(post=post, campaign_id=campaign_id, caller=caller, message_id=message_id)
    ours = (row.message_state, row.claimed_by, row.carrier) == (State.SENDING, caller, "")
    if not ours and outcome not in ALWAYS:
        raise MessageRefusedError("no-call", "that call is no longer yours")
    one = Claimed(row, None, "")
    if outcome == Outcome.LATER and row.attempts < TRIES:
        with post.scope():
            Message.objects.filter(subject_id=row.subject_id, id=row.id, message_state=State.SENDING).update(
                message_state=State.QUEUED, due_at=clock.now() + LATER, claimed_at=None, claimed_by=None
            )
        return row
    if outcome == Outcome.WRONG:
        with post.scope():
            number = addresses.known(subject_ids=[row.subject_id], channels=[PHONE])[PHONE].get(row.subject_id)
        if number is not None:
            address_dead(
                subject_id=row.subject_id,
                controller_id=row.controller_id,
                message_id=row.id,
                address=number,
                at=clock.now(),
            )
    if not ours:
        return row
    ended = {Outcome.LATER: (State.FAILED, "no-answer"), Outcome.WRONG: (State.FAILED, "address-refused")}
    outbox.settle(post, one, *ended.get(outcome, (State.SENT, "")))
    return row


def handed(*, post: Post, campaign_id: int, caller: int, message_id: int) -> Message:
    """A call that the caller was handed once, whatever became of it. Raises `MessageRefusedError` `no-call`."""
    with post.scope():
        row = _of(post, campaign_id).filter(handed_to__contains=[caller], id=message_id).first()
    if row is None:
        raise MessageRefusedError("no-call", "that call was never yours")
    return row


def gather(*, post: Post, campaign_id: int, caller: int) -> tuple[str, list[Call]]:
    """The calls gathered for a call centre that the controller declares as its processor: (its key, at most `AT_ONCE`
    calls); the same again, without whom has said no since, until they are `handed_over`. Raises `MessageRefusedError`
    `no-processor`.
    """
    carrier = next((one.key for one in post.declaration.processors if PHONE in one.carries), "")
    if not carrier:
        raise MessageRefusedError("no-processor", "no declared processor makes calls")
    if held.stopped(campaign_id):
        return carrier, []
    with post.scope():
        rows = list(_gathered(post, campaign_id).order_by("due_at", "id"))
    given = [call for row in rows if (call := _ready(post, row)) is not None]
    if given:
        return carrier, given
    while len(given) < AT_ONCE and (next_one := _claimed(post, campaign_id, caller, carrier)) is not None:
        if (call := _ready(post, next_one)) is not None:
            given.append(call)
    return carrier, given


def gathered(*, post: Post, campaign_id: int) -> int:
    """How many calls are gathered for the call centre and not handed over yet."""
    with post.scope():
        return _gathered(post, campaign_id).count()


def handed_over(*, post: Post, campaign_id: int) -> int:
    """The call centre has what was gathered: how many calls."""
    with post.scope():
        rows = list(_gathered(post, campaign_id))
    for row in rows:
        outbox.settle(post, Claimed(row, None, row.carrier), State.SENT, "")
    return len(rows)


def _gathered(post: Post, campaign_id: int) -> QuerySet[Message]:
    return _of(post, campaign_id).filter(message_state=State.SENDING).exclude(carrier="")


def waiting(*, post: Post, campaign_id: int) -> int:
    """How many calls wait."""
    with post.scope():
        return _of(post, campaign_id).filter(message_state__in=[State.QUEUED, State.SENDING]).count()


def _of(post: Post, campaign_id: int) -> QuerySet[Message]:
    return Message.objects.filter(
        controller_id=post.controller, activity=post.activity, channel=PHONE, campaign_id=campaign_id
    )


def _claimed(post: Post, campaign_id: int, caller: int, carrier: str = "") -> Message | None:
    """The next call, taken by the caller, or for the carrier's file."""
    now = clock.now()
    with post.scope():
        due = Q(message_state=State.QUEUED, due_at__lte=now)
        left = Q(message_state=State.SENDING, claimed_at__lt=now - outbox.LEASE, carrier="")
        rows = _of(post, campaign_id).filter(due | left).select_for_update(skip_locked=True)
        row = rows.order_by("due_at", "id").first()
        if row is None:
            return None
        found = Message.objects.filter(subject_id=row.subject_id, id=row.id)
        to = row.handed_to if carrier or caller in row.handed_to else [*row.handed_to, caller]
        found.update(
            message_state=State.SENDING,
            claimed_at=now,
            claimed_by=caller,
            carrier=carrier,
            handed_to=to,
            attempts=F("attempts") + 1,
        )
        return found.get()


def _ready(post: Post, row: Message) -> Call | None:
    """The call; settled as withheld, and None, where the person may not be called (any more)."""
    with post.scope():
        (one,) = decide(post, [row], clock.now())
    if one.envelope is None:
        if one.wait is None:
            outbox.settle(post, one, State.WITHHELD, one.reason)
        else:
            with post.scope():
                Message.objects.filter(subject_id=row.subject_id, id=row.id).update(
                    message_state=State.QUEUED, due_at=one.wait, claimed_at=None, claimed_by=None, carrier=""
                )
        return None
    return Call(row.id, row.subject_id, one.envelope.to, one.envelope.rendered.short, row.attempts)
