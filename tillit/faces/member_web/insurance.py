"""Min side: what one is insured for, claims and their decisions (D7)."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.faces.form_notices import said_on
from tillit.faces.jobs.tasks import start
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.enquiries import as_attachment
from tillit.faces.member_web.requests import number_of
from tillit.faces.money import typed
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.faces.uploads import uploaded
from tillit.journeys import insurance
from tillit.kernel.money import Money
from tillit.services.errors import ServiceError
from tillit.services.insurance_models import LossKind

PAGE = "insurance"
FIELDS = ("cover", "item", "loss_kind", "loss_on", "text", "claimed")


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """Covers, claims and decisions; a POST claims."""
    if not insurance.offered(controller=member.site.controller) or said_on(member.site, PAGE) is None:
        raise Http404
    problem = ""
    given = {key: request.POST.get(key, "").strip()[:4000] for key in FIELDS}
    if request.method == "POST":
        try:
            case = insurance.claim(
                actor=member.actor,
                controller=member.site.controller,
                subject_id=member.subject_id,
                **_stated(given),
                files=uploaded(request, "file"),
                language=language(),
            )
        except (ServiceError, CaseError) as error:
            problem = error.code
        else:
            start("claims_told")
            messages.success(request, say(language(), "insurance.sent"))
            return redirect("insurance_claim", member.site.key, str(case.id))
    found = insurance.mine(actor=member.actor, subject_id=member.subject_id)
    context = member.context(
        page=PAGE,
        mine=found,
        paid=[(one, Money(one.amount, one.currency)) for one in found.paid],
        covers=[
            (one, Money(one.terms.most, one.terms.currency), Money(one.terms.own_share, one.terms.currency))
            for one in found.covers
        ],
        kinds=LossKind.values,
        typed=given,
        problem=problem,
        said=said_on(member.site, PAGE),
    )
    return render(request, "member_web/insurance.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def claim(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """One claim with what was asked and decided; a POST adds to it, or takes it back."""
    own: dict[str, Any] = {"actor": member.actor, "subject_id": member.subject_id, "case_id": number_of(number)}
    problem = ""
    try:
        if request.method == "POST":
            try:
                if request.POST.get("act") == "withdraw":
                    insurance.withdraw(**own)
                else:
                    text = request.POST.get("text", "").strip()[:4000]
                    insurance.write(**own, text=text, files=uploaded(request, "file"))
            except UnknownCaseError:
                raise
            except (CaseError, ServiceError) as error:
                problem = error.code
            else:
                messages.success(request, say(language(), "insurance.saved"))
                return redirect("insurance_claim", member.site.key, number)
        shown = insurance.own_claim(**own)
    except UnknownCaseError:
        raise Http404 from None
    context = member.context(page=PAGE, shown=shown, case=shown.case, problem=problem)
    return render(request, "member_web/insurance_claim.html", context, status=422 if problem else 200)


@require_safe
@member_page
def file(request: HttpRequest, member: Member, number: str, document: str) -> HttpResponse:
    """A file of one's own claim, to be saved."""
    try:
        found = insurance.own_file(
            actor=member.actor,
            subject_id=member.subject_id,
            case_id=number_of(number),
            document_id=number_of(document),
        )
    except UnknownCaseError:
        raise Http404 from None
    return as_attachment(*found)


def _stated(given: dict[str, str]) -> dict[str, Any]:
    """What a form says, typed. Raises `ServiceError` for the first field that cannot be read."""
    try:
        loss_on = date.fromisoformat(given["loss_on"])
    except ValueError:
        raise ServiceError("loss-on", "say the day") from None
    claimed = typed(given["claimed"])
    if given["claimed"] and claimed is None:
        raise ServiceError("claimed", "that is no amount")
    cover = given["cover"]
    if not (cover.isascii() and cover.isdigit() and len(cover) < 20):
        raise ServiceError("not-covered", "choose the cover")
    return {
        "cover_id": int(cover),
        "item": given["item"][:200],
        "loss_kind": given["loss_kind"],
        "loss_on": loss_on,
        "text": given["text"],
        "claimed": claimed,
    }
