"""Seminars at the desk: make, change, publish, cancel; who comes, who was there; the list as a file (F10)."""

import csv
import io
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.kept import Kept, looked, scope_of
from tillit.faces.staff_web.written import Written, moment
from tillit.faces.templatetags.tillit import language
from tillit.kernel import clock
from tillit.kernel.csv_text import inert
from tillit.kernel.scope import Scope
from tillit.outreach.seminars import editing, links, operations, queries
from tillit.outreach.seminars.editing import Content
from tillit.outreach.seminars.errors import SeminarError
from tillit.outreach.seminars.models import Seminar

_ADDRESSES = ("link", "material")
_FORM = Written(
    names=("place", "capacity", *_ADDRESSES), times=("starts_at", "ends_at", "signup_until"), parts=("title", "about")
)
_is_url = URLValidator(schemes=["https"])


def _make(request: HttpRequest, worker: Worker, scope: Scope) -> int:
    return int(editing.create(scope=scope, controller=worker.site.controller, content=_content(request)).pk)


def _shown(request: HttpRequest, worker: Worker, seminar: Seminar, problem: str) -> dict[str, Any]:
    return {
        "seminar": seminar,
        "when": links.when(seminar, language()),
        "people": _people(worker, seminar),
        "begun": seminar.starts_at <= clock.now(),
        "over": seminar.ends_at <= clock.now(),
        **_FORM.shown(request if problem and request.POST.get("act") == "change" else None, seminar),
    }


@require_safe
@staff_page
def download(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """The attendance list as CSV."""
    _KEPT.allow(worker)
    seminar = _found(worker, number)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", "email", "phone", "standing", "digital", "attended"])
    for one in _people(worker, seminar):
        said = {True: "yes", False: "no", None: ""}
        writer.writerow(
            [
                *map(inert, (one.name, one.email, one.phone)),
                one.row.standing,
                said[one.row.digital],
                said[one.row.attended],
            ]
        )
    name = f"{worker.site.key}-seminar-{seminar.pk}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _people(worker: Worker, seminar: Seminar) -> list[queries.Listed]:
    with scope_of(worker, operations.ACTIVITY) as scope:
        people = queries.attendance(seminar)
        looked(scope, worker, [one.row.subject_id for one in people], "contact", "identity", "seminar")
    return people


def _act(request: HttpRequest, worker: Worker, seminar: Seminar) -> str:
    act = request.POST.get("act", "")
    with scope_of(worker, operations.ACTIVITY) as scope:
        match act:
            case "change":
                editing.change(scope=scope, seminar=seminar, content=_content(request))
            case "publish":
                editing.publish(scope=scope, seminar=seminar)
            case "cancel":
                editing.cancel(scope=scope, seminar=seminar)
            case "tick":
                shown, there = ({int(n) for n in request.POST.getlist(k) if n.isdecimal()} for k in ("shown", "there"))
                operations.tick(scope=scope, seminar=seminar, there=there, shown=shown)
            case _:
                raise Http404
    return {"change": "saved", "publish": "published", "cancel": "cancelled", "tick": "ticked"}[act]


def _content(request: HttpRequest) -> Content:
    said = request.POST
    try:
        starts, ends, until = (moment(request, name) for name in _FORM.times)
    except ValueError:
        starts = ends = until = None
    if starts is None or ends is None or until is None:
        raise SeminarError("times", "a time is missing")
    for name in _ADDRESSES:
        try:
            if said.get(name, "").strip():
                _is_url(said[name].strip())
        except ValidationError:
            raise SeminarError("address", "a link begins with https://") from None
    places = said.get("capacity", "").strip() or "0"
    if not (places.isascii() and places.isdecimal() and len(places) < 7):
        raise SeminarError("capacity", "a number of places")
    return Content(
        texts=_FORM.texts(request),
        place=said.get("place", "").strip()[:200],
        link=said.get("link", "").strip()[:500],
        material=said.get("material", "").strip()[:500],
        starts_at=starts,
        ends_at=ends,
        signup_until=until,
        capacity=int(places),
    )


def _found(worker: Worker, number: int) -> Seminar:
    found = Seminar.objects.select_related("controller").filter(controller=worker.site.controller, pk=number).first()
    if found is None:
        raise Http404
    return found


_KEPT = Kept(
    name="seminar",
    words="seminar_desk",
    may=lambda worker: worker.holds_seminars,
    activity=operations.ACTIVITY,
    refused=SeminarError,
    rows=lambda _, worker: queries.all_of(controller=worker.site.controller),
    make=_make,
    found=_found,
    act=_act,
    form=lambda request, _: _FORM.shown(request, None),
    shown=_shown,
    listing=lambda *_: {"now": clock.now()},
)
listed, new, one = _KEPT.listed, _KEPT.new, _KEPT.one
