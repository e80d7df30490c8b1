"""Checking in and out, ending the day, a new address for the screen (H17). Keyword-only."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Actor, Scope, system
from tillit.office.reception import events, hosts
from tillit.office.reception.errors import ReceptionError
from tillit.office.reception.models import Desk, Visit
from tillit.parties import operations as parties
from tillit.parties.models import StaffMember

ACTIVITY = "reception"


@dataclass(frozen=True)
class Arrival:
    """Who has come: the person, and the number on the badge."""

    subject_id: int
    badge: int


def check_in(
    *, controller: Controller, name: str, host: StaffMember | None = None, actor: Actor | None = None
) -> Arrival:
    """Somebody has come: the name is kept, a badge number given, the host told. actor: the member of staff; the screen
    when left out. Each visit is a person of its own: nothing links it to another. Raises `ReceptionError`.
    """
    try:
        full = names.normalise(name)
    except IdentifierError:
        raise ReceptionError("name", "a name is missing") from None
    if host is not None and not hosts.colleagues(controller=controller).filter(pk=host.pk).exists():
        raise ReceptionError("host", "no such colleague")
    with transaction.atomic():
        _locked(controller)
        with scope_at(controller, actor) as scope:
            inside = Visit.objects.filter(controller_id=controller.pk, left_at__isnull=True)
            taken = set(inside.values_list("badge", flat=True))
            badge = next(number for number in range(1, len(taken) + 2) if number not in taken)
            subject = parties.create_subject(scope=scope, register_id=controller.register_id)
            Visit.objects.create(
                subject_id=subject, controller_id=controller.pk, name=full, badge=badge, arrived_at=clock.now()
            )
            append(type=events.ARRIVED, scope=scope, controller=controller.pk, subject=subject)
    if host is not None:
        hosts.tell(controller=controller, host=host, badge=badge)
    return Arrival(subject, badge)


def check_out(*, controller: Controller, badge: int, name: str | None = None, actor: Actor | None = None) -> None:
    """Who has the badge leaves. name: what the visitor writes on the screen, where the number alone is not enough.

    Raises `ReceptionError` `nobody`, the same for a wrong name as for a badge that is not out.
    """
    with transaction.atomic():
        _locked(controller)
        with scope_at(controller, actor) as scope:
            row = Visit.objects.filter(controller_id=controller.pk, badge=badge, left_at__isnull=True).first()
            if row is None or (name is not None and " ".join(name.split()).casefold() != row.name.casefold()):
                raise ReceptionError("nobody", "nobody is here under that name and number")
            _leave(scope, row, clock.now())


def end_the_day() -> int:
    """The worker's run: who came before today and did not check out has left when that day ended; how many."""
    zone, ended = ZoneInfo(DEFAULT_ZONE), 0
    today = datetime.combine(clock.today(), time(), zone)
    for controller in Controller.objects.filter(pk__in=Desk.objects.values("controller")).order_by("pk"):
        if current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is None:
            continue
        with scope_at(controller) as scope:
            rows = Visit.objects.filter(controller_id=controller.pk, left_at__isnull=True, arrived_at__lt=today)
            for row in list(rows):
                day = row.arrived_at.astimezone(zone).date() + timedelta(days=1)
                _leave(scope, row, datetime.combine(day, time(), zone))
                ended += 1
    return ended


def renew_screen(*, controller: Controller, actor: Actor) -> int:
    """The screen gets a new address, and the old one ends; the number of the new one."""
    with transaction.atomic():
        desk = _locked(controller)
        with scope_at(controller, actor) as scope:
            Desk.objects.filter(pk=desk.pk).update(screen=desk.screen + 1)
            append(type=events.SCREEN, scope=scope, controller=controller.pk, details={"number": desk.screen + 1})
    return desk.screen + 1


def scope_at(controller: Controller, actor: Actor | None = None) -> Scope:
    """The scope of the reception, for a member of staff or the screen; not yet opened."""
    return Scope(actor or system("reception", {controller.pk}), ACTIVITY, controllers=frozenset({controller.pk}))


def _leave(scope: Scope, row: Visit, at: datetime) -> None:
    Visit.objects.filter(subject_id=row.subject_id, id=row.id).update(left_at=at)
    append(type=events.LEFT, scope=scope, controller=row.controller_id, subject=row.subject_id)


def _locked(controller: Controller) -> Desk:
    if current(controller_id=controller.pk, on=clock.today()).activity(ACTIVITY) is None:
        raise ReceptionError("undeclared", "no reception is declared")
    Desk.objects.get_or_create(controller=controller)
    return Desk.objects.select_for_update(of=("self",)).get(controller=controller)
