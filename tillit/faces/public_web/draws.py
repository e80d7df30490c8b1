"""The controller's draws, for anybody to repeat: commitment, list, seed and what was drawn (F7, F8)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces.paging import page_of
from tillit.faces.site import site_or_404
from tillit.outreach.draws.models import Draw
from tillit.outreach.draws.operations import tickets_of, verify

ON_A_PAGE = 25


@require_safe
def draws(request: HttpRequest, controller: str) -> HttpResponse:
    """Every draw, the newest first: what was published, and whether repeating it gives the same."""
    site = site_or_404(controller)
    rows = page_of(request, Draw.objects.filter(controller=site.controller).order_by("-committed_at"), ON_A_PAGE)
    context = {"site": site, "rows": rows, "shown": [(one, one.drawn_at and not verify(one)) for one in rows]}
    return render(request, "public_web/draws.html", context)


@require_safe
def tickets(_request: HttpRequest, controller: str, number: int) -> HttpResponse:
    """The list of a draw, a ticket a line: what its digest is of. Once the list stands."""
    site = site_or_404(controller)
    found = Draw.objects.filter(controller=site.controller, pk=number, closed_at__isnull=False).first()
    if found is None:
        raise Http404
    text = "".join(f"{ticket}\n" for ticket in tickets_of(found))
    headers = {"Content-Disposition": f'attachment; filename="{site.key}-draw-{number}.txt"'}
    return HttpResponse(text, content_type="text/plain; charset=us-ascii", headers=headers)
