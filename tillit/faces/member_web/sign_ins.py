"""Where one is signed in, and with what: sessions to end, passkeys to add and remove."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tillit.faces import passkey_forms, signing_in
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.signing_in import REMEMBER
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.openid import providers
from tillit.journeys.passwords import declared_way
from tillit.journeys.sign_in import add_passkey, disconnect_outside, remove_passkey
from tillit.parties import devices, outside, passkeys, passwords
from tillit.parties.errors import FactorError
from tillit.parties.models import Login

_KIND = "member_add"


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """Sessions and passkeys. A POST ends a session, or all others (no other browser is remembered then), or forgets a
    passkey."""
    if request.method == "POST" and "passkey" in request.POST:
        remove_passkey(controller=member.site.controller, login=_login(member), passkey=request.POST.get("passkey", ""))
        messages.success(request, say(language(), "passkey.removed"))
        return redirect("sign_ins", member.site.key)
    if request.method == "POST" and "outside" in request.POST:
        disconnect_outside(
            controller=member.site.controller, login=_login(member), provider=request.POST.get("outside", "")
        )
        messages.success(request, say(language(), "outside.disconnected"))
        return redirect("sign_ins", member.site.key)
    if request.method == "POST":
        signing_in.end_sessions(request, member.login_id, request.POST.get("session", ""))
        devices.forget_others(login_id=member.login_id, token=request.COOKIES.get(REMEMBER, ""))
        messages.success(request, say(language(), "sign_ins.ended"))
        return redirect("sign_ins", member.site.key)
    context = member.context(
        page="profile",
        sessions=signing_in.sessions_of(request, member.login_id),
        passkeys=passkeys.of(login_id=member.login_id),
        connected=outside.of(login_id=member.login_id),
        providers=providers(member.site.declaration),
        has_passwords=declared_way(member.site.declaration, "password") is not None,
        password=passwords.of(login_id=member.login_id),
        fresh=signing_in.is_fresh(request),
    )
    return render(request, "member_web/sign_ins.html", context)


@require_POST
@member_page
def passkey_options(request: HttpRequest, member: Member) -> HttpResponse:
    """What the browser asks the device to make; only for who has just signed in."""
    if not signing_in.is_fresh(request):
        return redirect("sign_ins", member.site.key)
    place = passkey_forms.place(request, member.site.name)
    return passkey_forms.offer(request, _KIND, passkeys.begin_adding(login=_login(member), place=place))


@require_POST
@member_page
def passkey(request: HttpRequest, member: Member) -> HttpResponse:
    """The passkey the device made."""
    given = passkey_forms.answered(request, _KIND)
    try:
        add_passkey(
            controller=member.site.controller,
            login=_login(member),
            place=passkey_forms.place(request, member.site.name),
            state=given[0],
            answer=given[1],
            device=signing_in.device(request),
        )
    except FactorError:
        messages.error(request, say(language(), "passkey.trouble"))
    else:
        messages.success(request, say(language(), "passkey.added"))
    return redirect("sign_ins", member.site.key)


def _login(member: Member) -> Login:
    return Login.objects.get(pk=member.login_id)
