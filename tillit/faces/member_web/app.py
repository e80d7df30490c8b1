"""The app on Min side: how it is installed, what it keeps on the device when asked, what it asks of the device (B6)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tillit.declaration.statement.at_form import AtForm
from tillit.faces import signing_in
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.public_web.app import CALL, DAYS, PUSH, declared, kept_names
from tillit.faces.site import Site
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import app_notices
from tillit.messages import push
from tillit.messages.errors import MessageRefusedError
from tillit.messages.transports import usable
from tillit.messages.web_push import application_key


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The page about the app, where the controller declares one."""
    site = member.site
    if not site.has_app:
        raise Http404
    said = push_form(site)
    with member.scope():
        devices = push.of(subject_id=member.subject_id) if said else []
    context = member.context(
        page="profile",
        said=said,
        devices=devices,
        application_key=application_key() if said else "",
        kept=kept_names(site),
        days=DAYS,
        permissions=site.declaration.device_permissions,
        calls=CALL in declared(site),
    )
    return render(request, "member_web/app.html", context)


def push_form(site: Site) -> AtForm | None:
    """What the page says where notices can be switched on; None where they are not declared, or nothing can be sent."""
    if PUSH not in declared(site) or "push" not in usable():
        return None
    return said_on(site, "push_devices")


@require_POST
@member_page
def notices(request: HttpRequest, member: Member) -> HttpResponse:
    """Switch notices on in this browser, with what it was given by its push service, or off in one of one's own."""
    site = member.site
    if push_form(site) is None:
        raise Http404
    form = {key: request.POST.get(key, "") for key in ("endpoint", "p256dh", "auth", "off")}
    if form["off"]:
        app_notices.switch_off(controller=site.controller, subject_id=member.subject_id, row=form["off"])
        messages.success(request, say(language(), "app.push_off"))
        return redirect("app", site.key)
    try:
        app_notices.switch_on(
            controller=site.controller,
            subject_id=member.subject_id,
            endpoint=form["endpoint"],
            p256dh=form["p256dh"],
            auth=form["auth"],
            device=signing_in.device(request),
        )
    except MessageRefusedError:
        messages.error(request, say(language(), "app.push_refused"))
    else:
        messages.success(request, say(language(), "app.push_on"))
    return redirect("app", site.key)
