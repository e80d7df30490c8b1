"""Calling the people of a campaign over the phone: one call at a time, its outcome, and a no at once (F2, F3).

Only who sends campaigns for the purpose calls; whom they were shown is on record for the person (A9).
"""

from typing import Any

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.journeys.leave_messages import leave
from tillit.kernel.scope import Actor, Scope
from tillit.messages import calls
from tillit.messages.addresses import PHONE
from tillit.messages.calls import Call, Outcome
from tillit.messages.deciding import Post
from tillit.messages.leaving import Leaving
from tillit.outreach.campaigns import queries
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.models import Campaign


def current_call(*, actor: Actor, campaign: Campaign) -> Call | None:
    """The call the caller is in."""
    return calls.mine(post=_post(actor, campaign), campaign_id=campaign.pk, caller=int(actor.ref))


def next_call(*, actor: Actor, campaign: Campaign) -> Call | None:
    """Hand the next call out, on record for the person; None where nobody waits. Raises `CampaignError`."""
    found = calls.take(post=_post(actor, campaign), campaign_id=campaign.pk, caller=int(actor.ref))
    if found is not None:
        _seen(actor, campaign, [found])
    return found


def told(*, actor: Actor, campaign: Campaign, message_id: int, outcome: Outcome) -> None:
    """What came of the call. An objection is recorded at once: nobody calls that person again for the purpose.

    It is taken in from whoever was handed the call, before anything else. Raises `CampaignError`, `MessageRefusedError`
    `no-call`.
    """
    which: dict[str, Any] = {"post": _post(actor, campaign), "campaign_id": campaign.pk, "caller": int(actor.ref)}
    if outcome == Outcome.OBJECTED:
        row = calls.handed(**which, message_id=message_id)
        leave(link=Leaving(row.subject_id, campaign.controller_id, campaign.activity, PHONE), route="phone")
    calls.told(**which, message_id=message_id, outcome=outcome)


def file(*, actor: Actor, campaign: Campaign) -> tuple[str, list[Call]]:
    """The calls gathered for the declared call centre: its key, and the calls; each on record for the person. The same
    again until `handed_over`.

    Raises `CampaignError`, `MessageRefusedError` `no-processor`.
    """
    carrier, given = calls.gather(post=_post(actor, campaign), campaign_id=campaign.pk, caller=int(actor.ref))
    _seen(actor, campaign, given)
    return carrier, given


def gathered(*, campaign: Campaign) -> int:
    """How many calls stand in the call centre's file and are not handed over yet."""
    return calls.gathered(
        post=calls.outbox_of(controller=campaign.controller, activity=campaign.activity), campaign_id=campaign.pk
    )


def handed_over(*, actor: Actor, campaign: Campaign) -> int:
    """The call centre has its file; how many calls. Raises `CampaignError`."""
    return calls.handed_over(post=_post(actor, campaign), campaign_id=campaign.pk)


def waiting(*, campaign: Campaign) -> int:
    """How many calls wait."""
    return calls.waiting(
        post=calls.outbox_of(controller=campaign.controller, activity=campaign.activity), campaign_id=campaign.pk
    )


def _post(actor: Actor, campaign: Campaign) -> Post:
    may = [one.key for one in queries.activities(actor=actor, controller=campaign.controller)]
    if campaign.channel != PHONE or campaign.activity not in may:
        raise CampaignError("activity", "nobody is called for that")
    return calls.outbox_of(controller=campaign.controller, activity=campaign.activity)


def _seen(actor: Actor, campaign: Campaign, shown: list[Call]) -> None:
    if shown:
        with Scope(actor, campaign.activity) as scope:
            append(
                type=PERSON_READ,
                scope=scope,
                controller=campaign.controller_id,
                subjects=sorted({call.subject_id for call in shown}),
                details={"purpose": campaign.activity, "categories": ["contact"]},
            )
