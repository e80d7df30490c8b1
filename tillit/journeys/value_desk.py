"""A bonus voucher or gift card at the desk (C9, C11): found by its code alone, with its history, undone, and a member's
bonus with every movement, corrected (C8). Each look is on record for the member; a gift card is nobody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.bonus import codes, gift_cards, queries, voucher_endings, vouchers
from tillit.bonus.errors import GiftCardError, VoucherError
from tillit.bonus.gift_cards import Held
from tillit.bonus.models import Programme
from tillit.bonus.queries import ChainBalance
from tillit.bonus.vouchers import Standing
from tillit.declaration.models import Controller
from tillit.journeys import granted
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.ledger.kinds import KINDS
from tillit.ledger.models import Transfer
from tillit.ledger.queries import Movement
from tillit.parties.actors import person_scope
from tillit.parties.digests import Kind
from tillit.parties.errors import NotAssignedError
from tillit.parties.rates import Limit, within
from tillit.purchases.models import Chain

USES, CARDS, CORRECTS = "bonus_use", "gift_cards_and_offers", "bonus_correction"
TRIES = Limit("value-desk", 60, timedelta(hours=1))
UNDO_REASONS = ("goods_returned", "wrong_voucher", "counted_twice", "till_failed")
REASONS = ("wrong_rate", "counted_twice", "wrong_person", "not_counted", "goodwill")


class TooManyCodesError(VoucherError):
    """More codes were tried than anybody has customers with."""


@dataclass(frozen=True)
class Step:
    """One movement of what stands behind a code: from and to which kind of account, minor units."""

    at: datetime
    debit: str
    credit: str
    amount: int


@dataclass(frozen=True)
class Value:
    """What a code leads to: a voucher or a gift card of the controller's chain, and what happened with it."""

    chain: Chain
    voucher: Standing | None
    card: Held | None
    steps: tuple[Step, ...]


def may_look(*, actor: Actor) -> bool:
    """Whether the actor sees what stands behind a code."""
    return not {USES, CARDS, CORRECTS}.isdisjoint(actor.activities or ())


def find(*, actor: Actor, controller: Controller, code: str) -> Value:
    """What a code typed at the desk leads to; on record for the member whose voucher it is.

    Raises `CodeError` for what is no code, `VoucherError` `voucher-unknown` where there is none here that the actor may
    see, and `TooManyCodesError`.
    """
    if not may_look(actor=actor):
        raise ScopeError("scope-activity", f"{actor.kind} may not look at vouchers")
    read = codes.read(code)
    if not within(TRIES, actor.ref):
        raise TooManyCodesError("too-many-tries", "too many codes were tried; wait")
    looks = [one for one in (USES, CORRECTS) if one in (actor.activities or ())]
    found = _voucher(actor, controller, looks[0], read) if looks else None
    if found is None and CARDS in (actor.activities or ()):
        found = _card(actor, controller, read)
    if found is None:
        raise VoucherError("voucher-unknown", "there is no such voucher or card here")
    return found


def undoes_used(*, actor: Actor) -> bool:
    """Whether the actor gives back what was used: whoever corrects bonus, not the desk at which it was used."""
    return CORRECTS in (actor.activities or ())


