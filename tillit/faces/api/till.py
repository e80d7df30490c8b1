"""Bonus vouchers at the till (C9): verify, use, undo, look. A key sees the vouchers of its own chain, by their code.

Nothing tells whose a voucher is, and nothing but its code finds one. A use is known by voucher, key and receipt as well
as by `Idempotency-Key`: a till that lost the answer, its keys or its network repeats the call and is told the same.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tillit.bonus import codes, programmes, voucher_endings, vouchers
from tillit.bonus.errors import CodeError, VoucherError
from tillit.bonus.vouchers import ACTIVITY, Standing, Till
from tillit.faces.api import idempotency
from tillit.faces.api.calls import client_of
from tillit.faces.api.describe import IDEMPOTENCY_KEY, refusals
from tillit.faces.api.models import ApiClient
from tillit.faces.api.problems import ProblemError
from tillit.kernel import clock
from tillit.kernel.money import Money, MoneyError
from tillit.kernel.scope import Actor, Scope
from tillit.parties.digests import Kind
from tillit.parties.rates import Limit, spent, within
from tillit.purchases.models import Store

MISSES = Limit("till-miss", 60, timedelta(hours=1))
_STATUSES = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
router = Router(tags=["till"])

Code = Annotated[
    str,
    Field(
        min_length=13,
        max_length=40,
        description="As scanned or keyed; spaces and hyphens do not count.",
        examples=["9777 1662 1033 7821"],
    ),
]
Amount = Annotated[str, Field(max_length=20, description="In the chain's currency.", examples=["125.00"])]
Receipt = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[!-~]+$",
        description="The till's own number of the receipt.",
        examples=["3-20261122-0117"],
    ),
]
StoreNumber = Annotated[
    str | None, Field(max_length=40, description="The store, where the key is not a store's.", examples=["12"])
]


class Verify(BaseModel):
    """A voucher's code."""

    model_config = ConfigDict(extra="forbid")
    code: Code


class Redeem(BaseModel):
    """The use of a voucher: `amount` is the discount the till gives, and what the member is debited, to the øre."""

    model_config = ConfigDict(extra="forbid")
    code: Code
    amount: Amount
    receipt: Receipt
    store: StoreNumber = None
    used_at: AwareDatetime | None = Field(
        default=None, description="When it was used, if the till had no network then; with its offset from UTC."
    )


class VoucherAnswer(BaseModel):
    """A voucher as it stands."""

    voucher: UUID
    status: str = Field(description="open, expired, used, released or void")
    amount: str
    used: str | None
    currency: str
    valid_until: datetime
    used_at: datetime | None
    receipt: str | None = Field(description="Where a till with this key used it.")


@router.post(
    "/till/vouchers/verify",
    response={200: VoucherAnswer},
    summary="May this voucher be used?",
    operation_id="verify_voucher",
    openapi_extra={"responses": refusals(*_STATUSES, till=True)},
)
def verify(request: HttpRequest, body: Verify) -> HttpResponse:
    """How the voucher stands: what it is worth and until when. Changes nothing."""
    client = client_of(request, "vouchers:read")
    till = till_of(client)
    known = vouchers_id(client, till, body.code)
    with till_scope(client) as scope:
        found = vouchers.find(scope=scope, register_id=till.register_id, voucher_id=known)
    if found is None:
        raise miss(client, "voucher-unknown")
    if found.chain_id != till.chain_id:
        raise ProblemError("voucher-other-chain")
    return JsonResponse(told(found, client))


@router.post(
    "/till/vouchers/redeem",
    response={200: VoucherAnswer},
    summary="Use a voucher",
    operation_id="redeem_voucher",
    openapi_extra={"parameters": [IDEMPOTENCY_KEY], "responses": refusals(*_STATUSES, till=True)},
)
def redeem(request: HttpRequest, body: Redeem) -> HttpResponse:
    """Use it: once, whatever tills ask at the same time. Less than its amount may be taken; the rest goes back.

    Of two tills one is told 200 and the other 409 `voucher-used`. With `used_at` a till reports what it did without
    network, within the declared hours.
    """
    client = client_of(request, "vouchers:redeem")
    till = till_of(client, body.store)
    code = code_read(client, body.code)
    amount = minor(client, body.amount)
    key = idempotency.key_of(request)
    try:
        with till_scope(client) as scope:
            call = idempotency.together(client=client, key=key, payload=request.body)
            answer = call.answer or _redeemed(scope, client, till, code, amount, body)
            if call.answer is None:
                call.answered(answer)
    except VoucherError as refused:
        raise _why(client, till, code, refused) from None
    return answered(answer, call)


@router.post(
    "/till/vouchers/{uuid:voucher}/void",
    response={200: VoucherAnswer},
    summary="Undo a voucher",
    operation_id="void_voucher",
    openapi_extra={"parameters": [IDEMPOTENCY_KEY], "responses": refusals(*_STATUSES, till=True)},
)
def void(request: HttpRequest, voucher: UUID) -> HttpResponse:
    """The purchase came to nothing: the bonus goes back to the very lots it came from. Again: nothing more.

    A key undoes what it has used itself, and open vouchers of its chain.
    """
    client = client_of(request, "vouchers:redeem")
    till = till_of(client)
    key = idempotency.key_of(request)
    with till_scope(client) as scope:
        call = idempotency.together(client=client, key=key, payload=str(voucher).encode())
        answer = call.answer
        if answer is None:
            found = _own(till, voucher, scope)
            if found.status == "used" and found.client_id != client.pk:
                raise ProblemError("voucher-used", told=_use(found, client))
            voucher_endings.void(scope=scope, subject_id=found.subject_id, voucher_id=voucher, at=clock.now())
            answer = told(_own(till, voucher, scope), client)
            call.answered(answer)
    return answered(answer, call)


