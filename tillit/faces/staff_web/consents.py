"""What a person says yes and no to, recorded by staff; and the answer to “I never agreed” (F1, F2, F6)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.consent.errors import UnknownChoiceError
from tillit.faces.member_web.complaints import saved
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys.consents import desk, proving
from tillit.journeys.consents.errors import ConsentRefusedError
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def record(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """The person's choices with the words to read; a POST records what they said."""
    _, subject_id = found_by(request, worker, token)
    controller, problem, said = worker.site.controller, "", request.POST
    if not worker.records_consents:
        raise Http404
    try:
        if request.method == "POST":
            activity, _, channel = said.get("choice", "").partition(":")
            desk.record(
                actor=worker.actor,
                controller=controller,
                subject_id=subject_id,
                activity=activity,
                channel=channel,
                on=said.get("on") == "1",
                route=said.get("route", ""),
                read_aloud=said.get("read") == "1",
                evidence=said.get("evidence", ""),
            )
            messages.success(request, say(language(), "consent_desk.saved"))
            return redirect("staff_consents", worker.site.key, token)
    except ConsentRefusedError as error:
        problem = error.code
    except UnknownChoiceError:
        problem = "choice"
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    try:
        rows = desk.standing(actor=worker.actor, controller=controller, subject_id=subject_id)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    context = worker.context(page="person", token=token, rows=rows, routes=desk.ROUTES, problem=problem, typed=said)
    return render(request, "staff_web/consents.html", context, status=422 if problem else 200)


@require_safe
@staff_page
def proof(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """Every act with its words, and the last message of each purpose with the act it went on."""
    _, subject_id = found_by(request, worker, token)
    if not worker.proves_consents:
        raise Http404
    try:
        found = proving.answer(actor=worker.actor, controller=worker.site.controller, subject_id=subject_id)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    return render(request, "staff_web/consent_proof.html", worker.context(page="person", token=token, found=found))


@require_safe
@staff_page
def file(request: HttpRequest, worker: Worker, token: str, act: int) -> HttpResponse:
    """The file that a partner sent as proof of an act, to be saved."""
    _, subject_id = found_by(request, worker, token)
    if not worker.proves_consents:
        raise Http404
    try:
        found = proving.file(actor=worker.actor, controller=worker.site.controller, subject_id=subject_id, act=act)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    if found is None:
        raise Http404
    return saved(*found)
