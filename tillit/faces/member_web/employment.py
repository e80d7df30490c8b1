"""One's own employment on Min side: position, salary, absence, and what is sealed (H16)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces.member_web.access import Member, member_page
from tillit.office.employees import queries
from tillit.office.employees.operations import ADDRESS


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """What the employer keeps; nothing for who was never employed here."""
    with member.scope():
        file = queries.file_of(controller=member.site.controller, subject_ids=member.people)
    if file is None:
        raise Http404
    known = file.employee.facts
    typed = {key: known.get(key, "") for key in ("email", "phone")}
    typed |= {key: known.get(f"address.{key}", "") for key in ADDRESS}
    return render(request, "member_web/employment.html", member.context(page="home", file=file, typed=typed))
