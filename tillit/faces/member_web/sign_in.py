"""Member sign-in: address, code, session. The pages say the same whether an address is known or not."""

from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tillit.faces import passkey_forms, signing_in
from tillit.faces.member_web.access import keep_remembering, remember_item, remembered_for
from tillit.faces.signing_in import REMEMBER
from tillit.faces.site import Site, site_or_404
from tillit.journeys.openid import providers
from tillit.journeys.registration import offered
from tillit.journeys.sign_in import confirm_code, request_code, sign_in_by_passkey
from tillit.parties import devices, passkeys
from tillit.parties.codes import tries_left


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, controller: str) -> HttpResponse:
    """Ask for a code."""
    site = site_or_404(controller)
    context = page_context(site)
    if request.method == "POST":
        typed = request.POST.get("address", "").strip()[:254]
        if not typed:
            return render(request, "member_web/sign_in.html", context | {"missing": True}, status=422)
        code_id = request_code(
            controller=site.controller,
            typed=typed,
            network_address=signing_in.network_address(request),
            mail=signing_in.mail(site.name, site.name),
        )
        signing_in.remember_code(request, site.key, code_id)
        return redirect("sign_in_code", site.key)
    return render(request, "member_web/sign_in.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, controller: str) -> HttpResponse:
    """Type the code; a right one signs in."""
    site = site_or_404(controller)
    code_id = signing_in.code_of(request, site.key)
    if code_id is None:
        return redirect("sign_in", site.key)
    life = remembered_for(request, site)
    needs_yes = life is None and remember_item(site) is not None
    context = {"site": site, "section": "min_side", "remember": life, "remember_needs_yes": needs_yes}
    if request.method != "POST":
        return render(request, "member_web/code.html", context)
    login = confirm_code(
        controller=site.controller,
        code_id=code_id,
        typed=request.POST.get("code", ""),
        network_address=signing_in.network_address(request),
    )
    if login is None:
        problem = "wrong" if tries_left(code_id=code_id) else "spent"
        return render(request, "member_web/code.html", context | {"problem": problem}, status=422)
    signing_in.begin_session(request, login, "email_code")
    response = redirect("min_side", site.key)
    if request.POST.get("remember") == "1" and life:
        keep_remembering(request, response, site, devices.remember(login=login))
    return response


@require_POST
def passkey_options(request: HttpRequest, controller: str) -> HttpResponse:
    """What the browser asks the device for: the same for everybody."""
    site = site_or_404(controller)
    place = passkey_forms.place(request, site.name)
    return passkey_forms.offer(request, site.key, passkeys.begin_asking(place=place))


@never_cache
@require_POST
def passkey(request: HttpRequest, controller: str) -> HttpResponse:
    """A passkey's answer signs in."""
    site = site_or_404(controller)
    given = passkey_forms.answered(request, site.key)
    login = sign_in_by_passkey(
        controller=site.controller,
        place=passkey_forms.place(request, site.name),
        state=given[0],
        answer=given[1],
        network_address=signing_in.network_address(request),
    )
    if login is None:
        return render(request, "member_web/sign_in.html", page_context(site) | {"passkey_problem": True}, status=422)
    signing_in.begin_session(request, login, "passkey")
    return redirect("min_side", site.key)


@require_POST
def leave(request: HttpRequest, controller: str) -> HttpResponse:
    """Sign out: the session is gone from the server, and the browser is remembered no more."""
    site = site_or_404(controller)
    logout(request)
    devices.forget(token=request.COOKIES.get(REMEMBER, ""))
    response = redirect("home", site.key)
    response.delete_cookie(REMEMBER, path=reverse("home", args=[site.key]))
    return response


def page_context(site: Site) -> dict[str, Any]:
    """What the sign-in page shows: the ways in that the controller has."""
    ways = offered(site.declaration)
    return {"site": site, "section": "min_side", "providers": providers(site.declaration), "ways": ways}
