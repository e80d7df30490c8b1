"""Payouts to bank accounts (D7, D8): what waits, files proposed by one and approved by another, the bank's reports."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tillit.cases.errors import CaseError
from tillit.faces.member_web.enquiries import as_attachment
from tillit.faces.member_web.requests import number_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.files.errors import FileRefusedError
from tillit.journeys import payout_reports, payouts
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import ScopeError
from tillit.services.errors import PaymentError

ACCOUNT = "account"


@sensitive_post_parameters(ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def desk(request: HttpRequest, worker: Worker) -> HttpResponse:
    """What waits and was refused, and the files; a POST proposes, approves, drops, tries again, takes a report in."""
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller}
    problem = ""
    try:
        payouts.may(**here)
        if request.method == "POST":
            try:
                messages.success(request, _act(request, here))
                return redirect("staff_payouts", worker.site.key)
            except (PaymentError, FileRefusedError, CaseError) as error:
                problem = error.code
        found = payouts.desk(**here)
    except ScopeError:
        raise Http404 from None
    context = worker.context(
        page="payouts",
        waiting=[(one, Money(one.amount, one.currency)) for one in found.waiting],
        holds=any(one.held_at for one in found.waiting),
        refused=[(one, Money(one.amount, one.currency)) for one in found.refused],
        runs=[
            (one, Money(one.amount, "NOK"), one.made_by == str(worker.actor), found.changed.get(one.pk, 0))
            for one in found.runs
        ],
        kept_from=clock.now() - payouts.KEPT,
        problem=problem,
    )
    return render(request, "staff_web/payouts.html", context, status=422 if problem else 200)


@require_POST
@staff_page
def file(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """An approved file, as it was made; each time on record."""
    try:
        name, body = payouts.fetch(actor=worker.actor, controller=worker.site.controller, number=number)
    except ScopeError:
        raise Http404 from None
    except PaymentError:
        messages.warning(request, say(language(), "payouts_desk.problem.run-gone"))
        return redirect("staff_payouts", worker.site.key)
    return as_attachment(name, "application/xml", body)


def _act(request: HttpRequest, here: dict[str, Any]) -> str:
    said, act = request.POST, request.POST.get("act", "")
    match act:
        case "propose":
            run = payouts.propose(**here, chosen=[number_of(one) for one in said.getlist("payout")])
            return say(language(), "payouts_desk.done.propose", number=run.number)
        case "approve":
            run = payouts.approve(**here, number=number_of(said.get("run", "")))
            return say(language(), "payouts_desk.done.approve", number=run.number, count=run.count)
        case "drop":
            payouts.drop(**here, number=number_of(said.get("run", "")))
        case "status":
            return _take(request, here)
        case _:
            whose = number_of(said.get("payout", ""))
            if not payouts.change(**here, payout_id=whose, act=act, to_account=said.get(ACCOUNT, "")[:40]):
                return say(language(), "payouts_desk.done.release")
    return say(language(), "payments_desk.done")


def _take(request: HttpRequest, here: dict[str, Any]) -> str:
    """A pain.002 or a camt file: what it said."""
    paid = refused = 0
    for body in uploaded(request, "file"):
        told = payout_reports.take_report(**here, body=body)
        paid, refused = paid + told.paid, refused + told.refused
    return say(language(), "payouts_desk.done.status", paid=paid, refused=refused)
