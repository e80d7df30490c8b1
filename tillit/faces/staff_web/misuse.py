"""Signs of misuse (C13): the queue with its evidence, and one case, heard, decided, reported, appealed."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tillit.bonus.misuse import Limits
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.faces.member_web.complaints import saved
from tillit.faces.member_web.requests import number_of
from tillit.faces.member_web.views import shown as receipt_shown
from tillit.faces.staff_web.access import Worker, fresh_page, staff_page
from tillit.faces.staff_web.case_frame import here, named, queued
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import misuse
from tillit.journeys.programme_file import moment
from tillit.kernel import clock

SHOW = ("open", "closed", "all")
DECISIONS = ("decided", "appeal_decided")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def queue(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The controller's cases, the oldest first; a POST looks for signs in a period."""
    if not worker.judges_misuse:
        raise Http404
    if request.method == "POST":
        _look_for_signs(request, worker)
        return redirect("staff_misuse", worker.site.key)
    today = clock.today()
    context = worker.context(
        page="misuse",
        start=today - timedelta(days=30),
        end=today + timedelta(days=1),
        **queued(request, worker, SHOW, misuse.queue),
    )
    return render(request, "staff_web/misuse.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@fresh_page
def case(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """One case; a POST takes a step."""
    if not worker.judges_misuse:
        raise Http404
    which, problem = named(worker, number), ""
    with here():
        if request.method == "POST":
            problem = _act(request, which)
            if not problem:
                return redirect("staff_misuse_case", worker.site.key, number)
        shown = misuse.look(**which)
    context = worker.context(
        page="misuse",
        shown=shown,
        case=shown.case,
        evidence=sorted(shown.case.fields.get("evidence", {}).items()),
        receipts=[receipt_shown(one) for one in shown.receipts],
        decision=next((step for step in shown.steps if step in DECISIONS), ""),
        steps=[step for step in shown.steps if step not in DECISIONS],
        outcomes=misuse.OUTCOMES,
        problem=problem,
        typed=request.POST.get("text", "") if problem else "",
    )
    return render(request, "staff_web/misuse_case.html", context, status=422 if problem else 200)


@require_POST
@staff_page
def file(request: HttpRequest, worker: Worker, number: str, document: str) -> HttpResponse:
    """A document of the case, to be saved."""
    if not worker.judges_misuse:
        raise Http404
    with here():
        return saved(*misuse.document(**named(worker, number), document_id=number_of(document)))


def _look_for_signs(request: HttpRequest, worker: Worker) -> None:
    try:
        start, end = (date.fromisoformat(request.POST.get(name, "")) for name in ("from", "to"))
    except ValueError:
        start = end = clock.today()
    if not timedelta(0) < end - start <= timedelta(days=366):
        messages.error(request, say(language(), "misuse_desk.problem.period"))
        return
    found = misuse.raise_signs(controller=worker.site.controller, start=moment(start), end=moment(end), limits=Limits())
    messages.success(request, say(language(), "misuse_desk.opened", count=len(found)))


def _act(request: HttpRequest, which: dict[str, Any]) -> str:
    """Take the step the button names; the code of what was refused, '' when it was taken."""
    step, text = request.POST.get("step", ""), request.POST.get("text", "").strip()[:2000]
    outcome = request.POST.get("outcome", "") if step in DECISIONS else ""
    if not text:
        return "no-reason"
    try:
        misuse.take(**which, step=step, text=text, outcome=outcome)
    except UnknownCaseError:
        raise
    except DisclosureRefusedError:
        return "not-disclosed"
    except CaseError as error:
        return error.code if error.code in {"outcome", "no-reason"} else "step-not-now"
    messages.success(request, say(language(), "complaint_desk.done"))
    return ""
