"""Rows that a file put aside: listed by line, field and reason, opened on record, repaired, discarded, sent again."""

import csv
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.faces.jobs import tasks
from tillit.faces.member_web.requests import number_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.imports import JOB, kinds_of, said_of, target_name
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.files import sending
from tillit.journeys.files.kinds import FileKind, PutAside, Rows
from tillit.kernel import clock
from tillit.kernel.csv_text import inert
from tillit.kernel.errors import TillitError

SIZE = 50
_MOST_AT_ONCE = 1000
_LONGEST = 300
_HIDDEN = "…"


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def listed(request: HttpRequest, worker: Worker, kind: str, target: str) -> HttpResponse:
    """The rows that wait, with filters, pages and a file; a POST discards those marked, or sends all again."""
    desk, rows = _desk(worker, kind, target)
    chosen = _chosen(request, rows, target)
    if request.method == "POST":
        return _many(request, worker, desk, target, chosen)
    if request.GET.get("form") == "csv":
        heads = {"Content-Disposition": f'attachment; filename="{target}-{clock.today().isoformat()}.csv"'}
        content = "".join(_lines(rows, target, chosen))
        return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=heads)
    given = request.GET.get("page", "1")
    page = min(max(int(given), 1), 500) if given.isascii() and given.isdigit() and len(given) < 6 else 1
    shown, total = rows.listed(target=target, **chosen, offset=(page - 1) * SIZE, limit=SIZE)
    kept = {"reason": chosen["code"], "file": chosen["reference"] or ""}
    context = worker.context(
        page="imports",
        kind=desk,
        target=target,
        name=target_name(desk, worker, target),
        rows=[(row, rows.words(row.code, language())) for row in shown],
        total=total,
        codes=[(code, rows.words(code, language()), count) for code, count in rows.codes(target=target).items()],
        chosen=kept,
        reasons=rows.reasons,
        before=urlencode(kept | {"page": page - 1}) if page > 1 else "",
        after=urlencode(kept | {"page": page + 1}) if page * SIZE < total else "",
        export=urlencode(kept | {"form": "csv"}),
    )
    return render(request, "staff_web/put_aside.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def one(request: HttpRequest, worker: Worker, kind: str, target: str, row: str) -> HttpResponse:
    """A row. A POST opens it, on record; gives its fields other values; discards it; sends it again."""
    desk, rows = _desk(worker, kind, target)
    found = rows.one(target=target, row=number_of(row))
    if found is None:
        return _gone(request, worker, desk, target)
    act, problem, values, typed = request.POST.get("act", ""), "", None, {}
    here = worker.actor
    try:
        if act == "open":
            values = rows.opened(row=found.id, actor=here)
        elif act == "repair":
            typed = {name: request.POST.get(f"f-{name}", "").strip()[:_LONGEST] for name in rows.columns}
            rows.repair(row=found.id, values=_changed(rows, typed), actor=here)
            outcome = rows.again(target=target, rows=[found.id], reference=None, actor=here)
            return _after_repair(request, worker, (desk, target, found), outcome.counts)
        elif act == "discard":
            rows.discard(rows=[found.id], because=request.POST.get("because", ""), actor=here)
            messages.success(request, say(language(), "put_aside.discarded", count=1))
            return redirect("staff_rows", worker.site.key, desk.key, target)
    except TillitError as error:
        problem, values = said_of(error), typed or None
    context = worker.context(
        page="imports",
        kind=desk,
        target=target,
        name=target_name(desk, worker, target),
        row=found,
        words=rows.words(found.code, language()),
        fields=_fields(rows, found, values) if values is not None else None,
        line=(values or {}).get(""),
        reasons=rows.reasons,
        problem=problem,
    )
    return render(request, "staff_web/put_aside_row.html", context, status=422 if problem else 200)


def _after_repair(
    request: HttpRequest, worker: Worker, where: tuple[FileKind, str, PutAside], counts: Any
) -> HttpResponse:
    desk, target, found = where
    if counts.get("taken_in"):
        messages.success(request, say(language(), "put_aside.taken_in"))
        return redirect("staff_rows", worker.site.key, desk.key, target)
    messages.error(request, say(language(), "put_aside.still_waits"))
    return redirect("staff_row", worker.site.key, desk.key, target, found.id)


def _gone(request: HttpRequest, worker: Worker, desk: FileKind, target: str) -> HttpResponse:
    """Somebody else was quicker, or the row never was here: back to the list."""
    messages.error(request, say(language(), "put_aside.gone"))
    return redirect("staff_rows", worker.site.key, desk.key, target)


def _changed(rows: Rows, typed: dict[str, str]) -> dict[str, str | None]:
    """The fields as typed; one that was hidden and left as it was stays."""
    left = {name for name in rows.secret if typed[name].startswith(_HIDDEN)}
    return {name: value or None for name, value in typed.items() if name not in left}


def _fields(rows: Rows, found: PutAside, values: Any) -> list[dict[str, Any]]:
    """The form's fields; secret ones by their last four, so that nobody reads what they do not mend."""
    shown = []
    for name in rows.columns:
        value = values.get(name) or ""
        hidden = bool(value) and name in rows.secret and name != found.field
        if hidden and not value.startswith(_HIDDEN):
            value = f"{_HIDDEN}{value[-4:]}"
        shown.append({"name": name, "value": value, "hidden": hidden, "wrong": name == found.field})
    return shown


def _many(request: HttpRequest, worker: Worker, desk: FileKind, target: str, chosen: dict[str, Any]) -> HttpResponse:
    back = redirect("staff_rows", worker.site.key, desk.key, target)
    rows = desk.rows
    assert rows is not None  # noqa: S101 (`_desk` has seen to it)
    marked = [number_of(one) for one in request.POST.getlist("row")[:_MOST_AT_ONCE]]
    try:
        if request.POST.get("act") == "again":
            file = sending.again(
                kind=desk,
                target=target,
                rows=marked,
                reference=None if marked else chosen["reference"],
                actor=worker.actor,
                controller=worker.site.controller,
            )
            tasks.start(JOB)
            return redirect("staff_import", worker.site.key, file.pk)
        if request.POST.get("act") == "discard":
            mine = [row for row in marked if rows.one(target=target, row=row)]
            if not mine:
                messages.error(request, say(language(), "put_aside.none_marked"))
                return back
            count = rows.discard(rows=mine, because=request.POST.get("because", ""), actor=worker.actor)
            messages.success(request, say(language(), "put_aside.discarded", count=count))
    except TillitError as error:
        messages.error(request, said_of(error))
    return back


def _chosen(request: HttpRequest, rows: Rows, target: str) -> dict[str, Any]:
    code, file = request.GET.get("reason", ""), request.GET.get("file", "")
    return {
        "code": code if code in rows.codes(target=target) else "",
        "reference": int(file) if file.isascii() and file.isdigit() and len(file) < 12 else None,
    }


def _lines(rows: Rows, target: str, chosen: dict[str, Any]) -> Iterator[str]:
    """The rows by file, line, field and reason; their content stays here."""
    yield "\ufeff"
    out = io.StringIO()
    write = csv.writer(out, delimiter=";")
    write.writerow([say(language(), f"put_aside.{one}") for one in ("file", "line", "field", "reason", "code")])
    offset = 0
    while True:
        found, _ = rows.listed(target=target, **chosen, offset=offset, limit=_MOST_AT_ONCE)
        for row in found:
            words = rows.words(row.code, language())
            write.writerow([inert(row.file), row.line, row.field, words, row.code])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
        if len(found) < _MOST_AT_ONCE:
            return
        offset += _MOST_AT_ONCE


def _desk(worker: Worker, kind: str, target: str) -> tuple[FileKind, Rows]:
    found = next((one for one in kinds_of(worker) if one.key == kind), None)
    if found is None or found.rows is None or target not in {one.key for one in found.targets(worker.site.controller)}:
        raise Http404
    return found, found.rows
