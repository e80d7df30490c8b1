"""Signing in with an outside service (OpenID Connect), and connecting one on Min side."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tillit.faces import signing_in
from tillit.faces.member_web.access import member_of
from tillit.faces.member_web.sign_in import page_context
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import openid
from tillit.journeys.sign_in import connect_outside, sign_in_by_outside
from tillit.parties.errors import FactorError
from tillit.parties.models import Login

_KEPT = "openid"


@never_cache
@require_safe
def go(request: HttpRequest, controller: str, provider: str) -> HttpResponse:
    """Send the browser to the service. Signed in just now, it is to connect the service; else to sign in."""
    site = site_or_404(controller)
    chosen = _provider(site, provider)
    try:
        address, kept = openid.begin(provider=chosen, back=_back(request, site, provider))
    except openid.OpenIdError:
        return _refused(request, site, "unreachable")
    member = member_of(request, site)
    connects = member is not None and signing_in.is_fresh(request)
    request.session[_KEPT] = [site.key, provider, connects, kept]
    return redirect(address)


@never_cache
@require_safe
def back(request: HttpRequest, controller: str, provider: str) -> HttpResponse:
    """The browser is back from the service."""
    site = site_or_404(controller)
    chosen = _provider(site, provider)
    where, named, connects, kept = request.session.pop(_KEPT, ("", "", False, {}))
    if (where, named) != (site.key, provider):
        return _refused(request, site, "refused")
    try:
        sub = openid.finish(
            provider=chosen,
            back=_back(request, site, provider),
            kept=kept,
            state=request.GET.get("state", ""),
            code=request.GET.get("code", "")[:2000],
        )
    except openid.OpenIdError as error:
        return _refused(request, site, "unreachable" if error.code == "openid-unreachable" else "refused")
    member = member_of(request, site)
    if connects and member is not None:
        return _connect(request, site, chosen, sub, member.login_id)
    login = sign_in_by_outside(
        controller=site.controller,
        provider=provider,
        sub=sub,
        network_address=signing_in.network_address(request),
    )
    if login is None:
        return _refused(request, site, "not_connected")
    signing_in.begin_session(request, login, provider)
    return redirect("min_side", site.key)


def _connect(request: HttpRequest, site: Site, chosen: openid.Provider, sub: str, login_id: int) -> HttpResponse:
    try:
        connect_outside(controller=site.controller, login=Login.objects.get(pk=login_id), provider=chosen.key, sub=sub)
    except FactorError:
        messages.error(request, say(language(), "outside.taken", name=chosen.name))
    else:
        messages.success(request, say(language(), "outside.connected", name=chosen.name))
    return redirect("sign_ins", site.key)


def _refused(request: HttpRequest, site: Site, problem: str) -> HttpResponse:
    return render(request, "member_web/sign_in.html", page_context(site) | {"outside_problem": problem}, status=422)


def _provider(site: Site, key: str) -> openid.Provider:
    found = next((one for one in openid.providers(site.declaration) if one.key == key), None)
    if found is None:
        raise Http404
    return found


def _back(request: HttpRequest, site: Site, provider: str) -> str:
    return request.build_absolute_uri(reverse("outside_back", args=[site.key, provider]))
