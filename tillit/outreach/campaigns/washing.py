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
    """Ask about the next people who wait and were not asked about lately; how many were looked at. Who cannot be
    reached that way, or may not be asked about, is left out instead. Raises `RegisterError`,
    `CampaignError` `unwashed`.
    """
    now = clock.now()
    with queries.scope_of(campaign.controller, campaign.activity) as scope:
        mine = Recipient.objects.filter(campaign_id=campaign.pk)
        waiting = mine.filter(put_at__isnull=True, left_out="").exclude(washed_at__gt=now - HOLDS)
        people = list(waiting.order_by("place").values_list("subject_id", flat=True)[:AT_ONCE])
        if not people:
            return 0
        known = addresses.known(subject_ids=people, channels=[campaign.channel])[campaign.channel]
        declared = current(controller_id=campaign.controller_id, on=clock.today())
        activity = declared.activity(campaign.activity)
        may = declared.named(activity) if activity else frozenset()
        field = "marketing_contact" if "marketing_contact" in may else "contact"
        mine.filter(subject_id__in=[one for one in people if one not in known]).update(left_out="no-address")
        if not known:
            return len(people)
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
        for one, reason in sent.refused.items():
            mine.filter(subject_id=one).update(left_out=reason)
    out = reservation.reserved(channel=campaign.channel, asked=sent.items) if sent.items else set()
    register = campaign.controller.register_id
    with queries.scope_of(campaign.controller, campaign.activity):
        washed = {
            one.subject_id: addresses.digest_of(
                register_id=register, channel=campaign.channel, address=one.payload[field]
            )
            for one in sent.items
        }
        rows = list(mine.filter(subject_id__in=list(washed)))
        for row in rows:
            row.washed_at, row.washed_as, row.reserved = now, washed[row.subject_id], row.subject_id in out
        mine.bulk_update(rows, ["washed_at", "washed_as", "reserved"])
    return len(people)
