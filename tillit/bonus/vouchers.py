"""Bonus vouchers (C9): the member sets an amount aside, a till of the chain uses it once, or it goes back.

The ledger holds the money: reserved under the voucher's id, then used, or back to the very lots. Making and using a
voucher are one statement each (sql/vouchers.sql). Whoever lacks the code finds no voucher: no phone number, name or
BonusID leads to one. How a voucher ends otherwise is in `voucher_endings`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from tillit.bonus import codes, suspensions
from tillit.bonus.errors import VoucherError
from tillit.bonus.kinds import DEBT, LOT, REDEEMED, RESERVED
from tillit.bonus.models import Programme, Voucher, VoucherStatus
from tillit.bonus.pooling import gather
from tillit.kernel.scope import Scope, require
from tillit.kernel.sql import load
from tillit.ledger.errors import ConflictError
from tillit.ledger.operations import natural_key, refusals
from tillit.parties.digests import Kind

ACTIVITY = "bonus_use"
SKEW = timedelta(minutes=5)  # how far a till's clock may be off
_TRIES = 5


@dataclass(frozen=True)
class Till:
    """Who asks: the chain, the store where known, the number of the key, and how late it may tell of what it did."""

    chain_id: int
    controller_id: int
    register_id: int
    offline: timedelta = timedelta(0)
    store_id: int | None = None
    client_id: int | None = None


@dataclass(frozen=True)
class Standing:
    """A voucher as it stands. Amounts in minor units; `used`: what was taken of it; `now_used`: by this very call."""

    subject_id: int
    id: UUID
    chain_id: int
    status: str
    amount: int
    used: int | None
    currency: str
    made_at: datetime
    valid_until: datetime
    used_at: datetime | None
    ended_at: datetime | None
    store_id: int | None
    client_id: int | None
    reference: str
    now_used: bool


def reserve(*, scope: Scope, subject_id: int, programme: Programme, amount: int, key: UUID, at: datetime) -> Voucher:
    """Make a voucher of `amount` minor units of the member's bonus in the chain, as picked by the member.

    `key` makes it one of a kind: the same again is the same voucher. Raises `InsufficientFundsError` when more than the
    available is asked for, `VoucherError` on an amount that is none, or on the key with another amount.
    """
    require(activity=ACTIVITY)
    if amount <= 0:
        raise VoucherError("amount-not-positive", "a voucher is above zero")
    chain = programme.chain
    register = chain.controller.register_id
    given: dict[str, Any] = {
        "subject": subject_id,
        "amount": amount,
        "at": at,
        "book": programme.book_id,
        "chain": chain.pk,
        "controller": chain.controller_id,
        "currency": chain.currency,
        "minutes": programme.voucher_minutes,
        "register": register,
        "kind": int(Kind.VOUCHER),
        "lot": LOT.id,
        "reserved": RESERVED.id,
        "debt": DEBT.id,
        "gathered": False,
    }
    for turn in range(_TRIES):
        nonce = natural_key("voucher", subject_id, chain.pk, key, turn)
        code = codes.make(register_id=register, kind=Kind.VOUCHER, nonce=nonce, form=programme.voucher_barcode)
        given |= {"nonce": nonce, "id": codes.known_by(register_id=register, kind=Kind.VOUCHER, code=code)}
        outcome, state, recorded, until = _reserved(given)
        if outcome == "merged":
            _gather(scope, subject_id, programme, amount, key, at)
            given["gathered"] = True
            outcome, state, recorded, until = _reserved(given)
        if outcome == "made":
            return _made(given, state, recorded, until)
        if standing := Voucher.objects.filter(subject_id=subject_id, id=given["id"]).first():
            return standing
        suspensions.refuse_use(chain_id=programme.chain_id, at=at)
    raise VoucherError("no-code", "no code is free")


def _reserved(given: dict[str, Any]) -> tuple[Any, ...]:
    try:
        return _rows("reserve", given)[0]
    except ConflictError:
        raise VoucherError("voucher-conflict", "the key was used for another amount") from None


def _gather(scope: Scope, subject_id: int, programme: Programme, amount: int, key: UUID, at: datetime) -> None:
    """Let the subject of a merged person hold the amount, unless a voucher was made with the key before."""
    nonces = [natural_key("voucher", subject_id, programme.chain_id, key, turn) for turn in range(_TRIES)]
    made_before = Voucher.objects.filter(subject_id=subject_id, nonce__in=nonces)
    gather(
        scope=scope,
        subject_id=subject_id,
        programme=programme,
        amount=amount,
        key=key,
        at=at,
        stands=made_before.exists,
    )


def _made(given: dict[str, Any], state: int, recorded: datetime, until: datetime) -> Voucher:
    """The voucher that has just been made."""
    voucher = Voucher(
        subject_id=given["subject"],
        id=given["id"],
        controller_id=given["controller"],
        state=state,
        recorded_at=recorded,
        chain_id=given["chain"],
        amount=given["amount"],
        currency=given["currency"],
        nonce=given["nonce"],
        made_at=given["at"],
        valid_until=until,
    )
    voucher._state.adding, voucher._state.db = False, connection.alias
    return voucher


def code_of(*, voucher: Voucher, register_id: int) -> str:
    """The code of a voucher, made anew from what it is made of."""
    code = codes.again(register_id=register_id, kind=Kind.VOUCHER, nonce=voucher.nonce, known=voucher.id)
    if code is None:
        raise VoucherError("no-code", "the code cannot be made: the key it was made with is gone")
    return code


def find(*, scope: Scope, register_id: int, voucher_id: UUID) -> Standing | None:
    """The voucher whose code has that digest, as it stands."""
    given = {"register": register_id, "kind": int(Kind.VOUCHER), "id": voucher_id}
    rows = _rows("find", given)
    return Standing(*rows[0]) if rows else None


def redeem(
    *, scope: Scope, till: Till, code: str, amount: int, at: datetime, event_at: datetime | None = None, reference: str
) -> Standing:
    """Use a voucher: exactly `amount` minor units, which is the discount the till gave, are debited (C9).

    Less than the voucher's amount may be taken: the rest goes back. `event_at`: when the till took it while it had no
    network, within the declared hours; a voucher that was released meanwhile is honoured (`voucher_endings.take`).
    `reference`: the till's receipt; the same voucher, till, receipt and amount again is the same use. Raises
    `VoucherError`: voucher-unknown, -other-chain, -used, -void, -expired, -released, amount-above-voucher,
    time-in-future, time-before-voucher, offline-window-passed.
    """
    require(activity=ACTIVITY)
    moment = event_at or at
    if moment > at + SKEW:
        raise VoucherError("time-in-future", "the time of use is in the future")
    moment = min(moment, at)
    known = codes.known_by(register_id=till.register_id, kind=Kind.VOUCHER, code=code)
    within = at - moment <= max(till.offline, SKEW)
    given = {
        "register": till.register_id,
        "kind": int(Kind.VOUCHER),
        "id": known,
        "redeemed": REDEEMED.id,
        "chain": till.chain_id if within else None,
        "amount": amount,
        "event": moment,
        "at": at,
        "skew": SKEW,
        "store": till.store_id,
        "client": till.client_id,
        "reference": reference,
    }
    rows = _rows("redeem", given)
    if not rows:
        raise VoucherError("voucher-unknown", "there is no such voucher")
    found = Standing(*rows[0])
    if found.now_used:
        return _used(found, amount=amount, moment=moment, at=at, till=till, reference=reference)
    if reason := refusal(found, till=till, amount=amount, moment=moment, at=at, within=within, reference=reference):
        raise VoucherError(reason, "the voucher cannot be used")
    if found.status == VoucherStatus.USED:
        return found
    from tillit.bonus.voucher_endings import take  # noqa: PLC0415 (which builds on this module)

    take(scope=scope, found=found, till=till, amount=amount, moment=moment, at=at, reference=reference)
    return _used(found, amount=amount, moment=moment, at=at, till=till, reference=reference)


def refusal(  # noqa: PLR0911 (one line a reason)
    found: Standing, *, till: Till, amount: int, moment: datetime, at: datetime, within: bool, reference: str
) -> str:
    """Why a voucher that stands so cannot be used so; empty when it can, or when it was, by this till's receipt."""
    if found.chain_id != till.chain_id:
        return "voucher-other-chain"
    if found.status == VoucherStatus.USED:
        by = (found.client_id, found.store_id, found.reference, found.used)
        again = by == (till.client_id, till.store_id, reference, amount)
        return "" if again and reference else "voucher-used"
    if found.status == VoucherStatus.VOID:
        return "voucher-void"
    if not within:
        return "offline-window-passed"
    if moment >= found.valid_until:
        return "voucher-expired"
    if moment < found.made_at - SKEW:
        return "time-before-voucher"
    if amount > found.amount:
        return "amount-above-voucher"
    if found.status == VoucherStatus.RELEASED and at - moment <= SKEW:
        return "voucher-released"
    return ""


def _used(found: Standing, *, amount: int, moment: datetime, at: datetime, till: Till, reference: str) -> Standing:
    """The voucher as it stands after its use."""
    changed = {"status": VoucherStatus.USED.value, "used": amount, "used_at": moment, "ended_at": at}
    by = {"store_id": till.store_id, "client_id": till.client_id, "reference": reference, "now_used": True}
    return Standing(**{**found.__dict__, **changed, **by})


def _rows(name: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with refusals(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "vouchers", name), given)
        return list(cursor.fetchall())
