"""Payouts to a person's bank account (D7, D8): from the row that owes it to the bank's word that it was paid.

Each is a row of its own and in one file at most (a check of the database); what the bank refuses or returns is tried
again as another. Name and account are sealed, and opened for the file alone, on record. Money stands on `payouts` in
the books from the decision until the bank has paid it. Within an open scope; who may is said in `journeys.payouts`.
"""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime

from tillit.audit.operations import append
from tillit.declaration.queries import current
from tillit.declaration.vocabulary import category_id, category_key
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.ledger.kinds import Kind
from tillit.parties import sealing
from tillit.parties.operations import lock_subject
from tillit.parties.queries import facts
from tillit.services import accounts, bank_accounts, events
from tillit.services.accounts import BANK, CREDIT, PAYOUTS
from tillit.services.errors import PaymentError
from tillit.services.insurance_models import PaidClaim
from tillit.services.payment_models import OneOffOrder, Payment, PaymentState
from tillit.services.payout_models import Payout, PayoutOf, PayoutState

ACTIVITY = "payouts"
RETURNED, DEBITED = "returned", "debited"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SOURCES: dict[str, tuple[type[Payment] | type[OneOffOrder] | type[PaidClaim], str]] = {
    PayoutOf.REFUND: (Payment, "to_account"),
    PayoutOf.CASH: (OneOffOrder, "to_account"),
    PayoutOf.CLAIM: (PaidClaim, "account"),
}


def offered(*, controller_id: int) -> bool:
    """Whether the controller pays out by file: its declaration says so. Else it pays by hand."""
    return current(controller_id=controller_id, on=clock.today()).activity(ACTIVITY) is not None


def side(*, controller_id: int) -> Kind:
    """The account that money to be transferred is moved to: on its way, or (by hand) out of the bank at once."""
    return PAYOUTS if offered(controller_id=controller_id) else BANK


def make(
    *, scope: Scope, of: PayoutOf, row: Payment | OneOffOrder | PaidClaim, amount: int, account: str, at: datetime
) -> Payout | None:
    """The payout of a row that says so, to an account that was normalised; None where it is paid by hand."""
    if not offered(controller_id=row.controller_id):
        return None
    if isinstance(row, Payment):
        category = row.category
    else:
        category = category_id(accounts.ONE_OFF if isinstance(row, OneOffOrder) else accounts.CLAIMS)
    known = facts(subject_id=row.subject_id)
    name = " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
    made = Payout(
        subject_id=row.subject_id,
        controller_id=row.controller_id,
        state=row.state,
        category=category,
        of=of,
        of_id=row.id,
        reference=_reference(),
        amount=amount,
        currency=row.currency,
        made_at=at,
    )
    made.sealed = _seal(made, name, account)
    made.save(force_insert=True)
    return made


def again(*, scope: Scope, payout: Payout, to_account: str, at: datetime) -> Payout:
    """Try a refused payout again, to an account; the row that it pays out then says that one. That name and account
    were opened is on record, and who gave it another account stays with it.

    Raises `PaymentError` `payout-state` (not refused, tried again already, or the bank has paid it), `account`.
    """
    row = locked(scope, payout)
    mine = Payout.objects.filter(subject_id=row.subject_id)
    if (
        row.payout_state != PayoutState.REFUSED
        or mine.filter(after_id=row.id).exists()
        or mine.filter(of=row.of, of_id=row.of_id, reason=DEBITED).exists()
    ):
        raise PaymentError("payout-state", "only what was refused is tried again, once")
    model, column = _SOURCES[row.of]
    account, sealed = bank_accounts.taken(to_account, whose=row, of=model, column=column)
    model.objects.filter(subject_id=row.subject_id, id=row.of_id).update(**{column: sealed})
    name, before = open_for_file(scope=scope, payout=row, run=row.run_id or 0, kind="payout_retry")
    changed = account != before
    made = Payout(
        subject_id=row.subject_id,
        controller_id=row.controller_id,
        state=row.state,
        category=row.category,
        of=row.of,
        of_id=row.of_id,
        reference=_reference(),
        amount=row.amount,
        currency=row.currency,
        after_id=row.id,
        account_by=str(scope.actor)[:60] if changed else "",
        made_at=at,
    )
    made.sealed = _seal(made, name, account)
    made.save(force_insert=True)
    append(
        type=events.PAYOUT_RETRIED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"payout": made.id, "after": row.id, "account": "changed" if changed else "same"},
    )
    return made


