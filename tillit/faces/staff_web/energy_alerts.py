"""A customer's alerts at the desk, for the purpose the customer was looked up for (E6)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces.member_web.home_energy import words
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.journeys import home_energy
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError


@require_safe
@staff_page
def show(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """What the person behind a token of this session has chosen, and what was given."""
    activity, subject_id = found_by(request, worker, token)
    if not worker.site.has_power:
        raise Http404
    try:
        page = home_energy.desk_alerts(
            actor=worker.actor, controller=worker.site.controller, activity=activity, subject_id=subject_id
        )
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    context = worker.context(
        page="search",
        token=token,
        activity=worker.site.declaration.activity(activity),
        alerts=page,
        given=[(one, words(one)) for one in page.given],
    )
    return render(request, "staff_web/energy_alerts.html", context)
