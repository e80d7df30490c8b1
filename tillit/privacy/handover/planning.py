"""Planning a hand-over and telling people of it (A10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from babel.dates import format_date
from django.db.models import Q

from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.consent.models import Choice
from tillit.declaration import registry
from tillit.declaration.countries import in_eea
from tillit.declaration.difference import Change, diff
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, current_version, declared, holder_of
from tillit.declaration.schema import Declaration, Recipient
from tillit.disclosure.calling import is_here
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.models import Message
from tillit.messages.rounds import send_round
from tillit.parties.models import Relationship, Subject
from tillit.privacy import envelope, events, portable
from tillit.privacy.errors import HandoverError
from tillit.privacy.models import Handover

ACTIVITY = "business_transfer"
NOTICE = "important_notices"
TEMPLATE = "handover"


@dataclass(frozen=True)
class Told:
    """What an announcement put out: messages on their way, and those shown on Min side only."""

    queued: int
    shown: int


@dataclass(frozen=True)
class Elsewhere:
    """Where the receiver's other installation takes people in (`https://…`), its invitation, and the fingerprint that
    its staff told ours.
    """

    address: str
    letter: bytes
    fingerprint: str

    def confirmed(self, *, receiver: Controller, at: datetime) -> dict[str, Any]:
        """What is kept of the invitation. Raises `HandoverError`: `handover-address`, `handover-fingerprint`,
        `handover-other` (it is somebody else's), `handover-expired`; `PackageError` for what is no invitation.
        """
        found = portable.invitation_of(self.letter)
        to = urlsplit(self.address)
        if to.scheme != "https" and not (to.scheme == "http" and is_here(to.hostname or "")):
            raise HandoverError("handover-address", "say where as https://…")
        if envelope.fingerprint(found.key).replace(" ", "") != "".join(self.fingerprint.lower().split()):
            raise HandoverError("handover-fingerprint", "the invitation is not signed by the key of that fingerprint")
        said = portable.party(current(controller_id=receiver.pk, on=clock.local_date(at)))
        if portable.number(found.receiver) != portable.number(said) or not in_eea(found.receiver.country):
            raise HandoverError(
                "handover-other", f"it is the invitation of {found.receiver.name}, {found.receiver.country}"
            )
        if datetime.fromisoformat(found.expires_at) < at:
            raise HandoverError("handover-expired", "the invitation is no longer good; ask for another")
        return {"ticket": found.ticket, "seal_for": found.seal_for, "key": found.key}


def comparison(*, giver: Controller, receiver: Controller, on: date | None = None) -> list[Change]:
    """What the receiver's declaration says differently `on` a day (today), save who it is: each material or not."""
    day = on or clock.today()
    return _changes(*(current(controller_id=one.pk, on=day) for one in (giver, receiver)))


def _changes(old: Declaration, new: Declaration) -> list[Change]:
    return [change for change in diff(old, new) if change.steps[0] not in {"controller", "effective"}]


def differs_since(*, handover: Handover, on: date) -> datetime | None:
    """Since when there is that material difference that people are told of beforehand; None where there is none.

    It is judged by what is in effect `on` the day. What the receiver declared after the plan counts from then.
    """
    found = comparison(giver=handover.giver, receiver=handover.receiver, on=on)
    now = [(change.path, change.kind, change.after) for change in found if change.material]
    version = current_version(controller_id=handover.receiver_id, on=on)
    if version.number == handover.receiver_version or not now:
        return handover.planned_at if now or handover.material else None
    planned = _changes(
        declared(controller_id=handover.giver_id, number=handover.giver_version),
        declared(controller_id=handover.receiver_id, number=handover.receiver_version),
    )
    known = [(change.path, change.kind, change.after) for change in planned if change.material]
    return handover.planned_at if all(one in known for one in now) else max(handover.planned_at, version.published_at)


def notice_ends(*, handover: Handover, told: datetime, since: datetime) -> date:
    """The first day on which somebody told at a moment may be moved, by what the giver promised at the plan."""
    notice = declared(controller_id=handover.giver_id, number=handover.giver_version).changes.notice
    return IsoPeriod.parse(notice).add_to(clock.local_date(max(told, since)))


def successor(*, giver: Controller) -> Recipient:
    """What the giver's declaration lets go to whoever takes over. Raises `HandoverError` where it promises nothing."""
    standing = current(controller_id=giver.pk, on=clock.today())
    activity = standing.activity(ACTIVITY)
    found = [r for r in standing.recipients if activity is not None and r.key in activity.recipients]
    if not found:
        raise HandoverError("handover-undeclared", f"the declaration of {giver.key} promises no transfer of business")
    return found[0]


def plan(
    *,
    actor: Actor,
    giver: Controller,
    receiver: Controller,
    day: date,
    consents: bool,
    at: datetime,
    chains: Mapping[str, str] | None = None,
    elsewhere: Elsewhere | None = None,
) -> Handover:
    """Put the hand-over on record. `consents`: the wording people said yes to names the receiver or its kind. `chains`:
    the giver's chain → the receiver's that its bonus goes to, '' where it stays. `elsewhere`: the receiver takes people
    in at another installation; what it declares is published here, too, so that people can read what differs.

    Raises `HandoverError`: `handover-undeclared`, `handover-joint` (two of one register hold their people together),
    `handover-too-soon` (the notice that the giver promises), `handover-planned` (one is under way),
    `handover-undecided` (where the bonus of a chain goes), and those of `Elsewhere.confirmed`.
    """
    letter = elsewhere and elsewhere.confirmed(receiver=receiver, at=at)
    given = frozenset(successor(giver=giver).categories)
    if giver.register_id == receiver.register_id:
        raise HandoverError("handover-joint", "they are of one register: what they hold is held together already")
    if open_one(giver=giver) is not None:
        raise HandoverError("handover-planned", "a hand-over of this controller is under way; cancel it first")
    goes = given & current(controller_id=receiver.pk, on=clock.local_date(at)).category_keys()
    for domain in registry.GOES_ALONG.values():
        if fault := domain.undecided(giver.pk, 0 if elsewhere else receiver.pk, goes, chains or {}):
            raise HandoverError("handover-undecided", fault)
    material = any(change.material for change in comparison(giver=giver, receiver=receiver))
    today = clock.local_date(at)
    promised = IsoPeriod.parse(current(controller_id=giver.pk, on=today).changes.notice).add_to(today)
    if material and day < promised:
        raise HandoverError("handover-too-soon", f"the declarations differ materially: not before {promised}")
    with Scope(actor, ACTIVITY):
        made = Handover.objects.create(
            giver=giver,
            receiver=receiver,
            day=day,
            planned_at=at,
            giver_version=current_version(controller_id=giver.pk, on=today).number,
            receiver_version=current_version(controller_id=receiver.pk, on=today).number,
            material=material,
            consents=consents,
            chains=dict(chains or {}),
            address=elsewhere.address if elsewhere else "",
            letter=letter,
        )
    for one, other in ((giver, receiver), (receiver, giver)):
        noted(
            actor=actor,
            handover=made,
            kind=events.HANDOVER_PLANNED,
            controller_id=one.pk,
            at=at,
            details={"other": other.pk, "on": day, "material": material},
        )
    return made


def cancel(*, actor: Actor, handover: Handover, at: datetime) -> None:
    """Call it off; who was moved already stays moved. Raises `HandoverError` when it is done."""
    if handover.done_at is not None:
        raise HandoverError("handover-done", "it is carried out")
    with Scope(actor, ACTIVITY):
        Handover.objects.filter(pk=handover.pk).update(cancelled_at=at)
    for one in (handover.giver_id, handover.receiver_id):
        noted(actor=actor, handover=handover, kind=events.HANDOVER_CANCELLED, controller_id=one, at=at, details={})


def noted(
    *, actor: Actor, handover: Handover, kind: EventType, controller_id: int, at: datetime, details: dict[str, Any]
) -> None:
    """An event at one of the two: at the giver by who acts, who is seldom the receiver's as well. A receiver's other
    installation has its own.
    """
    if controller_id == handover.receiver_id and handover.address:
        return
    own = controller_id == handover.giver_id
    by = Scope(actor, ACTIVITY) if own else Scope(system("handover", {controller_id}), "retention")
    with by as scope:
        append(type=kind, scope=scope, controller=controller_id, at=at, details={"handover": handover.pk, **details})


def open_one(*, giver: Controller) -> Handover | None:
    """The hand-over of the controller's people that is under way."""
    return (
        Handover.objects.select_related("giver", "receiver")
        .filter(giver=giver, done_at__isnull=True, cancelled_at__isnull=True)
        .first()
    )


def announce(*, actor: Actor, handover: Handover, at: datetime) -> Told:
    """Tell everybody whom it concerns, once each, however often this runs (who joins meanwhile is told too)."""
    Scope(actor, ACTIVITY)  # refuses who has not the role, before anybody is told
    own = current(controller_id=handover.giver_id, on=clock.today()).controller
    language = own.languages[0]
    receiver = current(controller_id=handover.receiver_id, on=clock.today()).controller
    values = {
        "name": own.name,
        "receiver": receiver.name,
        "web": receiver.web,
        "day": format_date(handover.day, "long", locale=language),
    }
    acting = system("handover", {handover.giver_id, holder_of(controller_id=handover.giver_id)})
    people = untold(handover=handover)
    put = send_round(
        actor=acting,
        activity=_told_under(handover),
        controller_id=handover.giver_id,
        template=TEMPLATE,
        people=dict.fromkeys(people, values),
        at=at,
        key=key_of(handover),
        language=language,
    )
    with Scope(actor, ACTIVITY) as scope:
        Handover.objects.filter(pk=handover.pk, announced_at__isnull=True).update(announced_at=at)
        details = {"handover": handover.pk, "persons": len(people)}
        append(type=events.HANDOVER_ANNOUNCED, scope=scope, controller=handover.giver_id, at=at, details=details)
    return Told(put.queued, put.shown)


def key_of(handover: Handover) -> str:
    """What makes the message about it one of a kind."""
    return f"handover-{handover.pk}"


def _told_under(handover: Handover) -> str:
    standing = current(controller_id=handover.giver_id, on=clock.today())
    for key in (NOTICE, ACTIVITY):
        activity = standing.activity(key)
        if activity is not None and activity.channels and "message" in standing.named(activity, only_recorded=True):
            return key
    raise HandoverError("handover-no-notice", "the giver declares no activity under which people could be told")


def going(*, handover: Handover) -> list[int]:
    """Who is to be moved: everybody with an open relationship to the giver who has not objected, and is not restricted.

    By the subject each person is known by.
    """
    people = related(handover=handover)
    giver = handover.giver_id
    with Scope(_acting(handover), "consent_management"):
        noes = set(
            Choice.objects.filter(
                Q(controller_id=giver) | Q(controller_id=holder_of(controller_id=giver)),
                activity=ACTIVITY,
                objected=True,
                subject_id__in=people,
            ).values_list("subject_id", flat=True)
        )
    free = Subject.objects.filter(pk__in=people, state=0).values_list("id", flat=True)
    return sorted(set(free) - noes)


def related(*, handover: Handover) -> list[int]:
    """Everybody with an open relationship to the giver, by the subject they are known by."""
    with Scope(_acting(handover), "retention"):
        ties = Relationship.objects.filter(controller_id=handover.giver_id, ended__isnull=True)
        found = set(ties.values_list("subject_id", flat=True))
    merged = dict(Subject.objects.filter(pk__in=found, alias_of__isnull=False).values_list("id", "alias_of_id"))
    return sorted({merged.get(one, one) for one in found})


def untold(*, handover: Handover) -> list[int]:
    """Who is concerned and has no message about it."""
    told = _told(handover)
    return [one for one in related(handover=handover) if one not in told]


def waiting(*, handover: Handover, on: date, since: datetime) -> dict[int, date]:
    """Who has been told, but may not be moved `on` the day yet: from when on they may (who joined late waits)."""
    days = {one: notice_ends(handover=handover, told=told, since=since) for one, told in _told(handover).items()}
    return {one: day for one, day in days.items() if day > on}


def _told(handover: Handover) -> dict[int, datetime]:
    """Who has the message about it, and since when."""
    with Scope(_acting(handover), "retention"):
        found = Message.objects.filter(controller_id=handover.giver_id, key=key_of(handover))
        return dict(found.values_list("subject_id", "queued_at"))


def _acting(handover: Handover) -> Actor:
    giver = handover.giver_id
    return system("handover", {giver, holder_of(controller_id=giver)})
