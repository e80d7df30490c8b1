"""Agreements follow the relationship: who is no longer a customer has none, and an ending undone gives them back (D10).

Who ends a relationship may not see what the person has agreed to: so this opens its own scope of that one person.
"""

from datetime import date

from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import journal
from tillit.services.agreement_models import Agreement, AgreementEnd

_REASONS = {"deceased": AgreementEnd.DIED}


def ended(subject_id: int, controller_id: int, on: date, reason: str) -> None:
    """The relationship ended on `on`: what was open, or would have ended later, ends then. Again: nothing."""
    why = _REASONS.get(reason, reason)
    why = why if why in AgreementEnd.values else AgreementEnd.OTHER
    now = clock.now()
    with _scope(subject_id, controller_id) as scope:
        rows = []
        for row in Agreement.objects.filter(subject_id=subject_id, controller_id=controller_id).exclude(ends__lte=on):
            row.ends, row.end_reason, row.ended_at = max(on, row.starts), why, row.ended_at or now
            row.save(update_fields=["ends", "end_reason", "ended_at"])
            rows.append(row)
        journal.remember(scope=scope, rows=rows, at=now)


def resumed(subject_id: int, controller_id: int, on: date, reason: str) -> None:
    """That end was a mistake: what ended with it is open again, unless the product is taken up anew by now."""
    why = _REASONS.get(reason, reason)
    mine = {"subject_id": subject_id, "controller_id": controller_id}
    with _scope(subject_id, controller_id) as scope:
        rows = []
        for row in Agreement.objects.filter(**mine, ends__gte=on, end_reason=why):
            if Agreement.objects.filter(**mine, product_id=row.product_id, starts__gte=row.ends).exists():
                continue
            row.ends, row.end_reason, row.ended_at = None, "", None
            row.save(update_fields=["ends", "end_reason", "ended_at"])
            rows.append(row)
        journal.remember(scope=scope, rows=rows, at=clock.now())


def _scope(subject_id: int, controller_id: int) -> Scope:
    return Scope(system("agreements", {controller_id}), "retention", frozenset({subject_id}))
