"""A death, whoever answers for the estate, and a protected address, at the desk (A7)."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import deceased, population, protected
from tillit.journeys.deceased import DeathError
from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import ScopeError
from tillit.parties.deaths import ESTATE
from tillit.parties.errors import NotAssignedError, ProtectionStandsError, RestrictedPersonError
from tillit.registers.sources import POPULATION, grounded

SOURCES = ("third_party", "family_member", "population_register")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """What is on record; a POST records a death or takes it back, protects the address or lifts that, or opens it."""
    activity, subject_id = found_by(request, worker, token)
    if not worker.keeps_register:
        raise Http404
    controller, problem, clear = worker.site.controller, "", ""
    where: dict[str, Any] = {"actor": worker.actor, "controller": controller, "subject_id": subject_id}
    try:
        if request.method == "POST":
            if request.POST.get("act") == "open":
                clear = protected.opened_by(**where, staff=worker.staff, activity=activity) or "–"
            else:
                _act(request, worker, subject_id)
                messages.success(request, say(language(), "profile.saved"))
                return redirect("staff_circumstances", controller.key, token)
    except (IdentifierError, ValueError, DeathError):
        problem = "value"
    except RestrictedPersonError:
        problem = "restricted"
    except ProtectionStandsError:
        problem = "register"
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    try:
        died, estate = deceased.known(**where)
        level, levels = protected.level_of(**where), protected.changeable(**where)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    context = worker.context(
        page="person",
        token=token,
        activity=worker.site.declaration.activity(activity),
        died=died,
        estate=[(kind, request.POST.get(kind) or estate.get(kind, "")) for kind in ESTATE],
        sources=SOURCES,
        level=level,
        levels=levels,
        said_by=protected.SAID_BY,
        clear=clear,
        may_open=protected.may_open(staff=worker.staff, controller=controller),
        asks=grounded(worker.site.declaration, POPULATION),
        problem=problem,
        today=clock.today(),
    )
    return render(request, "staff_web/circumstances.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, worker: Worker, subject_id: int) -> None:
    controller, said = worker.site.controller, request.POST
    where: dict[str, Any] = {"actor": worker.actor, "controller": controller, "subject_id": subject_id}
    act = said.get("act")
    if act == "died":
        if said.get("source") not in SOURCES:
            raise ValueError("source")
        deceased.record_death(
            **where,
            day=date.fromisoformat(said.get("day", "")),
            source=said["source"],
            at=clock.now(),
            estate={kind: said.get(kind, "") for kind in ESTATE},
        )
    elif act == "lives":
        deceased.undo_death(**where, at=clock.now())
    elif act == "protect":
        protected.set_level(**where, level=said.get("level", ""), source=said.get("said_by", "issued"))
    elif act == "ask" and grounded(worker.site.declaration, POPULATION):
        population.ask_about(controller=controller, subject_id=subject_id)
    else:
        raise ValueError("act")
