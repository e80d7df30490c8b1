"""Putting messages in the outbox, and noting what came in. Keyword-only; within the scope of what the message is for.

The scope's activity decides: one that is marketing needs its ground for each person and channel; any other is a service
message, which nobody's silence stops (F11): who has no address finds it on Min side.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tillit.consent.queries import Decision, may_each
from tillit.declaration.queries import current
from tillit.declaration.schema import Activity
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel import clock
from tillit.kernel.card_numbers import mask_card_numbers
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope, require
from tillit.messages import addresses
from tillit.messages.addresses import PHONE
from tillit.messages.errors import MessageRefusedError
from tillit.messages.models import Message, State
from tillit.messages.templates import FREE, MADE, template
from tillit.messages.transports import usable
from tillit.parties.merging import same_people
from tillit.parties.models import Subject
from tillit.parties.operations import lock_subjects
from tillit.parties.sealing import seal

WEB = "web"
_AT_ONCE = 1000


@dataclass(frozen=True)
class Put:
    """What became of a set: how many wait in the outbox, how many are on Min side only, who was left out and why."""

    queued: int = 0
    shown: int = 0
    withheld: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """What a message to one person is bound to: it leaves until then, and to no other address than that of the digest
    (`addresses.digest_of`).
    """

    until: datetime
    address: UUID


def send(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    template: str,
    values: Mapping[str, Any],
    at: datetime,
    key: str | None = None,
    channels: Sequence[str] | None = None,
    language: str | None = None,
    address: str | None = None,
    answering: bool = False,
    due_at: datetime | None = None,
    valid_until: datetime | None = None,
    case_id: int | None = None,
    category: str = "message",
) -> Message:
    """Put one message in; with a `key` that stands already, the message it made. See `send_many`.

    `address`: where it goes when that is not what is on record (the answer to a new address); sealed while it waits.
    `answering`: the person wrote first (D14).
    """
    lock_subjects(scope=scope, subject_ids=[subject_id])
    if key is not None and (standing := by_key(subject_id=subject_id, controller_id=controller_id, key=key)):
        return standing
    mine = Message.objects.filter(subject_id=subject_id, controller_id=controller_id)
    known = set(mine.values_list("id", flat=True))
    send_many(
        scope=scope,
        controller_id=controller_id,
        template=template,
        people={subject_id: values},
        at=at,
        key=key,
        channels=channels,
        language=language,
        address=address,
        answering=answering,
        due_at=due_at,
        valid_until=valid_until,
        case_id=case_id,
        category=category,
    )
    made = mine.exclude(id__in=known).first()
    if made is None:
        raise MessageRefusedError("not-allowed", "this activity may not even write about this person now")
    return made


def send_many(
    *,
    scope: Scope,
    controller_id: int,
    template: str,
    people: Mapping[int, Mapping[str, Any]],
    at: datetime,
    key: str | None = None,
    channels: Sequence[str] | None = None,
    language: str | None = None,
    address: str | None = None,
    answering: bool = False,
    due_at: datetime | None = None,
    valid_until: datetime | None = None,
    case_id: int | None = None,
    campaign_id: int | None = None,
    category: str = "message",
    refused: Mapping[int, str] | None = None,
    bound: Mapping[int, Bound] | None = None,
) -> Put:
    """Put a message to each person (subject → values of the template) in, for the scope's activity.

    `channels`: in order of preference, by default the activity's own. Each person is written to over the first one
    that is declared, has a transport and an address, and is allowed; a service message with none is shown on Min side.
    `category`: `correspondence` for what customer service writes, where that is kept apart (`correspondence_of`).
    `bound`: until when, and to which address alone, a person's message may leave. `refused`: people who may not be
    written to for a reason the caller knows. A person for whom it is not allowed gets
    a row `withheld` with the reason, so that one can see that and why.
    Raises `MessageRefusedError` for a template or value that is not there, or an activity without a channel.
    """
    require(activity=scope.activity)
    declared = current(controller_id=controller_id, on=clock.today())
    activity = declared.activity(scope.activity)
    if activity is None:
        raise MessageRefusedError("no-channel", f"'{scope.activity}' is not declared")
    language = language or declared.controller.languages[0]
    _complete(template, language, people)
    marketing = vocabulary().activities[scope.activity].marketing
    there = usable() | ({PHONE} if channels else set())  # a call is made only where it is asked for
    wanted = [c for c in (channels or activity.channels) if c in activity.channels and c in there]
    route = _routes(scope, controller_id, list(people), wanted, marketing=marketing, answering=answering, given=address)
    route |= {one: (route[one][0], reason) for one, reason in (refused or {}).items() if one in route}
    states = dict(Subject.objects.filter(id__in=people).values_list("id", "state"))
    if activity.at_most_every is not None:
        route |= _too_soon(activity, controller_id, route, due_at or at)
    seen, rows, hidden = visible_states(activity), [], {}
    for subject, values in people.items():
        channel, reason = route[subject]
        if states.get(subject, 0) not in seen:
            hidden[subject] = reason or "archived"  # the activity may not even write about them
            continue
        settled = bool(reason) or channel == WEB
        tied = (bound or {}).get(subject)
        row = Message(
            subject_id=subject,
            controller_id=controller_id,
            state=states.get(subject, 0),
            category=category_id(category),
            direction="out",
            channel=channel,
            activity=scope.activity,
            template=template,
            language=language,
            content={name: str(value) for name, value in values.items()},
            key=key,
            message_state=State.WITHHELD if reason else State.SENT if settled else State.QUEUED,
            reason=reason,
            queued_at=at,
            due_at=due_at or at,
            valid_until=tied.until if tied else valid_until,
            address_digest=tied.address if tied else None,
            settled_at=at if settled else None,
            answering=answering,
            case_id=case_id,
            campaign_id=campaign_id,
        )
        if address is not None and not settled:
            row.sealed_address = sealed_address(subject, controller_id, address)
        rows.append(row)
    Message.objects.bulk_create(rows, batch_size=_AT_ONCE, ignore_conflicts=True)
    return Put(
        queued=sum(row.message_state == State.QUEUED for row in rows),
        shown=sum(row.message_state == State.SENT for row in rows),
        withheld=hidden | {row.subject_id: row.reason for row in rows if row.reason},
    )


def receive(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    channel: str,
    subject: str,
    text: str,
    at: datetime,
    key: str | None = None,
    case_id: int | None = None,
) -> Message:
    """Note a message from a person. `key`: the sender's own id of it, so that it is taken in once.

    It cannot be refused any more: a full card number in it is cut down to its last four (D5).
    """
    state = lock_subjects(scope=scope, subject_ids=[subject_id])[subject_id]
    if key is not None and (standing := by_key(subject_id=subject_id, controller_id=controller_id, key=key)):
        return standing
    return Message.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        category=category_id(correspondence_of(controller_id)),
        direction="in",
        channel=channel,
        activity=scope.activity,
        template=FREE,
        language="",
        content={"subject": mask_card_numbers(subject), "text": mask_card_numbers(text)},
        key=key,
        message_state=State.RECEIVED,
        queued_at=at,
        due_at=at,
        settled_at=at,
        case_id=case_id,
    )


def by_key(*, subject_id: int, controller_id: int, key: str) -> Message | None:
    """The person's message of that key, as far as the open scope sees."""
    return Message.objects.filter(subject_id=subject_id, controller_id=controller_id, key=key).first()


