"""How far registers were read, who waits, and what came of it. Counts, and the people a colleague must look at."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Min, Q

from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel.sql import load
from tillit.registers.models import Check, Feed
from tillit.registers.operations import scope_of
from tillit.registers.sources import Source

REASONS = ("event", "new", "periodic", "asked")
OUTCOMES = (
    "unchanged",
    "changed",
    "deceased",
    "protected",
    "not_found",
    "another_person",
    "confirmed",
    "differs",
    "no_number",
    "restricted",
    "refused",
    "unreachable",
)


@dataclass(frozen=True)
class State:
    """A controller's register: its feed, how many wait, since when the longest, and outcome → people."""

    feed: Feed
    waiting: int
    oldest: datetime | None
    outcomes: dict[str, int]

    @property
    def checked(self) -> int:
        """People asked about at least once."""
        return sum(self.outcomes.values())


def state(*, controller: Controller, source: Source, feed: Feed) -> State:
    """How it stands, for the controller."""
    with scope_of(controller, source):
        mine = Check.objects.filter(controller_id=controller.pk, source=source.key)
        counted = mine.filter(~Q(outcome="")).values("outcome").annotate(people=Count("id")).order_by("outcome")
        outcomes = {row["outcome"]: row["people"] for row in counted}
        wanted = mine.filter(wanted_at__isnull=False).aggregate(people=Count("id"), oldest=Min("wanted_at"))
        return State(feed, wanted["people"], wanted["oldest"], outcomes)


def to_ask(*, controller: Controller, source: Source, before: datetime) -> set[int]:
    """People whose identifier is held and who were not asked about since `before`. In a scope of the activity."""
    with connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "checks", "to_ask" if source.sealed else "to_ask_by_fact"),
            {
                "controller": controller.pk,
                "holders": sorted({controller.pk, holder_of(controller_id=controller.pk)}),
                "source": source.key,
                "kind": source.asks,
                "before": before,
            },
        )
        return {row[0] for row in cursor.fetchall()}


def waiting(*, controller: Controller, source: Source, now: datetime, limit: int) -> list[Check]:
    """Who is to be asked about now, the longest waiting first. In a scope of the activity."""
    mine = Check.objects.filter(controller_id=controller.pk, source=source.key, wanted_at__isnull=False)
    due = mine.filter(Q(next_try__isnull=True) | Q(next_try__lte=now))
    return list(due.order_by("wanted_at", "id")[:limit])