@router.get(
    "/till/vouchers/{uuid:voucher}",
    response={200: VoucherAnswer},
    summary="What became of a voucher",
    operation_id="voucher",
    url_name="voucher",
    openapi_extra={"responses": refusals(401, 403, 404, 429, 500, 503, till=True)},
)
def voucher(request: HttpRequest, voucher: UUID) -> HttpResponse:
    """A voucher of the key's chain, by the number that verify and redeem have told."""
    client = client_of(request, "vouchers:read")
    till = till_of(client)
    with till_scope(client) as scope:
        found = _own(till, voucher, scope)
    return JsonResponse(told(found, client))


def till_of(client: ApiClient, store: str | None = None) -> Till:
    """Who asks. Raises `ProblemError` `unknown-store`."""
    chain = client.chain
    assert chain is not None  # noqa: S101 (the scope is a till's)
    store_id = client.store_id
    if store is not None:
        at = client.store or Store.objects.filter(chain=chain, number=store).first()
        if at is None or at.number != store:
            raise ProblemError("unknown-store")
        store_id = at.pk
    return Till(
        chain_id=chain.pk,
        controller_id=chain.controller_id,
        register_id=chain.controller.register_id,
        store_id=store_id,
        client_id=client.pk,
    )


def till_scope(client: ApiClient, activity: str = ACTIVITY) -> Scope:
    """What a till may see and do: the vouchers of its controller, for their use."""
    assert client.chain is not None  # noqa: S101 (the scope is a till's)
    actor = Actor("partner", str(client.pk), frozenset({client.chain.controller_id}), frozenset({activity}))
    return Scope(actor, activity)


def code_read(client: ApiClient, text: str) -> str:
    """The digits of a code, unless it is none or the key has guessed too often. Raises `ProblemError`."""
    try:
        code = codes.read(text)
    except CodeError as wrong:
        raise ProblemError(wrong.code) from None
    if len(code) == 13 and spent(MISSES, str(client.pk)):
        raise ProblemError("too-many-misses")
    return code


def miss(client: ApiClient, code: str) -> ProblemError:
    """The refusal of a code that leads nowhere, counted: short codes cannot be guessed."""
    within(MISSES, str(client.pk))
    return ProblemError(code)


def minor(client: ApiClient, text: str) -> int:
    """An amount in minor units of the chain's currency, above zero. Raises `ProblemError`."""
    assert client.chain is not None  # noqa: S101 (the scope is a till's)
    try:
        amount = Money.parse(text, client.chain.currency).minor
    except MoneyError:
        raise ProblemError("amount-unreadable") from None
    if amount <= 0:
        raise ProblemError("amount-unreadable")
    return amount


def vouchers_id(client: ApiClient, till: Till, text: str) -> UUID:
    """The number of the voucher whose code was sent."""
    code = code_read(client, text)
    return codes.known_by(register_id=till.register_id, kind=Kind.VOUCHER, code=code)


def told(found: Standing, client: ApiClient) -> dict[str, Any]:
    """What a till is told of a voucher."""
    expired = found.status == "open" and found.valid_until <= clock.now()
    return {
        "voucher": str(found.id),
        "status": "expired" if expired else found.status,
        "amount": _text(found.amount, found.currency),
        "used": None if found.used is None else _text(found.used, found.currency),
        "currency": found.currency,
        "valid_until": found.valid_until.isoformat(),
        "used_at": found.used_at.isoformat() if found.used_at else None,
        "receipt": found.reference if found.reference and found.client_id == client.pk else None,
    }


def answered(answer: dict[str, Any], call: idempotency.Short) -> HttpResponse:
    """The answer to a call, and whether an earlier one was given it."""
    response = JsonResponse(answer)
    response.headers["Idempotent-Replayed"] = "false" if call.answer is None else "true"
    return response


def _redeemed(scope: Scope, client: ApiClient, till: Till, code: str, amount: int, body: Redeem) -> dict[str, Any]:
    offline = timedelta(hours=_offline_hours(till)) if body.used_at else timedelta(0)
    found = vouchers.redeem(
        scope=scope,
        till=replace(till, offline=offline),
        code=code,
        amount=amount,
        at=clock.now(),
        event_at=body.used_at,
        reference=body.receipt,
    )
    return told(found, client)


def _why(client: ApiClient, till: Till, code: str, refused: VoucherError) -> ProblemError:
    """What a till is told when nothing was done."""
    if refused.code == "voucher-unknown":
        return miss(client, refused.code)
    if refused.code == "voucher-used":
        return ProblemError(refused.code, told=_use(_standing(client, till, code), client))
    return ProblemError(refused.code)


def _standing(client: ApiClient, till: Till, code: str) -> Standing | None:
    known = codes.known_by(register_id=till.register_id, kind=Kind.VOUCHER, code=code)
    with till_scope(client) as scope:
        return vouchers.find(scope=scope, register_id=till.register_id, voucher_id=known)


def _use(found: Standing | None, client: ApiClient) -> dict[str, str]:
    """When a voucher was used, and on which receipt where it was a till with this key."""
    if found is None or found.used_at is None:
        return {}
    own = {"receipt": found.reference} if found.client_id == client.pk else {}
    return {"used_at": found.used_at.isoformat(), **own}


def _own(till: Till, voucher: UUID, scope: Scope) -> Standing:
    found = vouchers.find(scope=scope, register_id=till.register_id, voucher_id=voucher)
    if found is None or found.chain_id != till.chain_id:
        raise ProblemError("voucher-unknown")
    return found


def _offline_hours(till: Till) -> int:
    return programmes.of_chain(chain_id=till.chain_id).voucher_offline_hours


def _text(amount: int, currency: str) -> str:
    return str(Money(amount, currency).decimal)
