"""What a campaign will look like: for nobody, for somebody of the set (on record), and as a test to oneself (F3)."""

from django.db import connection

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load
from tillit.messages.mail import send_unstored
from tillit.messages.templates import Rendered, Sender, render
from tillit.outreach.campaigns import queries, segments, words
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.models import Campaign
from tillit.parties.models import Fact


def for_nobody(*, campaign: Campaign) -> Rendered:
    """With the fallback in place of each field. Raises `CampaignError`."""
    return _rendered(campaign, {})


def for_somebody(*, actor: Actor, campaign: Campaign) -> Rendered:
    """As one of the people who would get it sees it, drawn anew each time; the person can see who looked and why (A9).

    Raises `CampaignError`: `nobody`, `few` where fewer than the minimum group would get it: it would tell who.
    """
    size = queries.size(
        controller=campaign.controller, activity=campaign.activity, channel=campaign.channel, segment=campaign.segment
    )
    if 0 < size.reached < size.few:
        raise CampaignError("few", "so few would get it that a preview tells who they are")
    made = segments.compiled(
        controller=campaign.controller, activity=campaign.activity, channel=campaign.channel, segment=campaign.segment
    )
    text = load(__file__, "campaigns", "somebody").replace("/*audience*/", made.text)
    with queries.scope_of(campaign.controller, campaign.activity), connection.cursor() as cursor:
        cursor.execute(text, made.values)
        found = cursor.fetchone()
    if found is None:
        raise CampaignError("nobody", "nobody would get it")
    kinds = {words.FIELDS[name] for name in words.fields_of(campaign)}
    with Scope(system(str(actor), segments.everyone(campaign.controller)), campaign.activity, frozenset(found)):
        rows = Fact.objects.filter(
            subject_id=found[0], kind__in=[kind for _, kind in kinds], superseded_at__isnull=True
        )
        facts = dict(rows.values_list("kind", "value"))
    with Scope(actor, campaign.activity, frozenset(found)) as scope:
        append(
            type=PERSON_READ,
            scope=scope,
            controller=campaign.controller_id,
            subject=found[0],
            details={
                "purpose": campaign.activity,
                "categories": sorted({category for category, _ in kinds}) or ["message"],
            },
        )
    return _rendered(campaign, facts)


def send_test(*, campaign: Campaign, to: str) -> None:
    """The mail to a member of staff, with the fallback in place of each field, marked as a test. Stored nowhere."""
    words.check(campaign=campaign)
    shown = for_nobody(campaign=campaign)
    send_unstored(
        to=to, subject=f"[Test] {shown.subject}", text=shown.text, sender=campaign.controller.name, html=shown.html
    )


def _rendered(campaign: Campaign, facts: dict[str, str]) -> Rendered:
    said = current(controller_id=campaign.controller_id, on=clock.today()).controller
    return render(
        f"{words.KIND}:{campaign.pk}",
        campaign.language,
        words.values_for(campaign, facts),
        Sender(said.name, said.email, said.phone, said.web),
        leave=said.web or "https://example.org/",
    )
