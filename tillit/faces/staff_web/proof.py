"""How the promises are kept, for those whose role may see it: the last proof, with filters."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces.paging import page_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.kernel import clock
from tillit.privacy.models import ProofResult
from tillit.privacy.prove.store import EVERY, last

SHOWN = ("all", "broken", "not_provable", "kept")
SIZE = 50


@require_safe
@staff_page
def promises(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Every promise of the controller's declaration with its state, evidence and what was found; the broken first."""
    if not worker.sees_proof:
        raise Http404
    run = last(controller_id=worker.site.controller.pk)
    show = request.GET.get("show", "all")
    show = show if show in SHOWN else "all"
    text = request.GET.get("text", "").strip()[:60]
    context = worker.context(page="promises", run=run, parts=SHOWN, chosen={"show": show, "text": text})
    if run is not None:
        rows = ProofResult.objects.filter(run=run)
        if show != "all":
            rows = rows.filter(status=show)
        if text:
            rows = rows.filter(said__icontains=text) | rows.filter(path__icontains=text)
        due = run.at + EVERY
        context |= {
            "results": page_of(request, rows.order_by("status", "place"), SIZE),
            "counts": {"broken": run.broken, "not_provable": run.not_provable, "kept": run.kept},
            "due": due,
            "late": due + EVERY / 4 < clock.now(),
        }
    return render(request, "staff_web/promises.html", context)
