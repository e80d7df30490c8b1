"""The way out that marketing messages link to (F2). A GET shows the page and changes nothing; a POST says no.

The POST needs no cookie and no page before it: that is how mail programs click (RFC 8058), and nothing is to be won by
making somebody else leave but the nuisance, for which one needs their own secret link.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tillit.declaration.models import Controller
from tillit.faces.site import site_or_404
from tillit.journeys.leave_messages import leave, receives
from tillit.messages.leaving import read


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """What the link ends, and a button; after a POST: that it has ended. 404 for a link that is none of ours."""
    link = read(token)
    controller = Controller.objects.filter(pk=link.controller_id).first() if link else None
    if link is None or controller is None:
        raise Http404
    site = site_or_404(controller.key)
    if request.method == "POST":
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        leave(link=link, route="one_click" if one_click else "link")
    declared = site.declaration.activity(link.activity)
    context = {
        "site": site,
        "link": link,
        "purpose": declared.purpose if declared else {},
        "done": request.method == "POST",
        "standing": receives(link),
    }
    return render(request, "public_web/unsubscribe.html", context)
