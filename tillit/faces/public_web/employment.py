"""Confirming an employment by the link that came to one's address, or saying that it is not one's own (H16)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tillit.faces.site import site_or_404
from tillit.journeys import employed
from tillit.kernel import clock
from tillit.office.employees import links
from tillit.office.employees.errors import EmployeeError


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, controller: str, token: str) -> HttpResponse:
    """A GET shows what is asked and changes nothing."""
    site = site_or_404(controller)
    asked = links.read(token)
    if asked is None or asked.controller.pk != site.controller.pk:
        raise Http404
    problem = done = ""
    if request.method == "POST":
        try:
            if request.POST.get("act") == "deny":
                employed.deny(asked=asked, at=clock.now())
                done = "denied"
            else:
                employed.confirm(asked=asked, number=request.POST.get("national_number", "")[:20], at=clock.now())
                done = "confirmed"
        except EmployeeError as refused:
            problem = refused.code
    elif not employed.stands(asked):
        problem = "over"
    context = {"site": site, "problem": problem, "done": done}
    status = 422 if problem and request.method == "POST" else 200
    return render(request, "public_web/employment.html", context, status=status)
