"""Vouchers and gift cards at the desk, found by code (C9, C11), and a member's bonus corrected (C8)."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tillit.bonus.errors import BonusError
from tillit.faces.member_web.views import chain_shown, last_day
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import amount as amount_words
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.journeys import reception, value_desk
from tillit.journeys.value_desk import REASONS, Value
from tillit.kernel import clock
from tillit.kernel.money import Money, MoneyError
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import NotAssignedError
from tillit.purchases.models import Chain, Store

MOVES = 100


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker) -> HttpResponse:
    """A code is typed, and shown what it leads to; with the button it is undone. It is in the form's body alone."""
    if not worker.sees_value:
        raise Http404
    here: dict[str, Any] = {"actor": worker.actor, "controller": worker.site.controller}
    code, found, problem = request.POST.get("code", "").strip()[:40], None, ""
    if request.method == "POST":
        try:
            if request.POST.get("act") == "undo":
                back = value_desk.undo(
                    **here,
                    code=code,
                    at=clock.now(),
                    reason=request.POST.get("reason", ""),
                    receipt=request.POST.get("receipt", "").strip()[:64],
                )
                found = value_desk.find(**here, code=code)
                money = Money(back, found.chain.currency)
                messages.success(request, say(language(), "value_desk.undone", amount=amount_words(money)))
            else:
                found = value_desk.find(**here, code=code)
        except BonusError as error:
            problem = error.code
            if problem.startswith("undo-"):
                found = value_desk.find(**here, code=code)
    used_too = value_desk.undoes_used(actor=worker.actor)
    shown = found and _shown(found, used_too=used_too)
    context = worker.context(page="value", found=shown, code=code, problem=problem, reasons=value_desk.UNDO_REASONS)
    return render(request, "staff_web/value.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def bonus(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """The bonus of the person behind a token of this session, with its movements; a POST corrects it."""
    _, subject_id = found_by(request, worker, token)
    if not worker.decides_complaints:
        raise Http404
    problem = ""
    try:
        if request.method == "POST":
            problem = _correct(request, worker, subject_id)
            if not problem:
                return redirect("staff_bonus", worker.site.key, token)
        found = value_desk.accounts(actor=worker.actor, controller=worker.site.controller, subject_id=subject_id)
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    context = worker.context(
        page="search",
        token=token,
        accounts=[
            {
                "chain": one.chain,
                "balance": chain_shown(one.balance) if one.balance else None,
                "moves": [
                    {
                        "at": move.event_at,
                        "kind": move.kind,
                        "counter": move.counter_kind,
                        "until": last_day(move.expires),
                        "amount": Money(move.amount, one.chain.currency),
                        "after": Money(move.balance_after, one.chain.currency),
                    }
                    for move in one.moves[:MOVES]
                ],
            }
            for one in found
        ],
        reasons=REASONS,
        today=clock.today(),
        problem=problem,
        typed=request.POST,
    )
    return render(request, "staff_web/bonus.html", context, status=422 if problem else 200)


def _correct(request: HttpRequest, worker: Worker, subject_id: int) -> str:
    """Correct as the form says; the code of what was refused, '' when it was done."""
    said = {name: request.POST.get(name, "").strip()[:60] for name in ("chain", "amount", "reference", "reason", "on")}
    chain = Chain.objects.filter(key=said["chain"], controller=worker.site.controller).first()
    if chain is None:
        raise Http404
    if said["reason"] not in REASONS or not said["reference"]:
        return "reason" if said["reason"] not in REASONS else "reference"
    try:
        arose = date.fromisoformat(said["on"])
        if not clock.today().replace(year=clock.today().year - 10, day=1) <= arose <= clock.today():
            return "day"
        done = reception.correct_bonus(
            actor=worker.actor,
            chain=chain,
            subject_id=subject_id,
            amount=said["amount"],
            reference=said["reference"],
            reason=said["reason"],
            event_at=datetime.combine(arose, time(12), ZoneInfo(clock.DEFAULT_ZONE)),
            at=clock.now(),
        )
    except MoneyError:
        return "money"
    except ValueError:
        return "day"
    except BonusError:
        return "amount"
    words = "bonus_desk.proposed" if done.case else "complaint_desk.done"
    messages.success(request, say(language(), words, case=done.case.id if done.case else 0))
    return ""


def _shown(found: Value, *, used_too: bool) -> dict[str, Any]:
    currency = found.chain.currency
    steps = [
        {"at": one.at, "debit": one.debit, "credit": one.credit, "amount": Money(one.amount, currency)}
        for one in found.steps
    ]
    shown: dict[str, Any] = {"chain": found.chain, "steps": steps}
    if found.voucher is not None:
        one = found.voucher
        store = Store.objects.filter(pk=one.store_id or 0).first()
        return shown | {
            "status": f"voucher.{one.status}",
            "amount": Money(one.amount, currency),
            "used": Money(one.used, currency) if one.used else None,
            "store": store.name if store else "",
            "until": one.valid_until,
            "undoable": one.status == "open" or (one.status == "used" and used_too),
            "asks": one.status == "used",
        }
    assert found.card is not None  # noqa: S101 (a code leads to one of the two)
    held = found.card
    return shown | {
        "status": "card.expired" if held.expired else f"card.{held.card.status}",
        "amount": Money(held.card.amount, currency),
        "balance": Money(held.balance, currency),
        "undoable": held.card.status == "active" and held.balance == held.card.amount and not held.expired,
        "last": last_day(held.card.expires_on),
    }
