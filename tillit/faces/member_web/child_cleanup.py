"""Min side: a parent has something about a child removed from the web, until the child decides (D4, D12)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tillit.cases.errors import UnknownCaseError
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.assistance import ABOUT, REFUSED, about
from tillit.faces.member_web.complaints import saved
from tillit.faces.member_web.requests import number_of
from tillit.faces.templatetags.tillit import language
from tillit.faces.templatetags.tillit_problems import family_problem
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys.assistance import for_child, own
from tillit.services.acting.errors import ActingError
from tillit.services.acting.models import WEB_CLEANUP
from tillit.services.errors import ServiceError

_LONGEST = 4000


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def listed(request: HttpRequest, member: Member, tie: str) -> HttpResponse:
    """The child's cases, and a form that begins another."""
    of = _guardian(request, member, tie)
    if isinstance(of, HttpResponse):
        return of
    base, problem = reverse("child_cleanups", args=[member.site.key, tie]), ""
    if request.method == "POST":
        try:
            case = own.ask(
                **of.who,
                controller=member.site.controller,
                service=WEB_CLEANUP,
                fields={"text": request.POST.get("text", "").strip()[:_LONGEST]},
                about=[about(request)] if request.POST.get("name") else [],
                files=uploaded(request, "file"),
                language=language(),
            )
        except REFUSED as refused:
            problem = refused.code
        else:
            messages.success(request, say(language(), f"assistance.begun.{WEB_CLEANUP}"))
            return redirect("child_cleanup", member.site.key, tie, str(case.id))
    cases, may = own.mine(**of.who, controller=member.site.controller, service=WEB_CLEANUP)
    context = _context(request, member, of, base, problem) | {"cases": cases, "may": may}
    return render(request, "member_web/assistance_service.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def case(request: HttpRequest, member: Member, tie: str, number: str) -> HttpResponse:
    """One case of the child's; a POST signs, withdraws, adds or writes, for the child."""
    of = _guardian(request, member, tie)
    if isinstance(of, HttpResponse):
        return of
    base, problem = reverse("child_cleanups", args=[member.site.key, tie]), ""
    try:
        if request.method == "POST":
            try:
                done = _act(request, of, number_of(number))
            except UnknownCaseError:
                raise
            except REFUSED as refused:
                problem = refused.code
            else:
                messages.success(request, say(language(), f"assistance.done.{done}"))
                return redirect("child_cleanup", member.site.key, tie, number)
        shown = for_child.one(of=of, case_id=number_of(number), language=language())
    except UnknownCaseError:
        raise Http404 from None
    context = _context(request, member, of, base, problem) | {"shown": shown, "case": shown.case}
    return render(request, "member_web/assistance_case.html", context, status=422 if problem else 200)


@require_safe
@member_page
def file(request: HttpRequest, member: Member, tie: str, number: str, document: str) -> HttpResponse:
    """A file or letter of a case of the child's, to be saved."""
    of = _guardian(request, member, tie)
    if isinstance(of, HttpResponse):
        return of
    which: dict[str, Any] = {"case_id": number_of(number), "document_id": number_of(document)}
    try:
        return saved(*own.file(**of.who, service=WEB_CLEANUP, **which))
    except UnknownCaseError:
        raise Http404 from None


def _act(request: HttpRequest, of: for_child.Guardian, number: int) -> str:
    act, text = request.POST.get("act", ""), request.POST.get("text", "")[:_LONGEST]
    which: dict[str, Any] = {**of.who, "service": WEB_CLEANUP, "case_id": number}
    if act == "sign":
        if not request.POST.get("sure"):
            raise ActingError("sure", "tick that you have read it")
        for_child.sign(of=of, case_id=number, shown_text=request.POST.get("wording", ""), language=language())
    elif act == "withdraw":
        own.withdraw(**which)
    elif act == "add":
        own.add(**which, about=about(request))
    else:
        act = "write"
        own.write(**which, text=text, files=uploaded(request, "file"))
    return act


def _guardian(request: HttpRequest, member: Member, tie: str) -> for_child.Guardian | HttpResponse:
    """The parent for the child; who may not act for it any more is told why on the family's page."""
    controller = member.site.controller
    if not own.offered(controller=controller, service=WEB_CLEANUP):
        raise Http404
    try:
        return for_child.guardian(
            actor=member.actor, controller=controller, subject_id=member.subject_id, member_id=number_of(tie)
        )
    except ServiceError as refused:
        if refused.code == "no-family":
            raise Http404 from None
        messages.error(request, family_problem(refused.code, member.site))
        return redirect("family", member.site.key)


def _context(request: HttpRequest, member: Member, of: for_child.Guardian, base: str, problem: str) -> dict[str, Any]:
    return member.context(
        page="family",
        service=WEB_CLEANUP,
        path="",
        base=base,
        child=of,
        said=said_on(member.site, WEB_CLEANUP),
        under=True,
        problem=problem,
        typed={name: request.POST.get(name, "") for name in ("text", *ABOUT)},
    )
