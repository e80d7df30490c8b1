"""Employees at the desk: who works here, position, salary and absence; the end of an employment (H16).

Payroll alone opens these pages, and each look is on record for who is shown.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from tillit.faces.staff_web.access import Worker
from tillit.faces.staff_web.kept import Kept, looked, scope_of
from tillit.kernel.scope import Scope
from tillit.office.employees import operations, queries, records
from tillit.office.employees.errors import EmployeeError
from tillit.parties.models import Relationship

_FIELDS = {"name": 200, "email": 254, "phone": 30, "street": 100, "postal_code": 10, "city": 60, "started": 10}
_SEALED = {"national_number": 20, "account": 20}
_ENTRY = {"first": 10, "last": 10, "title": 120, "percent": 3, "salary": 20, "reason": 20}


def _rows(request: HttpRequest, worker: Worker) -> QuerySet[Relationship]:
    return queries.of(controller=worker.site.controller)


def _listing(request: HttpRequest, worker: Worker, rows: Sequence[Relationship]) -> dict[str, Any]:
    with scope_of(worker, operations.ACTIVITY) as scope:
        people = queries.listed(rows)
        looked(scope, worker, [one.subject_id for one in people], "identity", "relationship")
    return {"people": people}


def _typed(request: HttpRequest, *, sealed: bool = True) -> dict[str, str]:
    fields = _FIELDS | (_SEALED if sealed else {})
    return {name: request.POST.get(name, "")[:longest] for name, longest in fields.items()}


def _make(request: HttpRequest, worker: Worker, scope: Scope) -> int:
    controller = worker.site.controller
    subject = operations.employ(scope=scope, controller=controller, typed=_typed(request))
    return int(queries.of(controller=controller).filter(subject_id=subject).values_list("id", flat=True)[0])


def _found(worker: Worker, number: int) -> queries.File:
    controller = worker.site.controller
    with scope_of(worker, operations.ACTIVITY) as scope:
        tie = queries.of(controller=controller).filter(id=number).first()
        file = queries.file_of(controller=controller, subject_ids=[tie.subject_id]) if tie else None
        if file is None:
            raise Http404
        looked(scope, worker, [file.employee.subject_id], "identity", "contact", "employment", "bank_account")
    return file


def _act(request: HttpRequest, worker: Worker, file: queries.File) -> str:
    act, controller = request.POST.get("act", ""), worker.site.controller
    with scope_of(worker, operations.ACTIVITY) as scope:
        mine: dict[str, Any] = {"scope": scope, "controller": controller, "subject_id": file.employee.subject_id}
        if act in set(records.Kind):
            entry = {name: request.POST.get(name, "")[:longest] for name, longest in _ENTRY.items()}
            operations.note(**mine, entry=records.read(act, entry))
            return "noted"
        match act:
            case "change":
                operations.change(**mine, typed=_typed(request))
                return "changed"
            case "remove":
                given = request.POST.get("record", "")
                number = int(given) if given.isascii() and given.isdecimal() and len(given) < 20 else 0
                if not operations.remove(**mine, record_id=number):
                    raise Http404
                return "removed"
            case "again":
                operations.again(**mine, started=request.POST.get("started", "")[:10])
                return "again_done"
            case "stay":
                operations.stay(**mine)
                return "stayed"
            case "end":
                operations.end(**mine, ended=request.POST.get("ended", "")[:10])
                return "ended"
    raise Http404


def _form(request: HttpRequest, worker: Worker) -> dict[str, Any]:
    context: dict[str, Any] = {"typed": _typed(request, sealed=False)}
    if request.method == "POST":
        with scope_of(worker, operations.ACTIVITY) as scope:
            typed = _typed(request)
            context["earlier"] = operations.earlier(scope=scope, controller=worker.site.controller, typed=typed)
    return context


def _shown(request: HttpRequest, worker: Worker, file: queries.File, problem: str) -> dict[str, Any]:
    known = file.employee.facts
    typed = {key: known.get(key, "") for key in ("email", "phone")}
    typed |= {key: known.get(f"address.{key}", "") for key in operations.ADDRESS} | {"name": file.employee.name}
    if problem and request.POST.get("act") == "change":
        typed = _typed(request, sealed=False)
    entry = request.POST if problem and request.POST.get("act") in set(records.Kind) else {}
    return {
        "file": file,
        "typed": typed,
        "entry": entry,
        "absences": list(records.Absence),
        "kinds": list(records.Kind),
    }


_KEPT = Kept(
    name="employee",
    words="employees",
    may=lambda worker: worker.keeps_employees,
    activity=operations.ACTIVITY,
    refused=EmployeeError,
    rows=_rows,
    make=_make,
    found=_found,
    act=_act,
    form=_form,
    shown=_shown,
    listing=_listing,
    scoped=True,
)
listed, new, one = _KEPT.listed, _KEPT.new, _KEPT.one
