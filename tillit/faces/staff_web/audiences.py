"""Offers for an audience (C11, C16): who may be approached now, who not and why, and telling them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.bonus.errors import OfferRefusedError
from tillit.bonus.models import Offer
from tillit.faces.staff_web.access import Worker, staff_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import offer_audience
from tillit.journeys.offer_audience import PICKS, Pick
from tillit.kernel.money import Money, MoneyError

PAGE, LONGEST = 25, 1100


@require_safe
@staff_page
def listed(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The offers for an audience that have not ended."""
    if not worker.targets:
        raise Http404
    rows = offer_audience.standing(actor=worker.actor, controller=worker.site.controller)
    context = worker.context(page="audiences", rows=Paginator(rows, PAGE).get_page(request.GET.get("page")))
    return render(request, "staff_web/audiences.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, number: int) -> HttpResponse:
    """One offer: a POST counts an audience, or makes the offer to it and tells them."""
    if not worker.targets:
        raise Http404
    one = Offer.objects.filter(pk=number, chain__controller=worker.site.controller, targeted=True).first()
    if one is None:
        raise Http404
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller, "offer_id": number}
    found, problem = None, ""
    if request.method == "POST":
        try:
            pick = _pick(request, one)
            if request.POST.get("act") == "make":
                new, put = offer_audience.make(**here, pick=pick)
                told = put.queued + put.shown
                messages.success(request, say(language(), "audience_desk.made", new=new, told=told))
                return redirect("staff_audience", worker.site.key, number)
            found = offer_audience.weigh(**here, pick=pick)
        except (MoneyError, ValueError):
            problem = "field"
        except OfferRefusedError:
            raise Http404 from None
    standing = offer_audience.standing(actor=worker.actor, controller=worker.site.controller)
    context = worker.context(
        page="audiences",
        offer=one,
        standing=next((each for each in standing if each.offer.pk == number), None),
        found=found,
        picks=PICKS,
        typed=request.POST,
        problem=problem,
    )
    return render(request, "staff_web/audience.html", context, status=422 if problem else 200)


def _pick(request: HttpRequest, one: Offer) -> Pick:
    how, days = request.POST.get("how", ""), int(request.POST.get("days", "") or 90)
    if how not in PICKS or not 1 <= days <= LONGEST:
        raise ValueError(how)
    spent = request.POST.get("spent", "").strip()[:20]
    return Pick(how, days, Money.parse(spent, one.chain.currency).minor if spent else 0)
