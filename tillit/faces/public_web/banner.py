"""The banner for the controller's other sites (G2, docs/cookies.md): one script, the register it asks about, the proof.

`/<controller>/cookies/v1/` is a contract: what stands there keeps its form, another form gets another number. The
register and the choice are the ones of the controller's own pages; only declared sites may ask for them (CORS).
"""

from collections import defaultdict
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tillit.consent import cookies as choices
from tillit.faces.signing_in import network_address
from tillit.faces.site import Site, site_or_404
from tillit.faces.texts import languages, say
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.parties.rates import Limit, truncated, within

FOLDER = Path(__file__).parents[1] / "static" / "tillit"
PER_NETWORK = Limit("cookie_banner", 120, timedelta(minutes=1))
_TEXTS = {
    "title": "cookie_notice.title",
    "more": "cookie_notice.more",
    "purposes": "cookies.purposes",
    "reject": "cookie_notice.reject",
    "some": "cookies.save",
    "accept": "cookie_notice.accept",
    "failed": "cookie_notice.failed",
}
_PROBLEMS = {
    "site-undeclared": (403, "The declaration names no such site of the controller."),
    "register-changed": (409, "Other cookies are declared than were asked about. Ask again."),
    "too-many-calls": (429, "Too many choices from one network in a minute."),
}


@require_safe
def script(request: HttpRequest, controller: str) -> HttpResponse:
    """The script. Any page may load it: it does nothing where the register is not given."""
    site_or_404(controller)
    response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@cache
def _script() -> bytes:
    """The script without the indents and the comment at its head: it is to be small."""
    lines = (FOLDER / "banner.js").read_bytes().splitlines()
    return b"\n".join(line.lstrip(b"\t") for line in lines if not line.startswith(b"//"))


@require_safe
def register(request: HttpRequest, controller: str) -> HttpResponse:
    """What is asked about, in the reader's language, and what goes where the answer is no."""
    site = site_or_404(controller)
    if "Origin" in request.headers and _origin(request, site) is None:
        return _problem("site-undeclared")
    spoken = _language(request, site)
    policy = site.declaration.cookies
    texts = {name: say(spoken, key) for name, key in _TEXTS.items()}
    texts["text"] = say(spoken, "cookie_notice.text", name=site.name)
    told = {
        "asked": choices.asked(site.declaration),
        "language": spoken,
        "purposes": [
            [key, policy.purposes[key].get(spoken) or next(iter(policy.purposes[key].values()))]
            for key in choices.optional_purposes(site.declaration)
        ],
        "items": _items(site),
        "texts": texts,
        "sheet": (FOLDER / "banner.css").read_text(encoding="utf-8"),
    }
    response = _shared(request, site, JsonResponse(told))
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


@csrf_exempt  # nothing of the visitor's is read or used: no cookie, no session
@require_POST
def choose(request: HttpRequest, controller: str) -> HttpResponse:
    """Keep the choice as on the controller's own pages; answers the proof's number and how long the choice lives."""
    site = site_or_404(controller)
    if _origin(request, site) is None:
        return _problem("site-undeclared")
    if not within(PER_NETWORK, truncated(network_address(request))):
        return _shared(request, site, _problem("too-many-calls"))
    if request.POST.get("asked") != choices.asked(site.declaration):
        return _shared(request, site, _problem("register-changed"))
    now = clock.now()
    proof = choices.choose(
        version=site.version,
        declaration=site.declaration,
        purposes=request.POST.getlist("purpose"),
        instead_of=_number(request.POST.get("instead_of", "")),
        at=now,
    )
    lives = IsoPeriod.parse(site.declaration.cookies.choice_lives).add_to(now) - now
    told = {"proof": proof.pk.hex, "purposes": proof.purposes, "lives": int(lives.total_seconds())}
    response = _shared(request, site, JsonResponse(told, status=201))
    response.headers["Cache-Control"] = "no-store"
    return response


def _items(site: Site) -> list[list[Any]]:
    """(name, storage, purposes it stands under) of what may go: every optional item that is not also necessary."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in choices.refused(site.declaration, ()):
        groups[item.name, item.storage].append(item.group)
    return [[name, storage, purposes] for (name, storage), purposes in groups.items() if storage != "beacon"]


def _language(request: HttpRequest, site: Site) -> str:
    """The language of the page that asks, else the controller's first."""
    wanted = request.GET.get("lang", "").lower().split("-")[0]
    wanted = {"no": "nb", "nn": "nb"}.get(wanted, wanted)
    spoken = [one for one in site.declaration.controller.languages if one in languages()]
    return wanted if wanted in spoken else spoken[0]


def _origin(request: HttpRequest, site: Site) -> str | None:
    """The origin that asks, where it is one of the controller's sites."""
    origin = request.headers.get("Origin", "")
    return origin if origin in choices.origins(site.declaration) else None


def _shared(request: HttpRequest, site: Site, response: HttpResponse) -> HttpResponse:
    """The answer, which the asking site may read; never with what the browser holds of ours."""
    response.headers["Vary"] = "Origin"
    if origin := _origin(request, site):
        response.headers["Access-Control-Allow-Origin"] = origin
    return response


def _problem(code: str) -> HttpResponse:
    status, title = _PROBLEMS[code]
    document = {"type": f"urn:tillit:problem:{code}", "title": title, "status": status, "code": code}
    response = JsonResponse(document, status=status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _number(text: str) -> UUID | None:
    try:
        return UUID(hex=text)
    except ValueError:
        return None
