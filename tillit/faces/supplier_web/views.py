"""Sign-in with a key, the card check, and the orders, for suppliers of benefits (B2, B4, B5). Works without scripts."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tillit.benefits import supplier_orders
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Supplier
from tillit.benefits.order_models import OPEN, OrderStatus
from tillit.benefits.supplier_orders import Handed, Part
from tillit.declaration.vocabulary import vocabulary
from tillit.faces.api.models import ApiClient
from tillit.faces.api.suppliers import card_valid
from tillit.faces.site import own_page
from tillit.faces.supplier_web.access import begin, client_of, counted, supplier_page
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel import clock

PAGES = {"orders": "supplier_orders", "cards:verify": "card_check"}


@sensitive_post_parameters("key")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """A form for the supplier's key."""
    problem, after = "", request.POST.get("next") or request.GET.get("next", "")
    if request.method == "POST":
        problem = begin(request, request.POST.get("key", "")[:200])
        if not problem:
            return redirect(_after(request, after))
    context = {"problem": problem, "next": after, "section": "supplier"}
    return render(request, "supplier_web/sign_in.html", context, status=422 if problem else 200)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """The browser forgets the key."""
    logout(request)
    return redirect("supplier_sign_in")


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@supplier_page("cards:verify")
def card_check(request: HttpRequest, client: ApiClient, supplier: Supplier) -> HttpResponse:
    """Valid or not valid. What was asked about stands in no address and no log."""
    answer, problem = None, ""
    if request.method == "POST":
        if counted(client):
            answer = card_valid(supplier, request.POST.get("code", "")[:600])
        else:
            problem = "often"
    context = _context(client, "card_check", answer=answer, problem=problem)
    return render(request, "supplier_web/card_check.html", context, status=429 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@supplier_page("orders")
def order_list(request: HttpRequest, client: ApiClient, supplier: Supplier) -> HttpResponse:
    """The orders, as far as the frame reaches. Opening the page sends the new ones; a POST answers one."""
    at = clock.now()
    scope = supplier_orders.supplier_scope(supplier=supplier, on=clock.local_date(at))
    if request.method == "POST":
        if scope is not None:
            _act(request, supplier)
        return redirect("supplier_orders")
    ended = request.GET.get("show") == "ended"
    found = Part([], "")
    if scope is not None:
        statuses = [one for one in OrderStatus if one not in OPEN] if ended else list(OPEN)
        asked: dict[str, Any] = {"supplier": supplier, "at": at, "statuses": statuses}
        try:
            with scope:
                found = supplier_orders.fetch(scope=scope, after=request.GET.get("after", ""), **asked)
        except OrderError:
            return redirect("supplier_orders")
    more = urlencode({**({"show": "ended"} if ended else {}), "after": found.after}) if found.after else ""
    context = _context(client, "supplier_orders", orders=[_shown(one) for one in found.orders], ended=ended, more=more)
    return render(request, "supplier_web/orders.html", context)


def _act(request: HttpRequest, supplier: Supplier) -> None:
    act, spoken, at = request.POST.get("act", ""), language(), clock.now()
    scope = supplier_orders.supplier_scope(supplier=supplier, on=clock.local_date(at))
    try:
        of: dict[str, Any] = {"supplier": supplier, "reference": UUID(request.POST.get("order", "")), "at": at}
        assert scope is not None  # noqa: S101 (asked before)
        with scope:
            if act == "ask":
                supplier_orders.ask_more(scope=scope, fields=request.POST.getlist("field"), **of)
            else:
                reason = request.POST.get("reason", "") if act == OrderStatus.REJECTED else ""
                supplier_orders.settle(scope=scope, status=act, reason=reason, **of)
    except (OrderError, ValueError):
        messages.error(request, say(spoken, "supplier.refused"))
    else:
        messages.success(request, say(spoken, "supplier.done"))


def _shown(one: Handed) -> dict[str, Any]:
    spoken, words = language(), vocabulary().fields
    status = one.order.status
    return {
        "order": one.order,
        "union": one.union,
        "fields": [(words[name].name(spoken), value) for name, value in one.fields.items()],
        "status": say(spoken, f"orders.status.{status}"),
        "confirm": status == OrderStatus.SENT,
        "open": status in (OrderStatus.SENT, OrderStatus.CONFIRMED),
        "may_ask": [(name, words[name].name(spoken)) for name in one.more],
        "asked": [words[name].name(spoken) for name in one.order.asked],
        "answer": one.order.more_yes,
        "reasons": [(reason, say(spoken, f"orders.reason.{reason}")) for reason in supplier_orders.REASONS],
    }


def _context(client: ApiClient, page: str, **values: Any) -> dict[str, Any]:
    pages = [(name, say(language(), f"supplier.{name}")) for scope, name in PAGES.items() if scope in client.scopes]
    return {"section": "supplier", "page": page, "pages": pages, "supplier": client.supplier, **values}


def _after(request: HttpRequest, after: str) -> str:
    if own_page(after):
        return after
    client = client_of(request)
    return next((name for scope, name in PAGES.items() if client and scope in client.scopes), "supplier_sign_in")
