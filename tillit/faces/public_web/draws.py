"""The controller's draws, for anybody to repeat: commitment, list, seed and what was drawn (F7, F8)."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces.paging import page_of
from tillit.faces.site import site_or_404
from tillit.outreach.draws.models import Draw
from tillit.outreach.draws.operations import ticket_lines

ON_A_PAGE = 25


@require_safe
def draws(request: HttpRequest, controller: str) -> HttpResponse:
    """Every draw, the newest first: what was published, and whether it gave the same when it was
    repeated at once; who doubts it repeats it with the command or with a few lines of their own."""
    site = site_or_404(controller)
    mine = Draw.objects.filter(controller=site.controller).defer("tickets", "secret").order_by("-committed_at")
    return render(request, "public_web/draws.html", {"site": site, "rows": page_of(request, mine, ON_A_PAGE)})


@require_safe
def tickets(_request: HttpRequest, controller: str, number: int) -> StreamingHttpResponse:
    """The list of a draw, a ticket a line: what its digest is of. Once the list stands."""
    site = site_or_404(controller)
    found = Draw.objects.filter(controller=site.controller, pk=number, closed_at__isnull=False).first()
    if found is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{site.key}-draw-{number}.txt"'}
    return StreamingHttpResponse(ticket_lines(found), content_type="text/plain; charset=us-ascii", headers=headers)
