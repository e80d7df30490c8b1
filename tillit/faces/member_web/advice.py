"""Min side: advice that the person asks for, fitted to gender where it matters and is not objected to (D13)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from tillit.faces.member_web.access import Member, member_page
from tillit.journeys.for_customer import advice


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """What it is; a POST asks for it. Nothing is read before that."""
    if not advice.offered(controller=member.site.controller):
        raise Http404
    given = None
    if request.method == "POST":
        given = advice.ask(controller=member.site.controller, subject_id=member.subject_id)
    return render(request, "member_web/advice.html", member.context(page="assistance", given=given))
