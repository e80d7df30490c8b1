"""Complaints of missing or wrong bonus (C12): the person's words, the receipt, the answer."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.bonus.complaints import ABOUT
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.requests import number_of
from tillit.faces.templatetags.tillit import language
from tillit.faces.templatetags.tillit_problems import complaint_problem
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys import complaints
from tillit.purchases.errors import InstrumentRefusedError

FIELDS = {"text": 2000, "chain": 60, "amount": 20, "receipt": 60}


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """One's own complaints."""
    _offered(member)
    mine = complaints.own(actor=member.actor, subject_id=member.subject_id)
    return render(request, "member_web/complaints.html", member.context(page="receipts", mine=mine))


@sensitive_post_parameters("number")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def new(request: HttpRequest, member: Member) -> HttpResponse:
    """The form; a POST complains."""
    _offered(member)
    if request.method != "POST":
        return _form(request, member, about=request.GET.get("about", ""))
    about = request.POST.get("about", "")
    typed: dict[str, Any] = {key: request.POST.get(key, "").strip()[:most] for key, most in FIELDS.items()}
    day = request.POST.get("bought_on", "")
    try:
        fields = {**typed, "about": about, "bought_on": date.fromisoformat(day) if day else None}
        case = complaints.complain(
            actor=member.actor,
            controller=member.site.controller,
            subject_id=member.subject_id,
            fields=fields,
            number=request.POST.get("number", ""),
            files=uploaded(request, "receipt_file"),
            language=language(),
        )
    except InstrumentRefusedError as error:
        return _form(request, member, about=about, typed=typed | {"bought_on": day}, problem=error.code)
    except CaseError as error:
        return _form(request, member, about=about, typed=typed | {"bought_on": day}, problem=error.code)
    except ValueError:
        return _form(request, member, about=about, typed=typed, problem="bought_on")
    messages.success(request, say(language(), "complaint.sent"))
    return redirect("complaint", member.site.key, str(case.id))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def case(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """One complaint: how it stands, what was said; a POST says more, attaches, or takes it back."""
    which: dict[str, Any] = {"actor": member.actor, "subject_id": member.subject_id, "case_id": number_of(number)}
    try:
        if request.method == "POST":
            _write(request, which)
            return redirect("complaint", member.site.key, number)
        shown = complaints.own_case(**which)
    except UnknownCaseError:
        raise Http404 from None
    return render(request, "member_web/complaint.html", member.context(page="receipts", shown=shown, case=shown.case))


@require_POST
@member_page
def file(request: HttpRequest, member: Member, number: str, document: str) -> HttpResponse:
    """A file of the complaint, to be saved."""
    try:
        name, media_type, body = complaints.own_file(
            actor=member.actor,
            subject_id=member.subject_id,
            case_id=number_of(number),
            document_id=number_of(document),
        )
    except UnknownCaseError:
        raise Http404 from None
    return saved(name, media_type, body)


def saved(name: str, media_type: str, body: bytes) -> HttpResponse:
    """A file as somebody sent it: never shown in the page, never run."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    return HttpResponse(body, content_type=media_type, headers=headers)


def _write(request: HttpRequest, which: dict[str, Any]) -> None:
    text, back = request.POST.get("text", "").strip()[: FIELDS["text"]], request.POST.get("act") == "take_back"
    try:
        files = uploaded(request, "receipt_file")
        if text or files or back:
            complaints.write(**which, text=text, files=files, back=back)
            messages.success(request, say(language(), "complaint.taken_back" if back else "complaint.added"))
    except UnknownCaseError:
        raise
    except CaseError as error:
        messages.error(request, complaint_problem(error.code))


def _offered(member: Member) -> None:
    if said_on(member.site, "complaint_new") is None or not complaints.offered(controller=member.site.controller):
        raise Http404


def _form(
    request: HttpRequest, member: Member, *, about: str, typed: dict[str, Any] | None = None, problem: str = ""
) -> HttpResponse:
    context = member.context(
        page="receipts",
        about=about if about in ABOUT else "",
        abouts=ABOUT,
        chains=complaints.chains(controller=member.site.controller),
        typed=typed or {},
        problem=problem,
        said=said_on(member.site, "complaint_new"),
    )
    return render(request, "member_web/complaint_new.html", context, status=422 if problem else 200)
