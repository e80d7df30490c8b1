"""The desk: what a role has here, and what waits. The trail of events. Colleagues and their second factor (A9, H18)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.audit.models import Event
from tillit.audit.types import TYPES
from tillit.faces.paging import page_of
from tillit.faces.staff_web import menu
from tillit.faces.staff_web.access import Worker, fresh_page, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.staff_sign_in import reset_factors
from tillit.kernel import clock
from tillit.kernel.collation import sort_key
from tillit.kernel.scope import Scope
from tillit.parties import factors
from tillit.parties.errors import FactorError
from tillit.parties.models import StaffMember, StaffRole
from tillit.parties.queries import active_roles

ACTIVITY = "security_log"
SIZE = 50
DAYS = 7


@dataclass(frozen=True)
class Colleague:
    """A member of staff here, with their roles and whether a second factor is set up."""

    staff: StaffMember
    roles: tuple[str, ...]
    enrolled: bool


@require_safe
@staff_page
def desk(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The home of a role: its pages, with what waits at each."""
    roles = [r.role for r in active_roles(staff=worker.staff) if r.controller_id == worker.site.controller.pk]
    return render(request, "staff_web/desk.html", worker.context(page="desk", tiles=menu.desk(worker), roles=roles))


@require_safe
@staff_page
def trail(request: HttpRequest, worker: Worker) -> HttpResponse:
    """What happened: events of the controller by day, type and member of staff, newest first. Codes, never names."""
    if ACTIVITY not in (worker.actor.activities or ()):
        raise Http404
    today = clock.today()
    first, last = _day(request, "from", today - timedelta(days=DAYS)), _day(request, "to", today)
    kind = request.GET.get("type", "") if request.GET.get("type", "") in TYPES else ""
    given = request.GET.get("staff", "").strip()
    staff = given if given.isascii() and given.isdigit() and len(given) <= 12 else ""
    with Scope(worker.actor, ACTIVITY, controllers=frozenset({worker.site.controller.pk})):
        rows = Event.objects.filter(
            controller_id=worker.site.controller.pk,
            recorded_at__gte=_midnight(first),
            recorded_at__lt=_midnight(last + timedelta(days=1)),
        )
        rows = rows.filter(type=kind) if kind else rows
        rows = rows.filter(actor_kind="staff", actor_ref=staff) if staff else rows
        events = page_of(request, rows.order_by("-recorded_at", "-id"), SIZE)
    chosen = {"from": first, "to": last, "type": kind, "staff": staff}
    context = worker.context(page="audit", events=events, types=sorted(TYPES), chosen=chosen)
    return render(request, "staff_web/audit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@fresh_page
def colleagues(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Who works here; a POST resets the second factor of one who has lost it."""
    if not worker.resets_factors:
        raise Http404
    here = worker.site.controller.pk
    roles = StaffRole.objects.filter(controller_id=here, ended__isnull=True, staff__left__isnull=True)
    people = {role.staff_id: role.staff for role in roles.select_related("staff")}
    if request.method == "POST":
        _reset(request, worker, people)
        return redirect("staff_colleagues", worker.site.key)
    shown = [
        Colleague(
            staff,
            tuple(role.role for role in roles if role.staff_id == staff.pk),
            factors.of(login_id=staff.login_id).enrolled,
        )
        for staff in sorted(people.values(), key=lambda staff: (sort_key(staff.name), staff.pk))
    ]
    return render(request, "staff_web/colleagues.html", worker.context(page="colleagues", colleagues=shown))


def _reset(request: HttpRequest, worker: Worker, people: dict[int, StaffMember]) -> None:
    chosen = next((one for one in people.values() if str(one.pk) == request.POST.get("staff")), None)
    if chosen is None or request.POST.get("seen") != "1":
        messages.error(request, say(language(), "colleagues.not_seen"))
        return
    try:
        reset_factors(staff=chosen, by=worker.staff, controller_id=worker.site.controller.pk)
    except FactorError:
        messages.error(request, say(language(), "colleagues.not_seen"))
    else:
        messages.success(request, say(language(), "colleagues.done", name=chosen.name))


def _day(request: HttpRequest, name: str, otherwise: date) -> date:
    """A day of the filter; `otherwise` for what is none, or out of all reason."""
    try:
        found = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return otherwise
    return found if 2000 <= found.year <= 2999 else otherwise


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(clock.DEFAULT_ZONE))
