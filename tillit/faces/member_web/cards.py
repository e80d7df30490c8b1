"""Cards and accounts on the BonusID (C4). The number is in the form's body for one call, and nowhere after it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import cards
from tillit.purchases.errors import InstrumentRefusedError

NUMBER = "number"


@sensitive_post_parameters(NUMBER)
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The cards, with a form for one more; a POST adds, removes or puts back."""
    if not cards.offered(controller=member.site.controller) or said_on(member.site, "cards") is None:
        raise Http404
    if request.method != "POST":
        return _page(request, member)
    act, which = request.POST.get("act", ""), card_id(request)
    own: dict[str, Any] = {"actor": member.actor, "subject_id": member.subject_id}
    spoken, site = language(), member.site
    try:
        if act == "remove" and cards.remove(**own, instrument_id=which):
            messages.success(request, say(spoken, "cards.removed"))
        elif act == "put_back" and cards.put_back(**own, controller=site.controller, instrument_id=which):
            messages.success(request, say(spoken, "cards.is_back"))
        elif act == "add":
            if request.POST.get("own") != "1":
                return _page(request, member, problem="own")
            added = cards.add(**own, controller=site.controller, number=request.POST.get(NUMBER, ""))
            messages.success(request, say(spoken, "cards.added", last_four=added.last_four))
    except InstrumentRefusedError as error:
        return _page(request, member, problem=error.code)
    return redirect("cards", site.key)


def card_id(request: HttpRequest) -> int:
    """The id in a form; 0 for what is none."""
    text = request.POST.get("card", "")
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return found if found < 2**63 else 0


def _page(request: HttpRequest, member: Member, problem: str = "") -> HttpResponse:
    used, removed = cards.mine(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
    context = member.context(
        page="cards", used=used, removed=removed, problem=problem, said=said_on(member.site, "cards")
    )
    return render(request, "member_web/cards.html", context, status=422 if problem else 200)
