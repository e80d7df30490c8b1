"""Passwords, where the controller declares them: signing in with one, choosing it, removing it (B6)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tillit.faces import signing_in
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.site import Site, site_or_404
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.passwords import (
    Notice,
    choose_password,
    declared_way,
    remove_password,
    sign_in_by_password,
)
from tillit.parties import passwords
from tillit.parties.errors import PasswordRefusedError
from tillit.parties.models import Login


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, controller: str) -> HttpResponse:
    """Sign in with address and password."""
    site = _site(controller)
    context = {"site": site, "section": "min_side"}
    if request.method != "POST":
        return render(request, "member_web/password_sign_in.html", context)
    login = sign_in_by_password(
        controller=site.controller,
        typed=request.POST.get("address", "").strip()[:254],
        password=request.POST.get("password", ""),
        network_address=signing_in.network_address(request),
    )
    if login is None:
        return render(request, "member_web/password_sign_in.html", context | {"problem": True}, status=422)
    signing_in.begin_session(request, login, "password")
    return redirect("min_side", site.key)


@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def choose(request: HttpRequest, member: Member) -> HttpResponse:
    """Choose a password, or another; only for who has just signed in. What is wrong with one is told in words."""
    _site(member.site.key)
    if not signing_in.is_fresh(request):
        return redirect("sign_ins", member.site.key)
    way = declared_way(member.site.declaration, "password")
    context = member.context(page="profile", way=way, has=passwords.of(login_id=member.login_id) is not None)
    if request.method != "POST":
        return render(request, "member_web/password.html", context)
    password = request.POST.get("password", "")
    broken: tuple[str, ...] = ()
    if password != request.POST.get("again", ""):
        broken = ("again",)
    else:
        try:
            choose_password(
                controller=member.site.controller,
                login=Login.objects.get(pk=member.login_id),
                scope=member.scope(),
                password=password,
                notice=_notice(member.site, "chosen"),
            )
        except PasswordRefusedError as error:
            broken = error.rules
    if broken:
        return render(request, "member_web/password.html", context | {"broken": broken}, status=422)
    signing_in.end_sessions(request, member.login_id, "others")
    messages.success(request, say(language(), "password.chosen"))
    return redirect("sign_ins", member.site.key)


@require_POST
@member_page
def remove(request: HttpRequest, member: Member) -> HttpResponse:
    """Forget the password; the one-time code stays."""
    remove_password(
        controller=member.site.controller,
        login=Login.objects.get(pk=member.login_id),
        scope=member.scope(),
        notice=_notice(member.site, "removed"),
    )
    messages.success(request, say(language(), "password.removed"))
    return redirect("sign_ins", member.site.key)


def _site(key: str) -> Site:
    site = site_or_404(key)
    if declared_way(site.declaration, "password") is None:
        raise Http404
    return site


def _notice(site: Site, what: str) -> Notice:
    spoken, name = language(), site.name
    return Notice(
        say(spoken, f"password.mail_{what}_subject", name=name), say(spoken, "password.mail_text", name=name), name
    )
