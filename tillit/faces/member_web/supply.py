"""Own metering points and contracts on Min side, what one tells of the home, and the app (E1, E7)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.supply_shown import DWELLINGS, HEATINGS
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import energy_app, power_supply
from tillit.kernel import clock
from tillit.power.errors import PowerError

_MOST = {"area_m2": 5000, "persons": 30, "built": 2100}


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """What one has; a POST tells of the home, takes the app into use, or deletes it."""
    site = member.site
    if not site.has_power:
        raise Http404
    problem = ""
    if request.method == "POST":
        problem = _act(request, member)
        if not problem:
            return redirect("supply", site.key)
    with member.scope() as scope:
        view = power_supply.view(
            scope=scope, controller=site.controller, subject_ids=member.people, today=clock.today()
        )
    offered = energy_app.offered(site.declaration)
    context = member.context(
        page="supply",
        view=view,
        app=energy_app.state(controller=site.controller, subject_id=member.subject_id) if offered else None,
        app_said=said_on(site, "supply_app"),
        said=said_on(site, "supply"),
        dwellings=DWELLINGS,
        heatings=HEATINGS,
        problem=problem,
    )
    return render(request, "member_web/supply.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, member: Member) -> str:
    """Do what the form asks; the code of what was refused, '' when it was done."""
    act, spoken = request.POST.get("act", ""), language()
    where: dict[str, Any] = {"controller": member.site.controller, "subject_id": member.subject_id}
    try:
        if act == "start":
            energy_app.start(**where, actor=member.actor, at=clock.now())
            messages.success(request, say(spoken, "supply.app_started"))
        elif act == "delete":
            if request.POST.get("sure") != "1":
                return "sure"
            gone = energy_app.delete(**where, actor=member.actor, how="min_side", at=clock.now())
            messages.success(request, say(spoken, "supply.app_deleted", rows=sum(gone.values())))
        elif act == "home":
            power_supply.tell_household(**where, point_id=_number(request, "point"), facts=_home(request))
            messages.success(request, say(spoken, "profile.saved"))
        else:
            raise Http404
    except PowerError as error:
        return error.code
    except ValueError:
        return "value"
    return ""


def _home(request: HttpRequest) -> dict[str, Any]:
    said = request.POST
    facts: dict[str, Any] = {
        "dwelling": said.get("dwelling", "") if said.get("dwelling", "") in DWELLINGS else "",
        "heating": said.get("heating", "") if said.get("heating", "") in HEATINGS else "",
        "vehicle": {"yes": True, "no": False}.get(said.get("vehicle", "")),
    }
    for name, most in _MOST.items():
        text = said.get(name, "").strip()
        if text and not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= most):
            raise ValueError(name)
        facts[name] = int(text) if text else None
    return facts


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    bare = text.lstrip("-")
    if not (bare.isascii() and bare.isdigit() and len(bare) < 20):
        raise Http404
    return int(text)
