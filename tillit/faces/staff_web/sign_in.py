"""Staff sign-in: work address, code, session."""

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tillit.faces import signing_in
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.sign_in import confirm_staff_code, request_staff_code
from tillit.parties.codes import tries_left

_KIND = "staff"


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
    code_id = request_staff_code(
        typed=typed,
        network_address=signing_in.network_address(request),
        mail=signing_in.mail(sender, sender),
    )
    signing_in.remember_code(request, _KIND, code_id)
    return redirect("staff_sign_in_code")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Type the code; a right one signs in."""
    code_id = signing_in.code_of(request, _KIND)
    if code_id is None:
        return redirect("staff_sign_in")
    if request.method != "POST":
        return render(request, "member_web/code.html", {"staff": True})
    staff = confirm_staff_code(
        code_id=code_id,
        typed=request.POST.get("code", ""),
        network_address=signing_in.network_address(request),
    )
    if staff is None:
        problem = "wrong" if tries_left(code_id=code_id) else "spent"
        return render(request, "member_web/code.html", {"staff": True, "problem": problem}, status=422)
    signing_in.begin_session(request, staff.login)
    return redirect("staff")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return redirect("staff_sign_in")
