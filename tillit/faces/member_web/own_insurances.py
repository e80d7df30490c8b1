"""Min side and the app: the insurances a member has through the union, and their terms, version by version (B6)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.enquiries import as_attachment
from tillit.faces.member_web.requests import number_of
from tillit.kernel import clock
from tillit.membership import agreement_terms
from tillit.membership.models import Cover
from tillit.membership.standing import agreements


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """Each agreement that covers the member: since when, who insures, the terms that hold, those before and to come."""
    today, covers = clock.today(), _covers(member)
    versions = agreement_terms.versions(agreement_ids=[one.agreement_id for one in covers])
    insurers = {one.key: one.name for one in member.site.declaration.recipients}
    rows = [
        {
            "cover": one,
            "insurer": insurers.get(one.agreement.insurer, ""),
            "holding": next((v for v in versions.get(one.agreement_id, ()) if v.holds(today)), None),
            "others": [v for v in versions.get(one.agreement_id, ()) if not v.holds(today)],
        }
        for one in covers
    ]
    return render(
        request, "member_web/own_insurances.html", member.context(page="own_insurances", rows=rows, today=today)
    )


@require_safe
@member_page
def terms(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """A version of the terms of an agreement that covers the member, as a file."""
    ids = [one.agreement_id for one in _covers(member)]
    found = agreement_terms.document(version=number_of(number), agreement_ids=ids)
    if found is None:
        raise Http404
    return as_attachment(found[0], "application/pdf", found[1])


def _covers(member: Member) -> list[Cover]:
    if not member.site.has_own_insurances:
        raise Http404
    with member.scope():
        return agreements(subject_id=member.subject_id, controller_id=member.site.controller.pk, on=clock.today())
