"""Washing against the reservation register (markedsføringsloven §§ 12-13): who is called or gets addressed post without
having said yes to it is asked about first, at most a month before, and whoever is reserved there is left out.

A campaign whose purpose rests on consent needs no wash: each of its people has said yes. Any other over these channels
is not approved unless its declaration names the register as recipient. So many people at a time are disclosed (on
record), asked about outside every transaction, and marked; a run that stops in between goes on where it was.
"""

from datetime import timedelta

from tillit.declaration.queries import current
from tillit.declaration.schema import Activity
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import disclose_many
from tillit.kernel import clock
from tillit.messages import addresses
from tillit.outreach.campaigns import queries
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.models import Campaign, Recipient
from tillit.registers import reservation

CHANNELS = frozenset({addresses.PHONE, addresses.POST})
HOLDS = timedelta(days=30)
"""How long an answer may be relied on."""
AT_ONCE = 200


def needed(activity: Activity, channel: str) -> bool:
    """Whether people are washed before the purpose writes to, or calls, them over the channel."""
    return channel in CHANNELS and "consent" not in {basis.ground for basis in activity.basis}


def of(campaign: Campaign) -> bool:
    """Whether the campaign's people are washed."""
    activity = current(controller_id=campaign.controller_id, on=clock.today()).activity(campaign.activity)
    return activity is not None and needed(activity, campaign.channel)


def check(*, campaign: Campaign) -> None:
    """Raise `CampaignError` `unwashed` where the register is needed, and not declared or not named."""
    activity = current(controller_id=campaign.controller_id, on=clock.today()).activity(campaign.activity)
    if activity is None or not needed(activity, campaign.channel):
        return
    if reservation.KEY not in activity.recipients or not reservation.ready():
        raise CampaignError("unwashed", "nobody may be reached that way without the reservation register")


def wash_next(*, campaign: Campaign) -> int:
    """Ask about the next people who wait and were not asked about lately; how many. Raises `RegisterError`,
    `CampaignError` `unwashed`.
    """
    now = clock.now()
    with queries.scope_of(campaign.controller, campaign.activity) as scope:
        waiting = Recipient.objects.filter(campaign_id=campaign.pk, put_at__isnull=True)
        people = list(waiting.exclude(washed_at__gt=now - HOLDS).order_by("place")[:AT_ONCE].values_list(
            "subject_id", flat=True))  # fmt: skip
        if not people:
            return 0
        known = addresses.known(subject_ids=people, channels=[campaign.channel])[campaign.channel]
        declared = current(controller_id=campaign.controller_id, on=clock.today())
        activity = declared.activity(campaign.activity)
        may = declared.named(activity) if activity else frozenset()
        field = "marketing_contact" if "marketing_contact" in may else "contact"
        try:
            sent = disclose_many(
                scope=scope,
                register_id=campaign.controller.register_id,
                controller_id=campaign.controller_id,
                recipient=reservation.KEY,
                people={one: {field: address} for one, address in known.items()},
                at=now,
            )
        except DisclosureRefusedError:
            raise CampaignError("unwashed", "the declaration does not let the register be asked") from None
    out = reservation.reserved(channel=campaign.channel, asked=sent.items) if sent.items else set()
    with queries.scope_of(campaign.controller, campaign.activity):
        mine = Recipient.objects.filter(campaign_id=campaign.pk)
        mine.filter(subject_id__in=people).update(washed_at=now, reserved=False)
        mine.filter(subject_id__in=list(out)).update(reserved=True)
    return len(people)
