"""The check against the population register: how far it has come, how it went, and a run at once (A7)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.population import refresh
from tillit.registers import operations as registers
from tillit.registers import queries
from tillit.registers.client import named
from tillit.registers.errors import RegisterError
from tillit.registers.sources import POPULATION


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """State and last run; a POST runs it now."""
    if not worker.refreshes:
        raise Http404
    controller = worker.site.controller
    try:
        register = named(POPULATION)
    except RegisterError:
        register = None
    if request.method == "POST" and register is not None:
        done = refresh(controller=controller, register=register)
        if not done.failure:
            messages.success(request, say(language(), "population.ran", people=done.asked))
        return redirect("staff_population", worker.site.key)
    feed = registers.feed_of(controller, POPULATION)
    context = worker.context(
        page="population",
        state=queries.state(controller=controller, source=POPULATION, feed=feed),
        named=register is not None,
    )
    return render(request, "staff_web/population.html", context)


def waiting(worker: Worker) -> int:
    """People whom a colleague must look at: the register says otherwise than they do."""
    feed = registers.feed_of(worker.site.controller, POPULATION)
    found = queries.state(controller=worker.site.controller, source=POPULATION, feed=feed)
    return sum(found.outcomes.get(outcome, 0) for outcome in ("another_person", "differs"))
