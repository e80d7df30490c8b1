"""The campaigns there are, how each goes, and what would become of a set (F3). Nobody is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Activity
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load
from tillit.messages.addresses import PHONE
from tillit.messages.models import Message, MessageUse
from tillit.messages.transports import usable
from tillit.outreach.campaigns.models import Campaign, Recipient, State
from tillit.outreach.campaigns.segments import compiled, everyone

CHANNELS = ("email", "sms", "post", "push", "phone")
NOT_PICKED = "not-picked"


@dataclass(frozen=True)
class Size:
    """A set: how many the conditions pick, how many of them may be written to now, reason → how many may not;
    `outside`: everybody else the activity applies to. Numbers from 1 up to the declared smallest group are not told
    apart (`few`).
    """

    picked: int
    reached: int
    outside: int
    left_out: Mapping[str, int]
    few: int


@dataclass(frozen=True)
class Progress:
    """How a campaign goes: of `recipients`, how many wait to be put out, are in the outbox, how each other ended."""

    recipients: int
    waiting: int
    states: Mapping[str, int]
    reasons: Mapping[str, int]
    measured: int = 0
    opened: int = 0
    clicked: Mapping[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """Of how many it is known how it ended."""
        return sum(number for state, number in self.states.items() if state not in {"queued", "sending"})


def activities(*, actor: Actor, controller: Controller) -> list[Activity]:
    """The purposes the actor may send campaigns for at the controller: declared marketing over some channel."""
    declared = current(controller_id=controller.pk, on=clock.today())
    words = vocabulary().activities
    return [
        one
        for one in declared.activities
        if words[one.key].marketing
        and set(one.channels) & set(CHANNELS)
        and (actor.activities is None or one.key in actor.activities)
    ]


def channels(activity: Activity) -> list[tuple[str, bool]]:
    """The channels the purpose may be sent over, and whether the installation has a way of doing so."""
    there = usable() | {PHONE}
    return [(channel, channel in there) for channel in CHANNELS if channel in activity.channels]


def campaigns(*, controller: Controller) -> QuerySet[Campaign]:
    """The controller's campaigns, the newest first."""
    return Campaign.objects.filter(controller=controller).order_by("-made_at", "-pk")


def held() -> list[int]:
    """Campaigns whose messages wait."""
    return list(Campaign.objects.filter(status=State.PAUSED).values_list("pk", flat=True))


def stopped(campaign: int) -> str:
    """Why messages of the campaign may not leave now: its state, or '' where they may."""
    with connection.cursor() as cursor:  # asked with every message
        cursor.execute(load(__file__, "campaigns", "standing"), {"campaign": campaign})
        found = cursor.fetchone()
    return "" if found is None or found[0] in {State.SENDING, State.SENT} else str(found[0])


def size(*, controller: Controller, activity: str, channel: str, segment: Any, except_for: int = 0) -> Size:
    """What would become of a set now: one statement, in the scope of the purpose. Raises `CampaignError`."""
    made = compiled(controller=controller, activity=activity, channel=channel, segment=segment, except_for=except_for)
    text = load(__file__, "campaigns", "counted").replace("/*audience*/", made.text)
    with transaction.atomic(), scope_of(controller, activity), connection.cursor() as cursor:
        cursor.execute(load(__file__, "campaigns", "wide"))
        cursor.execute(text, made.values)
        found = dict(cursor.fetchall())
    outside, reached = found.pop(NOT_PICKED, 0), found.pop("", 0)
    least = current(controller_id=controller.pk, on=clock.today()).minimum_group
    return Size(reached + sum(found.values()), reached, outside, dict(sorted(found.items())), least)


def progress(*, campaign: Campaign) -> Progress:
    """How the campaign goes, in numbers."""
    with scope_of(campaign.controller, campaign.activity):
        waiting = Recipient.objects.filter(campaign_id=campaign.pk, put_at__isnull=True).count()
        rows = list(
            Message.objects.filter(campaign_id=campaign.pk)
            .values_list("message_state", "reason")
            .annotate(number=Count("id"))
        )
    states: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for state, reason, number in rows:
        states[state] = states.get(state, 0) + number
        if reason:
            reasons[reason] = reasons.get(reason, 0) + number
    opened, clicked = _use(campaign)
    return Progress(campaign.recipients, waiting, states, reasons, 0, opened, clicked)


def _use(campaign: Campaign) -> tuple[int, dict[str, int]]:
    declared = current(controller_id=campaign.controller_id, on=clock.today())
    if declared.activity("message_measurement") is None:
        return 0, {}
    with scope_of(campaign.controller, "message_measurement"):
        rows = MessageUse.objects.filter(campaign_id=campaign.pk)
        opened = rows.aggregate(number=Count("message_id", distinct=True))["number"]
        links = rows.filter(~Q(target="")).values_list("target").annotate(number=Count("id")).order_by("-number")[:50]
        return int(opened), dict(links)


def scope_of(controller: Controller, activity: str) -> Scope:
    """The scope in which a set is picked and a campaign sent."""
    return Scope(system("campaigns", everyone(controller)), activity)
