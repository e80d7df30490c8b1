"""New terms, where they are to be accepted anew: what changes, what waits, yes, or leave instead (A4)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.member_web.access import Member, member_page
from tillit.faces.public_web.statements import differing
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import terms
from tillit.kernel import clock


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The new terms beside the old; a POST accepts the version that was shown."""
    controller = member.site.controller
    if request.method == "POST":
        number = request.POST.get("version", "")
        try:
            terms.accept(
                actor=member.actor,
                controller=controller,
                subject_id=member.subject_id,
                number=int(number) if number.isdecimal() and len(number) < 9 else 0,
                route="min_side",
                at=clock.now(),
            )
        except terms.TermsError:
            messages.error(request, say(language(), "terms.changed"))
            return redirect("terms", member.site.key)
        messages.success(request, say(language(), "terms.done"))
        return redirect("min_side", member.site.key)
    asked = terms.asked(controller=controller, subject_id=member.subject_id)
    sections = differing(member.site, asked.accepted or asked.version.number - 1, asked.version.number) if asked else ()
    return render(request, "member_web/terms.html", member.context(page="home", asked=asked, sections=sections))
