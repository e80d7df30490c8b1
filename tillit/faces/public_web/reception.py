"""The visitors' own screen at the reception: a name in, a badge number out, nobody else to be seen (H17)."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.office.reception import hosts, operations, queries
from tillit.office.reception.errors import ReceptionError
from tillit.parties import rates
from tillit.parties.rates import Limit

_OFTEN = Limit("reception_screen", 300, timedelta(hours=1))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def screen(request: HttpRequest, controller: str, key: str) -> HttpResponse:
    """Check in or out by oneself. What was typed is shown again only where it has to be mended."""
    site = site_or_404(controller)
    if site.declaration.activity(operations.ACTIVITY) is None or not queries.opens(controller=site.controller, key=key):
        raise Http404
    problem = act = ""
    if request.method == "POST":
        act = "out" if request.POST.get("act") == "out" else "in"
        try:
            messages.success(request, _leave(request, site) if act == "out" else _arrive(request, site))
            return redirect("reception_screen", site.key, key)
        except ReceptionError as refused:
            problem = refused.code
    context = {
        "site": site,
        "said": said_on(site, "reception_screen"),
        "problem": problem,
        "act": act,
        "typed": {name: request.POST.get(name, "")[:200] for name in ("name", "host")} if act == "in" else {},
        "counts_visits": False,  # the address has a key, which is no page's name
    }
    return render(request, "public_web/reception.html", context, status=422 if problem else 200)


def _arrive(request: HttpRequest, site: Site) -> str:
    _often(site)
    said = request.POST
    host = hosts.named(controller=site.controller, text=said.get("host", "")[:200])
    made = operations.check_in(controller=site.controller, name=said.get("name", "")[:1000], host=host)
    return say(language(), "reception.welcome", badge=made.badge)


def _leave(request: HttpRequest, site: Site) -> str:
    _often(site)
    number, name = request.POST.get("badge", "").strip(), request.POST.get("name", "")[:1000]
    badge = int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else 0
    operations.check_out(controller=site.controller, badge=badge, name=name)
    return say(language(), "reception.goodbye")


def _often(site: Site) -> None:
    if not rates.within(_OFTEN, str(site.controller.pk)):
        raise ReceptionError("often", "too many from this screen")
