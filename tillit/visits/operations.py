"""Figures made from single views, and the salt that goes (G3). The worker's part."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.sql import load
from tillit.visits.models import HourFigure, Salt

_BEFORE = timedelta(hours=2)
"""An hour is made anew so long after it: views come in late, and a page is left later than it was seen."""


def add_up_everywhere() -> int:
    """Make the figures of every controller that counts visits, and destroy the salts of earlier days; how many did."""
    Salt.objects.filter(day__lt=clock.today()).delete()
    done = 0
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("pk"):
        if current(controller_id=controller.pk, on=clock.today()).visit_statistics is not None:
            add_up(controller=controller)
            done += 1
    return done


@transaction.atomic
def add_up(*, controller: Controller, since: datetime | None = None) -> None:
    """Make the figures of the hours from `since` on, else from a little before the last that were made."""
    declared = current(controller_id=controller.pk, on=clock.today()).visit_statistics
    if declared is None:
        return
    with connection.cursor() as cursor:  # one at a time
        cursor.execute("SELECT FROM declaration_controller WHERE id = %s FOR UPDATE", [controller.pk])
    if since is None:
        last = HourFigure.objects.filter(controller=controller, measure="all").order_by("-hour").first()
        since = last.hour - _BEFORE if last else datetime.min.replace(tzinfo=ZoneInfo("UTC"))
    zone = ZoneInfo(clock.DEFAULT_ZONE)
    whole = since.replace(minute=0, second=0, microsecond=0)
    begin = whole if since.year == 1 else datetime.combine(whole.astimezone(zone).date(), time(), zone)
    values: dict[str, Any] = {
        "controller": controller.pk,
        "since": whole,
        "zone": clock.DEFAULT_ZONE,
        "from": begin,  # from the beginning of that day: a visit is told by what was before
        "kept": None if declared.aggregates == "unlimited" else _interval(declared.aggregates),
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "figures", "hours"), values)
        cursor.execute(load(__file__, "figures", "days"), values)
        cursor.execute(load(__file__, "figures", "labels"), values)


def _interval(period: str) -> str:
    parsed = IsoPeriod.parse(period)
    return f"{parsed.months} months {parsed.days} days"
