"""Ways in for who does not remember the address, has never given one, or has lost it (B4, B6, H18)."""

from datetime import date
from functools import partial
from uuid import UUID

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tillit.faces import signing_in
from tillit.faces.form_notices import said_on
from tillit.faces.member_web import two_numbers
from tillit.faces.member_web.joining import words
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import recovery, registration, rejoining
from tillit.journeys.joining import Codes
from tillit.journeys.passwords import declared_way
from tillit.journeys.sign_in_number import request_code_by_number
from tillit.kernel.identifiers import email, phone
from tillit.parties.errors import AlreadyClaimedError, NewAccessRefusedError

_SALT, _LIVES = "tillit.register", 600
_form = partial(two_numbers.form, words="register", page=registration.PAGE)
_codes = partial(two_numbers.codes, words="register")


@never_cache
@require_safe
def lost(request: HttpRequest, controller: str) -> HttpResponse:
    """What to do when nothing of what one has works any more."""
    site = site_or_404(controller)
    ways = registration.offered(site.declaration)
    context = {"site": site, "section": "min_side", "ways": ways}
    context["rejoining"] = rejoining.offered(controller=site.controller)
    return render(request, "member_web/lost.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def number(request: HttpRequest, controller: str) -> HttpResponse:
    """Member number and birth date: a first factor, which a code follows."""
    site = _site(controller, "member_number")
    context = {"site": site, "section": "min_side", "said": said_on(site, "sign_in_number")}
    if request.method != "POST":
        return render(request, "member_web/number.html", context)
    typed = {key: request.POST.get(key, "").strip()[:40] for key in ("member_number", "birth_date")}
    wrong = [] if typed["member_number"] else ["member_number"]
    try:
        born = date.fromisoformat(typed["birth_date"]).isoformat()
    except ValueError:
        wrong.append("birth_date")
    if wrong:
        return render(request, "member_web/number.html", context | {"wrong": wrong, "typed": typed}, status=422)
    code_id = request_code_by_number(
        controller=site.controller,
        number=typed["member_number"],
        birth_date=born,
        network_address=signing_in.network_address(request),
        mail=signing_in.mail(site.name, site.name),
    )
    signing_in.remember_code(request, site.key, code_id)
    return redirect("sign_in_code", site.key)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, controller: str) -> HttpResponse:
    """Register addresses with member number and national number. The numbers are in no page, address or session."""
    site = _site(controller, "registration")
    if said_on(site, registration.PAGE) is None or "registration" not in registration.offered(site.declaration):
        raise Http404
    if request.method != "POST":
        return _form(request, site)
    if request.POST.get("pending"):
        return _confirm(request, site)
    typed = {key: request.POST.get(key, "").strip()[:254] for key in two_numbers.FIELDS}
    wrong = registration.faults(typed=typed)
    if wrong:
        return _form(request, site, typed={key: typed[key] for key in ("email", "mobile")}, wrong=wrong)
    sent = registration.ask(
        controller=site.controller,
        typed=typed,
        network_address=signing_in.network_address(request),
        words=words(request, site, "register.sms_text"),
    )
    kept = {"email": email.normalise(typed["email"]), "mobile": phone.normalise(typed["mobile"])}
    pending = signing.dumps([kept, [str(sent.email), str(sent.mobile)]], salt=f"{_SALT}:{site.key}")
    return _codes(request, site, kept, pending)


def _confirm(request: HttpRequest, site: Site) -> HttpResponse:
    pending = request.POST["pending"]
    try:
        kept, (by_mail, by_phone) = signing.loads(pending, salt=f"{_SALT}:{site.key}", max_age=_LIVES)
    except signing.BadSignature:
        return _form(request, site, problem="late")
    try:
        done = registration.confirm(
            controller=site.controller,
            sent=Codes(UUID(by_mail), UUID(by_phone)),
            typed=kept,
            email_code=request.POST.get("email_code", ""),
            mobile_code=request.POST.get("mobile_code", ""),
            network_address=signing_in.network_address(request),
            warning=letter(site),
        )
    except AlreadyClaimedError:
        return _form(request, site, problem="taken")
    except NewAccessRefusedError as refused:
        return _form(request, site, problem=refused.code.replace("-", "_"))
    if done is None:
        return _codes(request, site, kept, pending, wrong=True)
    if done.login is None:
        context = {"site": site, "section": "min_side", "until": done.waits}
        return render(request, "member_web/register_waits.html", context)
    signing_in.begin_session(request, done.login, "registration")
    return redirect("sign_ins", site.key)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The link in a warning: a GET shows the page and changes nothing; a POST stops the new addresses."""
    done = recovery.stop(token=token) if request.method == "POST" else None
    found = done.controller if done else recovery.named(token)
    if found is None:
        raise Http404
    context = {"site": site_or_404(found.key), "done": done}
    return render(request, "member_web/stop_access.html", context)


def letter(site: Site) -> recovery.Letter:
    """What the old addresses are told, in the reader's language."""
    spoken, name = language(), site.name
    return recovery.Letter(
        subject=say(spoken, "lost.mail_subject", name=name),
        text=say(spoken, "lost.mail_text", name=name),
        sms=say(spoken, "lost.sms_text", name=name),
        sender=name,
        replaced_subject=say(spoken, "profile.mail_changed_subject", name=name),
        replaced_text=say(spoken, "profile.mail_changed", name=name),
    )


def _site(key: str, way: str) -> Site:
    site = site_or_404(key)
    if declared_way(site.declaration, way) is None:
        raise Http404
    return site
