"""Front page, a controller's home, language, colours, security.txt."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tillit.declaration.forms import form_on
from tillit.declaration.models import Controller
from tillit.declaration.queries import all_current
from tillit.faces import look
from tillit.faces.form_notices import said_on
from tillit.faces.public_web.cookies import notice
from tillit.faces.site import own_page, site_or_404
from tillit.faces.texts import languages
from tillit.journeys import beginning
from tillit.kernel import clock
from tillit.kernel.collation import Ordered, sort_key


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The controllers of this installation."""
    controllers = Controller.objects.filter(versions__isnull=False).distinct().order_by(Ordered("name"))
    return render(request, "public_web/front.html", {"controllers": controllers})


_BEGIN = ("order_service", "become_customer", "contact")
_OUTREACH = (
    ("benefit_delivery", "public_benefits", "benefits.title"),
    ("seminars", "seminars", "seminars.title"),
    ("competitions", "competitions", "competitions.title"),
    ("surveys", "draws", "draws.title"),
    ("tip_a_friend", "tip", "tips.title"),
    ("recruitment", "job_application", "jobs.title"),
)


@require_safe
def home(request: HttpRequest, controller: str) -> HttpResponse:
    """A controller's front page."""
    site = site_or_404(controller)
    context = {
        "site": site,
        "cookie_notice": notice(request, site),
        "joins": said_on(site, "join") is not None,
        "begins": [
            one
            for one in _BEGIN
            if form_on(site.declaration, one) is not None
            and (one != beginning.ORDER or beginning.products(controller=site.controller))
        ],
        "outreach": [(name, title) for activity, name, title in _OUTREACH if site.declaration.activity(activity)],
    }
    return render(request, "public_web/home.html", context)


@require_safe
def departments(request: HttpRequest, controller: str) -> HttpResponse:
    """The directory of an operator's departments, each a controller of its own, and how to reach it (A1)."""
    site = site_or_404(controller)
    own = site.declaration.controller.arrangement
    if own.kind != "department":
        raise Http404
    found = [declared.controller for _, declared in all_current(on=clock.today()).values()]
    same = [one for one in found if (one.arrangement.kind, one.arrangement.operator) == (own.kind, own.operator)]
    context = {"site": site, "operator": own.operator, "found": sorted(same, key=lambda one: sort_key(one.name))}
    return render(request, "public_web/departments.html", context)


_KEPT = ("keyboard", "reader", "contrast", "zoom", "scripts", "checked")
_LIMITS = ("people", "pdf")


@require_safe
def accessibility(request: HttpRequest, controller: str) -> HttpResponse:
    """The accessibility statement: what is done, what is known to be missing, whom to tell."""
    context = {
        "site": site_or_404(controller),
        "section": "accessibility",
        "kept": [f"accessibility.{key}" for key in _KEPT],
        "limits": [f"accessibility.{key}" for key in _LIMITS],
    }
    return render(request, "public_web/accessibility.html", context)


@csrf_exempt  # changes nothing of worth, and needs no cookie on pages that ask for nothing else
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language until the browser is closed, and go back to the page."""
    response = redirect(own_page(request.POST.get("next", "")) or "/")
    chosen = request.POST.get("language", "")
    if chosen in languages():
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            path="/",
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    return response


@require_safe
@cache_control(public=True, max_age=3600)
def look_sheet(_request: HttpRequest, accent: str) -> HttpResponse:
    """The accent colour and its shades as a style sheet."""
    if accent not in look.ACCENTS:
        raise Http404
    return HttpResponse(look.stylesheet(look.ACCENTS[accent]), content_type="text/css; charset=utf-8")


@require_safe
@never_cache
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a weakness (RFC 9116). Said to hold for 90 days from now: as long as we answer."""
    lines = [
        *(f"Contact: {contact}" for contact in settings.SECURITY_CONTACTS),
        f"Expires: {(clock.now() + timedelta(days=90)):%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: nb, en",
        f"Canonical: {request.build_absolute_uri('/.well-known/security.txt')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
