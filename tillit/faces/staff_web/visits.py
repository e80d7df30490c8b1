"""The visit statistics: figures as tables with charts beside, what is live, the peak periods, funnels, a file (G3)."""

import csv
import io
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces import charts
from tillit.faces.public_web.statements import spoken
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.kernel.csv_text import inert
from tillit.visits import queries
from tillit.visits.queries import MEASURES, MOST_STEPS, Dashboard

SPANS = {"7": "day", "30": "day", "90": "week", "365": "month"}
HOURS = range(24)
LONGEST = 200


@require_safe
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """A period's figures, what is looked at now, and a funnel where steps are given."""
    span, start, end, found = _figures(request, worker)
    steps = [text.strip()[:LONGEST] for text in request.GET.getlist("step")[:MOST_STEPS] if text.strip()]
    zone = ZoneInfo(clock.DEFAULT_ZONE)
    counts = queries.funnel(
        controller=worker.site.controller,
        steps=steps,
        start=datetime.combine(start, time(), zone),
        end=datetime.combine(end, time(), zone),
    )
    visitors, pages = queries.live(controller=worker.site.controller)
    context = worker.context(
        page="visits",
        span=span,
        spans=SPANS,
        start=start,
        last=end - timedelta(days=1),
        found=found,
        bounced=round(100 * found.single / found.visits) if found.visits else 0,
        tops=[(measure, found.tops[measure]) for measure in MEASURES],
        heat=[(day, [found.heat.get((day, hour), 0) for hour in HOURS]) for day in range(1, 8)],
        hours=HOURS,
        visitors=visitors,
        pages=pages,
        funnel=list(zip(steps, counts, strict=True)),
        blanks=range(max(1, 3 - len(steps))),
    )
    return render(request, "staff_web/visits.html", context)


@require_safe
@staff_page
def chart(request: HttpRequest, worker: Worker, which: str) -> HttpResponse:
    """A chart as SVG: `course` (views and visits) or `peaks` (weekday and hour)."""
    _, _, _, found = _figures(request, worker)
    language = spoken(worker.site)
    if which == "course":
        cells = [
            (f"{day:%d.%m.%y}", say(language, f"visits.{name}"), float(number))
            for day, views, visits in found.series
            for name, number in (("views", views), ("visits", visits))
        ]
        drawn = charts.line(cells, value=say(language, "visits.number"))
    elif which == "peaks":
        peaks = [
            (f"{hour:02d}", say(language, f"visits.weekday.d{day}"), float(found.heat.get((day, hour), 0)))
            for day in range(1, 8)
            for hour in HOURS
        ]
        drawn = charts.heat(peaks, value=say(language, "visits.views"))
    else:
        raise Http404
    return HttpResponse(drawn, content_type="image/svg+xml")


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The period's figures as CSV."""
    span, _, _, found = _figures(request, worker)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["measure", "label", "views", "visits", "seconds"])
    writer.writerow(["all", "", found.views, found.visits, found.seconds * found.visits])
    for day, views, visits in found.series:
        writer.writerow([SPANS[span], day.isoformat(), views, visits, ""])
    for measure in MEASURES:
        for line in found.tops[measure]:
            # A label is what visitors' browsers said.
            writer.writerow([measure, inert(line.label), line.views, line.visits, line.seconds])
    name = f"{worker.site.key}-visits-{span}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _figures(request: HttpRequest, worker: Worker) -> tuple[str, date, date, Dashboard]:
    if not worker.sees_visits:
        raise Http404
    asked = request.GET.get("days", "")
    span = asked if asked in SPANS else "30"
    end = clock.today() + timedelta(days=1)
    start = end - timedelta(days=int(span))
    found = queries.dashboard(controller=worker.site.controller, start=start, end=end, unit=SPANS[span])
    return span, start, end, found
