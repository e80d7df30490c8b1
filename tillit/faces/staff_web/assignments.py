"""Who is assigned to which colleague, where staff see only people assigned to them (A9)."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.member_web.requests import number_of
from tillit.faces.paging import asked_number
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import assigning
from tillit.journeys.assigning import AssigningError

PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Who is assigned to whom; a POST assigns a person to a colleague, or ends an assignment."""
    if not worker.assigns:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            done = _act(request, worker)
        except AssigningError as error:
            problem = error.code
        else:
            messages.success(request, say(language(), f"assignments.done.{done}"))
            return redirect("staff_assignments", worker.site.key)
    number = asked_number(request)
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller}
    rows, total, alone = assigning.listed(**here, first=(number - 1) * PAGE, count=PAGE)
    context = worker.context(
        page="assignments",
        rows=rows,
        alone=alone,
        colleagues=assigning.colleagues(**here),
        pages=Paginator(range(total), PAGE).get_page(number),
        problem=problem,
    )
    return render(request, "staff_web/assignments.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, worker: Worker) -> str:
    """Do what the button says; what was done."""
    said = {key: request.POST.get(key, "").strip()[:254] for key in ("act", "staff", "person", "assignment")}
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller}
    if said["act"] == "end":
        assigning.end(**here, assignment_id=number_of(said["assignment"]))
        return "ended"
    if not (said["staff"].isascii() and said["staff"].isdigit() and len(said["staff"]) <= 12):
        raise AssigningError("no-colleague", "choose a colleague")
    return "assigned" if assigning.assign(**here, staff_id=int(said["staff"]), text=said["person"]) else "same"
