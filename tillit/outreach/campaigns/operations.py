"""Making, changing, approving, pausing and cancelling campaigns (F3). Keyword-only; by a member of staff, on record."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load
from tillit.outreach.campaigns import queries, segments, washing, words
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.events import CHANGED
from tillit.outreach.campaigns.models import Campaign, State

ANOTHER_ABOVE = 500
"""Above so many recipients a colleague approves, not who made it or last changed it."""
_FIELDS = ("name", "activity", "channel", "segment", "subject", "body", "short", "fallback", "per_hour", "starts_at")
LONGEST = {"name": 80, "subject": 150, "body": 20_000, "short": 1000, "fallback": 60}
_MOVES = {
    State.DRAFT: {State.APPROVED, State.CANCELLED},
    State.APPROVED: {State.DRAFT, State.CANCELLED},
    State.SENDING: {State.PAUSED, State.CANCELLED},
    State.PAUSED: {State.SENDING, State.CANCELLED},
}


def make(*, actor: Actor, controller: Controller, name: str, activity: str, channel: str) -> Campaign:
    """A new draft. Raises `CampaignError`."""
    title = " ".join(name.split())[:80]
    if not title:
        raise CampaignError("name", "a campaign needs a name")
    _allowed(actor, controller, activity, channel)
    language = current(controller_id=controller.pk, on=clock.today()).controller.languages[0]
    with transaction.atomic():
        made = Campaign.objects.create(
            controller=controller,
            name=title,
            activity=activity,
            channel=channel,
            language=language,
            made_at=clock.now(),
            made_by=str(actor),
        )
        _note(actor, made, State.DRAFT)
    return made


def copy(*, actor: Actor, campaign: Campaign) -> Campaign:
    """A new draft with the same words, set and channel."""
    made = make(
        actor=actor,
        controller=campaign.controller,
        name=campaign.name,
        activity=campaign.activity,
        channel=campaign.channel,
    )
    return change(
        actor=actor,
        campaign=made,
        subject=campaign.subject,
        body=campaign.body,
        short=campaign.short,
        fallback=campaign.fallback,
        segment=campaign.segment,
        per_hour=campaign.per_hour,
    )


def change(*, actor: Actor, campaign: Campaign, **to: Any) -> Campaign:
    """Change what is not under way (fields of `_FIELDS`); an approval is taken back. Raises `CampaignError`."""
    if unknown := set(to) - set(_FIELDS):
        raise CampaignError("field", f"no field {', '.join(sorted(unknown))}")
    with transaction.atomic():
        mine = _locked(campaign)
        if mine.status not in {State.DRAFT, State.APPROVED}:
            raise CampaignError("under-way", "it is under way or over: copy it")
        before = digest(mine)
        for name, value in to.items():
            setattr(mine, name, value)
        _allowed(actor, mine.controller, mine.activity, mine.channel)
        words.plain(mine)
        segments.check(controller=mine.controller, activity=mine.activity, segment=mine.segment)
        if not " ".join(mine.name.split()):
            raise CampaignError("name", "a campaign needs a name")
        if mine.per_hour is not None and mine.per_hour < 1:
            raise CampaignError("throttle", "at least one an hour")
        words.fields_of(mine)
        for name, most in LONGEST.items():
            if len(getattr(mine, name)) > most:
                raise CampaignError("too-long", f"{name} has at most {most} characters")
        _to_draft(mine)
        if digest(mine) != before:
            mine.changed_by = str(actor)
        mine.save()
        _note(actor, mine, State.DRAFT)
    return mine


def approve(*, actor: Actor, campaign: Campaign) -> Campaign:
    """It may be sent, as it stands now, from its time on. Raises `CampaignError`: `own-campaign` where it reaches many
    and the actor made it or last changed it, `nobody`, or what is wrong with its words or set.
    """
    with transaction.atomic():
        mine = _locked(campaign)
        _allowed(actor, mine.controller, mine.activity, mine.channel)
        size = queries.size(
            controller=mine.controller, activity=mine.activity, channel=mine.channel, segment=mine.segment
        )
        if not size.reached:
            raise CampaignError("nobody", "nobody would get it")
        if mine.status != State.DRAFT:
            raise CampaignError("not-a-draft", "only a draft is approved")
        words.check(campaign=mine)
        if mine.channel not in {key for key, there in _ways(mine) if there}:
            raise CampaignError("no-way", "the installation has no way of sending over that channel")
        washing.check(campaign=mine)
        four_eyes(campaign=mine, reached=size.reached, approver=str(actor))
        mine.status, mine.approved_at, mine.approved_by = State.APPROVED, clock.now(), str(actor)
        mine.approved_digest = digest(mine)
        mine.save()
        _note(actor, mine, State.APPROVED)
    return mine


def four_eyes(*, campaign: Campaign, reached: int, approver: str) -> None:
    """Raise `CampaignError` (`own-campaign`) where it reaches many and the approver is who wrote it."""
    if reached > ANOTHER_ABOVE and approver in {campaign.made_by, campaign.changed_by}:
        raise CampaignError("own-campaign", f"above {ANOTHER_ABOVE} recipients a colleague approves")


def set_aside(*, campaign: Campaign, code: str) -> None:
    """It cannot go on, and says why on its page; one that is not begun stays approved and is not tried again."""
    with transaction.atomic():
        mine = _locked(campaign)
        if mine.status not in {State.APPROVED, State.SENDING}:
            return
        mine.problem = code[:40]
        if mine.status == State.SENDING:
            mine.status = State.PAUSED
        mine.save(update_fields=["problem", "status"])
        _note(system("campaigns", segments.everyone(mine.controller)), mine, State(mine.status))


def move(*, actor: Actor, campaign: Campaign, to: State) -> Campaign:
    """Take the approval back, pause, go on, or cancel. Raises `CampaignError` (`not-now`)."""
    with transaction.atomic():
        mine = _locked(campaign)
        _allowed(actor, mine.controller, mine.activity, mine.channel)
        if to == State.APPROVED or to not in _MOVES.get(State(mine.status), set()):
            raise CampaignError("not-now", f"a campaign that is {mine.status} cannot become {to}")
        if to == State.DRAFT:
            _to_draft(mine)
        mine.status, mine.problem = to, ""
        if to == State.CANCELLED:
            mine.ended_at = clock.now()
        mine.save()
        _note(actor, mine, to)
        if to == State.CANCELLED:
            _stop(mine)
    return mine


def digest(campaign: Campaign) -> str:
    """Of everything that is approved: words, set, channel, pace and time. 64 hexadecimal digits."""
    said = {name: getattr(campaign, name) for name in _FIELDS}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=_written)
    return hashlib.sha256(text.encode()).hexdigest()


def _written(value: datetime) -> str:
    return value.astimezone(tz=None).isoformat() if not value.tzinfo else str(int(value.timestamp()))


def _to_draft(campaign: Campaign) -> None:
    campaign.status, campaign.approved_at, campaign.approved_by = State.DRAFT, None, ""
    campaign.approved_digest = campaign.problem = ""


def _stop(campaign: Campaign) -> None:
    given: dict[str, Any] = {"campaign": campaign.pk, "controller": campaign.controller_id, "now": clock.now()}
    with queries.scope_of(campaign.controller, campaign.activity), connection.cursor() as cursor:
        cursor.execute(load(__file__, "campaigns", "stop"), given)
        cursor.execute(load(__file__, "campaigns", "leave_waiting"), given)


def _locked(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_for_update().select_related("controller").get(pk=campaign.pk)


def _ways(campaign: Campaign) -> list[tuple[str, bool]]:
    declared = current(controller_id=campaign.controller_id, on=clock.today()).activity(campaign.activity)
    return queries.channels(declared) if declared else []


def _allowed(actor: Actor, controller: Controller, activity: str, channel: str) -> None:
    known = {one.key: one for one in queries.activities(actor=actor, controller=controller)}
    if activity not in known or controller.pk not in actor.controllers:
        raise CampaignError("activity", "no campaigns are sent for that purpose")
    if channel not in known[activity].channels or channel not in queries.CHANNELS:
        raise CampaignError("channel-not-declared", f"{activity} is not declared over {channel}")


def _note(actor: Actor, campaign: Campaign, to: State) -> None:
    with Scope(actor, campaign.activity) as scope:
        append(
            type=CHANGED,
            scope=scope,
            controller=campaign.controller_id,
            details={"campaign": campaign.pk, "to": str(to), "digest": digest(campaign)},
        )
