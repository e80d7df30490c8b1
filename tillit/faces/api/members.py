"""A member's balance in the key's chain (C10), for a declared ground."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from tillit.bonus.queries import ChainBalance
from tillit.faces.api.calls import client_of
from tillit.faces.api.describe import refusals
from tillit.faces.api.problems import ProblemError
from tillit.journeys.balance_asked import BalanceRefusedError, balance_asked
from tillit.kernel.money import Money

router = Router(tags=["members"])


class Expiring(BaseModel):
    """Bonus that expires: `on` is the first day on which it is gone."""

    on: date
    amount: str


class Waiting(BaseModel):
    """Bonus that is earned and may be used from a day on (the programme's terms)."""

    on: date
    amount: str


class BalanceAnswer(BaseModel):
    """What a member has in the chain: the number on Min side."""

    currency: str
    available: str = Field(description="What may be used now; below zero while more is owed than held.")
    pending: str = Field(description="Earned, and not cleared yet or not to be used yet.")
    reserved: str = Field(description="Set aside in vouchers.")
    negative: bool
    expiring: list[Expiring]
    waiting: list[Waiting] = Field(description="Of what is pending: how much may be used from which day.")


@router.get(
    "/members/{bonus_id}/balance",
    response={200: BalanceAnswer},
    summary="A member's balance in the chain",
    operation_id="balance",
    openapi_extra={"responses": refusals(401, 403, 404, 422, 429, 500, 503, till=True)},
)
def balance(
    request: HttpRequest,
    bonus_id: str,
    ground: Annotated[str, Query(max_length=60, description="The declared activity it is asked for.")],
) -> HttpResponse:
    """The member sees each look-up under Who has looked."""
    client = client_of(request, "balance:read")
    assert client.chain is not None  # noqa: S101 (the scope is a till's)
    try:
        found = balance_asked(client=client.pk, chain=client.chain, bonus_id=bonus_id, ground=ground)
    except BalanceRefusedError as refused:
        raise ProblemError(refused.code) from None
    return JsonResponse(_told(found, client.chain.currency))


def _told(found: ChainBalance | None, currency: str) -> dict[str, Any]:
    def text(minor: int) -> str:
        return str(Money(minor, currency).decimal)

    expiring = found.expiring if found else ()
    return {
        "currency": currency,
        "available": text(found.available if found else 0),
        "pending": text(found.pending if found else 0),
        "reserved": text(found.reserved if found else 0),
        "negative": bool(found and found.negative),
        "expiring": [{"on": day.isoformat(), "amount": text(minor)} for day, minor in expiring],
        "waiting": [{"on": day.isoformat(), "amount": text(minor)} for day, minor in (found.waiting if found else ())],
    }
