"""Campaigns on their way: the set is taken, its people become messages at the declared pace, the outbox sends (F3).

Every step is a transaction of its own and can be done again: the set is one statement; so many recipients become
messages together, each once by the campaign's key; then the outbox sends them. A worker that is killed anywhere leaves
nothing half done but the one message it was handing over (`messages.outbox`).
"""

from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from tillit.audit.operations import append
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.sql import load
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.messages.models import State as MessageState
from tillit.messages.operations import Bound, send_many
from tillit.outreach.campaigns import operations, queries, segments, washing, words
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.events import STARTED
from tillit.outreach.campaigns.models import Campaign, Recipient, State
from tillit.parties.models import Fact
from tillit.parties.operations import lock_subjects

AT_ONCE = 200
RUN = 45.0
"""Seconds a run lasts at most: other work of the minute waits for it."""
SENDS = frozenset({"email", "sms", "push"})
"""Channels whose messages the outbox sends; the others are gathered for people to send."""
log = structlog.get_logger(__name__)


def run_everywhere(*, seconds: float = RUN) -> int:
    """Start what is approved and due, and carry on with what is under way; how many people were reached for. What
    cannot go on is set aside.
    """
    until, reached = monotonic() + seconds, 0
    now = clock.now()
    for campaign in Campaign.objects.filter(status__in=[State.APPROVED, State.SENDING], problem="").order_by("pk"):
        if campaign.status == State.APPROVED and campaign.starts_at is not None and campaign.starts_at > now:
            continue
        try:
            if campaign.status == State.APPROVED:
                start(campaign=campaign)
            reached += carry_on(campaign=campaign, until=until)
        except (OperationalError, InterfaceError):
            raise  # the database is away: nothing is wrong with the campaign
        except Exception as failed:  # noqa: BLE001 (one that is faulty in any way does not stop the others)
            code = failed.code if isinstance(failed, TillitError) else "failed"
            log.warning("campaign_failed", campaign=campaign.pk, kind=type(failed).__name__, code=code)
            operations.set_aside(campaign=campaign, code=code)
        if monotonic() >= until:
            break
    return reached


def start(*, campaign: Campaign) -> bool:
    """Take the set of an approved campaign; whether it was for us to do. Raises `CampaignError`: `changed`,
    `own-campaign` where the set has grown so large since that a colleague approves.
    """
    with transaction.atomic():
        mine = Campaign.objects.select_for_update().select_related("controller").get(pk=campaign.pk)
        if mine.status != State.APPROVED:
            return False
        if operations.digest(mine) != mine.approved_digest:
            raise CampaignError("changed", "it is not what was approved")
        made = segments.compiled(
            controller=mine.controller, activity=mine.activity, channel=mine.channel, segment=mine.segment
        )
        text = load(__file__, "campaigns", "take").replace("/*audience*/", made.text)
        with queries.scope_of(mine.controller, mine.activity) as scope:
            with connection.cursor() as cursor:
                cursor.execute(load(__file__, "campaigns", "wide"))
                cursor.execute(text, {**made.values, "campaign": mine.pk})
                found = dict(cursor.fetchall())
            mine.recipients = found.pop("", 0)
            operations.four_eyes(campaign=mine, reached=mine.recipients, approver=mine.approved_by)
            mine.left_out = dict(sorted(found.items()))
            mine.status, mine.started_at = State.SENDING, clock.now()
            mine.save(update_fields=["recipients", "left_out", "status", "started_at"])
            append(
                type=STARTED,
                scope=scope,
                controller=mine.controller_id,
                details={
                    "campaign": mine.pk,
                    "channel": mine.channel,
                    "recipients": mine.recipients,
                    "left_out": sum(found.values()),
                },
            )
    campaign.refresh_from_db()
    return True


def carry_on(*, campaign: Campaign, until: float) -> int:
    """Put the next people out and send, until nobody waits, the pace says so, or the time (`monotonic`) is up."""
    done = 0
    while monotonic() < until:
        if washing.of(campaign):
            washing.wash_next(campaign=campaign)
        put = put_next(campaign=campaign)
        done += put
        if campaign.channel in SENDS:
            outbox.deliver(controller_id=campaign.controller_id, activity=campaign.activity, until=until)
        if not put:
            break
    _finish(campaign)
    return done


