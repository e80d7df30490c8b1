"""The services a person has, can have, ends and takes back (D1, D10, D12)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.requests import number_of
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import agreements
from tillit.services.errors import ServiceError

PAGE = "services"


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """What the person has and can have; a POST orders, ends, or undoes an ending."""
    site = member.site
    if not agreements.offered(controller=site.controller) or said_on(site, PAGE) is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            messages.success(request, say(language(), f"services.done.{_act(request, member)}"))
        except ServiceError as error:
            problem = error.code
        else:
            return redirect("services", site.key)
    mine = agreements.mine(actor=member.actor, controller=site.controller, subject_id=member.subject_id)
    context = member.context(
        page=PAGE, mine=mine, problem=problem, said=said_on(site, PAGE), chosen=request.POST.get("product", "")
    )
    return render(request, "member_web/services.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, member: Member) -> str:
    own: dict[str, Any] = {
        "actor": member.actor,
        "controller": member.site.controller,
        "subject_id": member.subject_id,
    }
    act = request.POST.get("act", "")
    if act in {"order", "order_free"}:
        agreements.subscribe(
            **own,
            product=request.POST.get("product", "")[:60],
            birth_date=request.POST.get("birth_date", "")[:10],
            free=act == "order_free",
        )
    elif act in {"end", "undo"}:
        number = number_of(request.POST.get("agreement", ""))
        (agreements.end if act == "end" else agreements.undo)(**own, agreement_id=number)
    else:
        raise Http404
    return act
