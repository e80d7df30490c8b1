"""Address, birth date, gender and national number at the desk, for a purpose that keeps them (A6)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.faces.member_web.identity import shown, typed
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import identity_page
from tillit.journeys.person_facts import GENDERS
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import ScopeError
from tillit.parties.actors import person_scope
from tillit.parties.errors import AlreadyClaimedError, NotAssignedError


@sensitive_post_parameters("national_number")
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """The facts that the purpose of the search may see; a POST records one, or opens the national number."""
    activity, subject_id = found_by(request, worker, token)
    controller, clear, problem = worker.site.controller, "", ""
    try:
        if request.method == "POST":
            with person_scope(actor=worker.actor, activity=activity, subject_id=subject_id) as scope:
                if request.POST.get("act") == "show":
                    clear = (
                        identity_page.opened(
                            scope=scope, controller=controller, subject_id=subject_id, kind="national_number"
                        )
                        or ""
                    )
                else:
                    identity_page.change(
                        scope=scope,
                        controller=controller,
                        subject_id=subject_id,
                        values=typed(request),
                        source="data_subject",
                    )
            if not clear:
                messages.success(request, say(language(), "profile.saved"))
                return redirect("staff_identity", worker.site.key, token)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    except AlreadyClaimedError:
        problem = "taken"
    except (IdentifierError, ValueError):
        problem = "value"
    try:
        lines = identity_page.desk_lines(
            actor=worker.actor, controller=controller, activity=activity, subject_id=subject_id
        )
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    context = worker.context(
        page="person",
        token=token,
        activity=worker.site.declaration.activity(activity),
        rows=shown(worker.site.declaration, lines, language()),
        may=any(line.may for line in lines),
        genders=GENDERS,
        problem=problem,
        values={},
        clear=clear,
        opened="national_number" if clear else "",
        opens=("national_number",),
    )
    return render(request, "staff_web/identity.html", context, status=422 if problem else 200)
