"""Not to be counted among visits: one press, and back (G3). The browser remembers it; nobody else does."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from tillit.faces.beacon import OPT_OUT
from tillit.faces.site import site_or_404
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod


@require_POST
def choose(request: HttpRequest, controller: str) -> HttpResponse:
    """Opt out, or in again."""
    site = site_or_404(controller)
    declared = next((item for item in site.declaration.cookies.items if item.name == OPT_OUT), None)
    if site.declaration.visit_statistics is None or declared is None:
        raise Http404
    response = redirect(reverse("cookies", args=[site.key]))
    path = reverse("home", args=[site.key])
    if request.POST.get("count") == "yes":
        response.delete_cookie(OPT_OUT, path=path)
        return response
    now = clock.now()
    response.set_cookie(
        OPT_OUT,
        "1",
        max_age=IsoPeriod.parse(declared.life.period or "P1Y").add_to(now) - now,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
