"""Suspending earning or use of a chain's bonus for a time, and lifting it (C14).

Earning: purchases made in the period earn nothing, or are parked and earn when it is lifted, at the rates of their
time. Use: refused while it lasts. Bonus held is not touched, and what would expire meanwhile expires as it says.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from tillit.bonus.errors import SuspendedError
from tillit.bonus.models import Suspension
from tillit.purchases.models import Chain

EARN, USE = "earn", "use"
REASONS = ("outage", "force_majeure", "maintenance", "security")


def suspend(
    *, chain_id: int, what: str, starts: datetime, reason: str, ends: datetime | None = None, parked: bool = False
) -> Suspension:
    """Suspend `what` (earn, use) of a chain in [starts, ends); the standing one when an equal one stands.

    `parked`: what is bought meanwhile earns when it is lifted. Raises `SuspendedError`: `suspension-time`,
    `suspension-word`, or `suspension-twice` when another of the same chain and kind is in force in the period.
    """
    if what not in {EARN, USE} or reason not in REASONS or (parked and what != EARN):
        raise SuspendedError(
            "suspension-word", "earning or use is suspended, for a known reason; only earning is parked"
        )
    if ends is not None and ends <= starts:
        raise SuspendedError("suspension-time", "a suspension ends after it starts")
    with transaction.atomic():
        Chain.objects.select_for_update().get(pk=chain_id)
        facts = {"chain_id": chain_id, "what": what, "starts": starts, "reason": reason, "parked": parked}
        if (same := Suspension.objects.filter(**facts, ends=ends).first()) is not None:
            return same
        others = Suspension.objects.filter(chain_id=chain_id, what=what).filter(
            Q(ends__isnull=True) | Q(ends__gt=starts)
        )
        if (others.filter(starts__lt=ends) if ends else others).exists():
            raise SuspendedError("suspension-twice", "it is suspended in that period already")
        return Suspension.objects.create(**facts, ends=ends)


def lift(*, suspension_id: int, at: datetime) -> Suspension:
    """End a suspension at `at`, or on its own end if that has passed; once. What was parked is for the caller to post.

    Raises `SuspendedError` `suspension-time` before it starts.
    """
    with transaction.atomic():
        one = Suspension.objects.select_for_update().select_related("chain").get(pk=suspension_id)
        if one.lifted_at is not None:
            return one
        if at <= one.starts:
            raise SuspendedError("suspension-time", "the suspension has not begun")
        one.lifted_at = at
        one.ends = at if one.ends is None else min(one.ends, at)
        one.save(update_fields=["lifted_at", "ends"])
    return one


def in_force(*, chain_id: int, what: str, at: datetime) -> Suspension | None:
    """The suspension in force at a moment, if any."""
    held = Suspension.objects.filter(chain_id=chain_id, what=what, starts__lte=at)
    return held.filter(Q(ends__isnull=True) | Q(ends__gt=at)).first()


def refuse_use(*, chain_id: int, at: datetime) -> None:
    """Raise `SuspendedError` `use-suspended` while use of the chain's bonus is suspended."""
    if in_force(chain_id=chain_id, what=USE, at=at) is not None:
        raise SuspendedError("use-suspended", "use of bonus is suspended in this chain for now")
