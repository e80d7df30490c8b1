"""Another controller takes over: who, when, what differs, and the right to object or leave before the day (A10)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.declaration.queries import current
from tillit.declaration.statement import build
from tillit.declaration.statement.difference import SectionChange, difference
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.public_web.statements import names, spoken
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import taken_over
from tillit.kernel import clock


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """Both statements compared; a POST objects to going along, or takes that back."""
    site = member.site
    found = taken_over.coming(actor=member.actor, controller=site.controller, subject_id=member.subject_id)
    if found is not None and request.method == "POST":
        goes = request.POST.get("goes") == "1"
        taken_over.say(
            actor=member.actor,
            controller=site.controller,
            subject_id=member.subject_id,
            goes=goes,
            wording=say(language(), "handover.object"),
        )
        messages.success(request, say(language(), "handover.goes" if goes else "handover.stays"))
        return redirect("handover", site.key)
    sections: tuple[SectionChange, ...] = ()
    if found is not None:
        other = current(controller_id=found.handover.receiver_id, on=clock.today())
        spoken_in = spoken(site) if spoken(site) in other.controller.languages else other.controller.languages[0]
        pages = [build.statement(one, spoken_in, names=names()) for one in (site.declaration, other)]
        sections = difference(*pages)
    return render(request, "member_web/handover.html", member.context(page="home", found=found, sections=sections))
