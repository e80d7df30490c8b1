"""Staff sign-in: work address, code, then the second factor; or a passkey, which is both (`second` sets up)."""

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tillit.faces import passkey_forms, signing_in
from tillit.faces.site import own_page
from tillit.faces.staff_web.access import staff_of
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import staff_sign_in
from tillit.parties import factors, passkeys
from tillit.parties.codes import tries_left
from tillit.parties.models import StaffMember

KIND = "staff"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a code."""
    if request.method != "POST":
        return render(request, "staff_web/sign_in.html")
    typed = request.POST.get("address", "").strip()[:254]
    if not typed:
        return render(request, "staff_web/sign_in.html", {"missing": True}, status=422)
    sender = say(language(), "staff_sign_in.sender")
    code_id = staff_sign_in.request_staff_code(
        typed=typed,
        network_address=signing_in.network_address(request),
        mail=signing_in.mail(sender, sender),
    )
    signing_in.remember_code(request, KIND, code_id)
    return redirect("staff_sign_in_code")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Type the code; after a right one comes the second factor."""
    code_id = signing_in.code_of(request, KIND)
    if code_id is None:
        return redirect("staff_sign_in")
    if request.method != "POST":
        return render(request, "member_web/code.html", {"staff": True})
    staff = staff_sign_in.confirm_staff_code(
        code_id=code_id,
        typed=request.POST.get("code", ""),
        network_address=signing_in.network_address(request),
    )
    if staff is None:
        problem = "wrong" if tries_left(code_id=code_id) else "spent"
        return render(request, "member_web/code.html", {"staff": True, "problem": problem}, status=422)
    signing_in.wait_for_factor(request, staff.login_id)
    return redirect("staff_factor" if factors.of(login_id=staff.login_id).enrolled else "staff_set_up")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """The second factor: a code of the app, or a recovery code. Also for who is signed in, before a sensitive act."""
    staff = owing(request)
    if staff is None:
        return redirect("staff_sign_in")
    known = factors.of(login_id=staff.login_id)
    if not known.enrolled:
        return redirect("staff_set_up")
    context = {"factors": known, "next": _next(request), "again": request.user.is_authenticated}
    if request.method != "POST":
        return render(request, "staff_web/factor.html", context)
    method = staff_sign_in.show_factor(staff=staff, typed=request.POST.get("code", "")[:40])
    if method is None:
        return render(request, "staff_web/factor.html", context | {"problem": "wrong"}, status=422)
    return _in(request, staff, f"email_code_{method}")


@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What the browser asks the device for."""
    return passkey_forms.offer(request, KIND, passkeys.begin_asking(place=_place(request)))


@never_cache
@require_POST
def passkey(request: HttpRequest) -> HttpResponse:
    """A passkey's answer: signs in by itself, or is the second factor."""
    given = passkey_forms.answered(request, KIND)
    owed = owing(request)
    staff = staff_sign_in.show_passkey(
        place=_place(request),
        state=given[0],
        answer=given[1],
        network_address=signing_in.network_address(request),
    )
    if staff is None or (owed is not None and owed.pk != staff.pk):
        template = "staff_web/factor.html" if owed else "staff_web/sign_in.html"
        context = {"passkey_problem": True, "factors": factors.of(login_id=owed.login_id) if owed else None}
        return render(request, template, context | {"next": _next(request)}, status=422)
    return _in(request, staff, "email_code_passkey" if owed else "passkey")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return redirect("staff_sign_in")


def owing(request: HttpRequest) -> StaffMember | None:
    """Who is to show a second factor here: by the code just typed, or signed in already, not too long ago."""
    login_id = request.user.pk if staff_of(request) is not None else signing_in.waiting_for_factor(request)
    return staff_sign_in.working(login_id=login_id) if login_id is not None else None


def begin(request: HttpRequest, staff: StaffMember, method: str) -> None:
    """The session begins, on record."""
    staff_sign_in.admitted(staff=staff, method=method)
    signing_in.begin_session(request, staff.login, method)


def _in(request: HttpRequest, staff: StaffMember, method: str) -> HttpResponse:
    """Begin the session, or freshen the one there is, and go on."""
    target = _next(request)
    if request.user.pk == staff.login_id:  # and not the member who is signed in here
        signing_in.shown_factor(request)
    else:
        begin(request, staff, method)
    return redirect(target or "staff")


def _next(request: HttpRequest) -> str:
    return own_page(request.POST.get("next", request.GET.get("next", "")), below="/staff/")


def _place(request: HttpRequest) -> passkeys.Place:
    return passkey_forms.place(request, say(language(), "staff_sign_in.sender"))