def undo(*, actor: Actor, controller: Controller, code: str, at: datetime, reason: str = "", receipt: str = "") -> int:
    """Void an open voucher, or take back an unused gift card; the amount that went back, 0 when it had before.

    A voucher that was used is given back by who corrects bonus (`undoes_used`), of a person within their reach, for one
    of `UNDO_REASONS` and with the `receipt` that the till told; it is on record with all. Raises as `find`, and
    `VoucherError` `voucher-used`, `undo-reason`, `undo-receipt`, `undo-much` (more than one gives back alone,
    `granted`: correcting it takes two), `voucher-released`, and `GiftCardError`.
    """
    found = find(actor=actor, controller=controller, code=code)
    if found.voucher is not None:
        one = found.voucher
        given: dict[str, Any] = {"subject_id": one.subject_id, "voucher_id": one.id, "at": at}
        if one.status != "used":
            with Scope(actor, USES if USES in (actor.activities or ()) else CORRECTS) as scope:
                return voucher_endings.void(scope=scope, **given, reason="undone_at_desk", open_only=True)
        if not undoes_used(actor=actor):
            raise VoucherError("voucher-used", "the voucher has been used; who corrects bonus gives it back")
        if reason not in UNDO_REASONS:
            raise VoucherError("undo-reason", "say why it is given back")
        if not receipt or (one.reference and receipt != one.reference):
            raise VoucherError("undo-receipt", "that is not the receipt on which it was used")
        try:
            with person_scope(actor=actor, activity=CORRECTS, subject_id=one.subject_id) as scope:
                back = granted.counts(chain=found.chain, bonus=one.used or 0, at=at)
                who: dict[str, Any] = {
                    "scope": scope,
                    "chain": found.chain,
                    "subject_id": one.subject_id,
                    "counts": back,
                    "at": at,
                }
                if not granted.may_alone(**who):
                    raise VoucherError("undo-much", "so much takes two: let the bonus be corrected")
                went = voucher_endings.void(scope=scope, **given, reason=reason)
                granted.done_alone(**who)
                return went
        except NotAssignedError:
            raise VoucherError("voucher-unknown", "there is no such voucher or card here") from None
    if found.card is None:
        return 0
    with Scope(actor, CARDS) as scope:
        gift_cards.refund(scope=scope, card=found.card.card, at=at)
    return found.card.balance


@dataclass(frozen=True)
class Account:
    """A member's bonus in a chain of the controller: what it is, and its movements, the newest first."""

    chain: Chain
    balance: ChainBalance | None
    moves: Sequence[Movement]


def accounts(*, actor: Actor, controller: Controller, subject_id: int) -> list[Account]:
    """The member's bonus in each of the controller's chains; on record. Raises `NotAssignedError`, `ScopeError`."""
    programmes = (
        Programme.objects.filter(chain__controller=controller).select_related("chain").order_by(Ordered("chain__name"))
    )
    with person_scope(actor=actor, activity=CORRECTS, subject_id=subject_id) as scope:
        standing = {one.chain_id: one for one in queries.overview(subject_id=subject_id, on=clock.today())}
        found = [
            Account(
                one.chain,
                standing.get(one.chain_id),
                list(queries.history(subject_id=subject_id, chain_id=one.chain_id))[::-1],
            )
            for one in programmes
        ]
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": CORRECTS, "categories": ["bonus"]},
        )
    return found


def _voucher(actor: Actor, controller: Controller, activity: str, code: str) -> Value | None:
    register = controller.register_id
    known = codes.known_by(register_id=register, kind=Kind.VOUCHER, code=code)
    with Scope(actor, activity) as scope:
        found = vouchers.find(scope=scope, register_id=register, voucher_id=known)
        chain = Chain.objects.filter(pk=found.chain_id, controller=controller).first() if found else None
        if found is None or chain is None:
            return None
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=found.subject_id,
            details={"purpose": activity, "categories": ["bonus"]},
        )
        return Value(chain, found, None, _steps(found.subject_id, found.id))


def _card(actor: Actor, controller: Controller, code: str) -> Value | None:
    try:
        held = gift_cards.looked_at(controller=controller, code=code, at=clock.now())
    except GiftCardError:
        return None
    chain = Chain.objects.filter(pk=held.card.chain_id, controller=controller).first()
    if chain is None:
        return None
    with Scope(actor, CARDS):
        return Value(chain, None, held, _steps(held.card.subject_id, None))


def _steps(subject_id: int, reference: UUID | None) -> tuple[Step, ...]:
    """The transfers of an operation, or all of a bearer's, oldest first."""
    rows = Transfer.objects.filter(subject_id=subject_id)
    if reference is not None:
        parts = rows.filter(reference=reference).values("id")
        rows = rows.filter(Q(reference=reference) | Q(reference__in=parts))
    found = rows.order_by("recorded_at", "id").values_list("event_at", "debit_kind", "credit_kind", "amount")
    return tuple(Step(at, KINDS[debit].key, KINDS[credit].key, amount) for at, debit, credit, amount in found)
