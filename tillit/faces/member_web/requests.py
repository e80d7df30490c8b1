"""Min side: use one's rights, see how a request goes and its answer, take it away (H1–H9)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.rights import ALL_MARKETING, CORRECTABLE, ERASURE_GROUNDS, RESTRICTION_GROUNDS, RIGHTS
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.public_web.statements import spoken
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.rights import handling, objecting, reading
from tillit.journeys.rights.errors import RequestError
from tillit.journeys.rights.reading import MEDIA, Form
from tillit.journeys.rights.receive import receive
from tillit.journeys.rights.texts import languages
from tillit.kernel import clock

_LONGEST = 4000
GROUNDS = {"erasure": ERASURE_GROUNDS, "restriction": RESTRICTION_GROUNDS}


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The rights there are, and one's own requests."""
    mine = reading.own(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
    context = member.context(page="your_data", rights=RIGHTS, mine=mine)
    return render(request, "member_web/requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def new(request: HttpRequest, member: Member, right: str) -> HttpResponse:
    """The form of one right; a POST makes the request."""
    if right not in RIGHTS:
        raise Http404
    if request.method != "POST":
        return _form(request, member, right)
    fields = stated(request, right)
    if right == "erasure" and request.POST.get("sure") != "1":
        return _form(request, member, right, problem="sure", typed=fields)
    try:
        case = receive(
            actor=member.actor,
            controller=member.site.controller,
            subject_id=member.subject_id,
            right=right,
            channel="self_service",
            language=_language(member),
            fields=fields,
        )
    except (CaseError, RequestError):
        return _form(request, member, right, problem=right, typed=fields)
    messages.success(request, say(language(), "requests.answered" if case.answered_at else "requests.received"))
    return redirect("request", member.site.key, str(case.id))


@require_safe
@member_page
def case(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """One request: how it stands, its answer, its steps."""
    shown = _own(member, number)
    context = member.context(
        page="your_data", shown=shown, case=shown.case, answers=reading.told(shown.answers, _language(member))
    )
    return render(request, "member_web/request.html", context)


@require_POST
@member_page
def download(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """The answer or the copy as a file."""
    shown, form = _own(member, number), request.POST.get("form", "")
    chosen: Form | None = next((one for one in ("pdf", "zip", "json") if one == form), None)
    if chosen is None:
        raise Http404
    body = reading.fetch(
        actor=member.actor,
        controller=member.site.controller,
        subject_id=member.subject_id,
        case_id=shown.case.id,
        form=chosen,
        language=_language(member),
    )
    if body is None:
        messages.warning(request, say(language(), "requests.gone"))
        return redirect("request", member.site.key, number)
    return as_file(body, chosen, f"{member.site.key}-{shown.case.fields['right']}-{clock.today().isoformat()}")


@require_POST
@member_page
def take_back(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """The request is no longer wanted."""
    shown = _own(member, number)
    try:
        handling.take_back(
            actor=member.actor,
            controller=member.site.controller,
            subject_id=member.subject_id,
            case_id=shown.case.id,
        )
        messages.success(request, say(language(), "requests.taken_back"))
    except CaseError:
        messages.warning(request, say(language(), "requests.problem.step-not-now"))
    return redirect("request", member.site.key, number)


def as_file(body: bytes, form: Form, name: str) -> HttpResponse:
    """A file to keep, never stored on the way."""
    disposition = f'attachment; filename="{name}.{form}"'
    return HttpResponse(body, content_type=MEDIA[form], headers={"Content-Disposition": disposition})


def stated(request: HttpRequest, right: str) -> dict[str, Any]:
    """What the form says of the request; what is empty is left out."""
    fields: dict[str, Any] = {"text": request.POST.get("text", "").replace("\0", "").strip()[:_LONGEST]}
    if right in GROUNDS:
        fields["ground"] = request.POST.get("ground", "")
    if right == "erasure":
        fields["categories"] = request.POST.getlist("category")
    if right in {"objection", "withdrawal"}:
        activity, _, channel = request.POST.get("activity", "").partition(":")
        fields |= {"activity": activity, "channel": channel}
    if right == "rectification":
        values = {kind: request.POST.get(kind, "").strip()[:500] for kind in CORRECTABLE}
        fields["corrections"] = {kind: value for kind, value in values.items() if value}
    return {key: value for key, value in fields.items() if value}


def choices_of(site: Any) -> dict[str, Any]:
    """What the forms offer at a controller: grounds, categories, what may be objected to, what may be corrected."""
    declared = site.declaration
    return {
        "categories": [use.key for use in declared.categories],
        "objectable": [one.key for one in objecting.objectable(declared)],
        "all_marketing": ALL_MARKETING,
        "correctable": list(CORRECTABLE),
    }


def _form(
    request: HttpRequest, member: Member, right: str, problem: str = "", typed: dict[str, Any] | None = None
) -> HttpResponse:
    consents = (
        reading.consents(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
        if right == "withdrawal"
        else []
    )
    context = member.context(
        page="your_data",
        right=right,
        grounds=GROUNDS.get(right, ()),
        problem=problem,
        typed=typed or {},
        consents=consents,
        said=said_on(member.site, "request_new"),
        **choices_of(member.site),
    )
    return render(request, "member_web/request_new.html", context, status=422 if problem else 200)


def _own(member: Member, number: str) -> reading.Shown:
    try:
        return reading.own_case(
            actor=member.actor,
            controller=member.site.controller,
            subject_id=member.subject_id,
            case_id=number_of(number),
        )
    except UnknownCaseError:
        raise Http404 from None


def number_of(text: str) -> int:
    """The number of a request in an address; 404 for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Http404
    found = int(text)
    if found >= 2**63:
        raise Http404
    return found


def _language(member: Member) -> str:
    wanted = spoken(member.site)
    return wanted if wanted in languages() else languages()[0]
