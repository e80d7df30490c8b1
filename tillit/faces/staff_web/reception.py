"""The reception's desk: check in and out, badges, who is in the house, who was here on a day, the screen (H17)."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.statement.pdf import TypesettingError
from tillit.faces.form_notices import said_on
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel.scope import Scope
from tillit.office.reception import hosts, operations, papers, queries
from tillit.office.reception.errors import ReceptionError
from tillit.office.reception.models import Visit


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def desk(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Who is in the house; a POST checks somebody in or out, or gives the screen a new address. On record."""
    _may(worker)
    problem = ""
    if request.method == "POST":
        try:
            messages.success(request, _act(request, worker))
            return redirect("staff_reception", worker.site.key)
        except ReceptionError as refused:
            problem = refused.code
    controller, day = worker.site.controller, _day(request)
    with operations.scope_at(controller, worker.actor) as scope:
        inside = queries.in_house(controller=controller)
        that_day = queries.on_day(controller=controller, day=day) if day else []
        _read(scope, worker, [*inside, *that_day])
    key = queries.screen_key(controller=controller)
    context = worker.context(
        page="reception",
        inside=inside,
        day=day,
        that_day=that_day,
        colleagues=hosts.colleagues(controller=controller),
        said=said_on(worker.site, "staff_reception"),
        screen=settings.SITE_URL + reverse("reception_screen", args=[worker.site.key, key]) if key else "",
        typed=request.POST.get("name", "")[:200] if problem else "",
        host=request.POST.get("host", "") if problem else "",
        problem=problem,
    )
    return render(request, "staff_web/reception.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def badge(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """The badge of who has the number now, as PDF."""
    _may(worker)
    controller = worker.site.controller
    with operations.scope_at(controller, worker.actor) as scope:
        rows = [row for row in queries.in_house(controller=controller) if row.badge == number]
        _read(scope, worker, rows)
    if not rows:
        raise Http404
    return _pdf(lambda: papers.badge(controller=controller, row=rows[0], language=language()), f"badge-{number}.pdf")


@require_safe
@staff_page
def house(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The evacuation list as PDF."""
    _may(worker)
    controller = worker.site.controller
    with operations.scope_at(controller, worker.actor) as scope:
        rows = queries.in_house(controller=controller)
        _read(scope, worker, rows)
    return _pdf(lambda: papers.evacuation(controller=controller, rows=rows, language=language()), "evacuation.pdf")


def _act(request: HttpRequest, worker: Worker) -> str:
    said, controller = request.POST, worker.site.controller
    match said.get("act"):
        case "in":
            host = None
            if chosen := said.get("host", ""):
                host = hosts.colleagues(controller=controller).filter(pk=chosen if chosen.isdecimal() else 0).first()
                if host is None:
                    raise ReceptionError("host", "no such colleague")
            name = said.get("name", "")
            made = operations.check_in(controller=controller, name=name, host=host, actor=worker.actor)
            return say(language(), "reception_desk.arrived", badge=made.badge)
        case "out":
            number = said.get("badge", "")
            badge = int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 0
            operations.check_out(controller=controller, badge=badge, actor=worker.actor)
            return say(language(), "reception_desk.gone", badge=badge)
        case "screen":
            operations.renew_screen(controller=controller, actor=worker.actor)
            return say(language(), "reception_desk.renewed")
    raise Http404


def _day(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


def _read(scope: Scope, worker: Worker, rows: Iterable[Visit]) -> None:
    subjects = sorted({row.subject_id for row in rows})
    if subjects:
        details: dict[str, Any] = {"purpose": operations.ACTIVITY, "categories": ["reception_visit"]}
        append(type=PERSON_READ, scope=scope, controller=worker.site.controller.pk, subjects=subjects, details=details)


def _pdf(made: Any, name: str) -> HttpResponse:
    try:
        body = made()
    except TypesettingError:
        return HttpResponse(status=503)
    heads = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(body, content_type="application/pdf", headers=heads)


def _may(worker: Worker) -> None:
    if not worker.receives:
        raise Http404
