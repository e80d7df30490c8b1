"""Receipts of what the person has said yes and no to, to read and to keep (F1)."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.complaints import saved
from tillit.faces.templatetags.tillit import language
from tillit.journeys.consents import receipts
from tillit.journeys.consents.receipt_format import as_receipts

PAGE = 20


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The receipts, the newest first."""
    found = receipts.receipts(actor=member.actor, controller=member.site.controller, subject_id=member.subject_id)
    rows = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "member_web/consent_receipts.html", member.context(page="choices", rows=rows))


@require_safe
@member_page
def proof(request: HttpRequest, member: Member, act: int) -> HttpResponse:
    """The file that shows an act of theirs, as somebody sent it."""
    found = receipts.file_of(actor=member.actor, subject_id=member.subject_id, act=act)
    if found is None:
        raise Http404
    return saved(*found)


@require_safe
@member_page
def download(request: HttpRequest, member: Member) -> HttpResponse:
    """The same as a file for machines (ISO/IEC TS 27560, docs/formats.md)."""
    controller = member.site.controller
    found = receipts.receipts(actor=member.actor, controller=controller, subject_id=member.subject_id)
    return JsonResponse(
        as_receipts(controller=controller, found=found, language=language()).model_dump(),
        headers={"Content-Disposition": 'attachment; filename="consents.json"'},
        json_dumps_params={"ensure_ascii": False, "indent": 2},
    )
