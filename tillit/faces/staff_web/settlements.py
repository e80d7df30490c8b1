"""Settlements with the chains (C15): months billed, the bank's files taken in, differences listed and put right."""

import csv
import io
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.bonus.errors import BonusError
from tillit.bonus.models import Programme
from tillit.cases.errors import CaseError
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.files.errors import FileRefusedError
from tillit.journeys import reconciliation
from tillit.kernel import clock
from tillit.kernel.money import Money

PAGE = 25
COLUMNS = ("chain", "month", "kind", "reference", "amount", "paid", "lacking", "currency")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Bills with what was paid, movements of none; a POST bills a month, takes a file in, or puts a movement right."""
    if not worker.sees_reports:
        raise Http404
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller}
    problem = ""
    if request.method == "POST":
        try:
            messages.success(request, _act(request, here))
            return redirect("staff_settlements", worker.site.key)
        except (BonusError, CaseError, FileRefusedError) as error:
            problem = error.code
        except ValueError:
            problem = "month"
    rows = reconciliation.compared(**here)
    context = worker.context(
        page="settlements",
        rows=Paginator([_row(one) for one in rows], PAGE).get_page(request.GET.get("page")),
        loose=[(one, Money(one.amount, one.currency)) for one in reconciliation.loose(**here)[:PAGE]],
        bills=[one.bill for one in rows if one.lacking][:200],
        chains=[one.chain for one in Programme.objects.filter(chain__controller=worker.site.controller)],
        month=clock.today().replace(day=1) - timedelta(days=1),
        problem=problem,
    )
    return render(request, "staff_web/settlements.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Every bill with what was paid and lacks, as CSV: UTF-8 with mark, semicolons, minor units."""
    if not worker.sees_reports:
        raise Http404
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in reconciliation.compared(actor=worker.actor, controller=worker.site.controller):
        bill = one.bill
        head = (bill.chain.key, f"{bill.month:%Y-%m}", bill.kind, bill.reference)
        writer.writerow((*head, bill.amount, one.paid, one.lacking, bill.currency))
    headers = {"Content-Disposition": 'attachment; filename="settlements.csv"'}
    return HttpResponse(target.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers)


def _act(request: HttpRequest, here: dict[str, Any]) -> str:
    """Do what the button says; what is told when it is done."""
    said, spoken = request.POST, language()
    match said.get("act"):
        case "bill":
            month = date.fromisoformat(f"{said.get('month', '')[:7]}-01")
            reconciliation.bill(**here, chain_key=said.get("chain", ""), month=month)
        case "file":
            bodies = uploaded(request, "statement")
            if not bodies:
                raise CaseError("file-empty", "choose the file")
            taken = reconciliation.take_in(**here, body=bodies[0])
            return say(spoken, "settle_desk.taken", new=taken.new, known=taken.known, matched=taken.matched)
        case "put":
            bill = said.get("bill", "")
            reconciliation.put_with(
                **here, movement_id=said.get("movement", "")[:32], bill_id=int(bill) if bill else None
            )
        case _:
            raise Http404
    return say(spoken, "complaint_desk.done")


def _row(one: reconciliation.Compared) -> dict[str, Any]:
    currency = one.bill.currency
    return {
        "bill": one.bill,
        "amount": Money(one.bill.amount, currency),
        "paid": Money(one.paid, currency),
        "lacking": Money(one.lacking, currency),
        "movements": [(each, Money(each.amount, currency)) for each in one.movements],
    }