def cancel(*, scope: Scope, payout: Payout, at: datetime) -> None:
    """Take a refund back that is in no file, or that the bank refused: the person has it with us again.

    Raises `PaymentError` `payout-state`; cash and claims are owed, and so not cancelled.
    """
    row = locked(scope, payout)
    tried = Payout.objects.filter(subject_id=row.subject_id, after_id=row.id).exists()
    if row.of != PayoutOf.REFUND or tried or row.payout_state not in (PayoutState.WAITING, PayoutState.REFUSED):
        raise PaymentError("payout-state", "only a refund that waits, or was refused, is taken back")
    # Whoever puts it in a file does not lock the person: what was read may hold no more.
    mine = Payout.objects.filter(subject_id=row.subject_id, id=row.id, payout_state=row.payout_state, run_id=row.run_id)
    if not mine.update(payout_state=PayoutState.CANCELLED, settled_at=at):
        raise PaymentError("payout-state", "it was put in a file meanwhile")
    append(
        type=events.PAYOUT_CANCELLED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"payout": row.id, "amount": row.amount},
    )
    gone = Payment.objects.filter(subject_id=row.subject_id, id=row.of_id)
    gone.update(payment_state=PaymentState.FAILED, reason="payout-cancelled")
    _move(scope, row, PAYOUTS, CREDIT, "cancelled", at)


def release(*, scope: Scope, payout: Payout) -> bool:
    """One of the staff has seen at the bank that a payout which a restore holds was not sent. True: another said so
    before, and it is held no more. Raises `PaymentError` `payout-state` (it is not held).
    """
    row, by = locked(scope, payout), str(scope.actor)[:60]
    mine = Payout.objects.filter(subject_id=row.subject_id, id=row.id, held_at=row.held_at)
    if row.held_at is None or row.payout_state != PayoutState.WAITING:
        raise PaymentError("payout-state", "only what a restore holds is let go")
    if row.released_by == by:
        return False
    let_go = bool(row.released_by)
    mine.update(**{"held_at": None, "told_until": None, "released_by": ""} if let_go else {"released_by": by})
    append(
        type=events.PAYOUT_RELEASED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"payout": row.id, "step": "released" if let_go else "proposed"},
    )
    return let_go


def open_for_file(*, scope: Scope, payout: Payout, run: int, kind: str = "payout") -> tuple[str, str]:
    """(name, account) of a payout for its file (or another `kind`), put on record. Raises `SealedValueLostError`."""
    append(
        type=events.ACCOUNT_OPENED,
        scope=scope,
        controller=payout.controller_id,
        subject=payout.subject_id,
        details={"row": payout.id, "kind": kind, "run": run},
    )
    said = json.loads(_open(payout))
    return said["name"], said["account"]


def paid(*, scope: Scope, payout: Payout, at: datetime) -> bool:
    """The bank has paid it; whether that is new. What it says after a return counts no more."""
    row = locked(scope, payout)
    if row.payout_state != PayoutState.SENT:
        return False
    _settle(scope, row, PayoutState.PAID, "", at)
    _move(scope, row, PAYOUTS, BANK, "paid", at)
    return True


def refused(*, scope: Scope, payout: Payout, reason: str, at: datetime) -> bool:
    """The bank will not pay it, or it came back; whether that is new. Money that came back is on its way again."""
    row = locked(scope, payout)
    if row.payout_state not in (PayoutState.SENT, PayoutState.PAID):
        return False
    if row.payout_state == PayoutState.PAID:
        _move(scope, row, BANK, PAYOUTS, "returned", at)
    _settle(scope, row, PayoutState.REFUSED, reason, at)
    return True


