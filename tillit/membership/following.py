"""A membership follows its relationship: it ends with it, whoever ends that, and stands again with it (B1, B7).

Who ends a relationship may not see what kind of member the person is (Min side, the desk, a register's word): so this
opens its own scope of that one person, in which nothing is told to anybody.
"""

from datetime import date

from django.db.models import Max

from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import Cover, EndReason, Membership
from tillit.parties import journal

_REASONS = {"own_wish": EndReason.RESIGNED, "deceased": EndReason.DIED}


def ended(subject_id: int, controller_id: int, on: date, reason: str) -> None:
    """The relationship ended on `on`: the open membership, and what covers the member, end no earlier than they began.

    Again, or where they had ended already: nothing.
    """
    why = _REASONS.get(reason, reason)
    if why not in EndReason.values:
        why = EndReason.OTHER
    with _scope(subject_id, controller_id) as scope:
        rows, covers = [], []
        for row in Membership.objects.filter(subject_id=subject_id, controller_id=controller_id, ends__isnull=True):
            row.ends, row.end_reason, row.listed = max(on, row.starts), why, None
            row.save(update_fields=["ends", "end_reason", "listed"])
            rows.append(row)
        for cover in Cover.objects.filter(subject_id=subject_id, controller_id=controller_id, ends__isnull=True):
            cover.ends = max(on, cover.starts)
            cover.save(update_fields=["ends"])
            covers.append(cover)
        journal.remember(scope=scope, rows=rows, at=clock.now())
        journal.remember(scope=scope, rows=covers, at=clock.now())


def resumed(subject_id: int, controller_id: int, on: date, reason: str) -> None:
    """That end was a mistake: what ended with it is open again, unless something stands by now."""
    mine = {"subject_id": subject_id, "controller_id": controller_id}
    with _scope(subject_id, controller_id) as scope:
        memberships = Membership.objects.filter(**mine)
        last = memberships.aggregate(last=Max("starts"))["last"]
        row = memberships.filter(starts=last, ends__gte=on, end_reason=_REASONS.get(reason, reason)).first()
        if row is None or memberships.filter(ends__isnull=True).exists():
            return
        covers = []
        for cover in Cover.objects.filter(**mine, ends__gte=on).order_by("-starts"):
            if not Cover.objects.filter(**mine, agreement_id=cover.agreement_id, starts__gte=cover.ends).exists():
                cover.ends = None
                cover.save(update_fields=["ends"])
                covers.append(cover)
        row.ends, row.end_reason = None, ""
        row.save(update_fields=["ends", "end_reason"])
        journal.remember(scope=scope, rows=[row], at=clock.now())
        journal.remember(scope=scope, rows=covers, at=clock.now())


def _scope(subject_id: int, controller_id: int) -> Scope:
    return Scope(system("membership", {controller_id}), "retention", frozenset({subject_id}))