def put_next(*, campaign: Campaign) -> int:
    """So many recipients become messages, as far as the pace allows; how many. In one transaction."""
    with transaction.atomic():
        mine = Campaign.objects.select_for_update(no_key=True).select_related("controller").get(pk=campaign.pk)
        if mine.status != State.SENDING:
            return 0
        now = clock.now()
        with queries.scope_of(mine.controller, mine.activity) as scope:
            limit = min(AT_ONCE, _pace(mine, now))
            with connection.cursor() as cursor:
                fresh = now - washing.HOLDS if washing.of(mine) else None
                given = {"campaign": mine.pk, "limit": limit, "fresh": fresh}
                cursor.execute(load(__file__, "campaigns", "next"), given)
                found = {subject: rest for subject, *rest in cursor.fetchall()}
                people = sorted(found)
                if not people:
                    return 0
                # A person may have been erased or restricted since: the lock says who is there.
                there = sorted(lock_subjects(scope=scope, subject_ids=people))
                send_many(
                    scope=scope,
                    controller_id=mine.controller_id,
                    template=f"{words.KIND}:{mine.pk}",
                    people=_values(mine, there),
                    at=now,
                    key=f"{words.KIND}:{mine.pk}",
                    channels=[mine.channel],
                    language=mine.language,
                    campaign_id=mine.pk,
                    refused={one: reason for one, (reason, *_) in found.items() if reason},
                    bound={
                        one: Bound(washed_at + washing.HOLDS, washed_as)
                        for one, (_, washed_at, washed_as) in found.items()
                        if fresh is not None and washed_at is not None and washed_as is not None
                    },
                )
                cursor.execute(
                    load(__file__, "campaigns", "put"), {"campaign": mine.pk, "subjects": people, "now": now}
                )
    return len(people)


def _pace(campaign: Campaign, now: datetime) -> int:
    """How many may be put out now: so many an hour since it started, the first minute's at once, and never more in any
    hour, however long it stood still.
    """
    if campaign.per_hour is None:
        return AT_ONCE
    assert campaign.started_at is not None  # noqa: S101 (a constraint of the table)
    elapsed = (now - campaign.started_at + timedelta(minutes=1)).total_seconds()
    out = Recipient.objects.filter(campaign_id=campaign.pk, put_at__isnull=False)
    lately = out.filter(put_at__gt=now - timedelta(hours=1)).count()
    return max(0, min(int(campaign.per_hour * elapsed / 3600) - out.count(), campaign.per_hour - lately))


def _values(campaign: Campaign, people: list[int]) -> dict[int, dict[str, str]]:
    kinds = {words.FIELDS[name][1] for name in words.fields_of(campaign)}
    facts: dict[int, dict[str, str]] = {person: {} for person in people}
    if kinds:
        rows = Fact.objects.filter(
            subject_id__in=people, kind__in=kinds, superseded_at__isnull=True, failed_at__isnull=True
        )
        for subject, kind, value in rows.values_list("subject_id", "kind", "value"):
            facts[subject][kind] = value
    return {person: words.values_for(campaign, known) for person, known in facts.items()}


def _finish(campaign: Campaign) -> None:
    """A campaign of which nobody waits any more, here or in the outbox, is over."""
    with transaction.atomic():
        mine = Campaign.objects.select_for_update().select_related("controller").get(pk=campaign.pk)
        if mine.status != State.SENDING:
            return
        with queries.scope_of(mine.controller, mine.activity):
            waits = (
                Recipient.objects.filter(campaign_id=mine.pk, put_at__isnull=True).exists()
                or Message.objects.filter(
                    campaign_id=mine.pk, message_state__in=[MessageState.QUEUED, MessageState.SENDING]
                ).exists()
            )
        if not waits:
            mine.status, mine.ended_at = State.SENT, clock.now()
            mine.save(update_fields=["status", "ended_at"])
