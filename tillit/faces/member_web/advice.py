"""Min side: advice that the person asks for, fitted to gender where it matters and is not objected to (D13)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.for_customer import advice
from tillit.journeys.person_facts import GENDERS


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """What it is; a POST asks for it, or tells or takes back the gender it is fitted to. Nothing is read before."""
    if not advice.offered(controller=member.site.controller):
        raise Http404
    given, controller = None, member.site.controller
    if request.method == "POST" and "gender" in request.POST:
        try:
            advice.tell(controller=controller, subject_id=member.subject_id, gender=request.POST["gender"])
        except ValueError:
            raise Http404 from None
        messages.success(request, say(language(), "profile.saved"))
        return redirect("advice", member.site.key)
    if request.method == "POST":
        given = advice.ask(controller=member.site.controller, subject_id=member.subject_id)
    context = member.context(page="assistance", given=given, said=said_on(member.site, "advice"), genders=GENDERS)
    return render(request, "member_web/advice.html", context)
