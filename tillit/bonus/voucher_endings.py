"""How a voucher ends otherwise than by its one statement: used in part or told of late, undone, given back (C9).

Each locks the person first, then the voucher, then the accounts. Whatever goes back goes to the very lots it came from;
one that has expired meanwhile expires with the next run, and debt that arose meanwhile is repaid first.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tillit.audit.events import VOUCHER_CANCELLED
from tillit.audit.operations import append
from tillit.bonus import pooling, programmes
from tillit.bonus.errors import VoucherError
from tillit.bonus.kinds import CARD, DEBT, EXPIRED, LOT, REDEEMED, RESERVED
from tillit.bonus.models import Programme, Voucher, VoucherStatus
from tillit.bonus.vouchers import Standing, Till
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.ledger import operations as ledger
from tillit.ledger.models import Balance, Transfer
from tillit.ledger.operations import Account, Posting, natural_key, refusals
from tillit.parties.operations import lock_subject

BOOKING = "bookkeeping"
_AT_ONCE = 500


def take(
    *, scope: Scope, found: Standing, till: Till, amount: int, moment: datetime, at: datetime, reference: str
) -> None:
    """Use a part of an open voucher, or one that was released while the till had no network.

    Each part comes from the lot it was set aside from, also where that has expired since: its expiry is undone so far.
    What is no longer there is taken from the oldest other lots, then as debt: the goods have left the store.
    """
    pooling.lock(scope=scope, subject_ids=[found.subject_id])
    state = lock_subject(scope=scope, subject_id=found.subject_id)
    voucher = _locked(found.subject_id, found.id)
    if voucher.status not in {VoucherStatus.OPEN, VoucherStatus.RELEASED}:
        raise VoucherError(f"voucher-{voucher.status}", "the voucher cannot be used")
    programme = programmes.of_chain(chain_id=voucher.chain_id)
    today = clock.local_date(at, programmes.zone(programme))
    if voucher.status == VoucherStatus.OPEN:
        ledger.conclude(scope=scope, subject_id=found.subject_id, key=found.id, credit=None, at=moment, state=state)
    left = amount
    for place, (expires, held) in enumerate(_set_aside(found.subject_id, found.id)):
        part = min(held, left)
        if part == 0:
            break
        left -= part
        if expires <= today:
            _undo_expiry(scope, voucher, programme.book_id, expires, part, place, moment, state)
        ledger.draw(
            scope=scope,
            subject_id=found.subject_id,
            key=natural_key("voucher-use", found.id, place),
            book_id=programme.book_id,
            amount=part,
            source=LOT,
            credit=REDEEMED,
            prefer=expires,
            short=DEBT,
            on=today,
            at=moment,
            state=state,
        )
    voucher.status, voucher.used, voucher.used_at, voucher.ended_at = VoucherStatus.USED, amount, moment, at
    voucher.store_id, voucher.client_id, voucher.reference = till.store_id, till.client_id, reference
    voucher.save(
        update_fields=["status", "used", "used_at", "ended_at", "store_id", "client_id", "reference"],
    )
    pooling.settle(scope=scope, subject_ids=[found.subject_id], programme=programme, at=at)


def void(
    *,
    scope: Scope,
    subject_id: int,
    voucher_id: UUID,
    at: datetime,
    reason: str = "purchase_undone",
    open_only: bool = False,
) -> int:
    """Undo a voucher, open or used: the purchase came to nothing. The amount that went back; 0 when it was void before.

    It is on record who did, and why (`reason`: a code). Raises `VoucherError` on one that was released: there is
    nothing to undo; with `open_only` on one that was used.
    """
    pooling.lock(scope=scope, subject_ids=[subject_id])
    state = lock_subject(scope=scope, subject_id=subject_id)
    voucher = _locked(subject_id, voucher_id)
    if voucher.status == VoucherStatus.VOID:
        return 0
    if voucher.status == VoucherStatus.RELEASED:
        raise VoucherError("voucher-released", "the voucher has been given back")
    if open_only and voucher.status == VoucherStatus.USED:
        raise VoucherError("voucher-used", "the voucher has been used")
    programme = programmes.of_chain(chain_id=voucher.chain_id)
    if voucher.status == VoucherStatus.OPEN:
        back = ledger.conclude(scope=scope, subject_id=subject_id, key=voucher_id, credit=None, at=at, state=state)
    else:
        back = _give_back(scope, voucher, programme, at, state)
    voucher.status, voucher.ended_at = VoucherStatus.VOID, at
    voucher.save(update_fields=["status", "ended_at"])
    pooling.settle(scope=scope, subject_ids=[subject_id], programme=programme, at=at)
    _on_record(scope, programme, subject_id, voucher_id, reason)
    return back


def cancel(*, scope: Scope, subject_id: int, voucher_id: UUID, at: datetime) -> bool:
    """The member gives an open voucher back before its time; whether it was open."""
    pooling.lock(scope=scope, subject_ids=[subject_id])
    lock_subject(scope=scope, subject_id=subject_id)
    voucher = Voucher.objects.filter(subject_id=subject_id, id=voucher_id).first()
    if voucher is None:
        raise VoucherError("voucher-unknown", "there is no such voucher")
    programme = programmes.of_chain(chain_id=voucher.chain_id)
    return bool(_release(scope, programme, [(subject_id, voucher_id)], VoucherStatus.RELEASED, at))


def release_all(*, scope: Scope, subject_id: int, programme: Programme, at: datetime) -> int:
    """Void every open voucher of a person in a chain (the person leaves); the amount that went back. Person locked."""
    open_ones = Voucher.objects.filter(
        subject_id=subject_id, chain_id=programme.chain_id, status=VoucherStatus.OPEN
    ).values_list("id", flat=True)
    ending = list(open_ones)
    back = _release(scope, programme, [(subject_id, one) for one in ending], VoucherStatus.VOID, at)
    for one in ending:
        _on_record(scope, programme, subject_id, one, "member_left")
    return back


def release_lapsed(*, programme: Programme, at: datetime, subject_id: int | None = None) -> int:
    """Give back every voucher of a chain (of one person) whose time is past, some hundred a transaction; how many."""
    actor = system("voucher_release", {programme.chain.controller_id})
    count = 0
    while True:
        with Scope(actor, BOOKING) as scope, connection.cursor() as cursor:
            given: dict[str, Any] = {"chain": programme.chain_id, "at": at, "subject": subject_id, "most": _AT_ONCE}
            cursor.execute(load(__file__, "vouchers", "lapsed"), given)
            due = list(cursor.fetchall())
            if due:
                pooling.lock(scope=scope, subject_ids=[subject for subject, _ in due])
                _release(scope, programme, due, VoucherStatus.RELEASED, at)
        count += len(due)
        if len(due) < _AT_ONCE:
            return count


def release_everywhere() -> int:
    """The same in every chain, now; how many."""
    found = Programme.objects.select_related("chain").order_by("book_id")
    return sum(release_lapsed(programme=one, at=clock.now()) for one in found)


def _release(
    scope: Scope, programme: Programme, vouchers: Sequence[tuple[int, UUID]], status: VoucherStatus, at: datetime
) -> int:
    if not vouchers:
        return 0
    subjects, ids = (list(column) for column in zip(*vouchers, strict=True))
    given: dict[str, Any] = {"subjects": subjects, "ids": ids, "status": status.value, "at": at}
    with refusals(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "vouchers", "release"), given)
        back = list(cursor.fetchall())
    pooling.settle(scope=scope, subject_ids=[subject for subject, _ in back], programme=programme, at=at)
    return sum(amount for _, amount in back)


def _on_record(scope: Scope, programme: Programme, subject_id: int, voucher_id: UUID, reason: str) -> None:
    append(
        type=VOUCHER_CANCELLED,
        scope=scope,
        controller=programme.chain.controller_id,
        subject=subject_id,
        details={"voucher": voucher_id.hex, "reason": reason},
    )


def _give_back(scope: Scope, voucher: Voucher, programme: Programme, at: datetime, state: int) -> int:
    """Post what the voucher took back to where it was taken from, once.

    What was lacking then, and became debt, lessens what is still owed; what was repaid meanwhile goes to the lot that
    the part had been set aside from.
    """
    subject, book_id = voucher.subject_id, programme.book_id
    # Whoever owes anything is settled first: that locks the lots and the debt, so the debt cannot be repaid under us.
    pooling.settle(scope=scope, subject_ids=[subject], programme=programme, at=at)
    owing = Balance.objects.filter(subject_id=subject, book_id=book_id, kind=DEBT.id).first()
    owed = -owing.balance if owing else 0
    rows = Transfer.objects.filter(subject_id=subject, book_id=book_id)
    aside = list(rows.filter(reference=voucher.id, credit_kind=RESERVED.id).values_list("id", flat=True))
    held = _set_aside(subject, voucher.id)
    drawn = {natural_key("voucher-use", voucher.id, place): expires for place, (expires, _) in enumerate(held)}
    postings = []
    found = rows.filter(reference__in=[*aside, *drawn], credit_kind=REDEEMED.id)
    for one in sorted(found, key=lambda row: (drawn.get(row.reference or row.id, date.min), row.id)):
        key, taken_from = natural_key("voucher-void", one.id), one.debit_expires
        parts = [(key, Account(LOT, taken_from), one.amount)]
        if one.debit_kind == DEBT.id:
            assert one.reference is not None  # noqa: S101 (a draw's parts refer to it)
            less = min(one.amount, owed)
            owed -= less
            lot, rest = Account(LOT, drawn[one.reference]), one.amount - less
            parts = [(key, Account(DEBT, taken_from), less), (natural_key("voucher-void", one.id, "lot"), lot, rest)]
        postings += [
            Posting(subject, known, book_id, amount, Account(REDEEMED), account, at, one.id, state)
            for known, account, amount in parts
            if amount
        ]
    ledger.post(scope=scope, postings=postings)
    return sum(posting.amount for posting in postings)


def _undo_expiry(
    scope: Scope, voucher: Voucher, book_id: int, expires: date, part: int, place: int, at: datetime, state: int
) -> None:
    """Bring back what has expired of a lot since, as far as the part needs it and it expired unused."""
    subject = voucher.subject_id
    held = Balance.objects.filter(subject_id=subject, book_id=book_id, kind=LOT.id, expires_on=expires).first()
    given: dict[str, Any] = {
        "subject": subject,
        "book": book_id,
        "lot": LOT.id,
        "expired": EXPIRED.id,
        "expires": expires,
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "vouchers", "expired_of"), given)
        gone = int(cursor.fetchone()[0])
    amount = min(part - (held.balance if held else 0), gone)
    if amount > 0:
        key = natural_key("voucher-expiry-undone", voucher.id, place)
        posting = Posting(subject, key, book_id, amount, Account(EXPIRED), Account(LOT, expires), at, voucher.id, state)
        ledger.post(scope=scope, postings=[posting])


def _set_aside(subject_id: int, voucher_id: UUID) -> list[tuple[date, int]]:
    rows = Transfer.objects.filter(subject_id=subject_id, reference=voucher_id, credit_kind=RESERVED.id)
    found = rows.order_by("debit_expires").values_list("debit_expires", "amount")
    return [(expires, amount) for expires, amount in found if expires]


def _locked(subject_id: int, voucher_id: UUID) -> Voucher:
    voucher = Voucher.objects.select_for_update().filter(subject_id=subject_id, id=voucher_id).first()
    if voucher is None:
        raise VoucherError("voucher-unknown", "there is no such voucher")
    return voucher


def faults(controller_id: int, on: date) -> Iterator[str]:
    """Where vouchers and gift cards are not what the ledger holds for them, for the proof (C9, C11)."""
    given: dict[str, Any] = {"controller": controller_id, "reserved": RESERVED.id, "card": CARD.id, "at": clock.now()}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "vouchers", "faults"), given)
        yield from (str(row[0]) for row in cursor.fetchall())
