"""What suppliers of benefits do (B2, B4, B5): ask whether a membership card is valid, receive orders, answer them.

A verification is answered with one bit, whoever the card is of and whyever it is not valid, and is remembered nowhere.
An order is told as far as the union's frame reaches; being told of it for the first time is a disclosure.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from tillit.benefits import supplier_orders
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Supplier
from tillit.benefits.order_models import OPEN, OrderStatus
from tillit.benefits.supplier_orders import Handed
from tillit.faces.api.calls import client_of
from tillit.faces.api.describe import REPEATABLE, refusals
from tillit.faces.api.idempotency import repeatable
from tillit.faces.api.problems import ProblemError
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.membership import cards

router = Router(tags=["suppliers"])
Act = Callable[[Scope], Handed]


class CardCode(BaseModel):
    """What was scanned from a membership card: the code, or the whole address it stands in."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(min_length=1, max_length=600)


class CardAnswer(BaseModel):
    """Whether the card is valid now. There is nothing else to know."""

    valid: bool


@router.post(
    "/cards/verify",
    response={200: CardAnswer},
    summary="Is this membership card valid?",
    operation_id="verify_card",
    openapi_extra={"responses": refusals(400, 401, 403, 413, 415, 422, 429, 500, 503)},
)
def verify(request: HttpRequest, body: CardCode) -> HttpResponse:
    """Valid or not valid. A code counts for its half minute and one either way, as clocks differ, at one supplier,
    which may ask again for half a minute; nothing is kept of the question.
    """
    client = client_of(request, "cards:verify")
    return JsonResponse({"valid": card_valid(client.supplier, body.code)})


def card_valid(supplier: Supplier | None, code: str) -> bool:
    """Whether the code counts for a supplier: of a member of a union that gives it a frame today."""
    assert supplier is not None  # noqa: S101 (the scope is a supplier's)
    at = clock.now()
    scope = supplier_orders.supplier_scope(supplier=supplier, on=clock.local_date(at))
    return scope is not None and cards.verify(
        controllers=scope.controllers, by=f"supplier:{supplier.pk}", code=code, at=at
    )


class OrderAnswer(BaseModel):
    """An order as far as the supplier may see it."""

    order: UUID
    union: str = Field(description="Key of the union whose member ordered.")
    status: str = Field(description="sent, confirmed, rejected, delivered or cancelled")
    reason: str | None
    ordered_at: str
    fields: dict[str, str] = Field(description="What the union's frame allows and the benefit needs.")
    may_ask: list[str] = Field(description="What the member may be asked for beyond that.")
    asked: list[str] = Field(description="What the member has been asked for.")
    answer: bool | None = Field(description="What the member answered.")


class Orders(BaseModel):
    """Orders: new ones, then the oldest."""

    orders: list[OrderAnswer]
    next: str | None = Field(description="The address of those that follow.")


