"""A controller's bonus terms for everybody: rates and offers in force, and every version they have had or will have."""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.bonus.published import terms
from tillit.faces.public_web.sharing import shares
from tillit.faces.site import site_or_404
from tillit.kernel import clock


@require_safe
def programme(request: HttpRequest, controller: str) -> HttpResponse:
    """The terms now, or at the moment `?at=` that one of the page's links names."""
    site = site_or_404(controller)
    now = clock.now()
    at = _moment(request.GET.get("at", "")) or now
    chains = terms(controller_id=site.controller.pk, at=at)
    if site.declaration.programme is None:
        raise Http404
    context = {
        "site": site,
        "chains": chains,
        "at": at,
        "is_now": at == now,
        "declared": site.declaration.programme,
        "shares": shares(request, title=site.name),
    }
    return render(request, "public_web/programme.html", context)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
