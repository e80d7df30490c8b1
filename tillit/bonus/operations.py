"""What can be done with a person's bonus: use it, correct it, forfeit it; and the run that lets what is past expire.

Amounts are integer minor units of the chain's currency. Every call is idempotent: uses and corrections by their natural
key, expiry and forfeiture because an emptied account has nothing left. A person's row is locked first, then accounts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from uuid import UUID

from tillit.audit import events
from tillit.audit.operations import append
from tillit.bonus import pooling, programmes, queries, suspensions
from tillit.bonus.errors import CorrectionRefusedError
from tillit.bonus.kinds import CORRECTED, DEBT, EXPIRED, FORFEITED, LOT, REDEEMED, RESERVED
from tillit.bonus.models import Correction, Programme
from tillit.bonus.voucher_endings import release_all
from tillit.kernel import clock
from tillit.kernel.scope import Scope, require, system
from tillit.ledger import operations as ledger
from tillit.ledger.kinds import NEVER
from tillit.ledger.models import Transfer
from tillit.ledger.operations import Account, Part, Posting
from tillit.parties.operations import lock_subjects

BOOKING = "bookkeeping"
CHUNK = 50_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Expired:
    """What one chain's expiry run did, or would do: lots emptied and their amount."""

    chain_id: int
    lots: int
    amount: int


def use(*, scope: Scope, subject_id: int, chain_id: int, amount: int, key: UUID, at: datetime) -> list[Part]:
    """Spend `amount` of the member's bonus in the chain where it was earned (C9), oldest expiry first; the parts taken.

    `key` makes it one of a kind: a retry with the same amount takes nothing more. Raises `InsufficientFundsError` when
    more than the available is asked for (debt counts against it), `ConflictError` on the key with another amount,
    `SuspendedError` while use is suspended (C14).
    """
    require(activity="bonus_use")
    suspensions.refuse_use(chain_id=chain_id, at=at)
    programme = programmes.of_chain(chain_id=chain_id)
    drawn = Transfer.objects.filter(subject_id=subject_id, reference=key)
    pooling.gather(
        scope=scope, subject_id=subject_id, programme=programme, amount=amount, key=key, at=at, stands=drawn.exists
    )
    state = lock_subjects(scope=scope, subject_ids=[subject_id])[subject_id]
    if programme.available_after_days and not drawn.exists():
        queries.ready(subject_id=subject_id, programme=programme, amount=amount, at=at)
    return ledger.draw(
        scope=scope,
        subject_id=subject_id,
        key=key,
        book_id=programme.book_id,
        amount=amount,
        source=LOT,
        credit=REDEEMED,
        less=DEBT,
        on=clock.local_date(at, programmes.zone(programme)),
        at=at,
        state=state,
    )


def correct(
    *,
    scope: Scope,
    subject_id: int,
    chain_id: int,
    amount: int,
    key: UUID,
    event_at: datetime,
    at: datetime,
    reason: str,
    purchase_id: UUID | None = None,
) -> Correction:
    """Add (`amount` > 0) or take back (< 0) bonus that was credited wrongly (C8), also after it was spent.

    `event_at`: when the bonus should have arisen; it decides the lot. What is taken back comes from that lot, then the
    oldest others, and what is lacking becomes debt, which later earning repays first. `reason`: a code. The same `key`
    and amount again is the same correction. Raises `CorrectionRefusedError` on zero, or on the key with other content.
    """
    require(activity="bonus_correction")
    if amount == 0:
        raise CorrectionRefusedError("correction-empty", "a correction adds or takes something")
    programme = programmes.of_chain(chain_id=chain_id)
    zone = programmes.zone(programme)
    today, lot = clock.local_date(at, zone), programmes.expiry(programme, clock.local_date(event_at, zone))
    pooling.lock(scope=scope, subject_ids=[subject_id])
    state = lock_subjects(scope=scope, subject_ids=[subject_id])[subject_id]
    standing = Correction.objects.filter(subject_id=subject_id, id=key).first()
    if standing is not None:
        if (standing.chain_id, standing.amount, standing.purchase_id) != (chain_id, amount, purchase_id):
            raise CorrectionRefusedError("correction-conflict", "the key was used for another correction")
        return standing
    if amount > 0:
        posting = Posting(
            subject_id, key, programme.book_id, amount, Account(CORRECTED), Account(LOT, lot), event_at, state=state
        )
        ledger.post(scope=scope, postings=[posting])
    else:
        ledger.draw(
            scope=scope,
            subject_id=subject_id,
            key=key,
            book_id=programme.book_id,
            amount=-amount,
            source=LOT,
            credit=CORRECTED,
            short=DEBT,
            prefer=lot if lot > today else None,
            on=today,
            at=event_at,
            state=state,
        )
    pooling.settle(scope=scope, subject_ids=[subject_id], programme=programme, at=at)
    append(
        type=events.BONUS_CORRECTED,
        scope=scope,
        controller=programme.chain.controller_id,
        subject=subject_id,
        details={"reason": reason, "amount": amount, "currency": programme.chain.currency},
    )
    return Correction.objects.create(
        subject_id=subject_id,
        id=key,
        controller_id=programme.chain.controller_id,
        state=state,
        chain_id=chain_id,
        amount=amount,
        currency=programme.chain.currency,
        event_at=event_at,
        reason=reason,
        purchase_id=purchase_id,
    )


