"""Who has received what, and who is still to be told. Within an open scope that may see disclosures (H1, H13)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from tillit.disclosure.models import Disclosure, Notice
from tillit.kernel.sql import load
from tillit.parties.merging import same_person


@dataclass(frozen=True)
class Received:
    """One transfer as it is shown: recipient's key, the one it was where the key names a kind, and what, when, why."""

    at: datetime
    controller_id: int
    recipient: str
    kind: str
    party: str
    activity: str
    ground: str
    fields: dict[str, list[str]]
    country: str
    transfer_ground: str
    reference: str


def rows(*, subject_id: int) -> QuerySet[Disclosure]:
    """Every transfer about a person that the scope sees, newest first."""
    return Disclosure.objects.filter(subject_id__in=same_person(subject_id)).order_by("-disclosed_at", "-id")


def about(*, subject_id: int, limit: int = 2000) -> list[Received]:
    """The same as they are shown (H1: the actual recipients, GDPR 15(1)(c)), the newest `limit`."""
    return [_shown(row) for row in rows(subject_id=subject_id)[:limit]]


def _shown(row: Disclosure) -> Received:
    return Received(
        at=row.disclosed_at,
        controller_id=row.controller_id,
        recipient=row.recipient,
        kind=row.recipient_kind,
        party=row.party,
        activity=row.activity,
        ground=row.ground,
        fields=row.fields,
        country=row.country,
        transfer_ground=row.transfer_ground,
        reference=str(row.reference),
    )


def owed(*, subject_id: int | None = None) -> list[Notice]:
    """The notices not given yet, oldest first; of one person or of everybody the scope sees."""
    waiting = Notice.objects.filter(told_at__isnull=True).order_by("owed_at", "id")
    return list(waiting if subject_id is None else waiting.filter(subject_id=subject_id))


def totals(*, controller_id: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """What left in a period, by recipient, party, activity and ground: transfers, people, first and last. No person."""
    names = ("recipient", "kind", "party", "activity", "ground", "country", "transfers", "people", "first", "last")
    with connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "totals", "totals"), {"controller": controller_id, "since": since, "until": until}
        )
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
