"""What is kept for a claim, a dispute or an order: the list, placing one for a person, releasing (D11)."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.cases.errors import UnknownCaseError
from tillit.faces.member_web.requests import number_of
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import language, say_or
from tillit.faces.texts import say
from tillit.journeys import holding
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError
from tillit.privacy.errors import HoldRefusedError
from tillit.privacy.models import HoldReason

_NO_DAY = "hold-until"


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The holds; a POST releases one."""
    released = request.GET.get("released") == "1"
    controller = worker.site.controller
    try:
        if request.method == "POST":
            hold_id = number_of(request.POST.get("hold", ""))
            holding.release(actor=worker.actor, controller=controller, hold_id=hold_id)
            messages.success(request, say(language(), "holds.released"))
            return redirect("staff_holds", worker.site.key)
        rows = holding.listed(actor=worker.actor, controller=controller, released=released)
    except (ScopeError, HoldRefusedError):
        raise Http404 from None
    return render(request, "staff_web/holds.html", worker.context(page="holds", rows=rows, with_released=released))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def place(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """Keep the rows of a person found in this session."""
    _, subject_id = found_by(request, worker, token)
    controller = worker.site.controller
    problem, typed = "", {key: request.POST.get(key, "").strip() for key in ("reason", "reference", "until", "case")}
    try:
        if request.method == "POST" and request.POST.get("act") == "place":
            try:
                holding.place(
                    actor=worker.actor,
                    controller=controller,
                    subject_id=subject_id,
                    reason=typed["reason"],
                    reference=typed["reference"][:60],
                    categories=request.POST.getlist("category"),
                    secret=request.POST.get("secret") == "1",
                    until=_day(typed["until"]),
                    case_id=number_of(typed["case"]) if typed["case"] else None,
                )
            except HoldRefusedError as refused:
                problem = refused.code
            else:
                messages.success(request, say(language(), "holds.placed"))
                return redirect("staff_holds", worker.site.key)
        cases = holding.open_cases(actor=worker.actor, controller=controller, subject_id=subject_id)
    except (ScopeError, NotAssignedError, UnknownCaseError):
        raise Http404 from None
    context = worker.context(
        page="holds",
        reasons=HoldReason.values,
        categories=holding.may_hold(controller),
        cases=cases,
        typed=typed,
        chosen=request.POST.getlist("category"),
        problem=say_or(f"holds.problem.{problem}", say(language(), "holds.problem.other")) if problem else "",
    )
    return render(request, "staff_web/hold_new.html", context, status=422 if problem else 200)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise HoldRefusedError(_NO_DAY, "that is no date") from None