def forfeit(*, scope: Scope, subject_id: int, chain_ids: Iterable[int], at: datetime) -> dict[int, int]:
    """Unused bonus falls away when the person leaves (C13): chain id → amount. Debt stays, as a claim.

    What had expired before is booked as expired, not as forfeited. Of a merged person, what one subject owes is repaid
    from what the others hold first (C3).
    """
    require(activity=BOOKING)
    pooling.lock(scope=scope, subject_ids=[subject_id])
    lost = {}
    for programme in Programme.objects.filter(chain_id__in=list(chain_ids)).order_by("book_id"):
        sweep = partial(ledger.sweep, scope=scope, book_id=programme.book_id, at=at, subjects=[subject_id])
        today = clock.local_date(at, programmes.zone(programme))
        release_all(scope=scope, subject_id=subject_id, programme=programme, at=at)
        pooling.repay(scope=scope, subject_ids=[subject_id], programmes_of=[programme], at=at)
        for _ in sweep(kind=LOT, credit=EXPIRED, on=today):
            pass
        lost[programme.chain_id] = sum(
            amount for kind in (LOT, RESERVED) for _, amount in sweep(kind=kind, credit=FORFEITED, on=NEVER)
        )
    return lost


def expire(
    *,
    programme: Programme,
    on: date,
    at: datetime,
    dry_run: bool = False,
    progress: Progress = lambda lots, amount: None,
) -> Expired:
    """Empty every lot of a chain that has expired by `on` (C7), a chunk a transaction; outside every scope.

    A lot's `expires_on` is the first day on which it is gone. Run again at any time: an emptied lot has nothing left.
    `dry_run` counts the same set. `progress` is told lots and amount so far.
    """
    actor = system("expiry", {programme.chain.controller_id})
    if dry_run:
        with Scope(actor, BOOKING):
            due = queries.expired(book_id=programme.book_id, on=on)
        return Expired(programme.chain_id, *due)
    with Scope(actor, BOOKING) as scope:
        pooling.repay(scope=scope, subject_ids=pooling.owing(programme=programme), programmes_of=[programme], at=at)
    lots = total = 0
    chunks = None
    while True:
        with Scope(actor, BOOKING) as scope:
            chunks = chunks or ledger.sweep(
                scope=scope, book_id=programme.book_id, kind=LOT, credit=EXPIRED, on=on, at=at, chunk=CHUNK
            )
            taken, amount = next(chunks, (0, 0))
            if taken:
                append(
                    type=events.LEDGER_BATCH,
                    scope=scope,
                    details={
                        "kind": "expiry",
                        "transfers": taken,
                        "amount": amount,
                        "currency": programme.chain.currency,
                    },
                )
        if not taken:
            return Expired(programme.chain_id, lots, total)
        lots, total = lots + taken, total + amount
        progress(lots, total)


def expire_everywhere(*, on: date | None = None, dry_run: bool = False) -> list[Expired]:
    """The expiry run of every programme, each in its own zone's today unless `on` is given; what each one did."""
    return [
        expire(
            programme=programme,
            on=on or clock.today(programmes.zone(programme)),
            at=clock.now(),
            dry_run=dry_run,
        )
        for programme in Programme.objects.select_related("chain").order_by("chain__key")
    ]
