"""Events that a partner's endpoint did not take (dead letters), and sending them again."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.api import webhooks
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say

SHOWN = 200


def waiting(worker: Worker) -> int:
    """How many events were given up."""
    return webhooks.dead(controller=worker.site.controller).count()


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The endpoints, and what was given up; a POST sends one again."""
    if not worker.keeps_webhooks:
        raise Http404
    rows = webhooks.dead(controller=worker.site.controller)
    if request.method == "POST":
        found = rows.filter(pk=_id(request.POST.get("event", ""))).first()
        if found is not None and webhooks.replay(delivery=found):
            messages.success(request, say(language(), "webhooks.again_done"))
        return redirect("staff_webhooks", worker.site.key)
    endpoints = webhooks.endpoints(controller=worker.site.controller)
    context = worker.context(page="webhooks", rows=rows[:SHOWN], endpoints=endpoints)
    return render(request, "staff_web/webhooks.html", context)


def _id(text: str) -> UUID:
    """The id in a form; one that is nobody's for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
