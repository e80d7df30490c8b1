"""The desk for complaints of bonus (C12): the queue, and one complaint with its receipt and the decision."""

from datetime import date, time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.bonus.complaints import PROPOSED
from tillit.bonus.errors import CorrectionRefusedError
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.faces.member_web.complaints import saved
from tillit.faces.member_web.requests import number_of
from tillit.faces.member_web.views import shown as receipt_shown
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.case_frame import here, named, queued
from tillit.faces.templatetags.tillit import language
from tillit.faces.templatetags.tillit_problems import complaint_problem
from tillit.faces.texts import say
from tillit.journeys import complaints
from tillit.kernel.collation import Ordered
from tillit.kernel.money import Money, MoneyError
from tillit.purchases.errors import MissingPurchaseError

SHOW = ("open", "closed", "all")


@require_safe
@staff_page
def queue(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The controller's complaints, the oldest first."""
    shown = queued(request, worker, SHOW, complaints.queue)
    return render(request, "staff_web/complaints.html", worker.context(page="complaints", **shown))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def case(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """One complaint; a POST asks, notes or decides."""
    which, problem = named(worker, number), ""
    with here():
        if request.method == "POST":
            problem = _act(request, which)
            if not problem:
                return redirect("staff_complaint", worker.site.key, number)
        shown = complaints.look(**which)
    context = worker.context(
        page="complaints",
        shown=shown,
        case=shown.case,
        stores=shown.chain.stores.order_by(Ordered("name")) if shown.chain else [],
        receipts=[receipt_shown(one) for one in shown.receipts],
        proposed=[
            Money(int(one.details["amount"]), shown.chain.currency)
            for one in shown.entries
            if one.step == PROPOSED and shown.chain and not shown.case.closed_at
        ],
        problem=complaint_problem(problem) if problem else "",
        typed=request.POST.get("text", "") if problem else "",
    )
    return render(request, "staff_web/complaint.html", context, status=422 if problem else 200)


@require_POST
@staff_page
def file(request: HttpRequest, worker: Worker, number: str, document: str) -> HttpResponse:
    """An attached file, to be saved."""
    with here():
        return saved(*complaints.file(**named(worker, number), document_id=number_of(document)))


def _act(request: HttpRequest, which: dict[str, Any]) -> str:
    """Do what the button says; the code of what was refused, '' when it was done."""
    act, text = request.POST.get("act", ""), request.POST.get("text", "").strip()[:2000]
    try:
        if act == "uphold":
            if not complaints.uphold(**which, text=text, amount=request.POST.get("amount", "").strip()[:20]):
                return "correction-proposed"
        elif act == "post" and (refused := _post_purchase(request, which, text)):
            return refused
        elif act in {"ask", "reject", "note"}:
            if not text:
                return "no-reason"
            {"ask": complaints.ask, "reject": complaints.reject, "note": complaints.note}[act](**which, text=text)
    except UnknownCaseError:
        raise
    except (CaseError, MoneyError, CorrectionRefusedError, MissingPurchaseError) as error:
        return error.code
    messages.success(request, say(language(), "complaint_desk.done"))
    return ""


def _post_purchase(request: HttpRequest, which: dict[str, Any], text: str) -> str:
    said = {key: request.POST.get(key, "").strip()[:60] for key in ("store", "day", "time", "paid", "receipt")}
    try:
        day = date.fromisoformat(said["day"])
        clock_time = time.fromisoformat(said["time"]).replace(tzinfo=None) if said["time"] else None
    except ValueError:
        raise CaseError("bought_on", "the day is a date, the time hours and minutes") from None
    posted = complaints.uphold_missing(
        **which,
        text=text,
        store=said["store"],
        day=day,
        amount=said["paid"],
        receipt=said["receipt"],
        clock_time=clock_time,
        another=bool(request.POST.get("another")),
    )
    return "" if posted else "purchase-proposed"
