"""Unusual reading by staff, from the audit trail (A9, H12, H18): what stands out, and why it does.

A day of a member of staff is held against the same member's earlier days and those of others with the same role: a
figure stands out above three times the higher of the two medians, and above a floor below which nothing does. Reading
colleagues or people with a protected address stands out by itself. What is strong becomes a suspicion at the breach
desk, once for a member and day; what is weak becomes one when two of them meet. Figures only: no person is named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.db import connection

from tillit.audit.events import REGISTRATION_GUESSED
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.parties import lookup, protection
from tillit.parties.models import StaffMember
from tillit.privacy.breach import operations as desk
from tillit.privacy.models import Breach

Signal = Literal["bulk", "colleague", "protected", "searches", "outside_hours", "without_case"]
STRONG: frozenset[Signal] = frozenset({"bulk", "colleague", "protected"})
FLOOR: dict[Signal, int] = {"bulk": 30, "searches": 60, "outside_hours": 5, "without_case": 20}
TIMES = 3
HISTORY = timedelta(days=56)
HOURS = (6, 20)
"""Working hours, local, on weekdays: from the first until the second."""


@dataclass(frozen=True)
class Anomaly:
    """One figure of one day that stands out. usual: what it was held against; None where one is too many."""

    controller_id: int
    staff_id: int
    day: date
    signal: Signal
    figure: int
    usual: float | None


def report(*, controller_id: int, since: date, until: date) -> list[Anomaly]:
    """What stands out within [since, until), by day and member of staff; read under `breach_handling`."""
    zone = current(controller_id=controller_id, on=clock.today()).controller.time_zone
    values: dict[str, Any] = {
        "controller": controller_id,
        "zone": zone,
        "since": since,
        "first": _start(since, zone),
        "history": _start(since - HISTORY, zone),
        "until": _start(until, zone),
        "from_hour": HOURS[0],
        "to_hour": HOURS[1],
        "protection": protection.KIND,
        "colleagues": _colleagues(controller_id),
    }
    everyone = {controller_id, holder_of(controller_id=controller_id)}
    with Scope(system("anomalies", everyone), desk.ACTIVITY), connection.cursor() as cursor:
        cursor.execute(load(__file__, "anomalies", "days"), values)
        days = cursor.fetchall()
        cursor.execute(load(__file__, "anomalies", "watched"), values)
        watched = cursor.fetchall()
    found = [one for row in days for one in _of_day(controller_id, row)]
    for staff, day, protected, colleagues in watched:
        figures: list[tuple[Signal, int]] = [("protected", protected), ("colleague", colleagues)]
        found += [Anomaly(controller_id, int(staff), day, s, n, None) for s, n in figures if n]
    return sorted(found, key=lambda one: (one.day, one.staff_id, one.signal))


def _of_day(controller_id: int, row: tuple[Any, ...]) -> Iterable[Anomaly]:
    staff, day, opened, caseless, searches, outside, own, own_caseless, own_searches, own_outside, peer, peer_s = row
    figures: list[tuple[Signal, int, float]] = [
        ("bulk", opened, max(own or 0, peer or 0)),
        ("searches", searches, max(own_searches or 0, peer_s or 0)),
        ("without_case", caseless, own_caseless or 0),
        ("outside_hours", outside, own_outside or 0),
    ]
    for signal, figure, usual in figures:
        if figure >= FLOOR[signal] and figure > TIMES * usual:
            yield Anomaly(controller_id, int(staff), day, signal, figure, usual)


def _colleagues(controller_id: int) -> list[int]:
    """People of the register who are staff: found by their work address, never by name."""
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    addresses = (
        StaffMember.objects.filter(roles__controller_id=controller_id).distinct().values_list("email", flat=True)
    )
    found = (lookup.by_address(register_id=register, text=address) for address in addresses)
    return sorted({subject for subject in found if subject is not None})


def _start(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def suspicious(found: Iterable[Anomaly]) -> dict[tuple[int, date], list[Anomaly]]:
    """(staff, day) → what stands out, where it amounts to a suspicion: something strong, or two weak things."""
    days: dict[tuple[int, date], list[Anomaly]] = {}
    for one in found:
        days.setdefault((one.staff_id, one.day), []).append(one)
    return {key: ones for key, ones in days.items() if len(ones) > 1 or any(one.signal in STRONG for one in ones)}


def key_of(staff_id: int, day: date) -> str:
    """What makes a suspicion one of a kind at the breach desk."""
    return f"reading:{staff_id}:{day.isoformat()}"


def raise_suspicions(*, on: date | None = None, days: int = 7) -> list[Breach]:
    """Put what amounts to a suspicion in the last days at the breach desk, of every controller; the new ones."""
    today = on or clock.today()
    made = []
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        found = report(controller_id=controller.pk, since=today - timedelta(days=days), until=today + timedelta(days=1))
        for day in _guessed(controller, today - timedelta(days=days)):
            key = f"registration:{day.isoformat()}"
            if not Breach.objects.filter(controller_id=controller.pk, key=key).exists():
                made.append(
                    desk.register(
                        actor=system("anomalies", {controller.pk}),
                        controller_id=controller.pk,
                        what=f"{day}: member and national numbers tried out at registration",
                        at=clock.now(),
                        source="anomaly",
                        nature=["confidentiality"],
                        key=key,
                    )
                )
        for (staff, day), ones in suspicious(found).items():
            key = key_of(staff, day)
            if Breach.objects.filter(controller_id=controller.pk, key=key).exists():
                continue
            figures = ", ".join(f"{one.signal} {one.figure}" for one in ones)
            made.append(
                desk.register(
                    actor=system("anomalies", {controller.pk}),
                    controller_id=controller.pk,
                    what=f"staff {staff}, {day}: {figures}",
                    at=clock.now(),
                    source="anomaly",
                    nature=["confidentiality"],
                    key=key,
                )
            )
    return made


def _guessed(controller: Controller, since: date) -> list[date]:
    """Local days on which pairs of member number and national number were tried out at registration."""
    zone = current(controller_id=controller.pk, on=clock.today()).controller.time_zone
    with Scope(system("anomalies", {controller.pk}), desk.ACTIVITY):
        rows = Event.objects.filter(
            type=REGISTRATION_GUESSED.key, controller_id=controller.pk, at__gte=_start(since, zone)
        )
        moments = rows.exclude(at=None).values_list("at", flat=True)
        return sorted({at.astimezone(ZoneInfo(zone)).date() for at in moments if at is not None})


def read_by(*, controller_id: int, staff_id: int, day: date) -> list[int]:
    """Whom a member of staff opened on a day: whom a confirmed suspicion concerns."""
    zone = current(controller_id=controller_id, on=clock.today()).controller.time_zone
    with Scope(system("anomalies", {controller_id}), desk.ACTIVITY), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "anomalies", "read_by"),
            {"controller": controller_id, "staff": str(staff_id), "zone": zone, "day": day},
        )
        return [row[0] for row in cursor.fetchall()]
