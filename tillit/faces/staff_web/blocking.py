"""The blocking desk (D2): what no issuer has confirmed, by phone, tried again; recordings kept and played."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.cases.errors import CaseError
from tillit.faces.jobs.tasks import start
from tillit.faces.member_web.complaints import saved
from tillit.faces.member_web.requests import number_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.case_frame import here, named, queued, refused
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys import blocking
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.services.errors import ServiceError

LONGEST = 1000
SHOWN = ("open", "late", "closed")


@require_safe
@staff_page
def queue(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The blocks, what is late first."""
    if not blocking.may_handle(worker.actor):
        raise Http404
    shown = queued(request, worker, SHOWN, blocking.queue)
    return render(request, "staff_web/blocks.html", worker.context(page="blocking", now=clock.now(), **shown))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def case(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """One block; a POST settles an order, tries it again, notes something, or keeps a recording."""
    which, problem = named(worker, number), ""
    with here():
        if request.method == "POST":
            problem = refused(lambda: _act(request, which), ServiceError, CaseError)
            if not problem:
                messages.success(request, say(language(), "blocking_desk.done"))
                return redirect("staff_block", worker.site.key, number)
        shown = blocking.look(**which)
    context = worker.context(page="blocking", shown=shown, case=shown.case, problem=problem, purposes=blocking.PURPOSES)
    return render(request, "staff_web/block.html", context, status=422 if problem else 200)


@require_POST
@staff_page
def recording(request: HttpRequest, worker: Worker, number: str, document: str) -> HttpResponse:
    """A recording, to be played, for one of the purposes; it is on record."""
    purpose = request.POST.get("purpose", "")
    with here(ServiceError):
        return saved(*blocking.play(**named(worker, number), document_id=number_of(document), purpose=purpose))


def _act(request: HttpRequest, which: dict[str, Any]) -> None:
    act, text = request.POST.get("act", ""), request.POST.get("text", "").strip()[:LONGEST]
    if act == "note":
        if text:
            blocking.note(**which, text=text)
    elif act == "recording":
        for body in uploaded(request, "recording"):
            blocking.keep_recording(**which, body=body, recorded_at=_moment(request.POST.get("recorded_at", "")))
    else:
        order = number_of(request.POST.get("order", ""))
        if act == "again":
            blocking.try_again(**which, order_id=order)
            start("blocks")
        else:
            blocking.settle(**which, order_id=order, outcome=act, text=text)


def _moment(text: str) -> datetime:
    """`2026-03-02T10:15` where the desk is. Raises `ServiceError` `recorded-at`."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(DEFAULT_ZONE))
    except ValueError:
        raise ServiceError("recorded-at", "say when the call was") from None
