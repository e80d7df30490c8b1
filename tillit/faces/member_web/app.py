"""The app on Min side: how it is installed, what it keeps on the device when asked, what it asks of the device (B6)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces.member_web.access import Member, member_page
from tillit.faces.public_web.app import CALL, DAYS, declared, kept_names


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The page about the app, where the controller declares one."""
    site = member.site
    if not site.has_app:
        raise Http404
    context = member.context(
        page="profile",
        kept=kept_names(site),
        days=DAYS,
        permissions=site.declaration.device_permissions,
        calls=CALL in declared(site),
    )
    return render(request, "member_web/app.html", context)
