"""Min side: ID protection, web clean-up and the concierge (D3, D4, D5): one set of pages for all of them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.complaints import saved
from tillit.faces.member_web.requests import number_of
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys import belongings
from tillit.journeys.assistance import SERVICES, UNDER_MANDATE, own
from tillit.journeys.for_customer import advice
from tillit.parties.errors import RestrictedPersonError
from tillit.services.acting.errors import ActingError
from tillit.services.acting.kinds import MISUSE
from tillit.services.concierge.errors import ConciergeError
from tillit.services.errors import ServiceError

ADDRESSES = {"id-protection": "id_protection", "clean-up": "web_cleanup", "concierge": "concierge"}
PATHS = {service: path for path, service in ADDRESSES.items()}
ABOUT = ("name", "address", "country", "url", "matter")
REFUSED = (CaseError, ActingError, ConciergeError, ServiceError, RestrictedPersonError)
_LONGEST = 4000


@require_safe
@member_page
def overview(request: HttpRequest, member: Member) -> HttpResponse:
    """The services that help, each with what is open."""
    offered = [one for one in SERVICES if own.offered(controller=member.site.controller, service=one)]
    objects = belongings.offered(controller=member.site.controller)
    if not (offered or objects):
        raise Http404
    rows = []
    for one in offered:
        cases, may = own.mine(**_who(member), controller=member.site.controller, service=one)
        rows.append((one, PATHS[one], sum(case.closed_at is None for case in cases), may))
    context = member.context(
        page="assistance", services=rows, objects=objects, advises=advice.offered(controller=member.site.controller)
    )
    return render(request, "member_web/assistance.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def service(request: HttpRequest, member: Member, service: str) -> HttpResponse:
    """One's cases of a service, and a form that begins another."""
    key = _offered(member, service)
    problem = ""
    if request.method == "POST":
        try:
            case = own.ask(
                **_who(member),
                controller=member.site.controller,
                service=key,
                fields=_fields(request, key),
                about=[] if key not in UNDER_MANDATE or not request.POST.get("name") else [about(request)],
                files=uploaded(request, "file"),
                language=language(),
            )
        except REFUSED as refused:
            problem = refused.code
        else:
            messages.success(request, say(language(), f"assistance.begun.{key}"))
            return redirect("assistance_case", member.site.key, service, str(case.id))
    cases, may = own.mine(**_who(member), controller=member.site.controller, service=key)
    context = member.context(
        page="assistance",
        service=key,
        path=service,
        cases=cases,
        may=may,
        said=said_on(member.site, key),
        misuse=MISUSE,
        under=key in UNDER_MANDATE,
        problem=problem,
        typed={name: request.POST.get(name, "") for name in ("text", "found_on", "first", "last", *ABOUT)},
    )
    return render(request, "member_web/assistance_service.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def case(request: HttpRequest, member: Member, service: str, number: str) -> HttpResponse:
    """One case: mandate, who was written to, offers, the log; a POST signs, withdraws, adds, chooses or writes."""
    key = _offered(member, service)
    which: dict[str, Any] = {**_who(member), "case_id": number_of(number)}
    problem = ""
    try:
        if request.method == "POST":
            try:
                done = _act(request, member, key, which)
            except UnknownCaseError:
                raise
            except REFUSED as refused:
                problem = refused.code
            else:
                messages.success(request, say(language(), f"assistance.done.{done}"))
                return redirect("assistance_case", member.site.key, service, number)
        shown = own.one(**which, service=key, language=language())
    except UnknownCaseError:
        raise Http404 from None
    context = member.context(
        page="assistance",
        service=key,
        path=service,
        shown=shown,
        case=shown.case,
        under=key in UNDER_MANDATE,
        said=said_on(member.site, key),
        problem=problem,
        typed={name: request.POST.get(name, "") for name in ("text", *ABOUT)},
    )
    return render(request, "member_web/assistance_case.html", context, status=422 if problem else 200)


@require_safe
@member_page
def file(request: HttpRequest, member: Member, service: str, number: str, document: str) -> HttpResponse:
    """A file or letter of one's own case, to be saved."""
    try:
        found = own.file(
            **_who(member),
            service=_offered(member, service),
            case_id=number_of(number),
            document_id=number_of(document),
        )
    except UnknownCaseError:
        raise Http404 from None
    return saved(*found)


def about(request: HttpRequest) -> dict[str, str]:
    """A creditor or site as it was typed."""
    given = {name: request.POST.get(name, "").strip()[:_LONGEST] for name in ABOUT}
    return given | {"country": given["country"] or "NO"}


def _act(request: HttpRequest, member: Member, key: str, which: dict[str, Any]) -> str:
    act = request.POST.get("act", "")
    if act == "sign":
        if not request.POST.get("sure"):
            raise ActingError("sure", "tick that you have read it")
        shown = request.POST.get("wording", "")
        own.sign(**which, service=key, shown_text=shown, language=language())
    elif act == "withdraw":
        own.withdraw(**which, service=key)
    elif act == "add":
        own.add(**which, service=key, about=about(request))
    elif act == "choose":
        own.choose(**which, offer_id=number_of(request.POST.get("offer", "")), yes_to=_yes(request, which, key))
    elif act == "turn_down":
        own.turn_down(**which, offer_id=number_of(request.POST.get("offer", "")))
    else:
        act = "write"
        own.write(**which, service=key, text=request.POST.get("text", "")[:_LONGEST], files=uploaded(request, "file"))
    return act


def _yes(request: HttpRequest, which: dict[str, Any], key: str) -> str:
    """What the person read and ticked before a booking goes outside the EEA; its digest is kept with the yes."""
    if not request.POST.get("abroad"):
        return ""
    shown = own.one(**which, service=key, language=language())
    offer = next((one for one, _ in shown.offers if str(one.id) == request.POST.get("offer")), None)
    return say(language(), "assistance.abroad", name=offer.supplier.name) if offer is not None else ""


def _fields(request: HttpRequest, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {"text": request.POST.get("text", "").strip()[:_LONGEST]}
    if key == "id_protection":
        found["misuse"] = [one for one in request.POST.getlist("misuse") if one in MISUSE]
        found["reported"] = bool(request.POST.get("reported"))
    names = {"id_protection": ("found_on",), "concierge": ("first", "last")}.get(key, ())
    days = {name: own.day(request.POST.get(name, "")) for name in names}
    return found | {name: day for name, day in days.items() if day is not None}


def _offered(member: Member, path: str) -> str:
    key = ADDRESSES.get(path, "")
    if not key or not own.offered(controller=member.site.controller, service=key):
        raise Http404
    return key


def _who(member: Member) -> dict[str, Any]:
    return {"actor": member.actor, "subject_id": member.subject_id}
