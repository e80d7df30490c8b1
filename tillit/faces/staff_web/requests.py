"""The queue of requests about rights, and the page of one (H2-H9). A POST does one thing: its button is named `act`."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.cases import queries
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.models import Case
from tillit.cases.rights import CHANNELS, CORRECTABLE, RIGHTS
from tillit.disclosure.notices import HOW
from tillit.faces.member_web.requests import GROUNDS, as_file, choices_of, number_of, stated
from tillit.faces.public_web.statements import spoken
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import language, say_or
from tillit.faces.texts import say
from tillit.journeys.enquiries import reading as enquiries
from tillit.journeys.rights import acting, from_enquiry, handling, identity, reading, recipients
from tillit.journeys.rights.errors import RequestError
from tillit.journeys.rights.handling import REFUSALS
from tillit.journeys.rights.reading import Form
from tillit.journeys.rights.receive import SEEN, receive, receive_from_stranger
from tillit.journeys.rights.texts import languages
from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import AlreadyClaimedError, NotAssignedError

SIZE = 50
REFUSED = (CaseError, RequestError)


@require_safe
@staff_page
def queue(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The queue, most urgent first, with filters."""
    asked = request.GET.get("show", "open")
    show = asked if asked in queries.SHOWN else "open"
    right = request.GET.get("right", "") if request.GET.get("right", "") in RIGHTS else ""
    given = request.GET.get("page", "1")
    page = min(max(int(given), 1), 500) if given.isascii() and given.isdigit() and len(given) < 6 else 1
    controller, mine = worker.site.controller, request.GET.get("mine") == "1"
    try:
        rows, more = reading.queue(
            actor=worker.actor, controller=controller, show=show, right=right, mine=mine, page=page, size=SIZE
        )
        counts = reading.counts(actor=worker.actor, controller=controller)
    except ScopeError:
        raise Http404 from None
    context = worker.context(
        page="requests",
        rows=rows,
        counts=counts,
        parts=queries.SHOWN,
        rights=RIGHTS,
        chosen={"show": show, "right": right, "mine": mine},
        before=page - 1 if page > 1 else None,
        after=page + 1 if more else None,
    )
    return render(request, "staff_web/requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def case(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """One request with what can be done now; a POST does it."""
    case_id = number_of(number)
    if request.method != "POST":
        return _page(request, worker, case_id)
    act = request.POST.get("act", "")
    if act not in ACTS:
        raise Http404
    try:
        said = ACTS[act](request, worker, case_id)
    except REFUSED as error:
        return _page(request, worker, case_id, act=act, problem=error.code)
    except (ScopeError, UnknownCaseError):
        raise Http404 from None
    messages.success(request, say(language(), f"rights_desk.{said}"))
    return redirect("staff_request", worker.site.key, number)


@require_POST
@staff_page
def download(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """The answer or the copy, to hand over to a person whose identity is verified."""
    form: Form | None = next((one for one in ("pdf", "zip", "json") if one == request.POST.get("form")), None)
    if form is None:
        raise Http404
    try:
        body = reading.fetch_for(
            actor=worker.actor,
            controller=worker.site.controller,
            case_id=number_of(number),
            form=form,
            language=_language(worker),
        )
    except (ScopeError, UnknownCaseError):
        raise Http404 from None
    if body is None:
        messages.warning(request, say(language(), "requests.gone"))
        return redirect("staff_request", worker.site.key, number)
    return as_file(body, form, f"{worker.site.key}-{number}")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def register(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """Register a request from a person found in this session."""
    _, subject_id = found_by(request, worker, token)
    if not acting.may_receive(worker.actor, worker.site.controller):
        raise Http404
    if request.method != "POST" or request.POST.get("act") != "register":
        return _new(request, worker)
    try:
        made = receive(
            actor=worker.actor,
            controller=worker.site.controller,
            subject_id=subject_id,
            verified_how=request.POST.get("verified", ""),
            **_told(request, worker),
        )
    except REFUSED as error:
        return _new(request, worker, problem=error.code)
    except NotAssignedError:
        raise Http404 from None
    return _registered(request, worker, str(made.id))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def register_stranger(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Register a request from somebody who is not on record."""
    if not acting.may_receive(worker.actor, worker.site.controller):
        raise Http404
    if request.method != "POST" or request.POST.get("act") != "register":
        return _new(request, worker, stranger=True)
    try:
        made = receive_from_stranger(
            actor=worker.actor,
            controller=worker.site.controller,
            name=request.POST.get("name", "")[:200],
            email=request.POST.get("email", "")[:254],
            **_told(request, worker),
        )
    except REFUSED as error:
        return _new(request, worker, problem=error.code, stranger=True)
    except IdentifierError:
        return _new(request, worker, problem="name", stranger=True)
    except AlreadyClaimedError:
        return _new(request, worker, problem="known", stranger=True)
    return _registered(request, worker, str(made.id))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def register_enquiry(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """Make an enquiry, such as a mail, the request that it is: it counts from when that came in."""
    at: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller, "case_id": number_of(number)}
    try:
        one = enquiries.case_for(**at).shown.case
    except (ScopeError, UnknownCaseError, NotAssignedError):
        raise Http404 from None
    if not acting.may_receive(worker.actor, worker.site.controller) or one.closed_at is not None:
        raise Http404
    if request.method != "POST" or request.POST.get("act") != "register":
        return _new(request, worker, enquiry=one)
    at |= {"verified_how": request.POST.get("verified", "")}
    try:
        made = from_enquiry.as_request(**at, **_told(request, worker, known=True))
    except REFUSED as error:
        return _new(request, worker, problem=error.code, enquiry=one)
    return _registered(request, worker, str(made.id))


def _registered(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    messages.success(request, say(language(), "rights_desk.registered"))
    if acting.may_handle(worker.actor, worker.site.controller):
        return redirect("staff_request", worker.site.key, number)
    return redirect("staff_search", worker.site.key)


def _told(request: HttpRequest, worker: Worker, *, known: bool = False) -> dict[str, Any]:
    """What the form says of any request; known: not how and when it came. Raises `RequestError` `no-day`."""
    right, wanted = _right(request), request.POST.get("language", "")
    said: dict[str, Any] = {"right": right, "fields": stated(request, right)}
    said |= {"language": wanted if wanted in languages() else _language(worker)}
    if not known:
        said |= {"received_at": moment(request.POST.get("received", ""), worker)}
        said |= {"channel": request.POST.get("channel", "")}
    return said


def moment(text: str, worker: Worker) -> datetime | None:
    """When something came in: noon of the day, where the controller is, but not later than now."""
    if not text:
        return None
    day = _day(text)
    zone = ZoneInfo(worker.site.declaration.controller.time_zone)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return min(noon, clock.now()) if day == clock.today(zone.key) else noon


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RequestError("no-day", "that is no date") from None


def _right(request: HttpRequest) -> str:
    given = request.POST.get("right") or request.GET.get("right") or RIGHTS[0]
    return given if given in RIGHTS else RIGHTS[0]


def _new(
    request: HttpRequest, worker: Worker, *, problem: str = "", stranger: bool = False, enquiry: Case | None = None
) -> HttpResponse:
    right = _right(request)
    typed = {key: request.POST.get(key, "") for key in ("name", "email", "channel", "received", "verified", "language")}
    context = worker.context(
        page="requests",
        right=right,
        rights=RIGHTS,
        grounds=GROUNDS.get(right, ()),
        channels=[one for one in CHANNELS if one != "self_service"],
        seen=SEEN,
        spoken=languages(),
        stranger=stranger,
        enquiry=enquiry,
        problem=_problem(problem),
        typed=({"text": enquiry.fields.get("text", "")} if enquiry else {}) | typed | stated(request, right),
        consents=[],
        today=clock.today().isoformat(),
        **choices_of(worker.site),
    )
    return render(request, "staff_web/request_new.html", context, status=422 if problem else 200)


def _page(request: HttpRequest, worker: Worker, case_id: int, act: str = "", problem: str = "") -> HttpResponse:
    try:
        found = reading.case_for(actor=worker.actor, controller=worker.site.controller, case_id=case_id)
    except (ScopeError, UnknownCaseError):
        raise Http404 from None
    one = found.shown.case
    right = one.fields["right"]
    typed = stated(request, right) if act == "carry_out" else one.fields
    context = worker.context(
        page="requests",
        found=found,
        shown=found.shown,
        case=one,
        right=right,
        typed=typed,
        grounds=GROUNDS.get(right, ()),
        answers=reading.told(found.shown.answers, _language(worker)),
        decided=right in {"objection", "complaint"},
        mine=one.handler == worker.staff.pk,
        seen=SEEN,
        refusals=REFUSALS,
        hows=HOW,
        act=act,
        problem=_problem(problem),
        words=request.POST.get("text", ""),
        **choices_of(worker.site),
    )
    return render(request, "staff_web/request.html", context, status=422 if problem else 200)


def _problem(code: str) -> str:
    return say_or(f"requests.problem.{code}", say(language(), "requests.problem.other")) if code else ""


def _language(worker: Worker) -> str:
    wanted = spoken(worker.site)
    return wanted if wanted in languages() else languages()[0]


def _where(worker: Worker, case_id: int) -> dict[str, Any]:
    return {"actor": worker.actor, "controller": worker.site.controller, "case_id": case_id}


def _verify(request: HttpRequest, worker: Worker, case_id: int) -> str:
    identity.verify(**_where(worker, case_id), how=request.POST.get("how", ""))
    return "done"


def _send_code(request: HttpRequest, worker: Worker, case_id: int) -> str:
    if not identity.send_code(**_where(worker, case_id)):
        raise RequestError("no-address", "there is no address")
    return "code_sent"


def _confirm_code(request: HttpRequest, worker: Worker, case_id: int) -> str:
    if not identity.confirm_code(**_where(worker, case_id), typed=request.POST.get("code", "")):
        raise RequestError("wrong-code", "that is not the code")
    return "done"


def _carry_out(request: HttpRequest, worker: Worker, case_id: int) -> str:
    right = request.POST.get("right", "")
    if right == "erasure" and request.POST.get("sure") != "1":
        raise RequestError("sure", "an erasure needs a yes")
    fields = stated(request, right)
    corrections = fields.get("corrections", {}) if right == "rectification" else None
    handling.carry_out(
        **_where(worker, case_id),
        text=request.POST.get("words", ""),
        ground=fields.get("ground"),
        categories=fields.get("categories", []) if right == "erasure" else None,
        corrections={kind: corrections[kind] for kind in CORRECTABLE if kind in corrections}
        if corrections is not None
        else None,
    )
    return "done"


def _uphold(request: HttpRequest, worker: Worker, case_id: int) -> str:
    handling.decide(**_where(worker, case_id), upheld=True, text=request.POST.get("text", ""))
    return "done"


def _reject(request: HttpRequest, worker: Worker, case_id: int) -> str:
    handling.decide(**_where(worker, case_id), upheld=False, text=request.POST.get("text", ""))
    return "done"


def _extend(request: HttpRequest, worker: Worker, case_id: int) -> str:
    until = _day(request.POST.get("until", ""))
    handling.extend(**_where(worker, case_id), until=until, reason=request.POST.get("text", ""))
    return "done"


def _refuse(request: HttpRequest, worker: Worker, case_id: int) -> str:
    reason = request.POST.get("reason", "")
    handling.refuse(**_where(worker, case_id), reason=reason, text=request.POST.get("text", ""))
    return "done"


def _tell(request: HttpRequest, worker: Worker, case_id: int) -> str:
    handling.write(**_where(worker, case_id), text=request.POST.get("text", ""), shown=True)
    return "done"


def _note(request: HttpRequest, worker: Worker, case_id: int) -> str:
    handling.write(**_where(worker, case_id), text=request.POST.get("text", ""), shown=False)
    return "done"


def _lift(request: HttpRequest, worker: Worker, case_id: int) -> str:
    handling.lift(**_where(worker, case_id), reason=request.POST.get("text", ""))
    return "done"


def _close(request: HttpRequest, worker: Worker, case_id: int) -> str:
    handling.close(**_where(worker, case_id), text=request.POST.get("text", ""))
    return "done"


def _take(request: HttpRequest, worker: Worker, case_id: int) -> str:
    handling.assign(**_where(worker, case_id), staff_id=worker.staff.pk)
    return "taken"


def _leave(request: HttpRequest, worker: Worker, case_id: int) -> str:
    handling.assign(**_where(worker, case_id), staff_id=None)
    return "left"


def _was_told(request: HttpRequest, worker: Worker, case_id: int) -> str:
    notice = number_of(request.POST.get("notice", ""))
    recipients.told(**_where(worker, case_id), notice_id=notice, how=request.POST.get("how", ""))
    return "done"


ACTS = {
    "verify": _verify,
    "send_code": _send_code,
    "confirm_code": _confirm_code,
    "carry_out": _carry_out,
    "uphold": _uphold,
    "reject": _reject,
    "extend": _extend,
    "refuse": _refuse,
    "tell": _tell,
    "note": _note,
    "lift": _lift,
    "close": _close,
    "take": _take,
    "leave": _leave,
    "told": _was_told,
}
