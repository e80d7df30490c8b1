"""A hand-over of people was told beforehand, on its day, whole, and without those who objected (A10)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from tillit.audit.models import Event
from tillit.declaration import registry
from tillit.kernel import clock
from tillit.ledger.kinds import HANDED_OVER
from tillit.ledger.queries import trial_balance
from tillit.parties.models import Subject
from tillit.privacy.events import PERSON_HANDED_OVER
from tillit.privacy.handover import leaving
from tillit.privacy.handover.planning import ACTIVITY, differs_since, going, notice_ends, untold, waiting
from tillit.privacy.models import Handover, HandoverArrived, HandoverExpected, HandoverSent
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once

UNSAFE = timedelta(days=3)
"""How long the receiver's daily backup may take to hold who came."""


def _check(context: Context, said: Said) -> Finding:
    rows = Handover.objects.select_related("giver", "receiver").filter(giver=context.controller)
    found = [one for one in rows.order_by("id") if one.cancelled_at is None]
    faults = [fault for one in found for fault in _faults(context, one)]
    faults += list(_behind(context, found))
    promised = context.declaration.activity(ACTIVITY) is not None
    coming = HandoverExpected.objects.filter(receiver=context.controller)
    lost = HandoverArrived.objects.filter(expected__in=coming, lost_at__isnull=False).count()
    if lost:
        faults.append(f"{lost} people who came are not here since a restore, and have not been sent again")
    if any(one.chains for one in found) or coming.exists():
        faults += list(_value())
    return judged(
        faults, handovers=len(found), people=sum(one.moved for one in found), declared="yes" if promised else "no"
    )


def _faults(context: Context, one: Handover) -> Iterator[str]:
    late = one.sent.filter(arrived_at__isnull=True, left_at__lt=clock.now() - timedelta(days=1)).count()
    if late:
        yield f"hand-over {one.pk}: {late} people have left, and the receiver has not confirmed that they came"
    unsafe = one.sent.filter(confirmed_at__isnull=True, arrived_at__lt=clock.now() - UNSAFE).count()
    if unsafe:
        yield f"hand-over {one.pk}: {unsafe} people came, and the receiver has made no backup that holds them"
    if again := len(leaving.here_again(handover=one)):
        yield f"hand-over {one.pk}: {again} people who have left stand here as well since a restore"
    for table, (left, arrived) in sorted(one.counts.items()):
        if left != arrived:
            yield f"hand-over {one.pk}: {left} rows of {table} left, {arrived} arrived"
    since = differs_since(handover=one, on=context.on if one.done_at is None else clock.local_date(one.done_at))
    waits = {} if since is None else waiting(handover=one, on=context.on, since=since)
    if since is not None and one.moved:
        first = _first(context, one)
        if one.announced_at is None:
            yield f"hand-over {one.pk}: {one.moved} people were moved and nobody was told beforehand"
        elif first is not None and first < notice_ends(handover=one, told=one.announced_at, since=since):
            yield f"hand-over {one.pk}: less notice than promised"
        if one.done_at is None and (left := len(untold(handover=one))):
            yield f"hand-over {one.pk}: {left} people have not been told"
    if one.done_at is not None and (behind := len(going(handover=one))):
        yield f"hand-over {one.pk}: {behind} people who did not object were left behind or came back"
    if one.done_at is None and one.day < context.on and (not waits or set(going(handover=one)) - set(waits)):
        yield f"hand-over {one.pk}: its day {one.day} is past and it is not carried out"


def _behind(context: Context, moved: list[Handover]) -> Iterator[str]:
    """What was under way of the people who went within the installation, and did not go with them."""
    with context.scope(joint=True):
        went = Event.objects.filter(
            controller_id=context.id,
            type=PERSON_HANDED_OVER.key,
            details__handover__in=[one.pk for one in moved if not one.address],
        )
        people = set(went.values_list("subject_id", flat=True))
        people |= set(Subject.objects.filter(alias_of_id__in=people).values_list("id", flat=True))
        for name, domain in sorted(registry.GOES_ALONG.items()):
            if people and (left := domain.behind(context.id, people)):
                yield f"{name}: {left} under way stayed with the giver of people who went"


def _value() -> Iterator[str]:
    """What left the givers' books arrived in the receivers': the accounts between them add up to zero, save what is on
    record as gone to other installations, and come from them (A10).
    """
    between: dict[str, int] = defaultdict(int)
    for way, counts in (
        (-1, HandoverSent.objects.values_list("left")),
        (1, HandoverArrived.objects.values_list("counts")),
    ):
        for (one,) in counts:
            for key, amount in one.items():
                if key.startswith("bonus:"):
                    between[key.removeprefix("bonus:")] += way * amount
    for line in trial_balance():
        if line.kind == HANDED_OVER.key:
            between[line.currency] += line.moved
    yield from (f"value in {one} left the books and did not arrive: {left}" for one, left in between.items() if left)


def _first(context: Context, one: Handover) -> date | None:
    """The day on which the first of the people was moved, by the trail; else the day on which all were."""
    with context.scope():
        trail = Event.objects.filter(
            controller_id=context.id, type=PERSON_HANDED_OVER.key, details__handover=one.pk, at__isnull=False
        )
        moment = trail.order_by("at").values_list("at", flat=True).first() or one.done_at
    return None if moment is None else clock.local_date(moment)


KIND = Kind("handover", once("handover", "activities.business_transfer"), _check)
