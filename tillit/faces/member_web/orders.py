"""The member's orders of benefits (B4): where each is, taking one back, and answering what a supplier asks (B5)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tillit.benefits import catalogue, orders
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Edition
from tillit.benefits.order_models import OPEN, Order, OrderStatus
from tillit.declaration.vocabulary import vocabulary
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel import clock


@require_safe
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """Every order that stands, newest first."""
    if not member.site.has_benefits:
        raise Http404
    with member.scope(catalogue.ACTIVITY):
        found = orders.mine(subject_ids=member.people)
    context = member.context(page="benefits", orders=[_shown(one) for one in found])
    return render(request, "member_web/orders.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def one(request: HttpRequest, member: Member, order: UUID) -> HttpResponse:
    """One order with its times; a POST takes it back or answers what the supplier asks."""
    with member.scope(catalogue.ACTIVITY):
        found = next((one for one in orders.mine(subject_ids=member.people) if one.reference == order), None)
    if found is None:
        raise Http404
    if request.method == "POST":
        _act(request, member, found)
        return redirect("order", member.site.key, order)
    return render(request, "member_web/order.html", member.context(page="benefits", order=_shown(found)))


def _act(request: HttpRequest, member: Member, found: Order) -> None:
    act, spoken = request.POST.get("act", ""), language()
    of: dict[str, Any] = {"subject_id": found.subject_id, "order_id": found.id, "at": clock.now()}
    try:
        with member.scope(catalogue.ACTIVITY) as scope:
            if act == "cancel":
                orders.cancel(scope=scope, **of)
            elif act in ("yes", "no"):
                orders.answer_more(scope=scope, yes=act == "yes", wording=_question(found), **of)
            else:
                return
    except (OrderError, DisclosureRefusedError):
        messages.error(request, say(spoken, "orders.too_late"))
    else:
        messages.success(request, say(spoken, f"orders.done.{act}"))


def _question(order: Order) -> str:
    """What the member is asked, as it is read; a digest of it goes on record with the answer."""
    words, spoken = vocabulary().fields, language()
    fields = ", ".join(words[name].name(spoken) for name in order.asked)
    supplier = Edition.objects.select_related("benefit__supplier").get(pk=order.edition_id).benefit.supplier.name
    return say(spoken, "orders.question", supplier=supplier, fields=fields)


def _shown(order: Order) -> dict[str, Any]:
    edition = Edition.objects.select_related("benefit__supplier").get(pk=order.edition_id)
    spoken = language()
    said = edition.texts.get(spoken) or next(iter(edition.texts.values()))
    return {
        "reference": order.reference,
        "title": said["title"],
        "supplier": edition.benefit.supplier.name,
        "quantity": order.quantity,
        "status": say(spoken, f"orders.status.{order.status}"),
        "reason": say(spoken, f"orders.reason.{order.reason}") if order.reason else "",
        "fields": [
            (say(spoken, f"order_form.{name}"), getattr(order, name))
            for name in ("name", "address", "postal_code", "postal_place", "phone")
        ],
        "times": [
            (say(spoken, f"orders.when.{name}"), at)
            for name, at in (
                ("ordered", order.ordered_at),
                ("sent", order.sent_at),
                ("confirmed", order.confirmed_at),
                ("ended", order.ended_at),
            )
            if at is not None
        ],
        "ordered_at": order.ordered_at,
        "cancels": order.status in OPEN,
        "sent": order.sent_at is not None,
        "question": _question(order)
        if order.more_asked_at
        and order.more_answered_at is None
        and order.status in (OrderStatus.SENT, OrderStatus.CONFIRMED)
        else "",
        "answered": order.more_answered_at,
        "yes": order.more_yes,
    }
