"""The callers' page of a campaign over the phone: the next person, what is said, what came of it (F3)."""

import csv
import io
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.campaigns import found
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import calling
from tillit.kernel.csv_text import inert
from tillit.messages.addresses import PHONE
from tillit.messages.calls import Call, Outcome
from tillit.messages.errors import MessageRefusedError


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """The call one is in; a POST hands the next out, tells what came of one, or gives calls to the call centre."""
    campaign, problem = found(worker, number), ""
    if campaign.channel != PHONE:
        raise Http404
    who: dict[str, Any] = {"actor": worker.actor, "campaign": campaign}
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            if act == "next":
                if calling.next_call(**who) is None:
                    messages.success(request, say(language(), "calls.nobody"))
                return redirect(request.path)
            if act == "file":
                return _file(worker, number, calling.file(**who)[1])
            if act == "handed":
                messages.success(request, say(language(), "calls.handed", count=calling.handed_over(**who)))
                return redirect(request.path)
            if act not in set(Outcome):
                raise Http404
            given = request.POST.get("call", "")
            call = int(given) if given.isascii() and given.isdecimal() and len(given) < 20 else 0
            calling.told(**who, message_id=call, outcome=Outcome(act))
            messages.success(request, say(language(), f"calls.told.{act}"))
            return redirect(request.path)
        except MessageRefusedError as refused:
            problem = refused.code
    context = worker.context(
        page="campaigns",
        campaign=campaign,
        call=calling.current_call(**who),
        waiting=calling.waiting(campaign=campaign),
        gathered=calling.gathered(campaign=campaign),
        outcomes=list(Outcome),
        centre=any(PHONE in one.carries for one in worker.site.declaration.processors),
        problem=problem,
    )
    return render(request, "staff_web/calls.html", context, status=422 if problem else 200)


def _file(worker: Worker, number: int, given: list[Call]) -> HttpResponse:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["call", "phone", "script"])
    writer.writerows([str(place), inert(call.number), inert(call.script)] for place, call in enumerate(given, 1))
    heads = {"Content-Disposition": f'attachment; filename="{worker.site.key}-calls-{number}.csv"'}
    return HttpResponse(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=heads)
