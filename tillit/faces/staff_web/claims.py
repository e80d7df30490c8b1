"""Who owes bonus (C8): claimed by letter, payments noted, claims given up; for those who correct bonus here."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.faces.member_web.complaints import saved
from tillit.faces.member_web.requests import number_of
from tillit.faces.paging import asked_number
from tillit.faces.staff_web.access import Worker, found_by, staff_page, token_for
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import bonus_claims
from tillit.journeys.bonus_claims import ACTIVITY, ClaimError
from tillit.kernel.money import Money, MoneyError
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError
from tillit.purchases.models import Chain

PAGE = 25


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """Who owes, the most first; a POST claims, notes a payment, or gives a claim up."""
    if not worker.decides_complaints:
        raise Http404
    problem = ""
    try:
        if request.method == "POST":
            problem = _act(request, worker)
            if problem == "proposed":
                messages.warning(request, say(language(), "claims_desk.proposed"))
            elif not problem:
                messages.success(request, say(language(), "complaint_desk.done"))
            if problem in ("", "proposed"):
                return redirect("staff_claims", worker.site.key)
        number = asked_number(request)
        rows, total = bonus_claims.listed(
            actor=worker.actor, controller=worker.site.controller, first=(number - 1) * PAGE, count=PAGE
        )
    except (ScopeError, NotAssignedError, UnknownCaseError):
        raise Http404 from None
    context = worker.context(
        page="claims",
        rows=[(one, token_for(request, worker, ACTIVITY, one.subject_id)) for one in rows],
        pages=Paginator(range(total), PAGE).get_page(number),
        problem=problem,
    )
    return render(request, "staff_web/claims.html", context, status=422 if problem else 200)


@require_POST
@staff_page
def letter(request: HttpRequest, worker: Worker, number: str) -> HttpResponse:
    """The letter of a claim, to be saved."""
    if not worker.decides_complaints:
        raise Http404
    try:
        body = bonus_claims.letter_of(actor=worker.actor, controller=worker.site.controller, case_id=number_of(number))
    except (ScopeError, NotAssignedError, UnknownCaseError):
        raise Http404 from None
    return saved(bonus_claims.LETTER, "application/pdf", body)


def _act(request: HttpRequest, worker: Worker) -> str:
    """Do what the button says; the code of what was refused, '' when it was done, `proposed` when it takes two."""
    said = {
        key: request.POST.get(key, "").strip()[:200] for key in ("act", "person", "chain", "case", "amount", "text")
    }
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller}
    chain = Chain.objects.filter(key=said["chain"], controller=worker.site.controller).first()
    if chain is None:
        raise Http404
    try:
        if said["act"] == "claim":
            activity, subject_id = found_by(request, worker, said["person"])
            if activity != ACTIVITY:
                raise Http404
            bonus_claims.claim(actor=worker.actor, chain=chain, subject_id=subject_id)
        elif said["act"] == "pay":
            minor = Money.parse(said["amount"], chain.currency).minor
            if minor <= 0 or not said["text"]:
                return "money" if minor <= 0 else "no-reference"
            given: dict[str, Any] = {"amount": minor, "reference": said["text"]}
            if bonus_claims.pay(**here, case_id=number_of(said["case"]), **given) is None:
                return "proposed"
        elif said["act"] == "withdraw":
            bonus_claims.withdraw(**here, case_id=number_of(said["case"]), text=said["text"])
    except MoneyError:
        return "money"
    except UnknownCaseError:
        raise
    except (ClaimError, CaseError) as error:
        return error.code
    return ""
