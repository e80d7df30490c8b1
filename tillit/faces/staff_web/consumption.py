"""A customer's use and cost at the desk, for the purpose the customer was looked up for (E3)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces import usage_shown
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.journeys import usage_desk
from tillit.kernel import clock
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError
from tillit.power import periods
from tillit.power.looking import NoSuchPointError


@require_safe
@staff_page
def show(request: HttpRequest, worker: Worker, token: str, number: int = 1, period: str = "") -> HttpResponse:
    """A period of a point of the person behind a token of this session."""
    activity, subject_id = found_by(request, worker, token)
    looked = periods.parse(period) if period else None
    if not worker.site.has_power or (period and looked is None):
        raise Http404
    try:
        page = usage_desk.look(
            actor=worker.actor,
            controller=worker.site.controller,
            activity=activity,
            subject_id=subject_id,
            number=number,
            looked=looked,
            today=clock.today(),
        )
    except (ScopeError, NotAssignedError, NoSuchPointError):
        raise Http404 from None
    shown = usage_shown.context(page, clock.today())
    named = worker.site.declaration.activity(activity)
    return render(
        request,
        "staff_web/consumption.html",
        worker.context(page="search", token=token, activity=named, in_app=False, **shown),
    )
