"""Applying for work, with files (H16). The form says the same to everybody, whoever applied before."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tillit.cases.errors import CaseError
from tillit.faces.form_notices import said_on
from tillit.faces.signing_in import network_address
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys import keeping_applications
from tillit.office.recruitment import keeping, operations
from tillit.office.recruitment.errors import ApplicationError
from tillit.office.recruitment.operations import Applied
from tillit.parties import rates
from tillit.parties.rates import Limit

_OFTEN = Limit("job_application", 10, timedelta(hours=1))
_FIELDS = {"name": 200, "email": 254, "phone": 30, "position": 121, "letter": operations.LONGEST + 1}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest, controller: str) -> HttpResponse:
    """The form; a POST sends the application."""
    site = site_or_404(controller)
    said = said_on(site, "job_application")
    if said is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            _apply(request, site)
        except (ApplicationError, CaseError) as refused:
            problem = refused.code
        else:
            messages.success(request, say(language(), "jobs.sent"))
            return redirect("job_application", site.key)
    typed = {name: request.POST.get(name, "")[:longest] for name, longest in _FIELDS.items()} if problem else {}
    context = {"site": site, "said": said, "typed": typed, "problem": problem, "most": operations.MOST_FILES}
    return render(request, "public_web/jobs.html", context, status=422 if problem else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest, controller: str, token: str) -> HttpResponse:
    """Agree that the application is kept longer, or take it back. A GET shows what is asked and changes nothing."""
    site = site_or_404(controller)
    asked = keeping.read(token)
    if asked is None or asked.controller.pk != site.controller.pk:
        raise Http404
    if request.method == "POST":
        on = request.POST.get("on") == "1"
        try:
            keeping_applications.say(asked=asked, on=on)
        except ApplicationError:
            raise Http404 from None
        messages.success(request, say(language(), "jobs.kept_longer" if on else "jobs.taken_back"))
        return redirect(request.path)
    length = keeping_applications.period(asked)
    context = {
        "site": site,
        "words": keeping_applications.words(asked),
        "length": length.describe(language()) if length else "",
        "standing": keeping_applications.standing(asked),
    }
    return render(request, "public_web/job_keep.html", context)


def _apply(request: HttpRequest, site: Site) -> None:
    bodies = uploaded(request, "file")
    if not rates.within(_OFTEN, rates.truncated(network_address(request))):
        raise ApplicationError("often", "too many applications from here for now")
    said = {name: request.POST.get(name, "")[:longest] for name, longest in _FIELDS.items()}
    operations.apply(controller=site.controller, sent=Applied(**said, files=bodies), language=language())
