"""Contacts at suppliers and partners at the desk: find, register, correct, end (H16)."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from tillit.faces.form_notices import said_on
from tillit.faces.staff_web.access import Worker
from tillit.faces.staff_web.kept import Kept, looked, scope_of
from tillit.kernel.scope import Scope
from tillit.office.contacts import operations, queries
from tillit.office.contacts.errors import ContactError
from tillit.parties.models import Relationship

_FIELDS = {"kind": 30, "name": 200, "company": 121, "work": 121, "email": 254, "phone": 30}


def _rows(request: HttpRequest, worker: Worker) -> QuerySet[Relationship]:
    return queries.of(controller=worker.site.controller, text=request.GET.get("q", "")[:60])


def _listing(request: HttpRequest, worker: Worker, rows: Sequence[Relationship]) -> dict[str, Any]:
    with scope_of(worker, operations.ACTIVITY) as scope:
        people = queries.listed(rows)
        looked(scope, worker, [one.subject_id for one in people], "business_contact")
    return {"people": people, "text": request.GET.get("q", "")[:60]}


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "")[:longest] for name, longest in _FIELDS.items()}


def _make(request: HttpRequest, worker: Worker, scope: Scope) -> int:
    controller = worker.site.controller
    subject = operations.keep(scope=scope, controller=controller, typed=_typed(request))
    return int(queries.of(controller=controller).filter(subject_id=subject).values_list("id", flat=True)[0])


def _found(worker: Worker, number: int) -> queries.Contact:
    with scope_of(worker, operations.ACTIVITY) as scope:
        found = queries.listed(list(queries.of(controller=worker.site.controller).filter(id=number)))
        looked(scope, worker, [one.subject_id for one in found], "business_contact")
    if not found:
        raise Http404
    return found[0]


def _act(request: HttpRequest, worker: Worker, found: queries.Contact) -> str:
    with scope_of(worker, operations.ACTIVITY) as scope:
        mine: dict[str, Any] = {"scope": scope, "controller": worker.site.controller, "subject_id": found.subject_id}
        match request.POST.get("act", ""):
            case "change":
                operations.change(**mine, typed=_typed(request))
                return "changed"
            case "end":
                operations.end(**mine)
                return "ended"
    raise Http404


def _form(request: HttpRequest, worker: Worker) -> dict[str, Any]:
    activity = worker.site.declaration.activity(operations.ACTIVITY)
    kinds = [kind for kind in operations.KINDS if activity is not None and kind in activity.applies_to]
    return {"typed": _typed(request), "kinds": kinds, "said": said_on(worker.site, "staff_contact_new")}


def _shown(request: HttpRequest, worker: Worker, found: queries.Contact, problem: str) -> dict[str, Any]:
    return {"contact": found, "typed": _typed(request) if problem else found.typed}


_KEPT = Kept(
    name="contact",
    words="contacts",
    may=lambda worker: worker.keeps_contacts,
    activity=operations.ACTIVITY,
    refused=ContactError,
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
