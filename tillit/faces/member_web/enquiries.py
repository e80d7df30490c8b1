"""Min side: ask customer service or complain, with files; see what was answered; write again (D9, E8)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.cases import attachments
from tillit.cases.customers import COMPLAINT, ENQUIRY, SUBJECT_LONGEST, TOPICS
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.requests import number_of
from tillit.faces.templatetags.tillit import language, say_or
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys.enquiries import handling, opening, reading
from tillit.journeys.enquiries.acting import kinds

_LONGEST = 4000


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """One's own enquiries, and a form for a new one."""
    if request.method != "POST":
        return _all(request, member)
    try:
        case = opening.ask(
            **_who(member),
            kind=request.POST.get("kind", ENQUIRY),
            fields=stated(request),
            files=uploaded(request, "file"),
            language=language(),
        )
    except CaseError as refused:
        return _all(request, member, problem=refused.code)
    messages.success(request, say(language(), "enquiries.sent"))
    return redirect("enquiry", member.site.key, str(case.id))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def enquiry(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """One of them with its answers; a POST writes again."""
    problem, case_id = "", number_of(number)
    if request.method == "POST":
        text = request.POST.get("text", "")[:_LONGEST]
        try:
            opening.write(**_who(member), case_id=case_id, text=text, files=uploaded(request, "file"))
        except UnknownCaseError:
            raise Http404 from None
        except CaseError as refused:
            problem = refused.code
        else:
            messages.success(request, say(language(), "enquiries.sent"))
            return redirect("enquiry", member.site.key, number)
    try:
        shown = reading.own_case(**_who(member), case_id=case_id)
    except UnknownCaseError:
        raise Http404 from None
    context = member.context(
        page="enquiries",
        shown=shown,
        case=shown.case,
        problem=trouble(problem),
        words=request.POST.get("text", ""),
        files=attachments.allowed(shown.case.kind),
    )
    return render(request, "member_web/enquiry.html", context, status=422 if problem else 200)


@require_safe
@member_page
def file(request: HttpRequest, member: Member, number: str, document: str) -> HttpResponse:
    """A file of one's own case, to be saved."""
    try:
        found = reading.own_file(**_who(member), case_id=number_of(number), document_id=number_of(document))
    except UnknownCaseError:
        raise Http404 from None
    return as_attachment(*found)


@require_POST
@member_page
def take_back(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """It needs no answer any more."""
    try:
        handling.take_back(**_who(member), case_id=number_of(number))
        messages.success(request, say(language(), "enquiries.taken_back"))
    except UnknownCaseError:
        raise Http404 from None
    except CaseError:
        messages.warning(request, say(language(), "enquiries.problem.step-not-now"))
    return redirect("enquiry", member.site.key, number)


def stated(request: HttpRequest) -> dict[str, Any]:
    """What a form says of an enquiry; what is empty is left out."""
    fields = {
        "subject": " ".join(request.POST.get("subject", "").split())[:SUBJECT_LONGEST],
        "text": request.POST.get("text", "").strip()[:_LONGEST],
        "topic": request.POST.get("topic", ""),
    }
    return {key: value for key, value in fields.items() if value}


def as_attachment(name: str, media_type: str, body: bytes) -> HttpResponse:
    """A file to keep: never shown in a page of ours, whatever it holds."""
    heads = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return HttpResponse(body, content_type=media_type, headers=heads)


def trouble(code: str) -> str:
    """What is wrong, in words."""
    return say_or(f"enquiries.problem.{code}", say(language(), "enquiries.problem.other")) if code else ""


def _all(request: HttpRequest, member: Member, problem: str = "") -> HttpResponse:
    chosen = COMPLAINT if request.GET.get("kind") == COMPLAINT else ENQUIRY
    context = member.context(
        page="enquiries",
        mine=reading.own(**_who(member)),
        kinds=kinds(member.site.controller),
        kind=request.POST.get("kind", chosen),
        topics=TOPICS,
        typed=stated(request),
        problem=trouble(problem),
        files=attachments.allowed(ENQUIRY),
        said=said_on(member.site, "enquiries"),
    )
    return render(request, "member_web/enquiries.html", context, status=422 if problem else 200)


def _who(member: Member) -> dict[str, Any]:
    return {"actor": member.actor, "controller": member.site.controller, "subject_id": member.subject_id}
