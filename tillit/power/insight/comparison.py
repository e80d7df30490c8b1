"""Households compared with similar ones, month by month (E4). Nothing is stored of anybody.

At night, in sets: when a month has been over for a few days, the groups of its homes are released, once and for ever
(`disclosure.releases`). Whoever looks at the page is shown the released group most like the own home and where the own
use stands in it; nothing is made anew for that.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection

from tillit.consent.queries import Decision, lawful_subjects, may
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.models import ReleaseCell
from tillit.disclosure.releases import Measure, existing, freeze, one_at_a_time
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load
from tillit.power.insight import months
from tillit.power.insight.grouping import (
    BREAKDOWN,
    Drawn,
    Labels,
    Member,
    Standing,
    draw,
    group_of,
    labels,
    least,
    standing,
)
from tillit.power.insight.models import Group
from tillit.power.insight.users import app_users
from tillit.power.models import MeteringPoint
from tillit.power.queries import days_of, household_of

ACTIVITY = "household_comparison"
MEASURE = "household_use"
SETTLED = timedelta(days=5)
"""After the end of a month, until its values are taken to be in."""
MONTHS = 13
AT_ONCE = 2000


@dataclass(frozen=True)
class Home:
    """A home that is compared: whose, at which point, like what."""

    subject: int
    point: int
    labels: Labels


@dataclass(frozen=True)
class Compared:
    """A month of a home beside the group most like it. own: Wh; people: of the group, at least; labels: of the group.

    standing is None, and so is the group, where nothing is shown: no group was large enough.
    """

    month: date
    own: int
    standing: Standing | None = None
    mean: int = 0
    efficient: int = 0
    people: int = 0
    labels: Labels = ()


def release_everywhere() -> int:
    """The groups of every controller whose declaration compares households; how many months were released."""
    controllers = Controller.objects.filter(versions__isnull=False).distinct().order_by("id")
    return sum(
        release(controller_id=one.pk)
        for one in controllers
        if current(controller_id=one.pk, on=clock.today()).activity(ACTIVITY) is not None
    )


def release(*, controller_id: int) -> int:
    """Release each settled month of the last year that is not released yet, as a transaction of its own; how many.

    Homes of those who use the app, have told what they live in and have not objected, supplied and measured all month.
    """
    todo = [month for month in _settled() if _standing_release(controller_id, month) is None]
    if not todo:
        return 0
    lawful = _lawful(controller_id) & app_users(controller_id=controller_id)
    acting = system("comparison", {controller_id})
    return sum(_release(acting, controller_id, month, sorted(lawful)) for month in todo)


def compared(*, scope: Scope, point: MeteringPoint) -> list[Compared]:
    """The point's months beside the group most like it, the latest first, as far as they are measured without a gap.

    In the scope of the person who looks. Empty where the person has not told what the home is like.
    """
    told = household_of(subject_id=point.subject_id, point_id=point.id)
    own = None
    if told is not None:
        own = labels(
            area=point.price_area,
            dwelling=told.dwelling,
            heating=told.heating,
            square_metres=told.area_m2,
            persons=told.persons,
        )
    if own is None:
        return []
    settled = _settled()
    released = _groups(point.controller_id, min(settled))
    used = _used(point.controller_id, min(settled), months.after(max(settled)), [point.id])
    return [
        _beside(month, used[point.id, month], own, released.get(month, {}))
        for month in settled
        if (point.id, month) in used
    ]


def may_compare(*, subject_id: int, controller_id: int) -> Decision:
    """Whether the person may be compared: not where they have objected over any of the ways it is shown."""
    asked = [
        may(controller_id=controller_id, activity=ACTIVITY, subject_id=subject_id, channel=channel)
        for channel in (None, *_channels(controller_id))
    ]
    return next((one for one in asked if not one), asked[0])


def _lawful(controller_id: int) -> frozenset[int]:
    found = lawful_subjects(controller_id=controller_id, activity=ACTIVITY)
    for channel in _channels(controller_id):
        found &= lawful_subjects(controller_id=controller_id, activity=ACTIVITY, channel=channel)
    return found


def _channels(controller_id: int) -> tuple[str, ...]:
    declared = current(controller_id=controller_id, on=clock.today()).activity(ACTIVITY)
    return () if declared is None else declared.channels


def _settled() -> list[date]:
    return months.settled(clock.today() - SETTLED, MONTHS)


def _beside(month: date, wh: int, own: Labels, groups: dict[Labels, Group]) -> Compared:
    key = group_of(own, {labels: group.pk for labels, group in groups.items()})
    group = next((one for one in groups.values() if one.pk == key), None)
    if group is None:
        return Compared(month, wh)
    said = standing(wh, efficient_to=group.efficient_to_wh, mean=group.mean_wh)
    return Compared(month, wh, said, group.mean_wh, group.efficient_wh, group.cell.people, tuple(group.cell.labels))


def _groups(controller_id: int, first: date) -> dict[date, dict[Labels, Group]]:
    found: dict[date, dict[Labels, Group]] = {}
    rows = Group.objects.filter(
        cell__release__controller_id=controller_id,
        cell__release__measure=MEASURE,
        cell__release__start__gte=first,
    )
    for group in rows.select_related("cell__release"):
        found.setdefault(group.cell.release.start, {})[tuple(group.cell.labels)] = group
    return found


def _measure(month: date) -> Measure:
    return Measure(MEASURE, BREAKDOWN, month, months.after(month))


def _standing_release(controller_id: int, month: date) -> Any:
    return existing(controller_id=controller_id, measure=_measure(month))


def _release(acting: Actor, controller_id: int, month: date, lawful: list[int]) -> bool:
    with Scope(acting, ACTIVITY):
        one_at_a_time(controller_id=controller_id)
        if _standing_release(controller_id, month) is not None:
            return False
        minimum = current(controller_id=controller_id, on=clock.today()).minimum_group
        drawn = draw(_members(controller_id, month, lawful), minimum_group=minimum)
        if drawn:
            _keep(controller_id, month, drawn, least(minimum))
        return bool(drawn)


def _keep(controller_id: int, month: date, drawn: list[Drawn], fewest: int) -> None:
    cells = [one.cell for one in drawn]
    made = freeze(controller_id=controller_id, measure=_measure(month), cells=cells, least=fewest)
    known = {tuple(cell.labels): cell for cell in ReleaseCell.objects.filter(release=made)}
    Group.objects.bulk_create(
        Group(
            cell=known[one.cell.labels],
            efficient_wh=one.efficient,
            efficient_to_wh=one.efficient_to,
            mean_wh=one.mean,
        )
        for one in drawn
    )


def _members(controller_id: int, month: date, lawful: list[int]) -> Iterator[Member]:
    with connection.cursor() as cursor:
        given: dict[str, Any] = {
            "controller": controller_id,
            "start": month,
            "end": months.after(month),
            "lawful": lawful,
        }
        cursor.execute(load(__file__, "comparison", "homes"), given)
        rows = cursor.fetchall()
    homes = {}
    for subject, point, area, dwelling, heating, metres, persons in rows:
        like = labels(area=area, dwelling=dwelling, heating=heating, square_metres=metres, persons=persons)
        if like is not None:
            homes[point] = Home(subject, point, like)
    points = list(homes)
    for first in range(0, len(points), AT_ONCE):
        some = points[first : first + AT_ONCE]
        for (point, _), wh in _used(controller_id, month, months.after(month), some).items():
            home = homes[point]
            yield Member(home.subject, point, home.labels, wh)


def _used(controller_id: int, start: date, end: date, points: Collection[int]) -> dict[tuple[int, date], int]:
    """(point, month) → what was used in it, Wh, of the months in [start, end) that were measured without a gap."""
    found: dict[tuple[int, date], int] = {}
    for some in days_of(controller_id=controller_id, start=start, end=end, points=points, at_once=AT_ONCE):
        month = some.day.astype("datetime64[D]").astype("datetime64[M]")
        changes = (some.point[1:] != some.point[:-1]) | (month[1:] != month[:-1])
        first = np.flatnonzero(np.append(True, changes))
        begins = some.offset[first]
        used = np.add.reduceat(some.wh.astype(np.int64), begins)
        worst = np.minimum.reduceat(some.quality, begins)
        length = ((month[first] + 1).astype("datetime64[D]") - month[first].astype("datetime64[D]")).astype(int)
        whole = (np.diff(np.append(first, len(some))) == length) & (worst > 0) & (used > 0)
        keys = zip(some.point[first[whole]].tolist(), month[first[whole]].astype("datetime64[D]").tolist(), strict=True)
        found.update(zip(keys, used[whole].tolist(), strict=True))
    return found
