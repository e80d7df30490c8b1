"""Follow-up of members: movement, cohorts, cards and benefits used, as tables with charts beside, and a file (B9)."""

import csv
import io
from collections.abc import Callable
from datetime import date
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.benefits import use
from tillit.faces import charts
from tillit.faces.public_web.statements import spoken
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.kernel.csv_text import inert
from tillit.kernel.scope import Scope, system
from tillit.membership import follow_up, follow_up_releases
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
    seen = _seen(worker)
    released = follow_up_releases.released(controller_id=worker.site.controller.pk)
    context = worker.context(
        page="follow_up",
        months=[(one.month, list(map(seen, _row(one)))) for one in months],
        columns=COLUMNS,
        standing=seen(months[-1].standing),
        cohorts=[
            (one.year, seen(one.people), [None if n not in one.later else (seen(one.later[n]),) for n in range(1, 6)])
            for one in years
        ],
        least=worker.site.declaration.minimum_group,
        released=[one for one in released if one.month == released[0].month],
        released_months=follow_up_releases.months(controller_id=worker.site.controller.pk),
        later=range(1, 6),
        used=used,
    )
    return render(request, "staff_web/follow_up.html", context)


@require_safe
@staff_page
def chart(request: HttpRequest, worker: Worker, which: str) -> HttpResponse:
    """A chart as SVG: `movement` (joined, left) or `members` (standing)."""
    months, language, seen = _months(worker), spoken(worker.site), _seen(worker)
    value = say(language, "follow_up.people")
    if which == "movement":
        cells = [
            (f"{one.month:%m.%y}", say(language, f"follow_up.{name}"), float(seen(number) or 0))
            for one in months
            for name, number in (("joined", one.joined), ("gone", one.gone))
        ]
        return HttpResponse(charts.bars(cells, value=value), content_type="image/svg+xml")
    if which != "members":
        raise Http404
    cells = [
        (f"{one.month:%m.%y}", say(language, "follow_up.standing"), float(seen(one.standing) or 0)) for one in months
    ]
    return HttpResponse(charts.line(cells, value=value), content_type="image/svg+xml")


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker) -> HttpResponse:
    """What was released, as CSV for the union and others: nothing in it is of fewer than the minimum group (H14)."""
    if not worker.follows_members:
        raise Http404
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["month", "what", "type", "section", "people_at_least"])
    for one in follow_up_releases.released(controller_id=worker.site.controller.pk):
        writer.writerow([f"{one.month:%Y-%m}", *map(inert, (one.what, one.type, one.section)), one.people])
    headers = {"Content-Disposition": f'attachment; filename="{worker.site.key}-members.csv"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _row(one: Month) -> list[int]:
    return [one.joined, *one.left.values(), one.standing, one.cards_app, one.cards_web, one.installed]


def _seen(worker: Worker) -> Callable[[int], int | None]:
    return partial(follow_up.shown, least=worker.site.declaration.minimum_group)


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