def correspondence_of(controller_id: int) -> str:
    """The category of mail to and from customer service at a controller (D9)."""
    held = current(controller_id=controller_id, on=clock.today()).category_keys()
    return "correspondence" if "correspondence" in held else "message"


def mark_read(*, scope: Scope, subject_id: int, message_ids: Collection[int], at: datetime) -> int:
    """The person has seen these on Min side; how many were new."""
    return Message.objects.filter(
        subject_id=subject_id, id__in=list(message_ids), direction="out", read_at__isnull=True
    ).update(read_at=at)


def visible_states(activity: Activity) -> set[int]:
    """The row states an activity reads and writes (`RowState`)."""
    sees = vocabulary().activities[activity.key].sees
    archived = "archived" in sees or activity.reads_archive
    states = {0} | ({1} if "restricted" in sees else set()) | ({2} if archived else set())
    return states | ({3} if {1, 2} <= states else set())


def sealed_address(subject_id: int, controller_id: int, address: str) -> bytes:
    """The address sealed for the message table, with the person's own key."""
    return seal(
        subject_id=subject_id,
        controller_id=controller_id,
        table=Message._meta.db_table,
        column="sealed_address",
        value=address,
    )


def _complete(key: str, language: str, people: Mapping[int, Mapping[str, Any]]) -> None:
    needed = template(key, language).names() - MADE.keys()
    for values in people.values():
        if missing := needed - set(values):
            raise MessageRefusedError("missing-value", f"'{key}' needs {', '.join(sorted(missing))}")


def _routes(
    scope: Scope,
    controller: int,
    people: list[int],
    channels: Sequence[str],
    *,
    marketing: bool,
    answering: bool,
    given: str | None,
) -> dict[int, tuple[str, str]]:
    """Person → (channel, reason not to send or '')."""
    known = addresses.known(subject_ids=people, channels=channels)
    allowed = {c: gate(controller, scope.activity, people, c, answering=answering) for c in channels}
    at_all = {} if marketing else gate(controller, scope.activity, people, None, answering=answering)
    found = {}
    for person in people:
        reachable = [c for c in channels if given or person in known[c]]
        channel = next((c for c in reachable if allowed[c][person]), None)
        if channel is not None:
            found[person] = (channel, "")
        elif not marketing and at_all[person]:
            found[person] = (WEB, "")
        else:
            first = reachable[0] if reachable else None
            decision = allowed[first][person] if first else at_all.get(person)
            found[person] = (first or WEB, decision.reason if decision is not None else "no-address")
    return found


def _too_soon(
    activity: Activity, controller_id: int, route: Mapping[int, tuple[str, str]], moment: datetime
) -> dict[int, tuple[str, str]]:
    """Whoever got, or is about to get, a message of the activity within the declared time is left out (F3)."""
    length = IsoPeriod.parse(activity.at_most_every or "P0D")
    people = same_people(list(route))
    earlier = Message.objects.filter(
        subject_id__in=list(people),
        controller_id=controller_id,
        activity=activity.key,
        direction="out",
        message_state__in=[State.QUEUED, State.SENDING, State.SENT, State.UNKNOWN],
    ).values_list("subject_id", "settled_at", "due_at")
    early = {people[subject] for subject, settled, due in earlier if length.add_to(settled or due) > moment}
    return {one: (way, reason or "too-soon") for one, (way, reason) in route.items() if people[one] in early}


def gate(
    controller_id: int, activity: str, people: Collection[int], channel: str | None, *, answering: bool
) -> dict[int, Decision]:
    """May each be written to now? Service messages reach people whose relationship has ended, too (F11)."""
    former = not vocabulary().activities[activity].marketing
    return may_each(
        controller_id=controller_id,
        activity=activity,
        subject_ids=people,
        channel=channel,
        answering=answering,
        former=former,
    )
