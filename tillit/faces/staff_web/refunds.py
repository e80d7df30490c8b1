"""Refunds that wait for somebody to say which purchase they take back (C8), for those who correct bonus here."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import refunds
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.parties.errors import NotAssignedError
from tillit.purchases.errors import RefundError
from tillit.purchases.refunds import DISMISSALS, LINE, PAGE, Candidate, Waiting

LONGEST = 100


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def queue(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The queue, the longest waiting first; a POST settles or dismisses one refund."""
    if not worker.settles_refunds:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            _decide(request, worker)
        except RefundError as error:
            problem = error.code
        else:
            return redirect("staff_refunds", worker.site.key)
    number = max(1, int(page)) if (page := request.GET.get("page", "1")).isdecimal() and len(page) < 7 else 1
    listed = refunds.queue(actor=worker.actor, controller=worker.site.controller, page=number)
    context = worker.context(
        page="refunds",
        rows=[
            (one, Money(-one.amount, one.currency), [(other, _left(other)) for other in others])
            for one, others in listed.rows
        ],
        pages=Paginator(range(listed.total), PAGE).get_page(number),
        reasons=DISMISSALS,
        line=LINE,
        problem=problem,
    )
    return render(request, "staff_web/refunds.html", context, status=422 if problem else 200)


def _left(one: Candidate | Waiting) -> Money:
    return Money(one.amount, one.currency)


def _decide(request: HttpRequest, worker: Worker) -> None:
    said = {key: request.POST.get(key, "").strip()[:LONGEST] for key in ("act", "refund", "purchase", "line", "reason")}
    if not (said["refund"].isascii() and said["refund"].isdigit()):
        raise Http404
    actor, controller, refund_id = worker.actor, worker.site.controller, int(said["refund"])
    try:
        if said["act"] == "dismiss":
            given: dict[str, Any] = {"refund_id": refund_id, "reason": said["reason"], "at": clock.now()}
            if not refunds.dismiss(actor=actor, controller=controller, **given):
                messages.warning(request, say(language(), "refunds.proposed"))
                return
        else:
            of: dict[str, Any] = (
                {"line": said["line"]} if said["line"] else {"purchase_id": _purchase(said["purchase"])}
            )
            if not refunds.settle(actor=actor, controller=controller, refund_id=refund_id, **of):
                messages.warning(request, say(language(), "refunds.settle_proposed"))
                return
    except NotAssignedError:
        raise Http404 from None
    messages.success(request, say(language(), "refunds.done"))


def _purchase(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise RefundError("purchase-missing", "choose the purchase that the refund takes back") from None
