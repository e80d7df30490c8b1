"""Follow-up of members: movement, cohorts, cards and benefits used, as tables with charts beside, and a file (B9)."""

import csv
import io
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.benefits import use
from tillit.faces import charts
from tillit.faces.public_web.statements import spoken
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import follow_up
from tillit.membership.follow_up import ACTIVITY, COLUMNS, Month

MONTHS = 12


@require_safe
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The last twelve months, the years people joined in, and benefits used."""
    months = _months(worker)
    with _scope(worker):
        years = follow_up.cohorts(controller_id=worker.site.controller.pk, today=clock.today())
    used = use.figures(controller_id=worker.site.controller.pk, on=clock.today())
    context = worker.context(
        page="follow_up",
        months=[(one, list(one.left.values())) for one in months],
        columns=COLUMNS,
        standing=months[-1].standing,
        cohorts=[(one, [one.later.get(n) for n in range(1, 6)]) for one in years],
        later=range(1, 6),
        used=used,
    )
    return render(request, "staff_web/follow_up.html", context)


@require_safe
@staff_page
def chart(request: HttpRequest, worker: Worker, which: str) -> HttpResponse:
    """A chart as SVG: `movement` (joined, left) or `members` (standing)."""
    months, language = _months(worker), spoken(worker.site)
    value = say(language, "follow_up.people")
    if which == "movement":
        cells = [
            (f"{one.month:%m.%y}", say(language, f"follow_up.{name}"), float(number))
            for one in months
            for name, number in (("joined", one.joined), ("gone", one.gone))
        ]
        return HttpResponse(charts.bars(cells, value=value), content_type="image/svg+xml")
    if which != "members":
        raise Http404
    cells = [(f"{one.month:%m.%y}", say(language, "follow_up.standing"), float(one.standing)) for one in months]
    return HttpResponse(charts.line(cells, value=value), content_type="image/svg+xml")


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The movement as CSV that may go on to others: what is of fewer than the minimum group is put together (H14)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["what", "month", "people_at_least"])
    least = worker.site.declaration.minimum_group
    for cell in follow_up.released(_months(worker), least=least):
        writer.writerow([*cell.labels, cell.at_least])
    headers = {"Content-Disposition": f'attachment; filename="{worker.site.key}-members.csv"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _months(worker: Worker) -> list[Month]:
    if not worker.follows_members:
        raise Http404
    start, end = _period()
    with _scope(worker):
        return follow_up.movement(controller_id=worker.site.controller.pk, start=start, end=end)


def _scope(worker: Worker) -> Scope:
    """The figures name nobody; who may see the page has been asked."""
    return Scope(system("follow_up", {worker.site.controller.pk}), ACTIVITY)


def _period() -> tuple[date, date]:
    last = clock.today().replace(day=1)
    number = last.year * 12 + last.month
    return date((number - MONTHS) // 12, (number - MONTHS) % 12 + 1, 1), date(number // 12, number % 12 + 1, 1)
