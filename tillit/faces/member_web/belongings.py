"""Min side: registered objects with photos and receipts, and an extract of them for a claim (D6)."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tillit.cases.errors import CaseError
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.complaints import saved
from tillit.faces.member_web.requests import number_of
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys import belongings
from tillit.journeys.assistance.own import day
from tillit.kernel.money import Money, MoneyError
from tillit.services.errors import ServiceError
from tillit.services.objects.errors import ThingError
from tillit.services.objects.models import KINDS
from tillit.services.objects.operations import MOST_FILES, Said

PAGE = "belongings"
REFUSED = (ThingError, CaseError, ServiceError)
TYPED = ("name", "kind", "maker", "serial_number", "bought_on", "bought_at", "price", "note")
_WORDS = (
    "title",
    "contents",
    "page",
    "lead",
    "kind",
    "maker",
    "serial_number",
    "bought_on",
    "bought_at",
    "price",
    "note",
)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def listed(request: HttpRequest, member: Member) -> HttpResponse:
    """One's objects, a form for another, and those deleted that can be brought back; a POST enters or brings back."""
    _offered(member)
    problem = ""
    if request.method == "POST":
        try:
            if request.POST.get("act") == "bring_back":
                belongings.bring_back(**_who(member), thing_id=number_of(request.POST.get("thing", "")))
                messages.success(request, say(language(), "belongings.back"))
                return redirect("belongings", member.site.key)
            made = belongings.add(**_who(member), controller=member.site.controller, said=said_in(request))
        except REFUSED as refused:
            problem = refused.code
        else:
            messages.success(request, say(language(), "belongings.added"))
            return redirect("belonging", member.site.key, str(made.id))
    now, gone, may = belongings.mine(**_who(member), controller=member.site.controller)
    context = member.context(page="assistance", things=now, gone=gone, may=may, **_form(request, member, problem))
    return render(request, "member_web/belongings.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def one(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """One object; a POST changes it, adds or takes away a file, or deletes it."""
    _offered(member)
    which: dict[str, Any] = {**_who(member), "thing_id": number_of(number)}
    problem = ""
    try:
        if request.method == "POST":
            try:
                done = _act(request, which)
            except ThingError as refused:
                if refused.code == "no-thing":
                    raise
                problem = refused.code
            except (CaseError, ServiceError) as refused:
                problem = refused.code
            else:
                messages.success(request, say(language(), f"belongings.{done}"))
                if done == "removed":
                    return redirect("belongings", member.site.key)
                return redirect("belonging", member.site.key, number)
        shown = belongings.one(**which)
    except ThingError:
        raise Http404 from None
    context = member.context(page="assistance", shown=shown, thing=shown.thing, **_form(request, member, problem))
    return render(request, "member_web/belonging.html", context, status=422 if problem else 200)


@require_safe
@member_page
def file(request: HttpRequest, member: Member, number: str, document: str) -> HttpResponse:
    """A photo or receipt, to be saved."""
    _offered(member)
    try:
        found = belongings.file(**_who(member), thing_id=number_of(number), file_id=number_of(document))
    except ThingError:
        raise Http404 from None
    return saved(*found)


@require_POST
@member_page
def extract(request: HttpRequest, member: Member) -> HttpResponse:
    """A ZIP of the objects ticked (all when none is), for a claim."""
    _offered(member)
    chosen = [number_of(text) for text in request.POST.getlist("thing")[:500]]
    try:
        pieces = belongings.extract(
            **_who(member), controller=member.site.controller, thing_ids=chosen, words=paper_words()
        )
    except ThingError as refused:
        if refused.code == "no-thing":
            raise Http404 from None
        messages.error(request, say(language(), f"belongings.problem.{refused.code}"))
        return redirect("belongings", member.site.key)
    heads = {"Content-Disposition": 'attachment; filename="objects.zip"', "Content-Security-Policy": "sandbox"}
    return cast(HttpResponse, StreamingHttpResponse(pieces, content_type="application/zip", headers=heads))


def _act(request: HttpRequest, which: dict[str, Any]) -> str:
    act = request.POST.get("act", "")
    if act == "remove":
        belongings.remove(**which)
        return "removed"
    if act == "detach":
        belongings.detach(**which, file_id=number_of(request.POST.get("document", "")))
        return "detached"
    if act == "attach":
        bodies = uploaded(request, "file")
        if not bodies:
            raise ThingError("file-empty", "choose a file")
        belongings.attach(**which, what=request.POST.get("what", "photo"), bodies=bodies)
        return "attached"
    belongings.change(**which, said=said_in(request))
    return "changed"


def said_in(request: HttpRequest) -> Said:
    """An object as it was typed. Raises `ThingError`."""
    typed = {key: request.POST.get(key, "").strip() for key in TYPED}
    price = typed.pop("price")
    try:
        minor = Money.parse(price, "NOK").minor if price else None
    except MoneyError:
        raise ThingError("price", "that is no price") from None
    bought_on = day(typed.pop("bought_on"))
    return Said(**typed, price=minor, bought_on=bought_on)


def _form(request: HttpRequest, member: Member, problem: str) -> dict[str, Any]:
    return {
        "kinds": KINDS,
        "most": MOST_FILES,
        "said": said_on(member.site, PAGE),
        "problem": problem,
        "typed": {key: request.POST.get(key, "") for key in TYPED} if problem else {},
    }


def paper_words() -> dict[str, str]:
    """What the document of an extract says."""
    spoken = language()
    words = {key: say(spoken, f"belongings.paper.{key}") if key == "lead" else "" for key in _WORDS}
    words |= {key: say(spoken, f"belongings.paper.{key}") for key in _WORDS if key != "lead"}
    words |= {f"kind_{key}": say(spoken, f"belongings.kind.{key}") for key in KINDS}
    return words | {"language": spoken, "files": say(spoken, "belongings.files")}


def _offered(member: Member) -> None:
    if not belongings.offered(controller=member.site.controller):
        raise Http404


def _who(member: Member) -> dict[str, Any]:
    return {"actor": member.actor, "subject_id": member.subject_id}
