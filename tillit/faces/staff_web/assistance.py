"""The desk of ID agents, of web clean-up and of the concierge (D3, D4, D5): queues, letters, answers, bookings."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.faces.member_web.assistance import ABOUT, ADDRESSES, REFUSED, about
from tillit.faces.member_web.complaints import saved
from tillit.faces.member_web.requests import number_of
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.staff_web.case_frame import here, named, queued
from tillit.faces.templatetags.tillit import language, say_or
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys.assistance import UNDER_MANDATE, desk
from tillit.journeys.assistance.own import day
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.money import Money, MoneyError
from tillit.services.acting.errors import ActingError
from tillit.services.acting.letters import templates
from tillit.services.concierge.errors import ConciergeError
from tillit.services.concierge.operations import MAY_NEED

SHOWN = ("open", "closed")
_LONGEST = 4000


@require_safe
@staff_page
def queue(request: HttpRequest, worker: Worker, service: str) -> HttpResponse:
    """The cases of a service, what is to be looked at first."""
    key = _handled(worker, service)
    shown = queued(request, worker, SHOWN, desk.queue, service=key)
    context = worker.context(page=f"assistance_{key}", service=key, path=service, today=clock.today(), **shown)
    return render(request, "staff_web/assistance.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def case(request: HttpRequest, worker: Worker, service: str, number: str) -> HttpResponse:
    """One case; a POST does one thing in it."""
    key = _handled(worker, service)
    which = named(worker, number, service=key)
    problem, told = "", None
    with here():
        if request.method == "POST":
            try:
                told = _act(request, which)
            except UnknownCaseError:
                raise
            except (*REFUSED, DisclosureRefusedError) as refused:
                problem = refused.code
            else:
                if told is None:
                    messages.success(request, say(language(), "assistance_desk.done"))
                    return redirect("staff_assistance_case", worker.site.key, service, number)
        shown = desk.look(**which, language=language())
    context = worker.context(
        page=f"assistance_{key}",
        service=key,
        path=service,
        shown=shown,
        case=shown.case,
        under=key in UNDER_MANDATE,
        problem=problem,
        told=told,
        letters=templates(key) if key in UNDER_MANDATE else [],
        suppliers=desk.suppliers(controller=worker.site.controller) if key == "concierge" else [],
        may_need=MAY_NEED,
        typed={name: request.POST.get(name, "") for name in ("text", "what", "amount", *ABOUT)} if problem else {},
    )
    context["passed_on"] = context.pop("told")  # `told` is what the frame says of the last form
    return render(request, "staff_web/assistance_case.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def file(request: HttpRequest, worker: Worker, service: str, number: str, document: str) -> HttpResponse:
    """A file or letter of a case, to be saved."""
    which = named(worker, number, service=_handled(worker, service))
    try:
        with here():
            found = desk.file(**which, document_id=number_of(document))
    except ActingError as error:
        messages.error(request, say_or(f"assistance.problem.{error.code}", error.code))
        return redirect("staff_assistance_case", worker.site.key, service, number)
    return saved(*found)


def _act(request: HttpRequest, which: dict[str, Any]) -> dict[str, Any] | None:  # noqa: PLR0912 (a branch an act)
    """Do what was asked; what the supplier is to be told, where something was booked."""
    post, text = request.POST, request.POST.get("text", "").strip()[:_LONGEST]

    def of(name: str) -> int:
        return number_of(post.get(name, ""))

    match post.get("act", ""):
        case "reply":
            desk.reply(**which, text=text, files=uploaded(request, "file"))
        case "note" if text:
            desk.note(**which, text=text)
        case "close":
            desk.close(**which, text=text)
        case "reopen":
            desk.reopen(**which)
        case "add":
            desk.add(**which, about=about(request))
        case "letter":
            desk.send(
                **which,
                counterpart_id=of("counterpart"),
                template=post.get("template", ""),
                letter_language=post.get("language", "nb"),
                text=text,
                with_address=bool(post.get("with_address")),
            )
        case "posted":
            desk.posted(**which, letter_id=of("letter_id"))
        case "answer":
            desk.take_in(**which, counterpart_id=of("counterpart"), files=uploaded(request, "file"))
        case "settle":
            again = day(post.get("again_on", ""))
            desk.settle(**which, counterpart_id=of("counterpart"), stage=post.get("stage", ""), text=text, again=again)
        case "offer":
            desk.offer(
                **which,
                supplier=post.get("supplier", ""),
                what=post.get("what", "")[:_LONGEST],
                amount=_amount(post.get("amount", "")),
                needs=post.getlist("needs"),
                valid_until=_midnight(post.get("until", "")),
            )
        case "withdraw_offer":
            desk.withdraw(**which, offer_id=of("offer"))
        case "book":
            return desk.book(**which, offer_id=of("offer"))
        case "report":
            desk.report(
                **which,
                offer_id=of("offer"),
                confirmation=post.get("confirmation", "")[:100],
                text=text,
                cancelled=bool(post.get("cancelled")),
            )
        case _:
            raise CaseError("no-text", "there is nothing to do")
    return None


def _amount(text: str) -> int:
    try:
        return Money.parse(text.strip(), "NOK").minor
    except MoneyError:
        raise ConciergeError("amount", "that is no amount") from None


def _midnight(text: str) -> datetime | None:
    """The end of a day, where the desk is."""
    last = day(text)
    return datetime.combine(last, time(23, 59, 59), ZoneInfo(DEFAULT_ZONE)) if last else None


def _handled(worker: Worker, path: str) -> str:
    key = ADDRESSES.get(path, "")
    if not key or worker.site.declaration.activity(key) is None or not desk.may_handle(worker.actor, key):
        raise Http404
    return key
