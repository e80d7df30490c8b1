"""Address, birth date, gender and national number on Min side (A6), and declared interests (F1)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.declaration.schema import Declaration
from tillit.declaration.statement.wording import Words, sentence
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import identity_page, interests
from tillit.journeys.identity_page import Line
from tillit.journeys.person_facts import GENDERS
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.protection import SEALED

OPENS = {"national_number": "national_number", "address.street": SEALED}
"""Kinds that the person may have shown in clear → the sealed kind; a protected address is shown whole."""


@sensitive_post_parameters("national_number")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """What is known, why and until when; a POST records what may be recorded here, or shows a sealed number."""
    controller = member.site.controller
    if request.method != "POST":
        return _page(request, member)
    if request.POST.get("act") == "show":
        kind = request.POST.get("kind") or "national_number"
        if kind not in OPENS:
            raise Http404
        with member.scope() as scope:
            clear = identity_page.opened(
                scope=scope, controller=controller, subject_id=member.subject_id, kind=OPENS[kind]
            )
        return _page(request, member, clear=clear or "", opened=kind)
    values = typed(request)
    try:
        with member.scope() as scope:
            identity_page.change(
                scope=scope,
                controller=controller,
                subject_id=member.subject_id,
                values=values,
                source="data_subject",
            )
    except (IdentifierError, ValueError, AlreadyClaimedError):
        return _page(request, member, problem="value", values=values)
    messages.success(request, say(language(), "profile.saved"))
    return redirect("identity", member.site.key)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def topics(request: HttpRequest, member: Member) -> HttpResponse:
    """What one is interested in, of what the controller offers; a POST says it anew."""
    site = member.site
    if not site.declaration.topics or interests.activity_for(site.declaration) is None:
        raise Http404
    own: dict[str, Any] = {"actor": member.actor, "controller": site.controller, "subject_id": member.subject_id}
    if request.method == "POST":
        interests.state(**own, topics=request.POST.getlist("topic"))
        messages.success(request, say(language(), "interests.saved"))
        return redirect("interests", site.key)
    context = member.context(
        page="choices", topics=site.declaration.topics, chosen=interests.stated(**own), said=said_on(site, "interests")
    )
    return render(request, "member_web/interests.html", context)


def typed(request: HttpRequest) -> dict[str, str]:
    """What was filled in of the kinds that the page has."""
    given = {kind: request.POST.get(kind, "").strip()[:200] for kind in identity_page.KINDS}
    return {kind: text for kind, text in given.items() if text}


def shown(declared: Declaration, lines: list[Line], spoken: str) -> list[dict[str, Any]]:
    """Each line with why it is held and until when, in the statement's words."""
    words = Words(declared, spoken if spoken in declared.controller.languages else declared.controller.languages[0])
    found = []
    for line in lines:
        why = [
            words.word("activities", activity.key)
            for activity in declared.activities
            if line.category in activity.uses or line.category in activity.records
        ]
        rules = [rule for rule in declared.retention if rule.category == line.category]
        until = dict.fromkeys(sentence(words.retention(rule)) for rule in rules)
        found.append({"line": line, "why": words.listing(why), "until": list(until)})
    return found


def _page(
    request: HttpRequest,
    member: Member,
    *,
    problem: str = "",
    values: dict[str, str] | None = None,
    clear: str = "",
    opened: str = "",
) -> HttpResponse:
    lines = identity_page.own_lines(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
    context = member.context(
        page="profile",
        rows=shown(member.site.declaration, lines, language()),
        may=any(line.may for line in lines),
        genders=GENDERS,
        problem=problem,
        values=values or {},
        clear=clear,
        opened=opened,
        opens=OPENS,
        said=said_on(member.site, "identity"),
    )
    return render(request, "member_web/identity.html", context, status=422 if problem else 200)
