"""Customer service's desk: the queue of enquiries and complaints, one of them, and taking one in (D9, E8)."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.cases import attachments
from tillit.cases.customers import CHANNELS, COMPLAINT, ENQUIRY, KINDS, OUTCOMES, TOPICS
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.faces.member_web.enquiries import as_attachment, stated, trouble
from tillit.faces.member_web.requests import number_of
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.staff_web.requests import moment
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys.enquiries import handling, opening, reading
from tillit.journeys.enquiries.acting import kinds, may_handle
from tillit.journeys.rights.errors import RequestError
from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import AlreadyClaimedError, NotAssignedError

SIZE = 50
NOT_HERE = (ScopeError, UnknownCaseError, NotAssignedError)


@require_safe
@staff_page
def queue(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The queue, who has waited longest first, with filters, pages and a file."""
    chosen = _chosen(request)
    given = request.GET.get("page", "1")
    page = min(max(int(given), 1), 500) if given.isascii() and given.isdigit() and len(given) < 6 else 1
    try:
        if request.GET.get("form") == "csv":
            lines = "".join(reading.export(**_where(worker), **chosen))
            name = f"{worker.site.key}-{clock.today().isoformat()}.csv"
            heads = {"Content-Disposition": f'attachment; filename="{name}"'}
            return HttpResponse(lines, content_type="text/csv; charset=utf-8", headers=heads)
        rows, more = reading.queue(**_where(worker), **chosen, page=page, size=SIZE)
        counts = reading.counts(**_where(worker))
    except ScopeError:
        raise Http404 from None
    context = worker.context(
        page="enquiries",
        rows=rows,
        counts=counts,
        parts=reading.PARTS,
        kinds=kinds(worker.site.controller),
        topics=TOPICS,
        chosen=chosen,
        before=page - 1 if page > 1 else None,
        after=page + 1 if more else None,
    )
    return render(request, "staff_web/enquiries.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def enquiry(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """One enquiry with what can be done now; a POST does it."""
    case_id, problem = number_of(number), ""
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        try:
            act(request, worker, case_id)
        except UnknownCaseError:
            raise Http404 from None
        except CaseError as refused:
            problem = refused.code
        except NOT_HERE:
            raise Http404 from None
        else:
            messages.success(request, say(language(), "enquiries.done"))
            return redirect("staff_enquiry", worker.site.key, number)
    try:
        found = reading.case_for(**_where(worker), case_id=case_id)
    except NOT_HERE:
        raise Http404 from None
    one = found.shown.case
    context = worker.context(
        page="enquiries",
        found=found,
        shown=found.shown,
        case=one,
        mine=one.handler == worker.staff.pk,
        others=opening.others(controller=worker.site.controller, subject_id=one.subject_id),
        topics=TOPICS,
        outcomes=[o for o in OUTCOMES if (o in {"upheld", "partly_upheld", "rejected"}) == (one.kind == COMPLAINT)],
        files=attachments.allowed(one.kind),
        words=request.POST.get("text", ""),
        act=request.POST.get("act", ""),
        problem=trouble(problem),
    )
    return render(request, "staff_web/enquiry.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def file(request: HttpRequest, worker: Worker, number: str, document: str) -> HttpResponse:
    """A file of a case, to be saved."""
    try:
        found = reading.file_for(**_where(worker), case_id=number_of(number), document_id=number_of(document))
    except NOT_HERE:
        raise Http404 from None
    return as_attachment(*found)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def register(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """Note what a person found in this session has asked."""
    _, subject_id = found_by(request, worker, token)
    return _register(
        request, worker, lambda told: opening.register(**told, subject_id=subject_id, files=uploaded(request, "file"))
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def register_stranger(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Note what somebody not on record has asked."""
    who: dict[str, Any] = {"name": request.POST.get("name", "")[:200], "email": request.POST.get("email", "")[:254]}
    return _register(request, worker, lambda told: opening.register_stranger(**told, **who), stranger=True)


def _register(
    request: HttpRequest, worker: Worker, take_in: Callable[[dict[str, Any]], Any], *, stranger: bool = False
) -> HttpResponse:
    if not may_handle(worker.actor, worker.site.controller):
        raise Http404
    if request.method != "POST" or request.POST.get("act") != "register":
        return _new(request, worker, stranger=stranger)
    try:
        made = take_in(
            _where(worker)
            | {
                "kind": request.POST.get("kind", ENQUIRY),
                "channel": request.POST.get("channel", ""),
                "fields": stated(request),
                "received_at": moment(request.POST.get("received", ""), worker),
                "language": language(),
            }
        )
    except (CaseError, RequestError) as refused:
        return _new(request, worker, stranger=stranger, problem=refused.code)
    except IdentifierError:
        return _new(request, worker, stranger=stranger, problem="name")
    except AlreadyClaimedError:
        return _new(request, worker, stranger=stranger, problem="known")
    except NOT_HERE:
        raise Http404 from None
    messages.success(request, say(language(), "enquiries.registered"))
    return redirect("staff_enquiry", worker.site.key, str(made.id))


def _new(request: HttpRequest, worker: Worker, *, stranger: bool, problem: str = "") -> HttpResponse:
    typed = {key: request.POST.get(key, "") for key in ("name", "email", "kind", "channel", "received")}
    context = worker.context(
        page="enquiries",
        stranger=stranger,
        kinds=kinds(worker.site.controller),
        channels=CHANNELS[1:],
        topics=TOPICS,
        typed=typed | stated(request),
        today=clock.today().isoformat(),
        files=None if stranger else attachments.allowed(ENQUIRY),
        problem=trouble(problem),
    )
    return render(request, "staff_web/enquiry_new.html", context, status=422 if problem else 200)


def _chosen(request: HttpRequest) -> dict[str, Any]:
    asked = {key: request.GET.get(key, "") for key in ("part", "kind", "topic", "mine")}
    return {
        "part": asked["part"] if asked["part"] in reading.PARTS else "unanswered",
        "kind": asked["kind"] if asked["kind"] in KINDS else "",
        "topic": asked["topic"] if asked["topic"] in TOPICS else "",
        "mine": asked["mine"] == "1",
    }


def _where(worker: Worker) -> dict[str, Any]:
    return {"actor": worker.actor, "controller": worker.site.controller}


def _reply(request: HttpRequest, worker: Worker, case_id: int) -> None:
    text = request.POST.get("text", "")
    handling.reply(**_where(worker), case_id=case_id, text=text, files=uploaded(request, "file"))


def _note(request: HttpRequest, worker: Worker, case_id: int) -> None:
    handling.note(**_where(worker), case_id=case_id, text=request.POST.get("text", ""))


def _sort(request: HttpRequest, worker: Worker, case_id: int) -> None:
    handling.sort(**_where(worker), case_id=case_id, topic=request.POST.get("topic", ""))


def _attach(request: HttpRequest, worker: Worker, case_id: int) -> None:
    handling.attach(**_where(worker), case_id=case_id, files=uploaded(request, "file"))


def _close(request: HttpRequest, worker: Worker, case_id: int) -> None:
    outcome, text = request.POST.get("outcome", ""), request.POST.get("text", "")
    handling.close(**_where(worker), case_id=case_id, outcome=outcome, text=text)


def _reopen(request: HttpRequest, worker: Worker, case_id: int) -> None:
    handling.reopen(**_where(worker), case_id=case_id)


def _take(request: HttpRequest, worker: Worker, case_id: int) -> None:
    handling.assign(**_where(worker), case_id=case_id, staff_id=worker.staff.pk)


def _leave(request: HttpRequest, worker: Worker, case_id: int) -> None:
    handling.assign(**_where(worker), case_id=case_id, staff_id=None)


def _involve(request: HttpRequest, worker: Worker, case_id: int) -> None:
    given: dict[str, Any] = {
        "other": request.POST.get("other", "")[:60],
        "text": request.POST.get("text", "")[: handling.LONGEST],
    }
    opening.involve(**_where(worker), case_id=case_id, **given)


ACTS: dict[str, Callable[[HttpRequest, Worker, int], None]] = {
    "reply": _reply,
    "note": _note,
    "involve": _involve,
    "sort": _sort,
    "attach": _attach,
    "close": _close,
    "reopen": _reopen,
    "take": _take,
    "leave": _leave,
}
