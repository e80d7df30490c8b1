"""Two registrations side by side: are they one person? (C3)"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import merging
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.parties import lookup
from tillit.parties.errors import NotAssignedError


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """The form; a POST finds the other one and shows both, merges the other into this one, or parts one that is merged.

    What is typed is never in an address.
    """
    controller = worker.site.controller
    _, subject_id = found_by(request, worker, token)
    try:
        merging.activity_of(actor=worker.actor, controller=controller)
    except NotAssignedError:
        raise Http404 from None
    merged = merging.merged_into(subject_id=subject_id)
    typed = request.POST.get("text", "").strip()[:254]
    context: dict[str, Any] = worker.context(token=token, typed=typed, reasons=merging.REASONS, merged=merged)
    if request.method == "POST":
        try:
            if request.POST.get("act") == "part":
                done = _part(request, worker, merged)
            else:
                done = _merge(request, worker, subject_id, typed, context)
        except NotAssignedError:
            context["problem"] = "merging.nobody"
        except TillitError:
            context["problem"] = "merging.refused"
        else:
            if done:
                messages.success(request, say(language(), done))
                return redirect("staff_merge", controller.key, token)
    return render(request, "staff_web/merge.html", context, status=422 if "problem" in context else 200)


def _part(request: HttpRequest, worker: Worker, merged: tuple[int, ...]) -> str:
    """Part the one that was picked; what to say of it. Raises `MergeRefusedError`."""
    place = request.POST.get("which", "")
    alias = merged[int(place)] if place.isdecimal() and int(place) < len(merged) else 0
    merging.unmerge(
        actor=worker.actor, controller=worker.site.controller, subject_id=alias, reason="mistake", at=clock.now()
    )
    return "merging.parted"


def _merge(request: HttpRequest, worker: Worker, subject_id: int, typed: str, context: dict[str, Any]) -> str:
    """Show both registrations, and merge them where that was asked for; what to say of it, '' for nothing yet.

    Raises `NotAssignedError` for nobody, and `MergeRefusedError`.
    """
    controller = worker.site.controller
    register = controller.register_id
    other = lookup.by_address(register_id=register, text=typed) or lookup.by_number(register_id=register, text=typed)
    if other is None or other == subject_id:
        raise NotAssignedError("not-assigned", "there is nobody else by that")
    context["sides"] = merging.compare(actor=worker.actor, controller=controller, subject_ids=(subject_id, other))
    if request.POST.get("act") != "merge":
        return ""
    merging.merge(
        actor=worker.actor,
        controller=controller,
        subject_id=other,
        into=subject_id,
        reason=request.POST.get("reason", ""),
        at=clock.now(),
    )
    return "merging.done"
