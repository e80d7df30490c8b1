"""Search with a purpose, and the person as that purpose may see them (A9)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from tillit.faces.member_web.choices import Purpose
from tillit.faces.member_web.views import chain_shown, shown
from tillit.faces.staff_web.access import Worker, found_by, staff_of, staff_page, token_for
from tillit.faces.staff_web.services import sections
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import home_energy, staff_lookup, usage_desk
from tillit.journeys.phones import UNCONFIRMED, confirm_phone, may_confirm
from tillit.journeys.staff_lookup import NEEDS, By
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import AlreadyClaimedError, NotAssignedError
from tillit.parties.queries import active_roles

WAYS: tuple[By, ...] = ("name", "email", "phone", "number")


@never_cache
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """The controllers one works for; straight on when there is one."""
    staff = staff_of(request)
    if staff is None:
        return redirect("staff_sign_in")
    roles = active_roles(staff=staff)
    controllers = {role.controller_id: role.controller for role in roles}
    if len(controllers) == 1:
        return redirect("staff_desk", roles[0].controller.key)
    mine = [(one, [r.role for r in roles if r.controller_id == one.pk]) for one in controllers.values()]
    unsigned = staff.confidentiality_signed is None
    return render(request, "staff_web/choose.html", {"mine": mine, "staff": staff, "unsigned": unsigned})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def search(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The search form; a POST searches. What is typed is never in an address."""
    controller = worker.site.controller
    purposes = staff_lookup.purposes(actor=worker.actor, controller=controller)
    typed = {key: request.POST.get(key, "").strip()[:254] for key in ("purpose", "by", "text")}
    context = worker.context(purposes=purposes, ways=WAYS, typed=typed)
    if request.method != "POST":
        return render(request, "staff_web/search.html", context)
    problems = _problems(typed, purposes)
    if problems:
        return render(request, "staff_web/search.html", context | {"problems": problems}, status=422)
    by: By = next(way for way in WAYS if way == typed["by"])
    try:
        found = staff_lookup.search(
            actor=worker.actor, controller=controller, activity=typed["purpose"], by=by, text=typed["text"]
        )
    except ScopeError:
        raise Http404 from None
    hits = [(hit, token_for(request, worker, typed["purpose"], hit.subject_id)) for hit in found.hits]
    return render(request, "staff_web/search.html", context | {"found": found, "hits": hits, "needs": NEEDS[by]})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def person(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """The person behind a token of this session, for the purpose of the search; a POST confirms their new number."""
    controller = worker.site.controller
    activity, subject_id = found_by(request, worker, token)
    confirms = may_confirm(controller=controller, activity=activity)
    try:
        if request.method == "POST" and confirms and request.POST.get("act") == "confirm_phone":
            _confirm_phone(request, worker, activity, subject_id)
            return redirect("staff_person", controller.key, token)
        view = staff_lookup.look(actor=worker.actor, controller=controller, activity=activity, subject_id=subject_id)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    declared = worker.site.declaration
    context: dict[str, Any] = {
        "view": view,
        "token": token,
        "gives_access": confirms,
        "services": sections(worker, activity),
        "sees_alerts": worker.site.has_power and home_energy.may_look(controller=controller, activity=activity),
        "sees_consumption": worker.site.has_power and usage_desk.may_look(controller=controller, activity=activity),
        "activity": declared.activity(activity),
        "waiting_phone": next(
            (fact for group in view.facts.values() for fact in group if fact.kind == UNCONFIRMED and confirms), None
        ),
        "others": [c for c in view.cells if c.category not in {*view.facts, *view.sealed, "relationship"}],
        "chains": [chain_shown(balance) for balance in view.chains],
        "receipts": [shown(receipt) for receipt in view.receipts],
        "choices": [
            Purpose(one, own)
            for one in declared.activities
            if (own := [switch for switch in view.choices if switch.activity == one.key])
        ],
        "unseen": sorted(declared.category_keys() - staff_lookup.seen(controller=controller, activity=activity)),
    }
    return render(request, "staff_web/person.html", worker.context(**context))


def _confirm_phone(request: HttpRequest, worker: Worker, activity: str, subject_id: int) -> None:
    try:
        confirm_phone(actor=worker.actor, controller=worker.site.controller, activity=activity, subject_id=subject_id)
    except AlreadyClaimedError:
        messages.error(request, say(language(), "staff.phone_taken"))
    else:
        messages.success(request, say(language(), "staff.phone_confirmed"))


def _problems(typed: dict[str, str], purposes: list[str]) -> set[str]:
    """What is missing or not to be chosen."""
    found = {"text"} if len(typed["text"]) < 2 else set()
    if typed["purpose"] not in purposes:
        found.add("purpose")
    if typed["by"] not in WAYS:
        found.add("by")
    return found
