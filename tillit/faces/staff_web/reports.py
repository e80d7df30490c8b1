"""A chain's figures for those whose role may see them: tables with charts beside, files, the settlement (C15)."""

from datetime import date, datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.bonus.models import Programme
from tillit.bonus.report_series import ACTIVITY, Month, months
from tillit.bonus.store_report import StoreBonus, StoreFigure, by_store, clubs_of
from tillit.faces import charts
from tillit.faces.public_web.statements import spoken
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.texts import say
from tillit.journeys import settlement
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.money import Money, exponent
from tillit.kernel.scope import Scope
from tillit.purchases.sales import sales

SPANS = (3, 12, 24)
MONEY = ("opening", "issued", "offered", "corrected", "used", "expired", "forfeited", "closing")
FORMS = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    "settlement": ("text/csv; charset=utf-8", "csv"),
}


@require_safe
@staff_page
def reports(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The controller's own chains: one chosen, its months as a table with charts, sales by store, files."""
    chains = _programmes(worker)
    wanted = request.GET.get("chain", "")
    programme = next((one for one in chains if one.chain.key == wanted), chains[0] if chains else None)
    span = span_of(request)
    context = worker.context(page="reports", programmes=chains, chosen=programme, span=span, spans=SPANS)
    context |= {"operates": bool(clubs_of(worker.site.controller))}
    if programme is not None:
        currency = programme.chain.currency
        end = until()
        with Scope(worker.actor, ACTIVITY):
            rows = months(programme=programme, start=first(span), end=end)
            bonus = by_store(programme=programme, start=first(span), end=end)
            sold = sales(chain=programme.chain, start=first(span), end=end)
        table = [(one.month, [Money(getattr(one, name), currency) for name in MONEY]) for one in rows]
        shown = (*sold.stores, sold.total) if sold.total else ()
        stores = [(one, Money(one.amount, currency)) for one in shown]
        context |= {
            "table": table,
            "columns": MONEY,
            "stores": stores,
            "by_store": _bonus(bonus, currency),
            "last": rows[-1].month,
        }
    return render(request, "staff_web/reports.html", context)


@require_safe
@staff_page
def chart(request: HttpRequest, worker: Worker, chain: str, which: str) -> HttpResponse:
    """A chart as SVG: `moves` (issued, by offers, used, expired) or `liability`."""
    programme, rows = _months(request, worker, chain)
    language, scale = spoken(worker.site), 10 ** exponent(programme.chain.currency)
    names = {"moves": ("issued", "offered", "used", "expired"), "liability": ("closing",)}.get(which)
    if names is None:
        raise Http404
    cells = [
        (f"{one.month:%m.%y}", say(language, f"reports.column.{name}"), getattr(one, name) / scale)
        for one in rows
        for name in names
    ]
    drawn = (charts.bars if which == "moves" else charts.line)(cells, value=programme.chain.currency)
    return HttpResponse(drawn, content_type="image/svg+xml")


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker, chain: str, form: str) -> HttpResponse:
    """The months as CSV or workbook, or the settlement of the month that last ended."""
    if form not in FORMS:
        raise Http404
    programme, rows = _months(request, worker, chain)
    if form == "settlement":
        month = _end_of_last()
        with Scope(worker.actor, ACTIVITY):
            content = settlement.settle(programme=programme, month=month)
        name = f"{chain}-settlement-{month:%Y-%m}"
    else:
        make = settlement.as_csv if form == "csv" else settlement.as_xlsx
        content, name = make(programme=programme, rows=rows), f"{chain}-months"
    kind, ending = FORMS[form]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


def _bonus(found: StoreBonus, currency: str) -> list[tuple[str, list[tuple[StoreFigure, Money]]]]:
    """Given and used, each with its stores and amounts."""
    parts = (("issued", found.issued), ("used", found.used))
    return [(part, [(one, Money(one.amount, currency)) for one in figures]) for part, figures in parts]


def _programmes(worker: Worker) -> list[Programme]:
    if not worker.sees_reports:
        raise Http404
    found = Programme.objects.filter(chain__controller=worker.site.controller).select_related("chain")
    return list(found.order_by(Ordered("chain__name")))


def _months(request: HttpRequest, worker: Worker, chain: str) -> tuple[Programme, list[Month]]:
    programme = next((one for one in _programmes(worker) if one.chain.key == chain), None)
    if programme is None:
        raise Http404
    with Scope(worker.actor, ACTIVITY):
        return programme, months(programme=programme, start=first(span_of(request)), end=until())


def span_of(request: HttpRequest) -> int:
    """How many months are asked for."""
    asked = request.GET.get("months", "")
    return int(asked) if asked in map(str, SPANS) else 12


def until() -> date:
    """The first day after the months shown: this month is among them."""
    return IsoPeriod.parse("P1M").add_to(clock.today().replace(day=1))


def _end_of_last() -> date:
    return _back(clock.today().replace(day=1), 1)


def first(span: int) -> date:
    """The first of so many months."""
    return _back(until(), span)


def _back(first: date, count: int) -> date:
    number = first.year * 12 + first.month - 1 - count
    return datetime(number // 12, number % 12 + 1, 1).date()
