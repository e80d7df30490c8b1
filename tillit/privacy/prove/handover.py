"""A hand-over of people was told beforehand, on its day, whole, and without those who objected (A10)."""

from collections.abc import Iterator

from tillit.declaration.queries import declared
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.privacy.handover.planning import ACTIVITY, going, untold
from tillit.privacy.models import Handover
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once


def _check(context: Context, said: Said) -> Finding:
    rows = Handover.objects.select_related("giver", "receiver").filter(giver=context.controller)
    found = [one for one in rows.order_by("id") if one.cancelled_at is None]
    faults = [fault for one in found for fault in _faults(context, one)]
    promised = context.declaration.activity(ACTIVITY) is not None
    return judged(
        faults, handovers=len(found), people=sum(one.moved for one in found), declared="yes" if promised else "no"
    )


def _faults(context: Context, one: Handover) -> Iterator[str]:
    for table, (left, arrived) in sorted(one.counts.items()):
        if left != arrived:
            yield f"hand-over {one.pk}: {left} rows of {table} left, {arrived} arrived"
    if one.material:
        notice = declared(controller_id=one.giver_id, number=one.giver_version).changes.notice
        if one.moved and one.announced_at is None:
            yield f"hand-over {one.pk}: {one.moved} people were moved and nobody was told beforehand"
        if one.announced_at and one.day < IsoPeriod.parse(notice).add_to(clock.local_date(one.planned_at)):
            yield f"hand-over {one.pk}: less notice than promised"
        if one.moved and (left := len(untold(handover=one))) and one.done_at is None:
            yield f"hand-over {one.pk}: {left} people have not been told"
    if one.done_at is not None and (behind := len(going(handover=one))):
        yield f"hand-over {one.pk}: {behind} people who did not object were left behind or came back"
    if one.done_at is None and one.day < context.on:
        yield f"hand-over {one.pk}: its day {one.day} is past and it is not carried out"


KIND = Kind("handover", once("handover", "activities.business_transfer"), _check)
