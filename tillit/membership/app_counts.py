"""How often the app was installed: a number a month and union, which holds nobody (B11). Only where the declaration
makes such statistics.
"""

from datetime import date

from django.db.models import F

from tillit.declaration.queries import current
from tillit.membership.card_models import AppCount

ACTIVITY = "statistics"


def count(*, controller_id: int, on: date) -> bool:
    """One more; whether it was counted, as the controller declares statistics without persons."""
    if current(controller_id=controller_id, on=on).activity(ACTIVITY) is None:
        return False
    AppCount.objects.bulk_create(
        [AppCount(controller_id=controller_id, month=on.replace(day=1), installed=0)], ignore_conflicts=True
    )
    AppCount.objects.filter(controller_id=controller_id, month=on.replace(day=1)).update(installed=F("installed") + 1)
    return True


def by_month(*, controller_id: int, start: date, end: date) -> dict[date, int]:
    """First day of the month → how often, from `start` to before `end`."""
    rows = AppCount.objects.filter(controller_id=controller_id, month__gte=start, month__lt=end)
    return dict(rows.values_list("month", "installed"))
