"""The figures of every club that the controller operates, for those whose role may see reports (C15)."""

import csv
import io
from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.bonus.report_series import AMOUNTS
from tillit.bonus.store_report import ClubMonths, over_all
from tillit.faces import charts
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.reports import MONEY, SPANS, first, span_of, until
from tillit.kernel.money import Money, exponent
from tillit.kernel.scope import ScopeError

COLUMNS = ("club", "chain", "month", "currency", *AMOUNTS)


@dataclass(frozen=True)
class Row:
    """A chain's period: what it began with, what moved, what it ended with."""

    club: str
    chain: str
    amounts: tuple[Money, ...]


@require_safe
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Every club's chain over the period, with their sum by currency."""
    span = span_of(request)
    found = _found(request, worker)
    rows = [_row(one) for one in found]
    context = worker.context(
        page="reports", rows=rows, sums=_sums(rows), columns=MONEY, span=span, spans=SPANS, start=first(span)
    )
    return render(request, "staff_web/operator_report.html", context)


@require_safe
@staff_page
def chart(request: HttpRequest, worker: Worker) -> HttpResponse:
    """What each club's chain owes its members, as SVG."""
    cells = [
        (f"{month.month:%m.%y}", one.programme.chain.name, month.closing / 10 ** exponent(one.programme.chain.currency))
        for one in _found(request, worker)
        for month in one.months
    ]
    return HttpResponse(charts.line(cells, value=""), content_type="image/svg+xml")


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The months of every club as CSV: UTF-8 with mark, semicolons, minor units."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in _found(request, worker):
        chain = one.programme.chain
        for month in one.months:
            head = (one.club, chain.key, f"{month.month:%Y-%m}", chain.currency)
            writer.writerow((*head, *(getattr(month, name) for name in AMOUNTS)))
    headers = {"Content-Disposition": 'attachment; filename="all-clubs.csv"'}
    return HttpResponse(target.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers)


def _found(request: HttpRequest, worker: Worker) -> list[ClubMonths]:
    if not worker.sees_reports:
        raise Http404
    start: date = first(span_of(request))
    try:
        return over_all(actor=worker.actor, operator=worker.site.controller, start=start, end=until())
    except ScopeError:
        raise Http404 from None


def _row(one: ClubMonths) -> Row:
    currency, months = one.programme.chain.currency, one.months
    edge = {"opening": months[0].opening, "closing": months[-1].closing}
    figures = (edge[name] if name in edge else sum(getattr(month, name) for month in months) for name in MONEY)
    return Row(one.club, one.programme.chain.name, tuple(Money(figure, currency) for figure in figures))


def _sums(rows: list[Row]) -> list[tuple[Money, ...]]:
    """The sum of each column, a line a currency."""
    currencies = dict.fromkeys(row.amounts[0].currency for row in rows)
    return [
        tuple(
            Money(sum(row.amounts[place].minor for row in rows if row.amounts[place].currency == currency), currency)
            for place in range(len(MONEY))
        )
        for currency in currencies
    ]
