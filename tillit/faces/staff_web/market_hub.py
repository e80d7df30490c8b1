"""The market hub: how it stands, what a colleague should look at, and an exchange at once (E1)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import market_hub
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.power.errors import PowerError
from tillit.power.hub import operations, queries
from tillit.power.hub.client import named
from tillit.power.hub.errors import HubError


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """State and what needs somebody; a POST exchanges messages now, or dismisses one that waits."""
    if not worker.speaks_with_hub:
        raise Http404
    controller = worker.site.controller
    try:
        hub = named(controller)
    except HubError:
        hub = None
    if request.method == "POST":
        row = request.POST.get("dismiss", "")
        try:
            if row:
                market_hub.dismiss(controller=controller, row=int(row) if row.isascii() and row.isdigit() else 0)
            elif hub is not None:
                done = market_hub.exchange(controller=controller, hub=hub)
                if not done.failure:
                    messages.success(request, say(language(), "market_hub.ran", sent=done.sent, read=done.read))
        except PowerError:
            raise Http404 from None
        return redirect("staff_market_hub", worker.site.key)
    state, processes = market_hub.look(actor=worker.actor, controller=controller)
    context = worker.context(page="market_hub", state=state, processes=processes, named=hub is not None)
    return render(request, "staff_web/market_hub.html", context)


def waiting(worker: Worker) -> int:
    """What a colleague should look at."""
    controller = worker.site.controller
    with Scope(worker.actor, operations.ACTIVITY, controllers=frozenset({controller.pk})):
        return queries.state(controller=controller, today=clock.today()).attention
