"""A person's cards and accounts at the desk (C4): registered when they have shown that it is theirs."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.faces.form_notices import said_on
from tillit.faces.member_web.cards import NUMBER, card_id
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import reception
from tillit.kernel import clock
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError
from tillit.purchases.errors import InstrumentRefusedError


@sensitive_post_parameters(NUMBER)
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """The cards of the person behind a token of this session; a POST adds, removes or puts back."""
    _, subject_id = found_by(request, worker, token)
    if not worker.keeps_cards:
        raise Http404
    try:
        problem = _act(request, worker, subject_id) if request.method == "POST" else ""
        if request.method == "POST" and not problem:
            return redirect("staff_cards", worker.site.key, token)
        used, removed = reception.cards_of(actor=worker.actor, controller=worker.site.controller, subject_id=subject_id)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    context = worker.context(
        page="person",
        token=token,
        used=used,
        removed=removed,
        problem=problem,
        own_text="cards.own_desk",
        said=said_on(worker.site, "cards"),
    )
    return render(request, "staff_web/cards.html", context, status=422 if problem else 200)


def _act(request: HttpRequest, worker: Worker, subject_id: int) -> str:
    """Do what the form asks; the code of what was refused, '' when it was done."""
    act, controller, at, spoken = request.POST.get("act", ""), worker.site.controller, clock.now(), language()
    actor = worker.actor
    if act == "add" and request.POST.get("own") != "1":
        return "own"
    try:
        if act == "add":
            number = request.POST.get(NUMBER, "")
            made = reception.add_card(actor=actor, controller=controller, subject_id=subject_id, number=number, at=at)
            messages.success(request, say(spoken, "cards.added", last_four=made.last_four))
        elif act == "remove":
            reception.remove_card(
                actor=actor, controller=controller, subject_id=subject_id, instrument_id=card_id(request), at=at
            )
            messages.success(request, say(spoken, "cards.removed"))
        elif act == "put_back" and reception.put_card_back(
            actor=actor, controller=controller, subject_id=subject_id, instrument_id=card_id(request), at=at
        ):
            messages.success(request, say(spoken, "cards.is_back"))
    except InstrumentRefusedError as error:
        return error.code
    return ""
