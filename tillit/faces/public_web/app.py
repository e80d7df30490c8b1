"""The installable app (B6, B2): manifest, icons, service worker, the page shown without a network.

What the app asks of a device is what the declaration says: a part whose permission is not declared is not there.
"""

import json
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from io import BytesIO

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from PIL import Image, ImageDraw

from tillit.faces import look
from tillit.faces.beacon import wanted
from tillit.faces.signing_in import network_address
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.membership import app_counts
from tillit.parties.rates import Limit, within

COPY, CALL, NETWORK, PUSH = "offline_copy", "phone_call", "network_state", "push"
KEPT_PAGES = ("membership_card", "vouchers", "cards")
"""Pages of Min side that a person may keep on the device, by the names of their addresses, as far as they are there."""
DAYS = 30
INSTALLS = Limit("app_installed", 20, timedelta(days=1))
SIZES = (180, 192, 512)


def declared(site: Site) -> frozenset[str]:
    """The device permissions that the controller declares."""
    return frozenset(item.key for item in site.declaration.device_permissions)


def kept_pages(site: Site) -> list[str]:
    """Addresses of the pages that may be kept on the device; none where the declaration does not say so."""
    return [path for path, _ in kept_names(site)]


def kept_names(site: Site) -> list[tuple[str, str]]:
    """The same with their names, as (address, wording)."""
    if COPY not in declared(site):
        return []
    there = {"membership_card": site.has_card, "vouchers": site.has_bonus, "cards": site.has_bonus}
    return [(_address(name, site), f"app.kept.{name}") for name in KEPT_PAGES if there[name]]


@require_safe
@cache_control(public=True, max_age=3600)
def manifest(request: HttpRequest, controller: str) -> HttpResponse:
    """The web app manifest."""
    site = _site(controller)
    home = reverse("home", args=[site.key])
    icons = [
        {"src": reverse("icon", args=[site.accent, size]), "sizes": f"{size}x{size}", "type": "image/png"} | purpose
        for size in SIZES[1:]
        for purpose in ({"purpose": "any"}, {"purpose": "maskable"})
    ]
    made = {
        "id": home,
        "name": site.name,
        "short_name": site.name[:12].strip(),
        "description": say(language(), "app.description", name=site.name),
        "lang": language(),
        "start_url": f"{reverse('min_side', args=[site.key])}?app=1",
        "scope": home,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": look.ACCENTS[site.accent],
        "icons": icons,
    }
    return JsonResponse(made, content_type="application/manifest+json")


@require_safe
@cache_control(public=True, max_age=86400)
def icon(request: HttpRequest, accent: str, size: int) -> HttpResponse:
    """The mark on the accent colour, as PNG."""
    if accent not in look.ACCENTS or size not in SIZES:
        raise Http404
    return HttpResponse(drawn(look.ACCENTS[accent], size), content_type="image/png")


@lru_cache(maxsize=64)
def drawn(colour: str, size: int) -> bytes:
    """The mark, `size` pixels square: full-bleed, its tick within the middle that every mask leaves."""
    scale = 4 * size / 32
    image = Image.new("RGB", (4 * size, 4 * size), colour)
    points = [(x * scale, y * scale) for x, y in ((10.5, 16.8), (14.5, 20.8), (21.7, 11.2))]
    ImageDraw.Draw(image).line(points, fill="#ffffff", width=round(2.8 * scale), joint="curve")
    out = BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


@require_safe
@never_cache
def worker(request: HttpRequest, controller: str) -> HttpResponse:
    """The service worker with its settings. Its scope is the controller's own pages."""
    site = _site(controller)
    source = _source()
    frame = [static(name) for name in ("designsystemet/theme.css", "designsystemet/designsystemet.css")]
    frame += [static("tillit/tillit.css"), static("tillit/mark.svg"), reverse("look", args=[site.accent])]
    if site.has_card:  # its page makes codes without a network
        frame += [static("qrcode/qrcode.js"), static("tillit/card.js")]
    offline_page = reverse("app_offline", args=[site.key])
    values = {
        "key": site.key,
        "version": sha256(f"{source}{site.version.number}".encode()).hexdigest()[:12],
        "frame": [*frame, offline_page],
        "kept": kept_pages(site),
        "offline": offline_page,
        "doors": [reverse(name, args=[site.key]) for name in ("sign_out", "sign_in", "join")],
        "outside": f"{reverse('sign_in', args=[site.key])}with/",
        "days": DAYS,
        "network": NETWORK in declared(site),
        "read": reverse("messages", args=[site.key]),
        "icon": reverse("icon", args=[site.accent, 192]),
    }
    answer = HttpResponse(f"const SETTINGS = {json.dumps(values)};\n{source}", content_type="text/javascript")
    answer.headers["Service-Worker-Allowed"] = reverse("home", args=[site.key])
    return answer


@require_safe
@cache_control(public=True, max_age=3600)
def offline(request: HttpRequest, controller: str) -> HttpResponse:
    """What is shown without a network, when nothing was kept: whom to call, and what works."""
    site = _site(controller)
    context = {"site": site, "calls": CALL in declared(site), "kept": kept_names(site)}
    return render(request, "public_web/offline.html", context)


def _site(controller: str) -> Site:
    site = site_or_404(controller)
    if not site.has_app:
        raise Http404
    return site


def _address(name: str, site: Site) -> str:
    return reverse(name, args=[site.key])


@lru_cache(maxsize=1)
def _source() -> str:
    with open(str(finders.find("tillit/worker.js")), encoding="utf-8") as file:
        return file.read()


@csrf_exempt
@never_cache
@require_POST
def installed(request: HttpRequest, controller: str) -> HttpResponse:
    """A browser says that it installed the app: one more in the month's number, and nothing else (B11).

    From our own pages alone, and so many times a day from one network, whose address is not kept.
    """
    site = site_or_404(controller)
    if not site.has_app:
        raise Http404
    ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if ours and wanted(request.META) and within(INSTALLS, f"{site.key}:{network_address(request)}"):
        app_counts.count(controller_id=site.controller.pk, on=clock.today())
    return HttpResponse(status=204)
