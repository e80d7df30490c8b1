"""Gift cards at the till (C11): sold, looked at, paid with, undone, taken back. Found by their code alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from tillit.bonus import gift_cards
from tillit.bonus.errors import GiftCardError
from tillit.bonus.gift_cards import ACTIVITY, Held
from tillit.bonus.vouchers import Till
from tillit.faces.api import idempotency
from tillit.faces.api.calls import client_of
from tillit.faces.api.describe import IDEMPOTENCY_KEY, refusals
from tillit.faces.api.models import ApiClient
from tillit.faces.api.till import (
    Amount,
    Code,
    Receipt,
    StoreNumber,
    answered,
    code_read,
    minor,
    miss,
    till_of,
    till_scope,
)
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import Scope
from tillit.ledger.operations import natural_key

_STATUSES = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
_WRITES: dict[str, Any] = {"parameters": [IDEMPOTENCY_KEY], "responses": refusals(*_STATUSES, till=True)}
router = Router(tags=["gift cards"])
Act = Callable[[Scope, Till, Any], Held]


class Sale(BaseModel):
    """The sale of a card."""

    model_config = ConfigDict(extra="forbid")
    amount: Amount
    receipt: Receipt
    store: StoreNumber = None
    line: int = Field(default=1, ge=1, le=9999, description="Which card of the receipt, where it has several.")


class Look(BaseModel):
    """A card's code."""

    model_config = ConfigDict(extra="forbid")
    code: Code


class Payment(BaseModel):
    """A payment with a card: exactly `amount`, or nothing."""

    model_config = ConfigDict(extra="forbid")
    code: Code
    amount: Amount
    receipt: Receipt
    store: StoreNumber = None


class Undo(BaseModel):
    """The payment of a receipt."""

    model_config = ConfigDict(extra="forbid")
    code: Code
    receipt: Receipt
    store: StoreNumber = None


class GiftCardAnswer(BaseModel):
    """A gift card as it stands."""

    status: str = Field(description="sold, active, returned or expired")
    amount: str = Field(description="What it was sold for.")
    balance: str = Field(description="What may be paid with now.")
    currency: str
    expires_on: str = Field(description="The first day on which it is gone.")
    code: str | None = Field(description="Only in the answer to its sale.")


def _write(path: str, summary: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = router.post(
        f"/till/gift-cards/{path}",
        response={200: GiftCardAnswer},
        summary=summary,
        operation_id=name,
        openapi_extra=_WRITES,
    )
    return found


@_write("sell", "Sell a gift card", "sell_gift_card")
def sell(request: HttpRequest, body: Sale) -> HttpResponse:
    """A new card, active, with its code. The same key, store, receipt and line on the same day: the same card; the same
    `Idempotency-Key`: the same answer on any day.
    """
    client = client_of(request, "gift-cards:sell")
    till, amount = till_of(client, body.store), minor(client, body.amount)
    assert client.chain is not None  # noqa: S101 (the scope is a till's)
    key = idempotency.key_of(request)
    with till_scope(client, ACTIVITY) as scope:
        call = idempotency.together(client=client, key=key, payload=request.body)
        if call.answer is None:
            card = gift_cards.sell(
                scope=scope,
                till=till,
                chain=client.chain,
                amount=amount,
                key=natural_key("sale", client.pk, till.store_id, body.receipt, body.line),
                at=clock.now(),
            )
            gift_cards.activate(scope=scope, card=card, at=clock.now())
            answer = _told(gift_cards.holds(card=card, at=clock.now())) | {"status": "active"}
            call.answered(answer | {"card": str(card.id)})  # never its code: that is made anew
        else:
            number = UUID(call.answer["card"])
            card = gift_cards.of_number(scope=scope, till=till, number=number)
            answer = {name: value for name, value in call.answer.items() if name != "card"}
        answer["code"] = gift_cards.code_of(card=card, register_id=till.register_id)
    return answered(answer, call)


@router.post(
    "/till/gift-cards/look",
    response={200: GiftCardAnswer},
    summary="What does this card hold?",
    operation_id="look_at_gift_card",
    openapi_extra={"responses": refusals(*_STATUSES, till=True)},
)
def look(request: HttpRequest, body: Look) -> HttpResponse:
    """The card's balance. Changes nothing."""
    client = client_of(request, "gift-cards:read")
    till, code = till_of(client), code_read(client, body.code)
    with _misses(client), till_scope(client, ACTIVITY) as scope:
        card = gift_cards.find(scope=scope, till=till, code=code)
        answer = _told(gift_cards.holds(card=card, at=clock.now()))
    return JsonResponse(answer)


@_write("redeem", "Pay with a gift card", "redeem_gift_card")
def redeem(request: HttpRequest, body: Payment) -> HttpResponse:
    """Take exactly the amount; the same receipt of the same key and store again, that day, is the same payment.

    The same `Idempotency-Key` is given the same answer on any day.
    """
    client = client_of(request, "gift-cards:redeem")
    amount = minor(client, body.amount)

    def act(scope: Scope, till: Till, card: Any) -> Held:
        return gift_cards.redeem(scope=scope, card=card, till=till, amount=amount, receipt=body.receipt, at=clock.now())

    return _once(request, client, body.code, act, body.store)


@_write("undo", "Undo a payment", "undo_gift_card")
def undo(request: HttpRequest, body: Undo) -> HttpResponse:
    """Give a receipt's payment back to the card. Again: nothing more."""
    client = client_of(request, "gift-cards:redeem")

    def act(scope: Scope, till: Till, card: Any) -> Held:
        return gift_cards.undo(scope=scope, card=card, till=till, receipt=body.receipt, at=clock.now())

    return _once(request, client, body.code, act, body.store)


@_write("return", "Take an unused card back", "return_gift_card")
def take_back(request: HttpRequest, body: Look) -> HttpResponse:
    """The card holds nothing from now on; the till pays the buyer, where the programme declares it."""
    client = client_of(request, "gift-cards:sell")

    def act(scope: Scope, till: Till, card: Any) -> Held:
        return gift_cards.holds(card=gift_cards.refund(scope=scope, card=card, at=clock.now()), at=clock.now())

    return _once(request, client, body.code, act)


def _once(request: HttpRequest, client: ApiClient, text: str, act: Act, store: str | None = None) -> HttpResponse:
    key, till, code = idempotency.key_of(request), till_of(client, store), code_read(client, text)
    with _misses(client), till_scope(client, ACTIVITY) as scope:
        call = idempotency.together(client=client, key=key, payload=request.body)
        answer = call.answer or _told(act(scope, till, gift_cards.find(scope=scope, till=till, code=code)))
        if call.answer is None:
            call.answered(answer)
    return answered(answer, call)


@contextmanager
def _misses(client: ApiClient) -> Iterator[None]:
    """Count a code that leads nowhere, once the scope is closed."""
    try:
        yield
    except GiftCardError as refused:
        if refused.code == "gift-card-unknown":
            raise miss(client, refused.code) from None
        raise


def _told(held: Held) -> dict[str, Any]:
    card = held.card
    return {
        "status": "expired" if held.expired and card.status == "active" else card.status,
        "amount": str(Money(card.amount, card.currency).decimal),
        "balance": str(Money(held.balance, card.currency).decimal),
        "currency": card.currency,
        "expires_on": card.expires_on.isoformat(),
        "code": None,
    }
