"""The cookie policy, and the choice per purpose: rejecting is as easy as accepting (G1, G2).

The browser holds a random id, which is the proof's on the server, and the purposes said yes to. When other cookies are
declared than were asked about, we ask again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tillit.consent import cookies as choices
from tillit.consent.models import CookieChoice
from tillit.declaration.site_parts import Cookie
from tillit.declaration.statement import build, html
from tillit.faces.beacon import wanted
from tillit.faces.public_web.statements import names, spoken
from tillit.faces.signing_in import REMEMBER
from tillit.faces.site import Site, own_page, site_or_404
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.parties import devices

CHOICE_COOKIE = "tillit_cookie_choice"


@dataclass(frozen=True)
class Chosen:
    """What this browser has chosen: the proof's id, none where the browser itself says no (GPC), and the purposes."""

    proof: UUID | None
    purposes: frozenset[str]


def chosen(request: HttpRequest, site: Site) -> Chosen | None:
    """The choice at this controller, as long as what was asked is what is declared; None where nothing was chosen.

    Global Privacy Control, where nothing was chosen, is a no to all.
    """
    held = _held(request)
    if held is not None and held[1] == choices.asked(site.declaration):
        return Chosen(held[0], held[2] & set(choices.optional_purposes(site.declaration)))
    return Chosen(None, frozenset()) if request.headers.get("Sec-GPC") == "1" else None


def allowed(request: HttpRequest, site: Site, item: Cookie) -> bool:
    """Whether the item may be stored in this browser now, and what is stored read: necessary, or said yes to (G2)."""
    if item.kind == "necessary":
        return True
    choice = chosen(request, site)
    return choice is not None and item.group in choice.purposes


def notice(request: HttpRequest, site: Site) -> bool:
    """Whether to ask: there is something to choose, and no choice yet."""
    return bool(choices.optional_purposes(site.declaration)) and chosen(request, site) is None


@require_safe
def policy(request: HttpRequest, controller: str) -> HttpResponse:
    """Every cookie and other stored item, from the declaration, and the present choice with its proof."""
    site = site_or_404(controller)
    document = build.cookie_policy(site.declaration, spoken(site), names=names())
    choice = chosen(request, site)
    declared = site.declaration.cookies.purposes
    optional = choices.optional_purposes(site.declaration)
    context = {
        "site": site,
        "section": "cookies",
        "article": html.render_html(document),
        "title": document.title,
        "choice": choice,
        "state": _state(request, choice, optional),
        "purposes": [(key, declared[key], choice is not None and key in choice.purposes) for key in optional],
        "visits": site.declaration.visit_statistics,
        "counted": wanted(request.META),
        "proof": CookieChoice.objects.filter(pk=choice.proof).first() if choice and choice.proof else None,
    }
    return render(request, "public_web/cookies.html", context)


@require_POST
def choose(request: HttpRequest, controller: str) -> HttpResponse:
    """Store the choice on this controller's pages alone. A no deletes what a yes let in, here and in the browser."""
    site = site_or_404(controller)
    response = redirect(own_page(request.POST.get("next", "")) or reverse("cookies", args=[site.key]))
    optional = choices.optional_purposes(site.declaration)
    said = {"reject": [], "accept": optional, "some": request.POST.getlist("purpose")}.get(
        request.POST.get("choice", "")
    )
    if said is None:
        return response
    now, held = clock.now(), _held(request)
    proof = choices.choose(
        version=site.version,
        declaration=site.declaration,
        purposes=said,
        instead_of=held[0] if held else None,
        at=now,
    )
    response.set_cookie(
        CHOICE_COOKIE,
        ".".join([proof.pk.hex, choices.asked(site.declaration), *proof.purposes]),
        max_age=IsoPeriod.parse(site.declaration.cookies.choice_lives).add_to(now) - now,
        path=reverse("home", args=[site.key]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    _delete_others(request, response, site, proof.purposes)
    return response


def _delete_others(request: HttpRequest, response: HttpResponse, site: Site, purposes: Collection[str]) -> None:
    """What stands under a purpose that was not said yes to goes: here and in the browser."""
    gone = {item.name for item in choices.refused(site.declaration, purposes)}
    if REMEMBER in gone:
        devices.forget(token=request.COOKIES.get(REMEMBER, ""))
    for name in gone & set(request.COOKIES):
        response.delete_cookie(name, path=reverse("home", args=[site.key]))


def _state(request: HttpRequest, choice: Chosen | None, optional: list[str]) -> str:
    if choice is None:
        return "undecided"
    if choice.proof is None:
        return "gpc"
    if not choice.purposes:
        return "rejected"
    return "accepted" if choice.purposes == set(optional) else "some"


def _held(request: HttpRequest) -> tuple[UUID, str, frozenset[str]] | None:
    """(proof, what was asked, purposes) as the browser holds them; None when it holds no choice of ours."""
    proof, _, rest = request.COOKIES.get(CHOICE_COOKIE, "").partition(".")
    asked, *purposes = rest.split(".")
    try:
        return UUID(hex=proof), asked, frozenset(purposes)
    except ValueError:
        return None
