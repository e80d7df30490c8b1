"""“I never agreed”: everything that answers it, on one page (F6, GDPR 7(1)).

Read under the proof of consent and nothing else, by who may, on record; the person sees that it was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.consent.models import ConsentEvent
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import vocabulary
from tillit.journeys.consents.receipts import Receipt, file_of, shown
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.messages.models import Message, State
from tillit.parties.actors import person_scope
from tillit.parties.merging import same_person

UNDER, MOST = "consent_proof", 200


@dataclass(frozen=True)
class Sent:
    """A marketing message that went, and the act it went on. interest: where the declaration of the day had the purpose
    on legitimate interest and no objection stood, which interest, by language; law: as it cites it. With neither,
    nothing on file allowed it.
    """

    activity: str
    channel: str
    at: datetime
    on: Receipt | None
    interest: Mapping[str, str] = field(default_factory=dict)
    law: str = ""


@dataclass(frozen=True)
class Answer:
    """Every act, the newest first; the last message of each purpose and channel; when the latest marketing was sent on
    a consent, also where the message itself has lapsed.
    """

    acts: list[Receipt]
    last: list[Sent]
    latest: datetime | None


def may(actor: Actor) -> bool:
    """Whether the actor answers such claims."""
    return UNDER in (actor.activities or ()) and "rights_requests" in (actor.activities or ())


def answer(*, actor: Actor, controller: Controller, subject_id: int) -> Answer:
    """What shows that the person agreed, and what was sent on it. Raises `NotAssignedError`, `ScopeError`."""
    people = same_person(subject_id)
    everyone = {controller.pk, holder_of(controller_id=controller.pk)}
    person_scope(actor=actor, activity=UNDER, subject_id=subject_id)
    with Scope(actor, UNDER, frozenset({subject_id})) as scope:
        rows = ConsentEvent.objects.filter(subject_id__in=people, controller_id__in=everyone)
        events = list(rows.order_by("-at", "-id")[:MOST])
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": UNDER, "categories": ["consent_evidence"]},
        )
        acts = shown(events)
    marketing = [key for key, word in vocabulary().activities.items() if word.marketing]
    with Scope(actor, "rights_requests", frozenset({subject_id})):
        sent = Message.objects.filter(
            subject_id__in=people,
            controller_id=controller.pk,
            activity__in=marketing,
            direction="out",
            message_state__in=[State.SENT, State.UNKNOWN],  # what may have gone is answered for
        ).order_by("-settled_at")
        found = list(sent.values_list("activity", "channel", "settled_at")[:MOST])
    last: dict[tuple[str, str], Sent] = {}
    for activity, channel, at in found:
        if at is not None:
            last.setdefault((activity, channel), _sent(controller, acts, activity, channel, at))
    moved = [one.last_marketing_message for one in events if one.last_marketing_message > one.at]
    return Answer(acts, list(last.values()), max(moved, default=None))


def _sent(controller: Controller, acts: list[Receipt], activity: str, channel: str, at: datetime) -> Sent:
    on = _ground(acts, activity, channel, at)
    if on is None and not _objected(acts, activity, channel, at):
        declared = current(controller_id=controller.pk, on=clock.local_date(at)).activity(activity)
        for basis in declared.basis if declared is not None else ():
            if basis.ground == "legitimate_interest":
                return Sent(activity, channel, at, None, basis.interest or {}, basis.law or "")
    return Sent(activity, channel, at, on)


def _objected(acts: list[Receipt], activity: str, channel: str, at: datetime) -> bool:
    """Whether a no stood: an objection that nothing lifted, or a consent taken back."""
    said = [one for one in acts if one.activity == activity and one.channel in {"", channel} and one.at <= at]
    return bool(said) and said[0].kind in {"objected", "withdrawn"}


def file(*, actor: Actor, controller: Controller, subject_id: int, act: int) -> tuple[str, str, bytes] | None:
    """(name, media type, contents) of what was sent as proof of an act, on record; None where nothing was. Raises
    `NotAssignedError`, `ScopeError`.
    """
    with person_scope(actor=actor, activity=UNDER, subject_id=subject_id) as scope:
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": UNDER, "categories": ["consent_evidence"]},
        )
    return file_of(actor=actor, subject_id=subject_id, act=act, under=UNDER)


def _ground(acts: list[Receipt], activity: str, channel: str, at: datetime) -> Receipt | None:
    """The yes that stood when a message went."""
    before = [one for one in acts if one.activity == activity and one.channel in {"", channel} and one.at <= at]
    if before and before[0].kind == "objected":
        return None
    # A lifted or refused objection leaves the yes, or the no, that was there before it.
    newest = next((one for one in before if one.kind in {"given", "withdrawn"}), None)
    return newest if newest is not None and newest.kind == "given" else None
