"""The newsletter for whoever has no account: asked for here, confirmed from the address (double opt-in, F1)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.signing_in import network_address
from tillit.faces.site import site_or_404
from tillit.journeys.consents import signup
from tillit.journeys.consents.errors import ConsentRefusedError


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, controller: str) -> HttpResponse:
    """The form; a POST sends the link to the address, and says the same whether it is known or not."""
    site = site_or_404(controller)
    said = said_on(site, "newsletter")
    if said is None or signup.offered(site.controller) is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        place = request.build_absolute_uri(reverse("newsletter_confirm", args=["TOKEN"]))
        try:
            signup.ask(
                controller=site.controller,
                address=request.POST.get("email", "")[:254],
                topics=request.POST.getlist("topic")[:50],
                link=place.replace("TOKEN", "{token}"),
                network=network_address(request),
            )
            return redirect("newsletter_asked", site.key)
        except ConsentRefusedError as error:
            problem = error.code
    context = {
        "site": site,
        "said": said,
        "topics": site.declaration.topics,
        "problem": problem,
        "typed": request.POST.get("email", "")[:254],
    }
    return render(request, "public_web/newsletter.html", context, status=422 if problem else 200)


@never_cache
@require_http_methods(["GET", "HEAD"])
def asked(request: HttpRequest, controller: str) -> HttpResponse:
    """What to do now."""
    return render(request, "public_web/newsletter_done.html", {"site": site_or_404(controller), "step": "asked"})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What the link confirms, and a button; a POST is the yes. 404 for a link that is none of ours or too old."""
    found = signup.read(token)
    if found is None:
        raise Http404
    site = site_or_404(found.controller.key)
    if request.method == "POST":
        try:
            signup.confirm(asked=found)
        except ConsentRefusedError:
            raise Http404 from None
    step = "done" if request.method == "POST" else "confirm"
    words = signup.shown_words(found.controller)
    return render(request, "public_web/newsletter_done.html", {"site": site, "step": step, "words": words})
