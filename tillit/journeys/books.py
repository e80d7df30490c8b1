"""The books of a controller as a file (D8), for who may see them; that it was taken out is on record."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.events import BOOKS_EXPORTED
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.services import bookkeeping
from tillit.services.errors import PaymentError

ACTIVITY = "bookkeeping"
LONGEST = timedelta(days=366)


def export(*, actor: Actor, controller: Controller, start: date, end: date) -> bytes:
    """What was booked in [start, end), as CSV (docs/services.md). Raises `PaymentError` `period`, `ScopeError`."""
    if not timedelta() < end - start <= LONGEST:
        raise PaymentError("period", "a file holds from a day to a year")
    zone = current(controller_id=controller.pk, on=clock.today()).controller.time_zone
    from_, to = (datetime.combine(day, time(), tzinfo=ZoneInfo(zone)) for day in (start, end))
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})) as scope:
        body = bookkeeping.as_csv(controller_id=controller.pk, start=from_, end=to, zone=zone)
        append(
            type=BOOKS_EXPORTED,
            scope=scope,
            controller=controller.pk,
            details={"starts": start, "ends": end, "lines": body.count(b"\r\n") - 1},
        )
    return body
