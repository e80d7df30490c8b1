"""The breach desk and unusual reading, for those who handle breaches (H12, A9, H18). Nobody is named on these pages."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.faces.public_web.statements import spoken
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.kernel import clock
from tillit.privacy import anomalies
from tillit.privacy.breach import form, operations, queries
from tillit.privacy.breach.errors import BreachError
from tillit.privacy.models import Breach

DAYS = 30
LONGEST = 4000
_WORDS = ("consequences", "measures")


def desk_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the desk: who does not handle breaches here finds nothing."""

    @wraps(view)
    def page(request: HttpRequest, worker: Worker, **values: Any) -> HttpResponse:
        if not worker.handles_breaches:
            raise Http404
        return view(request, worker, **values)

    return staff_page(page)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_page
def register(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The register with its clocks; a POST puts a breach, a suspicion or a drill in it."""
    if request.method == "POST":
        what, sort = request.POST.get("what", "").strip()[:LONGEST], request.POST.get("sort", "")
        if len(what) < 3 or sort not in {"known", "suspected", "drill"}:
            return _register(request, worker, {"what"} if len(what) < 3 else {"sort"}, what, status=422)
        now = clock.now()
        breach = operations.register(
            actor=worker.actor,
            controller_id=worker.site.controller.pk,
            what=what,
            at=now,
            source="drill" if sort == "drill" else "staff",
            known_at=None if sort == "suspected" else now,
        )
        return redirect("staff_breach", worker.site.key, breach.reference)
    return _register(request, worker)


def _register(
    request: HttpRequest, worker: Worker, problems: set[str] | None = None, what: str = "", *, status: int = 200
) -> HttpResponse:
    found = queries.register(controller_ids=[worker.site.controller.pk], closed=request.GET.get("closed") == "1")
    today = clock.today()
    unusual = anomalies.report(
        controller_id=worker.site.controller.pk, since=today - timedelta(days=DAYS), until=today + timedelta(days=1)
    )
    context = worker.context(
        page="breaches",
        rows=[(one, queries.standing(one)) for one in found],
        unusual=unusual[::-1],
        days=DAYS,
        problems=problems or set(),
        what=what,
        closed=request.GET.get("closed") == "1",
    )
    return render(request, "staff_web/breaches.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_page
def breach(request: HttpRequest, worker: Worker, reference: str) -> HttpResponse:
    """One breach with its steps; a POST takes one of those that `_take` knows."""
    found = _found(worker, reference)
    refusal = ""
    if request.method == "POST":
        try:
            _take(request, worker, found)
        except BreachError as error:
            refusal = error.code
        else:
            return redirect("staff_breach", worker.site.key, found.reference)
    context = worker.context(
        page="breaches",
        breach=found,
        standing=queries.standing(found),
        steps=found.steps.order_by("number"),
        risks=operations.RISKS,
        intrusions=operations.INTRUSIONS,
        plan=worker.site.declaration.breach,
        refusal=refusal,
    )
    return render(request, "staff_web/breach.html", context, status=422 if refusal else 200)


def _take(request: HttpRequest, worker: Worker, found: Breach) -> None:
    said = {key: request.POST.get(key, "").strip()[:LONGEST] for key in ("step", "risk", "text", "number")}
    now, actor = clock.now(), worker.actor
    match said["step"]:
        case "confirm":
            operations.confirm(actor=actor, breach=found, known_at=now, at=now)
        case "assess":
            facts: dict[str, Any] = {key: value for key in _WORDS if (value := request.POST.get(key, "").strip())}
            facts |= {key: key in request.POST for key in ("crime", "business")}
            operations.assess(actor=actor, breach=found, risk=said["risk"], at=now, text=said["text"], **facts)
        case "authority":
            operations.told_authority(
                actor=actor, breach=found, at=now, reference=said["number"][:40], because=said["text"]
            )
        case "people":
            operations.tell_people(actor=actor, breach=found, at=now, advice=said["text"])
        case "police":
            operations.told_police(actor=actor, breach=found, at=now, reference=said["number"][:40], text=said["text"])
        case "supplier":
            operations.supplier_report(actor=actor, breach=found, intrusion=said["risk"], text=said["text"], at=now)
        case "business":
            operations.told_business(actor=actor, breach=found, at=now, text=said["text"])
        case "close" | "unfounded":
            closed_as = "unfounded" if said["step"] == "unfounded" else "handled"
            operations.close(actor=actor, breach=found, at=now, lessons=said["text"], closed_as=closed_as)
        case _:
            raise BreachError("unknown-word", "no such step")


@require_safe
@desk_page
def authority_form(request: HttpRequest, worker: Worker, reference: str) -> HttpResponse:
    """The notification to the authority as a PDF."""
    found = _found(worker, reference)
    pdf = form.as_pdf(breach=found, language=spoken(worker.site), made=clock.now())
    name = f"{worker.site.key}-{found.reference}.pdf"
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _found(worker: Worker, reference: str) -> Breach:
    try:
        return queries.find(controller_id=worker.site.controller.pk, reference=reference)
    except BreachError:
        raise Http404 from None
