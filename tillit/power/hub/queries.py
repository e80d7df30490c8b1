"""What goes on with the market hub (E1), as desk, page and command show it. In an open scope."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count

from tillit.declaration.models import Controller
from tillit.power.hub import operations
from tillit.power.hub.models import HubFeed, HubProcess, Status, WaitingNotice

LATE = timedelta(days=2)


@dataclass(frozen=True)
class State:
    """How it stands. counts: status → processes. late: accepted ones whose day passed without a word; waiting: messages
    that could not be carried out yet, the oldest first.
    """

    feed: HubFeed
    counts: dict[str, int]
    late: int
    waiting: list[WaitingNotice]

    @property
    def attention(self) -> int:
        """What a colleague should look at."""
        return self.counts.get(Status.STUCK, 0) + self.late + len(self.waiting)


def state(*, controller: Controller, today: date) -> State:
    """The controller's state."""
    mine = HubProcess.objects.filter(controller_id=controller.pk)
    counts = dict(mine.order_by().values_list("status").annotate(Count("id")))
    late = mine.filter(status=Status.ACCEPTED, day__lt=today - LATE).count()
    feed = operations.feed_of(controller)
    return State(feed, counts, late, list(feed.waiting.filter(resolved_at=None).order_by("sequence")[:200]))


def unsettled(*, controller_id: int, today: date, limit: int = 200) -> list[HubProcess]:
    """The processes a colleague should look at: stuck, rejected within a month, late."""
    mine = HubProcess.objects.filter(controller_id=controller_id).select_related("point")
    stuck = mine.filter(status=Status.STUCK)
    rejected = mine.filter(status=Status.REJECTED, settled_at__date__gte=today - timedelta(days=30))
    late = mine.filter(status=Status.ACCEPTED, day__lt=today - LATE)
    return sorted({one.id: one for part in (stuck, late, rejected) for one in part[:limit]}.values(),
                  key=lambda one: one.queued_at)[:limit]  # fmt: skip


def of_switches(*, subject_ids: Collection[int]) -> dict[int, list[HubProcess]]:
    """Switch → its processes, the latest first; changes of the customer's name are under 0."""
    found: dict[int, list[HubProcess]] = {}
    for one in HubProcess.objects.filter(subject_id__in=subject_ids).order_by("-queued_at"):
        found.setdefault(one.switch_id or 0, []).append(one)
    return found
