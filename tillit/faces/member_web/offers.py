"""Offers made to the member, and what a gift card holds (C11). A card's code is in the form's body for one call."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.bonus import codes, gift_cards
from tillit.bonus.errors import CodeError, GiftCardError
from tillit.bonus.queries import OfferShown, offers_for
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.views import last_day
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.parties.rates import Limit, within

_LOOKS = Limit("gift-card-look", 10, timedelta(hours=1))


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The offers in force for the person; a POST tells what a gift card holds."""
    if not member.site.has_bonus:
        raise Http404
    card, problem = None, ""
    if request.method == "POST":
        card, problem = _look(member, request.POST.get("code", ""))
    with member.scope() as scope:
        found = offers_for(subject_id=member.subject_id, controller_ids=scope.controllers, at=clock.now())
    context = member.context(page="offers", offers=[_shown(one) for one in found], card=card, problem=problem)
    return render(request, "member_web/offers.html", context, status=422 if problem else 200)


def _look(member: Member, text: str) -> tuple[dict[str, Any] | None, str]:
    """What the card holds, or why that is not told; ten tries an hour."""
    if not within(_LOOKS, str(member.login_id)):
        return None, "often"
    try:
        code = codes.read(text)
        held = gift_cards.looked_at(controller=member.site.controller, code=code, at=clock.now())
    except (CodeError, GiftCardError):
        return None, "code"
    card = held.card
    return {"balance": Money(held.balance, card.currency), "until": last_day(card.expires_on)}, ""


def _shown(one: OfferShown) -> dict[str, Any]:
    offer = one.offer
    return {
        "name": offer.name,
        "chain": one.chain,
        "mine": one.mine,
        "kind": offer.kind,
        "percent": f"{offer.basis_points / 100:g}",
        "times": f"{offer.factor / 100:g}",
        "amount": Money(offer.amount, offer.chain.currency),
        "ends": offer.ends,
    }