def debited(*, scope: Scope, payout: Payout, by: str, at: datetime) -> bool:
    """The bank's account says, by a movement (`by`, see `again_told`), that it was paid; False: that is a fault, since
    we held it to be not sent or refused, or another movement had paid it before.

    What was not held to be paid is booked as paid then, and trying it again is stopped, as far as that has not left or
    been given back already. Of a second debit nothing is booked: it is for a colleague to get back.
    """
    row = locked(scope, payout)
    mine = Payout.objects.filter(subject_id=row.subject_id)
    first = not row.debited_by
    if first:
        mine.filter(id=row.id).update(debited_by=by)
    if row.payout_state == PayoutState.SENT:
        return paid(scope=scope, payout=row, at=at)
    if again_told(known=row.debited_by, by=by):
        return True
    if row.payout_state == PayoutState.PAID or row.reason == RETURNED:
        if not first:
            _record_debit(scope, row)
        return first
    if not first:
        _record_debit(scope, row)
        return False
    last = row
    while (later := mine.filter(after_id=last.id).first()) is not None:
        last = later
    _record_debit(scope, row)
    if last.payout_state in (PayoutState.WAITING, PayoutState.PROPOSED, PayoutState.REFUSED):
        if last.id != row.id:
            mine.filter(id=last.id).update(
                payout_state=PayoutState.CANCELLED, run_id=None, reason=DEBITED, settled_at=at
            )
        _settle(scope, row, PayoutState.PAID, DEBITED, at)
        _move(scope, row, PAYOUTS, BANK, "debited", at)
    else:
        mine.filter(id=row.id).update(reason=DEBITED)
    return False


def returned(*, scope: Scope, payout: Payout, by: str) -> bool:
    """A movement of the bank's account (`by`) says that it came back. False: it had come back by another, or was never
    held to have left, so that this one is for a colleague.
    """
    row = locked(scope, payout)
    if again_told(known=row.returned_by, by=by):
        return True
    if row.returned_by or row.payout_state not in (PayoutState.SENT, PayoutState.PAID, PayoutState.REFUSED):
        return False
    Payout.objects.filter(subject_id=row.subject_id, id=row.id).update(returned_by=by)
    return True


def again_told(*, known: str, by: str) -> bool:
    """Whether a movement is the one that is known, told again: the same, or one that cannot be told from it.

    A movement is named `kind~digest`; the kind is empty where the bank's own reference is in the digest. Without one
    each kind of file names the same movement otherwise, and only within a kind are two names two movements.
    """
    if not known or known == by:
        return bool(known)
    (kind, _), (other, _) = (one.split("~", 1) for one in (known, by))
    return kind != other


def _record_debit(scope: Scope, row: Payout) -> None:
    append(
        type=events.PAYOUT_DEBITED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"payout": row.id, "state": str(row.payout_state), "amount": row.amount},
    )


def locked(scope: Scope, payout: Payout) -> Payout:
    """The payout as it stands, the person locked."""
    lock_subject(scope=scope, subject_id=payout.subject_id)
    return Payout.objects.get(subject_id=payout.subject_id, id=payout.id)


def of_person(*, subject_ids: Sequence[int]) -> list[Payout]:
    """The people's payouts, newest first, without accounts."""
    found = Payout.objects.filter(subject_id__in=subject_ids).defer("sealed")
    return list(found.order_by("-made_at", "-id")[:200])


def _settle(scope: Scope, row: Payout, to: PayoutState, reason: str, at: datetime) -> None:
    mine = Payout.objects.filter(subject_id=row.subject_id, id=row.id)
    mine.update(payout_state=to, reason=reason[:40], settled_at=at, held_at=None, told_until=None, released_by="")
    append(
        type=events.PAYOUT_SETTLED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"payout": row.id, "state": str(to), "amount": row.amount},
    )


def _move(scope: Scope, row: Payout, debit: Kind, credit: Kind, why: str, at: datetime) -> None:
    accounts.move(
        scope=scope,
        subject_id=row.subject_id,
        of=accounts.book(controller_id=row.controller_id, category=category_key(row.category), currency=row.currency),
        debit=debit,
        credit=credit,
        amount=row.amount,
        key=("payout", why, row.reference),
        at=at,
        state=row.state,
    )


def _reference() -> str:
    """A creditor reference of ISO 11649: RF, two check digits, twenty characters at random."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(20))
    digits = "".join(str(_ALPHABET.index(one)) for one in body + "RF00")
    return f"RF{98 - int(digits) % 97:02d}{body}"


def _seal(row: Payout, name: str, account: str) -> bytes:
    return sealing.seal(
        subject_id=row.subject_id,
        controller_id=row.controller_id,
        table=Payout._meta.db_table,
        column="sealed",
        value=json.dumps({"name": name, "account": account}, ensure_ascii=False),
    )


def _open(row: Payout) -> str:
    return sealing.open_sealed(
        subject_id=row.subject_id,
        controller_id=row.controller_id,
        table=Payout._meta.db_table,
        column="sealed",
        sealed=row.sealed,
    )
