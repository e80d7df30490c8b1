"""Bonus vouchers on Min side (C9), and why the balance is what it is (C10). Works on a phone without scripts."""

import csv
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from tillit.bonus import codes, queries, voucher_endings, vouchers
from tillit.bonus.errors import BonusError, VoucherError
from tillit.bonus.models import Programme, Voucher, VoucherStatus
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.member_web.views import chain_shown, last_day
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel import clock
from tillit.kernel.money import Money, MoneyError
from tillit.ledger.errors import InsufficientFundsError
from tillit.purchases.models import Chain, Store

_PAST = 20


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def show(request: HttpRequest, member: Member) -> HttpResponse:
    """The vouchers that may be used, a form for a new one, and what became of the others; a POST makes one."""
    if not member.site.has_bonus:
        raise Http404
    if request.method != "POST":
        return _page(request, member)
    programme = Programme.objects.select_related("chain__controller").filter(chain__key=request.POST.get("chain", ""))
    chosen = programme.filter(chain__controller__register_id=member.site.controller.register_id).first()
    if chosen is None:
        return _page(request, member, problem="chain")
    try:
        amount = Money.parse(request.POST.get("amount", ""), chosen.chain.currency, locale=language()).minor
        with member.scope(vouchers.ACTIVITY) as scope:
            made = vouchers.reserve(
                scope=scope,
                subject_id=member.subject_id,
                programme=chosen,
                amount=amount,
                key=form_key(request),
                at=clock.now(),
            )
    except MoneyError:
        return _page(request, member, problem="amount")
    except InsufficientFundsError:
        return _page(request, member, problem="funds")
    except BonusError as error:
        return _page(request, member, problem="suspended" if error.code == "use-suspended" else "amount")
    return redirect("voucher", member.site.key, made.id)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def one(request: HttpRequest, member: Member, voucher: UUID) -> HttpResponse:
    """A voucher to be shown at the till: bar code, digits, amount, time. A POST gives it back."""
    if request.method == "POST":
        try:
            with member.scope(vouchers.ACTIVITY) as scope:
                mine = _of(member).filter(id=voucher).values_list("subject_id", flat=True).first() or member.subject_id
                back = voucher_endings.cancel(scope=scope, subject_id=mine, voucher_id=voucher, at=clock.now())
        except VoucherError:
            raise Http404 from None
        if back:
            messages.success(request, say(language(), "vouchers.is_back"))
        return redirect("vouchers", member.site.key)
    with member.scope():
        found = _of(member).filter(id=voucher).first()
    if found is None:
        raise Http404
    shown = _shown([found])[0]
    if shown["open"]:
        code = vouchers.code_of(voucher=found, register_id=member.site.controller.register_id)
        shown |= {"code": codes.grouped(code), "bars": mark_safe(codes.bars(code))}  # noqa: S308 (shapes drawn here)
    return render(request, "member_web/voucher.html", member.context(page="vouchers", voucher=shown))


@require_safe
@member_page
def history(request: HttpRequest, member: Member, chain: str) -> HttpResponse:
    """Every movement of the bonus in a chain, each with what was left: every øre explained; as a page or a file."""
    of = Chain.objects.filter(key=chain, controller__register_id=member.site.controller.register_id).first()
    if of is None or not Programme.objects.filter(chain=of).exists():
        raise Http404
    with member.scope():
        moves = [_moved(move, of.currency) for move in queries.history(subject_id=member.subject_id, chain_id=of.pk)]
        standing = [b for b in queries.overview(subject_id=member.subject_id, on=clock.today()) if b.chain_id == of.pk]
    if request.GET.get("form") == "csv":
        return _file(of, moves)
    context = member.context(
        page="home", chain=of, moves=moves[::-1], balance=chain_shown(standing[0]) if standing else None
    )
    return render(request, "member_web/history.html", context)


def _page(request: HttpRequest, member: Member, problem: str = "") -> HttpResponse:
    with member.scope():
        balances = queries.overview(subject_id=member.subject_id, on=clock.today())
        rows = _of(member).order_by("-made_at")
        found = _shown(rows[:_PAST])
    context = member.context(
        page="vouchers",
        chains=[chain_shown(balance) for balance in balances if balance.available > 0],
        usable=[item for item in found if item["open"]],
        past=[item for item in found if not item["open"]],
        key=form_key(request) if problem and problem != "amount" else uuid4(),
        typed=request.POST.get("amount", ""),
        chosen=request.POST.get("chain", ""),
        problem=problem,
    )
    return render(request, "member_web/vouchers.html", context, status=422 if problem else 200)


def _of(member: Member) -> QuerySet[Voucher]:
    """The person's vouchers, whichever of their subjects they were made for (C3)."""
    return Voucher.objects.filter(subject_id__in=member.people)


def form_key(request: HttpRequest) -> UUID:
    """What makes the form one of a kind: pressed twice, it is one voucher."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


def _shown(rows: Any) -> list[dict[str, Any]]:
    found = list(rows)
    names = dict(Chain.objects.filter(pk__in={row.chain_id for row in found}).values_list("pk", "name"))
    stores = dict(Store.objects.filter(pk__in={row.store_id for row in found}).values_list("pk", "name"))
    now = clock.now()
    return [
        {
            "id": row.id,
            "chain": names[row.chain_id],
            "amount": Money(row.amount, row.currency),
            "used": Money(row.used, row.currency) if row.used else None,
            "store": stores.get(row.store_id),
            "made_at": row.made_at,
            "valid_until": row.valid_until,
            "ended_at": row.used_at or row.ended_at or row.valid_until,
            "open": row.status == VoucherStatus.OPEN and row.valid_until > now,
            "status": "released" if row.status == VoucherStatus.OPEN else row.status,
        }
        for row in found
    ]


def _moved(move: Any, currency: str) -> dict[str, Any]:
    return {
        "at": move.event_at,
        "recorded_at": move.recorded_at,
        "kind": move.kind,
        "counter": move.counter_kind,
        "until": last_day(move.expires),
        "amount": Money(move.amount, currency),
        "after": Money(move.balance_after, currency),
        "reference": move.reference or move.transfer_id,
    }


def _file(chain: Chain, moves: list[dict[str, Any]]) -> HttpResponse:
    """The movements as CSV: one line each, amounts as plain decimals."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="bonus-{chain.key}.csv"'
    response.write("\ufeff")
    out = csv.writer(response, delimiter=";")
    out.writerow(["event_at", "recorded_at", "account", "counter_account", "until", "amount", "balance", "currency"])
    for move in moves:
        cells = [move["at"].isoformat(), move["recorded_at"].isoformat(), move["kind"], move["counter"]]
        out.writerow([*cells, move["until"].isoformat(), move["amount"].decimal, move["after"].decimal, chain.currency])
    return response