class Settled(BaseModel):
    """What became of an order."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["confirmed", "rejected", "delivered"]
    reason: str | None = Field(default=None, max_length=20, description="For rejected: sold_out, not_available, other.")


class More(BaseModel):
    """What the supplier would like to have beyond its frame."""

    model_config = ConfigDict(extra="forbid")
    fields: list[str] = Field(min_length=1, max_length=10)


_STATUSES = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)


@router.get(
    "/orders",
    response={200: Orders},
    summary="The supplier's orders",
    operation_id="orders",
    openapi_extra={"responses": refusals(401, 403, 422, 429, 500, 503, supplier=True)},
)
def listed(
    request: HttpRequest,
    status: Annotated[Literal["open", "ended"], Query(description="Those under way, or those that are over.")] = "open",
    after: Annotated[str, Query(max_length=80, description="From `next`: where the part before ended.")] = "",
) -> HttpResponse:
    """At most 50: first those that are new to the supplier, which are sent by this call, then the oldest. `next` is the
    address of those that follow, null when there are no more.
    """
    supplier, scope = _of(request)
    ended = [one for one in OrderStatus if one not in OPEN]
    if scope is None:
        return JsonResponse({"orders": [], "next": None})
    statuses = OPEN if status == "open" else ended
    try:
        with scope:
            found = supplier_orders.fetch(
                scope=scope, supplier=supplier, at=clock.now(), statuses=statuses, after=after
            )
    except OrderError:
        raise ProblemError("body-shape") from None
    more = f"{request.path}?{urlencode({'status': status, 'after': found.after})}" if found.after else None
    return JsonResponse({"orders": [told(one) for one in found.orders], "next": more})


@router.get(
    "/orders/{uuid:order}",
    response={200: OrderAnswer},
    summary="One order",
    operation_id="order",
    openapi_extra={"responses": refusals(401, 403, 404, 429, 500, 503, supplier=True)},
)
def one(request: HttpRequest, order: UUID) -> HttpResponse:
    """An order that was sent to the supplier."""
    supplier, scope = _of(request)
    return JsonResponse(_standing(supplier, scope, order))


@router.post(
    "/orders/{uuid:order}/status",
    response={200: OrderAnswer},
    summary="Confirm, reject or have delivered",
    operation_id="settle_order",
    openapi_extra={"parameters": [REPEATABLE], "responses": refusals(*_STATUSES, supplier=True)},
)
def settle(request: HttpRequest, order: UUID, body: Settled) -> HttpResponse:
    """The same again changes nothing. The member is told."""
    supplier, scope = _of(request)

    def act(opened: Scope) -> Handed:
        reason = body.reason or ""
        return supplier_orders.settle(
            scope=opened, supplier=supplier, reference=order, status=body.status, reason=reason, at=clock.now()
        )

    return _once(request, supplier, scope, order, act)


@router.post(
    "/orders/{uuid:order}/ask",
    response={200: OrderAnswer},
    summary="Ask the member for more",
    operation_id="ask_member",
    openapi_extra={"parameters": [REPEATABLE], "responses": refusals(*_STATUSES, supplier=True)},
)
def ask(request: HttpRequest, order: UUID, body: More) -> HttpResponse:
    """The member is asked, once an order, and says yes or no on Min side. Nothing more is told before the yes."""
    supplier, scope = _of(request)

    def act(opened: Scope) -> Handed:
        return supplier_orders.ask_more(
            scope=opened, supplier=supplier, reference=order, fields=body.fields, at=clock.now()
        )

    return _once(request, supplier, scope, order, act)


def _once(request: HttpRequest, supplier: Supplier, scope: Scope | None, order: UUID, act: Act) -> HttpResponse:
    """A repeat is answered with the order as it stands: of the first answer nothing about the member is kept."""
    return repeatable(
        request=request,
        client=client_of(request, "orders"),
        act=lambda: _answer(scope, act),
        again=lambda: _standing(supplier, scope, order),
    )


def _standing(supplier: Supplier, scope: Scope | None, order: UUID) -> dict[str, Any]:
    return _answer(
        scope, lambda opened: supplier_orders.one(scope=opened, supplier=supplier, reference=order, at=clock.now())
    )


def told(handed: Handed) -> dict[str, Any]:
    """An order as a supplier is told of it."""
    order = handed.order
    return {
        "order": str(order.reference),
        "union": handed.union,
        "status": order.status,
        "reason": order.reason or None,
        "ordered_at": order.ordered_at.isoformat(),
        "fields": handed.fields,
        "may_ask": list(handed.more),
        "asked": order.asked,
        "answer": order.more_yes,
    }


def _of(request: HttpRequest) -> tuple[Supplier, Scope | None]:
    supplier = client_of(request, "orders").supplier
    assert supplier is not None  # noqa: S101 (the scope is a supplier's)
    return supplier, supplier_orders.supplier_scope(supplier=supplier, on=clock.today())


def _answer(scope: Scope | None, act: Act) -> dict[str, Any]:
    if scope is None:
        raise ProblemError("order-unknown")
    try:
        with scope as opened:
            handed = act(opened)
    except OrderError as refused:
        raise ProblemError(refused.code) from None
    return told(handed)
