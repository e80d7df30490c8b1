"""Benefits that are chosen for a member, on Min side and in the app (B10).

Only for who has said yes to it in the channel where it is shown, and only where the union's declaration approves that
channel. What they are chosen by is what the person has ticked (`interest.*`): a topic's key is that of a category of
the catalogue. Nothing that was looked at, drawn or ordered counts, and nothing of it is stored: it is chosen as a page
is made, and the next page knows of a no.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from tillit.benefits import catalogue
from tillit.benefits.catalogue import Listed
from tillit.consent.queries import may
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Scope, require, system
from tillit.kernel.sql import load
from tillit.parties.merging import same_person
from tillit.parties.models import Fact

ACTIVITY = "marketing"
CATEGORY = "interest"
CHANNELS = ("web", "app")
MOST = 4
_TRIED = 200
_ASKABLE = ("no-consent", "objected")


@dataclass(frozen=True)
class Chosen:
    """What is chosen for somebody. `offered`: the union approves it in the channel, and it is theirs to say yes or no.
    `agreed`: they said yes. `ticked`: keys of the topics that they ticked, read only after a yes.
    """

    offered: bool = False
    agreed: bool = False
    ticked: frozenset[str] = frozenset()
    benefits: tuple[Listed, ...] = ()


def offered(declared: Declaration, channel: str) -> bool:
    """Whether the declaration lets benefits be chosen for members in the channel."""
    activity = declared.activity(ACTIVITY)
    return (
        activity is not None
        and channel in activity.channels
        and bool({CATEGORY, "*"} & set(activity.uses))
        and bool(declared.topics)
        and declared.activity(catalogue.ACTIVITY) is not None
    )


def for_member(*, controller_id: int, subject_id: int, channel: str, at: datetime) -> Chosen:
    """The first benefits of the member's own within the topics they ticked; none without their yes. Outside scopes.

    `channel`: where it is shown, `web` or `app`. Nothing that the person ticked is read before the yes is known.
    """
    declared = current(controller_id=controller_id, on=clock.local_date(at))
    if channel not in CHANNELS or not offered(declared, channel):
        return Chosen()
    said = may(controller_id=controller_id, activity=ACTIVITY, subject_id=subject_id, channel=channel)
    if not said:
        return Chosen(offered=said.reason in _ASKABLE)
    acting = system("chosen", {controller_id, holder_of(controller_id=controller_id)})
    with Scope(acting, ACTIVITY, frozenset({subject_id})):
        ticked = _ticked(controller_id, subject_id) & {topic.key for topic in declared.topics}
    if not ticked:
        return Chosen(offered=True, agreed=True)
    with Scope(acting, catalogue.ACTIVITY, frozenset({subject_id})):
        whom = catalogue.entitled(subject_id=subject_id, controller_id=controller_id, on=clock.local_date(at))
    mine = catalogue.listed(for_whom=whom, at=at)
    found = tuple(one for one in mine if one.edition.category.key in ticked)
    return Chosen(offered=True, agreed=True, ticked=ticked, benefits=found[:MOST])


def _ticked(controller_id: int, subject_id: int) -> frozenset[str]:
    require(activity=ACTIVITY)
    rows = Fact.objects.filter(
        subject_id__in=same_person(subject_id),
        controller_id__in={controller_id, holder_of(controller_id=controller_id)},
        kind__startswith=f"{CATEGORY}.",
        superseded_at__isnull=True,
    )
    return frozenset(kind.partition(".")[2] for kind in rows.values_list("kind", flat=True))


def faults(controller_id: int, _: date) -> Iterator[str]:
    """For `tillit prove`: people for whom something is chosen, and whose last act was no yes (told from the acts)."""
    holders = sorted({controller_id, holder_of(controller_id=controller_id)})
    acting, at = system("proof", holders), clock.now()
    for channel in CHANNELS:
        with Scope(acting, "consent_proof"), connection.cursor() as cursor:
            cursor.execute(
                load(__file__, "proof", "said_yes"), {"holders": holders, "activity": ACTIVITY, "channel": channel}
            )
            agreed = {subject for (subject,) in cursor.fetchall()}
        with Scope(acting, ACTIVITY):
            rows = Fact.objects.filter(kind__startswith=f"{CATEGORY}.", superseded_at__isnull=True)
            people = list(rows.order_by("subject_id").values_list("subject_id", flat=True).distinct()[:_TRIED])
        for subject in people:
            found = for_member(controller_id=controller_id, subject_id=subject, channel=channel, at=at)
            if found.benefits and agreed.isdisjoint(same_person(subject)):
                yield f"channel {channel}: benefits are chosen for somebody whose last act was no yes"
