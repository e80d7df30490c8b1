"""Movement of members as it goes to the union: each month that is over released once, for ever, without few (B9, H14).

One breakdown: what happened, type of membership, section. So what a union is given of a month is one partition, and
nothing is found by comparing tables. Members of a section or type that is too small stand together with others.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.grouping import Cell, grouped
from tillit.disclosure.models import Release, ReleaseCell
from tillit.disclosure.releases import Measure, existing, freeze, one_at_a_time
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.follow_up import ACTIVITY, REASONS
from tillit.membership.models import MembershipType, RegisterFile, Unit, UnitKind
from tillit.parties.models import Relationship

MEASURE = "members_by_part"
BREAKDOWN = ("what", "type", "section")
MONTHS = 12
COMPLETE = timedelta(days=14)
"""How long after its end a month is taken as told: unions send who joined and left by the middle of the next one, and
what is released is never released anew."""


@dataclass(frozen=True)
class Figure:
    """A released figure: `what` (joined, standing, left_…), names of type and section ("*": put together, "": none),
    and how many people at least.
    """

    month: date
    what: str
    type: str
    section: str
    people: int

    @property
    def left(self) -> str:
        """Why they left, "" where they did not."""
        return self.what.removeprefix("left_") if self.what.startswith("left_") else ""


def release_everywhere() -> int:
    """Release the months that are over, for every union that declares statistics; how many."""
    unions = Controller.objects.filter(pk__in=MembershipType.objects.values("controller_id")).order_by("id")
    return sum(
        release(controller_id=one.pk)
        for one in unions
        if current(controller_id=one.pk, on=clock.today()).activity(ACTIVITY) is not None
    )


def release(*, controller_id: int) -> int:
    """Release each of the last twelve months that is complete and not released yet; how many. Again: none.

    Nothing before the union's members have come in at all: its first file is finished, or where it sends none, somebody
    is a member. A month in which everything together is too little is released without a figure.
    """
    return sum(_release(controller_id, month) for month in _over()) if _begun(controller_id) else 0


def released(*, controller_id: int, first: date | None = None) -> list[Figure]:
    """What was released, the latest month first, by labels."""
    rows = ReleaseCell.objects.filter(release__controller_id=controller_id, release__measure=MEASURE)
    if first is not None:
        rows = rows.filter(release__start__gte=first)
    types = dict(MembershipType.objects.filter(controller_id=controller_id).values_list("key", "name"))
    units = Unit.objects.filter(controller_id=controller_id, kind=UnitKind.SECTION)
    sections = dict(units.values_list("key", "name"))
    found = []
    for row in rows.select_related("release"):
        what, kind, section = row.labels
        found.append(
            Figure(row.release.start, what, types.get(kind, kind), sections.get(section, section), int(row.people))
        )
    return sorted(found, key=lambda one: (-one.month.toordinal(), one.what, one.type, one.section))


def months(*, controller_id: int) -> list[date]:
    """The months that were released, the latest first."""
    rows = Release.objects.filter(controller_id=controller_id, measure=MEASURE)
    return list(rows.order_by("-start").values_list("start", flat=True))


def _release(controller_id: int, month: date) -> bool:
    with Scope(system("follow_up", {controller_id}), ACTIVITY), connection.cursor() as cursor:
        measure = Measure(MEASURE, BREAKDOWN, month, _after(month))
        one_at_a_time(controller_id=controller_id)
        if existing(controller_id=controller_id, measure=measure) is not None:
            return False
        cursor.execute("SELECT * FROM follow_up_parts(%s, %s, %s)", [controller_id, measure.start, measure.end])
        parts = cursor.fetchall()
        types = dict(MembershipType.objects.filter(controller_id=controller_id).values_list("id", "key"))
        units = Unit.objects.filter(controller_id=controller_id, kind=UnitKind.SECTION)
        sections = dict(units.values_list("id", "key"))
        counts: Counter[tuple[str, ...]] = Counter()
        for what, reason, kind, section, people in parts:
            named = f"left_{REASONS.get(reason, 'resigned')}" if what == "left" else what
            counts[named, types.get(kind, ""), sections.get(section, "")] += people
        least = current(controller_id=controller_id, on=clock.today()).minimum_group
        cells = [Cell(labels, people, people, 0, 0) for labels, people in counts.items()]
        freeze(controller_id=controller_id, measure=measure, cells=grouped(cells, least=least), least=least)
        return True


def _begun(controller_id: int) -> bool:
    files = RegisterFile.objects.filter(controller_id=controller_id)
    if files.exists():
        return files.filter(finished_at__isnull=False).exists()
    with Scope(system("follow_up", {controller_id}), ACTIVITY):
        return Relationship.objects.filter(controller_id=controller_id, kind="member").exists()


def _over() -> list[date]:
    this = (clock.today() - COMPLETE).replace(day=1)
    found = []
    for _ in range(MONTHS):
        this = (this - timedelta(days=1)).replace(day=1)
        found.append(this)
    return found[::-1]


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
