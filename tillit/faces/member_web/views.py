"""Min side: home and receipts."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from tillit.audit.queries import about
from tillit.bonus.queries import ChainBalance, bonus_of, overview
from tillit.declaration.models import Controller
from tillit.faces.form_notices import said_on
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.chosen import chosen_for
from tillit.faces.member_web.events import told
from tillit.journeys import asked_for, taken_over, terms
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.money import Money
from tillit.ledger.kinds import NEVER
from tillit.parties.models import Relationship
from tillit.parties.queries import facts
from tillit.purchases.queries import PAGE, Receipt, on_their_way
from tillit.purchases.queries import receipts as purchases

RECENT, NEWS = 3, 5


@require_safe
@member_page
def home(request: HttpRequest, member: Member) -> HttpResponse:
    """What do I have, what is new, what do you know about me."""
    site = member.site
    with member.scope() as scope:
        known = facts(subject_id=member.subject_id)
        ties = list(Relationship.objects.filter(subject_id__in=member.people).order_by("started"))
        recent = purchases(subject_ids=[member.subject_id], limit=RECENT) if site.has_bonus else []
        latest = with_bonus(member.subject_id, recent) if recent else []
        news = told(about(scope=scope, subject_id=member.subject_id, others=member.people)[:NEWS])
        balances = overview(subject_id=member.subject_id, on=clock.today()) if site.has_bonus else []
    here = [tie for tie in ties if tie.controller_id == site.controller.pk]
    if not here:
        elsewhere = Controller.objects.filter(pk__in={tie.controller_id for tie in ties}).order_by(Ordered("name"))
        return render(request, "member_web/elsewhere.html", member.context(controllers=elsewhere))
    context = member.context(
        page="home",
        given=known.get("name.given", ""),
        bonus_id=known.get("bonus_id", ""),
        ties=here,
        employed=any(tie.kind == "employee" for tie in here),
        left=all(tie.ended for tie in here),
        recent=latest,
        news=news,
        chains=[chain_shown(balance) for balance in balances],
        terms=terms.asked(controller=site.controller, subject_id=member.subject_id),
        chosen=chosen_for(request, member) if site.has_benefits else None,
        asked=asked_for.missing(actor=member.actor, controller=site.controller, subject_id=member.subject_id),
        handover=taken_over.coming(actor=member.actor, controller=site.controller, subject_id=member.subject_id),
    )
    return render(request, "member_web/home.html", context)


@require_safe
@member_page
def receipts(request: HttpRequest, member: Member) -> HttpResponse:
    """Every receipt, newest first, each line with its bonus (C10)."""
    if not member.site.has_bonus:
        raise Http404
    try:
        with member.scope():
            rows = purchases(subject_ids=[member.subject_id], before=request.GET.get("before") or None)
            listed = with_bonus(member.subject_id, rows)
            waiting = on_their_way(subject_ids=[member.subject_id])
    except ValueError:  # a cursor that is none of ours
        return redirect("receipts", member.site.key)
    older = rows[-1].cursor if len(rows) == PAGE else None
    offered = said_on(member.site, "complaint_new") is not None
    context = member.context(
        page="receipts",
        receipts=listed,
        older=older,
        complaints_offered=offered,
        on_their_way=[(one, Money(one.amount, one.currency)) for one in waiting],
    )
    return render(request, "member_web/receipts.html", context)


def chain_shown(balance: ChainBalance) -> dict[str, Any]:
    """A chain's balance with its amounts as money."""

    def money(minor: int) -> Money:
        return Money(minor, balance.currency)

    return {
        "name": balance.name,
        "key": balance.key,
        "available": money(balance.available),
        "negative": balance.available < 0,
        "reserved": money(balance.reserved) if balance.reserved else None,
        "debt": money(balance.debt) if balance.debt else None,
        "waiting": [(day, money(minor)) for day, minor in balance.waiting],
        "expiring": [(last_day(day), money(minor)) for day, minor in balance.expiring],
    }


def last_day(gone_on: date) -> date:
    """The last day a lot may be used; never stays never."""
    return gone_on if gone_on == NEVER else gone_on - timedelta(days=1)


def shown(receipt: Receipt, given: Mapping[UUID, int] | None = None) -> dict[str, Any]:
    """A receipt with its amounts as money, and the bonus that each line gave or took back (`bonus_of`)."""
    earned = given or {}

    def money(minor: int) -> Money:
        return Money(minor, receipt.currency)

    lines = [
        {
            "product": line.product,
            "amount": money(line.amount),
            "refund": line.refund,
            "bonus": money(earned.get(UUID(line.purchase_id), 0)),
        }
        for line in receipt.lines
    ]
    bonus = sum(earned.get(UUID(line.purchase_id), 0) for line in receipt.lines)
    return {"receipt": receipt, "total": money(receipt.total), "lines": lines, "bonus": money(bonus)}


def with_bonus(subject_id: int, rows: Sequence[Receipt]) -> list[dict[str, Any]]:
    """Receipts as they are shown, each line with its bonus. Needs the open scope."""
    given = bonus_of(subject_id=subject_id, purchase_ids=[UUID(line.purchase_id) for row in rows for line in row.lines])
    return [shown(row, given) for row in rows]
