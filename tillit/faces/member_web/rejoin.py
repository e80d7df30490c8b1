"""Joining a union again (B7): both numbers, two codes, what comes back, the terms of today, and back one is."""

from functools import partial
from uuid import UUID

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tillit.faces import signing_in
from tillit.faces.form_notices import said_on
from tillit.faces.member_web import two_numbers
from tillit.faces.member_web.joining import words
from tillit.faces.member_web.lost import letter
from tillit.faces.site import Site, site_or_404
from tillit.journeys import registration, rejoining
from tillit.journeys.joining import Codes
from tillit.journeys.rejoining import RejoinRefusedError
from tillit.kernel.identifiers import email, phone
from tillit.parties.errors import AlreadyClaimedError

_SALT, _LIVES = "tillit.rejoin", 600
_form = partial(two_numbers.form, words="rejoin", page=rejoining.PAGE)
_codes = partial(two_numbers.codes, words="rejoin")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, controller: str) -> HttpResponse:
    """The form, the codes, the offer, the yes. The numbers are in no page, address or session."""
    site = site_or_404(controller)
    if not rejoining.offered(controller=site.controller) or said_on(site, rejoining.PAGE) is None:
        raise Http404
    if request.method != "POST":
        return _form(request, site)
    step = next((one for name, one in (("shown", _join), ("pending", _confirm)) if request.POST.get(name)), _asked)
    return step(request, site)


def _asked(request: HttpRequest, site: Site) -> HttpResponse:
    typed = {key: request.POST.get(key, "").strip()[:254] for key in two_numbers.FIELDS}
    wrong = registration.faults(typed=typed)
    if wrong:
        return _form(request, site, typed={key: typed[key] for key in ("email", "mobile")}, wrong=wrong)
    sent = rejoining.ask(
        controller=site.controller,
        typed=typed,
        network_address=signing_in.network_address(request),
        words=words(request, site, "rejoin.sms_text"),
    )
    kept = {"email": email.normalise(typed["email"]), "mobile": phone.normalise(typed["mobile"])}
    return _codes(request, site, kept, _pack(site, "codes", [kept, [str(sent.email), str(sent.mobile)]]))


def _confirm(request: HttpRequest, site: Site) -> HttpResponse:
    pending = request.POST["pending"]
    try:
        kept, (by_mail, by_phone) = _unpack(site, "codes", pending)
    except signing.BadSignature:
        return _form(request, site, problem="late")
    subject = rejoining.confirm(
        controller=site.controller,
        sent=Codes(UUID(by_mail), UUID(by_phone)),
        email_code=request.POST.get("email_code", ""),
        mobile_code=request.POST.get("mobile_code", ""),
        network_address=signing_in.network_address(request),
    )
    if subject is None:
        return _codes(request, site, kept, pending, wrong=True)
    return _offer(request, site, kept, subject)


def _offer(request: HttpRequest, site: Site, kept: dict[str, str], subject: int, *, problem: str = "") -> HttpResponse:
    try:
        offer = rejoining.offer(controller=site.controller, subject_id=subject)
    except RejoinRefusedError as refused:
        return _refused(request, site, refused.code)
    shown = _pack(site, "offer", [kept, subject, offer.version])
    context = {"site": site, "section": "min_side", "offer": offer, "shown": shown, "problem": problem}
    return render(request, "member_web/rejoin.html", context, status=422 if problem else 200)


def _join(request: HttpRequest, site: Site) -> HttpResponse:
    try:
        kept, subject, version = _unpack(site, "offer", request.POST["shown"])
        if request.POST.get("terms") != "1":
            return _offer(request, site, kept, subject, problem="terms")
        login = rejoining.rejoin(
            controller=site.controller, subject_id=subject, typed=kept, version=version, warning=letter(site)
        )
    except (signing.BadSignature, AlreadyClaimedError) as problem:
        return _form(request, site, problem="taken" if isinstance(problem, AlreadyClaimedError) else "late")
    except RejoinRefusedError as refused:
        if refused.code == "terms-changed":
            return _offer(request, site, kept, subject, problem="changed")
        return _refused(request, site, refused.code)
    if login is None:
        return _refused(request, site, "not-by-oneself")
    signing_in.begin_session(request, login, "registration")
    return redirect("min_side", site.key)


def _refused(request: HttpRequest, site: Site, code: str) -> HttpResponse:
    context = {"site": site, "section": "min_side", "problem": code.replace("-", "_")}
    return render(request, "member_web/rejoin_refused.html", context, status=422)


def _pack(site: Site, step: str, what: list[object]) -> str:
    return signing.dumps(what, salt=f"{_SALT}:{step}:{site.key}")


def _unpack(site: Site, step: str, text: str) -> list:  # type: ignore[type-arg]
    found: list = signing.loads(text, salt=f"{_SALT}:{step}:{site.key}", max_age=_LIVES)  # type: ignore[type-arg]
    return found
