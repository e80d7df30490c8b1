"""The electronic membership card on Min side and in the app (B2). A new code every half minute, also without a network.

Without scripts the page shows the code of the moment it was made, and is loaded again for the next.
"""

import base64

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tillit.declaration.models import Controller
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.cards import card_id
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.membership import cards
from tillit.membership.card_face import face_of
from tillit.membership.cards import Issued
from tillit.membership.errors import CardRefusedError


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The card: union, type, member number, and a code that a supplier scans; a POST takes back the card of a phone."""
    site, at = _with_card(member), clock.now()
    if request.method == "POST":
        with member.scope(cards.ACTIVITY) as scope:
            done = cards.take_back(
                scope=scope,
                subject_id=member.subject_id,
                controller_id=site.pk,
                card_id=card_id(request),
                at=at,
            )
        if done:
            messages.success(request, say(language(), "member_card.taken_back"))
        return redirect("membership_card", member.site.key)
    picture = ""
    with member.scope(cards.ACTIVITY):
        face = face_of(subject_id=member.subject_id, controller=site, on=clock.local_date(at))
        phones = cards.on_phones(subject_id=member.subject_id, controller_id=site.pk, at=at)
    if face is not None:
        issued = _issue(member, device=False, held=None)
        code = cards.code_now(issued=issued, subject_id=member.subject_id, at=at)
        picture = segno.make(f"{_check(request)}#{code}", error="m", micro=False).svg_inline(
            border=4, svgclass=None, lineclass=None, omitsize=True
        )
    context = member.context(
        page="card", face=face, picture=picture, phones=phones, check=_check(request), days=cards.LIFE.days
    )
    return render(request, "member_web/membership_card.html", context, status=200 if face else 404)


@require_POST
@member_page
def key(request: HttpRequest, member: Member) -> HttpResponse:
    """What the person's own phone needs to make codes for the coming days; nothing of it stands in a page."""
    _with_card(member)
    held = request.POST.get("held", "")
    known = int(held) if held.isascii() and held.isdigit() and len(held) < 20 else None
    try:
        issued = _issue(member, device=request.POST.get("device") == "1", held=known)
    except CardRefusedError as refused:
        return JsonResponse({"code": refused.code}, status=403)
    told = {
        "card": str(issued.card_id),
        "reference": base64.b64encode(issued.reference).decode(),
        "key": base64.b64encode(issued.key).decode(),
        "public": base64.b64encode(issued.public).decode(),
        "until": issued.valid_until.isoformat(),
        "now": issued.now.isoformat(),
    }
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


def _issue(member: Member, *, device: bool, held: int | None) -> Issued:
    with member.scope(cards.ACTIVITY) as scope:
        return cards.issue(
            scope=scope,
            subject_id=member.subject_id,
            controller_id=member.site.controller.pk,
            device=device,
            held=held,
            at=clock.now(),
        )


def _with_card(member: Member) -> Controller:
    if not member.site.has_card:
        raise Http404
    return member.site.controller


def _check(request: HttpRequest) -> str:
    """The address a camera opens. The code stands behind `#`, which no browser sends and no server logs."""
    return request.build_absolute_uri(reverse("card_check"))
