"""Setting up the second factor, at the first sign-in and later: authenticator app, passkeys, recovery codes."""

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tillit.faces import passkey_forms, signing_in
from tillit.faces.staff_web.sign_in import begin, owing
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import staff_sign_in
from tillit.parties import factors, passkeys
from tillit.parties.errors import FactorError
from tillit.parties.models import StaffMember

_KIND = "staff_add"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """The authenticator app: its QR code and secret, and the code that shows it works."""
    staff = _who(request)
    if staff is None:
        return _away(request)
    first = not factors.of(login_id=staff.login_id).enrolled
    try:
        base32 = factors.begin_time_code(login=staff.login)
    except FactorError:
        return redirect("staff_security")
    problem = ""
    if request.method == "POST":
        if staff_sign_in.set_up_app(staff=staff, typed=request.POST.get("code", "")[:40]):
            return _done(request, staff, "email_code_totp", first=first)
        problem = "wrong"
    issuer = say(language(), "staff_sign_in.sender")
    address = factors.app_address(base32=base32, issuer=issuer, account=staff.email)
    context = {
        "picture": segno.make(address, error="m").svg_inline(
            border=2, svgclass=None, lineclass=None, omitsize=True, title=say(language(), "second.picture")
        ),
        "secret": " ".join(base32[at : at + 4] for at in range(0, len(base32), 4)),
        "problem": problem,
        "first": first,
    }
    return render(request, "staff_web/set_up.html", context, status=422 if problem else 200)


@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What the browser asks the device to make."""
    staff = _who(request)
    if staff is None:
        return _away(request)
    return passkey_forms.offer(request, _KIND, passkeys.begin_adding(login=staff.login, place=_place(request)))


@never_cache
@require_POST
def passkey(request: HttpRequest) -> HttpResponse:
    """The passkey the device made."""
    staff = _who(request)
    if staff is None:
        return _away(request)
    first = not factors.of(login_id=staff.login_id).enrolled
    given = passkey_forms.answered(request, _KIND)
    try:
        staff_sign_in.add_passkey(
            staff=staff,
            place=_place(request),
            state=given[0],
            answer=given[1],
            device=signing_in.device(request),
        )
    except FactorError:
        messages.error(request, say(language(), "passkey.trouble"))
        return redirect("staff_set_up" if first else "staff_security")
    return _done(request, staff, "email_code_passkey", first=first)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def security(request: HttpRequest) -> HttpResponse:
    """One's own factors and sessions; what changes them asks for a factor first."""
    if not request.user.is_authenticated:
        return redirect("staff_sign_in")
    staff = _who(request)
    if staff is None:
        return _away(request)
    login_id, act = staff.login_id, request.POST.get("act", "")
    if request.method == "POST":
        if act == "session":
            signing_in.end_sessions(request, login_id, request.POST.get("session", ""))
            messages.success(request, say(language(), "sign_ins.ended"))
        elif act == "codes":
            return _codes(request, staff)
        elif act in {"totp", "passkey"}:
            try:
                staff_sign_in.remove_factor(staff=staff, kind=act, passkey=request.POST.get("passkey", ""))
            except FactorError:
                messages.error(request, say(language(), "second.last"))
            else:
                messages.success(request, say(language(), "second.removed"))
        return redirect("staff_security")
    context = {
        "factors": factors.of(login_id=login_id),
        "sessions": signing_in.sessions_of(request, login_id),
        "page": "security",
    }
    return render(request, "staff_web/security.html", context)


def _who(request: HttpRequest) -> StaffMember | None:
    """Who may set up a factor here: at the first sign-in with none yet, or signed in and just shown one."""
    staff = owing(request)
    if staff is None:
        return None
    if request.user.is_authenticated:
        return staff if signing_in.is_fresh(request) else None
    return None if factors.of(login_id=staff.login_id).enrolled else staff


def _away(request: HttpRequest) -> HttpResponse:
    """To where a factor is shown, and back to the page of one's own."""
    if owing(request) is None:
        return redirect("staff_sign_in")
    answer = redirect("staff_factor")
    answer["Location"] += "?next=/staff/sign-in/security/" if request.user.is_authenticated else ""
    return answer


def _done(request: HttpRequest, staff: StaffMember, method: str, *, first: bool) -> HttpResponse:
    """The first factor begins the session and brings recovery codes; a later one is one more."""
    if not first:
        messages.success(request, say(language(), "second.added"))
        return redirect("staff_security")
    begin(request, staff, method)
    return _codes(request, staff)


def _codes(request: HttpRequest, staff: StaffMember) -> HttpResponse:
    codes = factors.make_recovery_codes(login=staff.login)
    return render(request, "staff_web/recovery_codes.html", {"codes": codes})


def _place(request: HttpRequest) -> passkeys.Place:
    return passkey_forms.place(request, say(language(), "staff_sign_in.sender"))
