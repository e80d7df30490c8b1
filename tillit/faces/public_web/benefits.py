"""Benefits for everybody to see and pass on (G5): those that all members have, without codes, links or orders."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.benefits import catalogue
from tillit.faces.member_web.benefits import shown
from tillit.faces.public_web.sharing import shares
from tillit.faces.site import Site, site_or_404
from tillit.kernel import clock

_OPEN = ("key", "supplier", "category", "title", "summary", "body", "member_price", "ordinary_price", "last_day")


@require_safe
def listed(request: HttpRequest, controller: str) -> HttpResponse:
    """The benefits every member has, narrowed by words."""
    site, text = _site(controller), request.GET.get("q", "")[:100]
    found = catalogue.public(controller_id=site.controller.pk, at=clock.now(), text=text)
    context = {"site": site, "benefits": [_open(one) for one in found], "text": text}
    return render(request, "public_web/benefits.html", context)


@require_safe
def one(request: HttpRequest, controller: str, benefit: str) -> HttpResponse:
    """A benefit, with buttons to share it. Nothing is counted: who looks may be no member."""
    site = _site(controller)
    found = catalogue.public(controller_id=site.controller.pk, at=clock.now(), benefit=benefit)
    if not found:
        raise Http404
    said = _open(found[0])
    context = {"site": site, "benefit": said, "shares": shares(request, title=said["title"])}
    return render(request, "public_web/benefit.html", context)


def _open(found: catalogue.Listed) -> dict[str, Any]:
    said = shown(found)
    return {name: said[name] for name in _OPEN}


def _site(key: str) -> Site:
    site = site_or_404(key)
    if not site.has_benefits:
        raise Http404
    return site
