"""Audiences for advertising elsewhere: size with the reason for every exclusion, sending, history (B10)."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel.scope import Scope
from tillit.outreach.audiences import operations, queries
from tillit.outreach.audiences.errors import AudienceError, NetworkError
from tillit.outreach.audiences.models import Audience

RUNS = 20


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The audiences; a POST makes one, fills one or ends one."""
    if not worker.advertises:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            _act(request, worker)
        except (AudienceError, NetworkError) as error:
            problem = error.code
        else:
            return redirect("staff_advertising", worker.site.key)
    controller = worker.site.controller
    listed = queries.audiences(controller=controller)
    networks = [(one, bool(settings.AUDIENCES.get(one.key))) for one in queries.networks(worker.site.declaration)]
    context = worker.context(
        page="advertising",
        reach=queries.reach(controller=controller),
        networks=networks,
        ready=any(there for _, there in networks),
        audiences=[(one, one.runs.order_by("-at")[:RUNS]) for one in listed],
        names={one.key: one.name for one in worker.site.declaration.processors},
        problem=problem,
        typed=request.POST.get("name", "")[:80],
    )
    return render(request, "staff_web/advertising.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, worker: Worker) -> None:
    controller, said = worker.site.controller, request.POST
    if said.get("act") == "make":
        with Scope(worker.actor, queries.ACTIVITY) as scope:
            audience = operations.make(
                scope=scope, controller=controller, network=said.get("network", ""), name=said.get("name", "")
            )
        run = operations.fill(audience=audience)
    else:
        number = said.get("audience", "")
        mine = Audience.objects.filter(controller=controller, ended_at__isnull=True)
        found = mine.filter(pk=int(number)).first() if number.isdigit() and len(number) < 19 else None
        if found is None:
            raise Http404
        if said.get("act") == "end":
            operations.end(audience=found)
            messages.success(request, say(language(), "advertising.ended"))
            return
        run = operations.fill(audience=found)
    if run is None:
        messages.info(request, say(language(), "advertising.nothing"))
    else:
        messages.success(request, say(language(), "advertising.done", added=run.added, removed=run.removed))
