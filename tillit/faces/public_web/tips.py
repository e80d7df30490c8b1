"""Tip a friend: a form, one mail, and nothing kept (B8)."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.faces.signing_in import network_address
from tillit.faces.site import site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.outreach.competitions.queries import open_ones
from tillit.outreach.seminars.queries import coming
from tillit.outreach.tips.errors import TipError
from tillit.outreach.tips.operations import ACTIVITY, LONGEST, LONGEST_NAME, Tip, send
from tillit.parties import rates


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tip(request: HttpRequest, controller: str) -> HttpResponse:
    """The form, or that it is sent. 404 where the controller has no such thing."""
    site = site_or_404(controller)
    declared = site.declaration.activity(ACTIVITY)
    if declared is None:
        raise Http404
    pages = _pages(site)
    said, problem, sent = request.POST, "", False
    if request.method == "POST":
        chosen = said.get("about", "") if said.get("about", "") in pages else next(iter(pages))
        made = Tip(
            to=said.get("to", "")[:254],
            name=said.get("name", "")[: LONGEST_NAME + 1],
            words=said.get("words", "")[: LONGEST + 1],
            title=pages[chosen],
            page=f"{settings.SITE_URL}{chosen}",
        )
        network = rates.truncated(network_address(request))
        try:
            send(controller=site.controller, tip=made, network=network, language=language())
            sent = True
        except TipError as refused:
            problem = refused.code
    context: dict[str, Any] = {
        "site": site,
        "purpose": declared.purpose,
        "pages": list(pages.items()),
        "typed": {} if sent else {name: said.get(name, "")[:300] for name in ("to", "name", "words", "about")},
        "about": request.GET.get("about", ""),
        "problem": problem,
        "sent": sent,
        "longest": LONGEST,
        "longest_name": LONGEST_NAME,
    }
    return render(request, "public_web/tip.html", context, status=422 if problem else 200)


def _pages(site: Any) -> dict[str, str]:
    """What one may tip about: public pages of ours, address → title. Never one that says who looks at it."""
    found = {reverse("home", args=[site.key]): site.name}
    if site.declaration.activity("competitions"):
        for one in open_ones(controller=site.controller)[:20]:
            found[reverse("competition", args=[site.key, one.pk])] = _title(one.texts)
    if site.declaration.activity("seminars"):
        for each in coming(controller=site.controller)[:20]:
            found[reverse("seminar", args=[site.key, each.pk])] = _title(each.texts)
    return found


def _title(texts: dict[str, dict[str, str]]) -> str:
    return str((texts.get(language()) or next(iter(texts.values())))["title"])
