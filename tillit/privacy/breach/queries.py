"""The register as it is looked at. Names nobody; needs no scope but for whom a breach concerns."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from tillit.kernel import clock
from tillit.privacy.breach import operations
from tillit.privacy.breach.errors import BreachError
from tillit.privacy.models import Breach


@dataclass(frozen=True)
class Standing:
    """left: until the authority must be told (negative: late by); None when told, not needed or only suspected."""

    left: timedelta | None
    owed: list[str]

    @property
    def late(self) -> bool:
        """Whether the authority should have been told by now."""
        return self.left is not None and self.left < timedelta()


def standing(breach: Breach, *, now: datetime | None = None) -> Standing:
    """How a breach stands against its clock."""
    open_ = breach.authority_at is None and breach.risk != "none" and breach.closed_at is None
    left = breach.due_at - (now or clock.now()) if open_ and breach.due_at else None
    return Standing(left, [] if breach.closed_at else operations.owed(breach))


def find(*, controller_id: int, reference: str) -> Breach:
    """The breach of a controller by its reference. Raises `BreachError` (`no-breach`)."""
    found = Breach.objects.filter(controller_id=controller_id, reference=reference).first()
    if found is None:
        raise BreachError("no-breach", f"there is no breach {reference}")
    return found


def register(*, controller_ids: Collection[int], closed: bool = False) -> list[Breach]:
    """The register, the most urgent first: by when the authority must be told, then by when it was suspected."""
    rows = Breach.objects.filter(controller_id__in=list(controller_ids))
    if not closed:
        rows = rows.filter(closed_at__isnull=True)
    far = datetime.max.replace(tzinfo=clock.now().tzinfo)
    return sorted(rows, key=lambda b: (b.closed_at is not None, b.authority_at is not None, b.due_at or far, b.pk))
