"""What of the benefits is held against the declaration and itself by `tillit prove` (B3, B4, B5, B11)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import connection

from tillit.benefits.catalogue import ACTIVITY
from tillit.benefits.models import Frame
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.sql import load


def frames(controller_id: int, on: date) -> Iterator[str]:
    """Frames that let a supplier receive what the declaration does not, and orders that left off the record."""
    declared = current(controller_id=controller_id, on=on)
    activity = declared.activity(ACTIVITY)
    ground = {one.key: one.ground for one in declared.recipients}
    standing = Frame.objects.filter(controller_id=controller_id, starts__lte=on).select_related("supplier")
    for frame in standing:
        if frame.ends is not None and frame.ends <= on:
            continue
        for key in filter(None, (frame.recipient, frame.asked_recipient)):
            if activity is None or key not in activity.recipients:
                yield f"supplier {frame.supplier.key}: receives as '{key}', which is not declared"
        if frame.asked_recipient and ground.get(frame.asked_recipient) != "consent":
            yield f"supplier {frame.supplier.key}: what it asks for rests on something else than the member's yes"
    yield from _faults("orders", {"controller": controller_id, "activity": ACTIVITY})


def catalogue(controller_id: int, on: date) -> Iterator[str]:
    """Benefits whose codes were drawn twice, or that members can take of a supplier without a frame."""
    yield from _faults("catalogue", {"controller": controller_id, "on": on, "at": clock.now()})


def counts(controller_id: int, on: date) -> Iterator[str]:
    """What is counted of the use holds more than a number a month (B11)."""
    yield from _faults("counts", {})


def _faults(name: str, given: dict[str, Any]) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "proof", name), given)
        yield from (str(row[0]) for row in cursor.fetchall())
