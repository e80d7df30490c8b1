"""Cards and subscriptions that can be blocked (D2). A number is in the form's body for one call, and no longer."""

import calendar
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.jobs.tasks import start
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.site import Site
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import blocking
from tillit.journeys.sign_in import TooManyTriesError
from tillit.services.errors import ServiceError
from tillit.services.instruments import issuers

NUMBER = "number"
PAGE = "blocking"


@sensitive_post_parameters(NUMBER)
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """What can be blocked, and the blocks; a POST puts one on, takes one off, or blocks what is ticked."""
    site = member.site
    if not blocking.offered(controller=site.controller) or said_on(site, PAGE) is None:
        raise Http404
    if request.method != "POST":
        return _page(request, member)
    own: dict[str, Any] = {"actor": member.actor, "subject_id": member.subject_id}
    act, chosen = request.POST.get("act", ""), _numbers(request)
    try:
        if act == "block":
            blocking.block(**own, controller=site.controller, instrument_ids=chosen, language=language())
            start("blocks")
            messages.success(request, say(language(), "blocking.ordered"))
        elif act == "remove":
            for one in chosen[:1]:
                blocking.take_off(**own, instrument_id=one)
                messages.success(request, say(language(), "blocking.removed"))
        elif act == "add":
            added = blocking.put_on(
                **own,
                controller=site.controller,
                issuer=request.POST.get("issuer", ""),
                number=request.POST.get(NUMBER, "")[:60],
                expires_on=last_day_of(request.POST.get("expires", "")),
            )
            messages.success(request, say(language(), "blocking.added", last_four=added.last_four))
    except (ServiceError, TooManyTriesError) as error:
        return _page(request, member, problem=error.code, act=act)
    return redirect("blocking", site.key)


def _numbers(request: HttpRequest) -> list[int]:
    texts = request.POST.getlist("instrument")[:50]
    numbers = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 20]
    return [one for one in numbers if one < 2**63]


def last_day_of(text: str) -> date | None:
    """`2028-06` → the last day of June 2028, on which the card is still valid."""
    if not text:
        return None
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ServiceError("expires", "that is no month") from None
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _page(request: HttpRequest, member: Member, problem: str = "", act: str = "") -> HttpResponse:
    held, blocks = blocking.mine(actor=member.actor, subject_id=member.subject_id)
    context = member.context(
        page=PAGE,
        held=held,
        blocks=blocks,
        issuers=list(issuers(controller_id=member.site.controller.pk)),
        problem=problem,
        act=act,
        issuer=request.POST.get("issuer", ""),
        expires=request.POST.get("expires", ""),
        said=said_on(member.site, PAGE),
        call=_phone(member.site),
    )
    return render(request, "member_web/blocking.html", context, status=422 if problem else 200)


def _phone(site: Site) -> str:
    """Where to call at any hour: the controller's own line for it, else its phone."""
    said = site.declaration.controller
    lines = {point.key: point.phone for point in said.contact_points}
    return lines.get("blocking_line") or said.phone or ""
