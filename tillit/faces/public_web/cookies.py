"""The cookie policy, and the choice: rejecting is as easy as accepting, and lives as long as declared (G1, G2)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from tillit.declaration.schema import Cookie
from tillit.declaration.statement import build, html
from tillit.faces.public_web.statements import names, spoken
from tillit.faces.signing_in import REMEMBER
from tillit.faces.site import Site, site_or_404
from tillit.kernel import clock
from tillit.kernel.periods import IsoPeriod
from tillit.parties import devices

CHOICE_COOKIE = "tillit_cookie_choice"
CHOICES = ("reject", "accept")


def choice(request: HttpRequest) -> str | None:
    """What the reader has chosen at this controller; `reject` where the browser sends Global Privacy Control."""
    chosen = request.COOKIES.get(CHOICE_COOKIE)
    if chosen in CHOICES:
        return chosen
    return "reject" if request.headers.get("Sec-GPC") == "1" else None


def allowed(request: HttpRequest, item: Cookie) -> bool:
    """Whether the item may be stored in this browser now, and what is stored read: necessary, or said yes to (G2)."""
    return item.kind == "necessary" or choice(request) == "accept"


def notice(request: HttpRequest, site: Site) -> bool:
    """Whether to ask: there is something to choose, and no choice yet."""
    return bool(_optional(site)) and choice(request) is None


def _optional(site: Site) -> list[Cookie]:
    return [item for item in site.declaration.cookies.items if item.kind != "necessary"]


@require_safe
def policy(request: HttpRequest, controller: str) -> HttpResponse:
    """Every cookie and other stored item, from the declaration, and the present choice."""
    site = site_or_404(controller)
    document = build.cookie_policy(site.declaration, spoken(site), names=names())
    context = {
        "site": site,
        "section": "cookies",
        "article": html.render_html(document),
        "title": document.title,
        "choice": choice(request),
        "gpc": request.headers.get("Sec-GPC") == "1",
        "optional": bool(_optional(site)),
    }
    return render(request, "public_web/cookies.html", context)


@require_POST
def choose(request: HttpRequest, controller: str) -> HttpResponse:
    """Store the choice on this controller's pages alone. A no deletes what a yes let in, here and in the browser."""
    site = site_or_404(controller)
    target = request.POST.get("next", "")
    fine = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    response = redirect(target if fine else reverse("cookies", args=[site.key]))
    chosen = request.POST.get("choice", "")
    if chosen in CHOICES:
        now = clock.now()
        lives = IsoPeriod.parse(site.declaration.cookies.choice_lives).add_to(now) - now
        response.set_cookie(
            CHOICE_COOKIE,
            chosen,
            max_age=lives,
            path=reverse("home", args=[site.key]),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    if chosen == "reject":
        devices.forget(token=request.COOKIES.get(REMEMBER, ""))
        for item in _optional(site):
            if item.name in request.COOKIES:
                response.delete_cookie(item.name, path=reverse("home", args=[site.key]))
    return response
