"""The claims desk (D7): claims that wait, assessed, decided, paid."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.cases.errors import CaseError
from tillit.faces.jobs.tasks import start
from tillit.faces.member_web.enquiries import as_attachment
from tillit.faces.member_web.requests import number_of
from tillit.faces.money import typed
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.case_frame import here, named, queued, refused
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import insurance
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.services.errors import ServiceError
from tillit.services.insurance_models import PayoutMethod

SHOWN = ("open", "late", "closed")


@require_safe
@staff_page
def queue(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The claims, the most urgent first."""
    if not insurance.may_handle(worker.actor):
        raise Http404
    shown = queued(request, worker, SHOWN, insurance.queue)
    return render(request, "staff_web/insurance.html", worker.context(page="insurance", now=clock.now(), **shown))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def case(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """One claim; a POST notes, asks, decides or pays."""
    which, problem = named(worker, number), ""
    with here():
        if request.method == "POST":
            problem = refused(lambda: _act(request, which), ServiceError, CaseError)
            if not problem:
                start("claims_told")
                messages.success(request, say(language(), "insurance_desk.done"))
                return redirect("staff_insurance_claim", worker.site.key, number)
        shown = insurance.look(**which)
    fields = shown.case.fields
    context = worker.context(
        page="insurance",
        shown=shown,
        case=shown.case,
        claimed=Money(fields["claimed"], "NOK") if fields.get("claimed") else None,
        approved=Money(fields["approved"], "NOK") if fields.get("approved") else None,
        most=Money(shown.cover.terms.most, "NOK") if shown.cover else None,
        own_share=Money(shown.cover.terms.own_share, "NOK") if shown.cover else None,
        methods=PayoutMethod.values,
        problem=problem,
        words=request.POST.get("text", ""),
    )
    return render(request, "staff_web/insurance_claim.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def file(request: HttpRequest, worker: Worker, number: str, document: str) -> HttpResponse:
    """A file of a claim, to be saved."""
    with here():
        return as_attachment(*insurance.staff_file(**named(worker, number), document_id=number_of(document)))


def _act(request: HttpRequest, which: dict[str, Any]) -> None:
    act, text = request.POST.get("act", ""), request.POST.get("text", "").strip()[:4000]
    if act == "decide":
        amount = typed(request.POST.get("amount", "") or "0")
        if amount is None:
            raise ServiceError("decision", "that is no amount")
        insurance.decide(**which, amount=amount, reasons=text)
    elif act == "pay":
        method, account = request.POST.get("method", ""), request.POST.get("account", "")[:40]
        insurance.pay(**which, method=method, to_account=account)
    else:
        insurance.take_step(**which, step=act, text=text)
