"""Refunds that wait (C8): which, what each may be of, and what staff decide. Within an open scope.

A refund that names its purchase is settled when that purchase is there, whoever's card it was paid to. What names none
waits here until staff say which purchase it takes back, or that it takes back none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl
from django.db import connection

from tillit.audit.operations import append
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.scope import Scope
from tillit.kernel.sql import load
from tillit.purchases import events
from tillit.purchases.errors import RefundError
from tillit.purchases.models import MadeGoodLine, Seen, UnmatchedRefund
from tillit.purchases.reading.encoding import external_digests

PAGE = 25
DISMISSALS = ("earned_nothing", "before_membership", "counted_already", "not_found")
"""Why a refund takes nothing back."""
LINE = "line:"
"""Begins what was asked where somebody named the purchase by the sender's line: its id follows."""


@dataclass(frozen=True)
class Waiting:
    """A refund that waits, as its receipt tells it. `amount`: minor units, below zero. `named`: it names a purchase.

    `batch_id`: what it came with; 0 when it was paid to another's card. `asked`: why one of the staff says that it
    takes nothing back, or of which purchase it is (`LINE`), where another must say the same.
    """

    id: int
    subject_id: int
    controller_id: int
    event_at: datetime
    chain: str
    store: str
    place: str
    receipt: str
    product: str
    amount: int
    currency: str
    named: bool
    batch_id: int
    asked: str = ""


@dataclass(frozen=True)
class Candidate:
    """A purchase that the refund may take back. `left`: what is not refunded of it yet, minor units."""

    purchase_id: UUID
    event_at: datetime
    store: str
    place: str
    receipt: str
    product: str
    amount: int
    left: int
    currency: str


def waiting(*, controller_ids: Collection[int], page: int = 1, size: int = PAGE) -> tuple[list[Waiting], int]:
    """A page of the refunds that wait at the controllers, the longest waiting first; and how many there are in all."""
    found = _rows(
        "waiting", {"controllers": sorted(controller_ids), "limit": size, "offset": (max(page, 1) - 1) * size}
    )
    return [Waiting(*row[:-1]) for row in found], found[0][-1] if found else 0


def candidates(*, refund: Waiting, most: int = 5) -> list[Candidate]:
    """The person's own purchases that it may be of, the likeliest first: same store, same amount, nearest in time."""
    return [Candidate(*row) for row in _rows("candidates", {"refund": refund.id, "most": most, "zone": DEFAULT_ZONE})]


def find(*, refund_id: int) -> Waiting:
    """One refund that waits. Raises `RefundError` `refund-unknown` when there is none that waits."""
    found = _rows("one", {"refund": refund_id})
    if not found:
        raise RefundError("refund-unknown", "no refund of that number waits")
    return Waiting(*found[0][:-1])


def sold_as(*, refund: Waiting, line: str) -> UUID:
    """The purchase that the refund's sender called `line`. Raises `RefundError` `purchase-unknown`."""
    source = UnmatchedRefund.objects.values_list("source_id", flat=True).get(subject_id=refund.subject_id, id=refund.id)
    known = UUID(bytes=external_digests(source, pl.Series([line], dtype=pl.String))[0].tobytes())
    if not any(table.objects.filter(source_id=source, digest=known).exists() for table in (Seen, MadeGoodLine)):
        raise RefundError("purchase-unknown", "the sender's line of that id is no purchase of a member")
    return known


def choose(*, scope: Scope, refund: Waiting, purchase_id: UUID, way: str) -> None:
    """The refund takes back that purchase: settled with it from now on. `way`: how it was found, a code.

    Raises `RefundError`: `refund-unknown` (it waits no more), `purchase-unknown` (nothing of the kind to take back).
    """
    if way == "candidate" and purchase_id not in {one.purchase_id for one in candidates(refund=refund, most=1000)}:
        raise RefundError("purchase-unknown", "that is no purchase which this refund can be of")
    _change(refund, refund_of=purchase_id)
    append(
        type=events.REFUND_SETTLED,
        scope=scope,
        controller=refund.controller_id,
        subject=refund.subject_id,
        details={"refund": refund.id, "way": way},
    )


def ask(*, scope: Scope, refund: Waiting, reason: str) -> bool:
    """One of the staff says that the refund takes nothing back, or of which purchase it is (`LINE`), where it takes
    two; whether another said the same.

    Raises `RefundError`: `refund-reason`, `refund-unknown`.
    """
    if reason not in DISMISSALS and not reason.startswith(LINE):
        raise RefundError("refund-reason", f"the reason is one of {', '.join(DISMISSALS)}")
    row = UnmatchedRefund.objects.select_for_update().get(subject_id=refund.subject_id, id=refund.id)
    if row.asked == reason and row.asked_by not in ("", str(scope.actor)):
        return True
    if row.asked != reason:
        _change(refund, asked=reason, asked_by=str(scope.actor)[:60])
    return False


def dismiss(*, scope: Scope, refund: Waiting, reason: str, at: datetime) -> None:
    """The refund takes nothing back. Raises `RefundError`: `refund-reason`, `refund-unknown`."""
    if reason not in DISMISSALS:
        raise RefundError("refund-reason", f"the reason is one of {', '.join(DISMISSALS)}")
    _change(refund, settled_at=at, outcome="dismissed", reason=reason)
    append(
        type=events.REFUND_DISMISSED,
        scope=scope,
        controller=refund.controller_id,
        subject=refund.subject_id,
        details={"refund": refund.id, "reason": reason},
    )


def _change(refund: Waiting, **values: Any) -> None:
    rows = UnmatchedRefund.objects.filter(subject_id=refund.subject_id, id=refund.id, settled_at=None)
    if not rows.update(**values):
        raise RefundError("refund-unknown", "no refund of that number waits")


def _rows(name: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "refunds", name), parameters)
        return list(cursor.fetchall())
