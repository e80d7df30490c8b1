"""What can be done with value: open books, post, draw, conclude, reverse, settle, sweep, close. Within an open scope.

Every function calls one database function of the same name (sql/*.sql); nothing else can write the ledger. Amounts are
integer minor units of the book's currency. A caller that touches several people in one transaction locks the subjects
first (`parties.operations.lock_subjects`); each call locks accounts in order by itself.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection

from tillit.declaration.vocabulary import category_id
from tillit.kernel.scope import Scope
from tillit.ledger.errors import BY_SQLSTATE, LedgerError
from tillit.ledger.kinds import KINDS, Kind
from tillit.ledger.models import AccountKind, Book


def natural_key(*parts: object) -> UUID:
    """The id of a transfer or a draw from what makes it one of a kind (`"accrual", source, external id`)."""
    text = "\x1f".join(str(part) for part in parts)
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])


@dataclass(frozen=True)
class Account:
    """One side of a transfer. `expires` is None for system accounts, `kinds.NEVER` for value that does not expire."""

    kind: Kind
    expires: date | None = None


@dataclass(frozen=True)
class Posting:
    """A transfer to post: `amount` minor units, above zero, from `debit` to `credit` of one person's book."""

    subject_id: int
    id: UUID
    book_id: int
    amount: int
    debit: Account
    credit: Account
    event_at: datetime
    reference: UUID | None = None
    state: int = 0


@dataclass(frozen=True)
class Part:
    """A part of a draw: what was taken from one account."""

    id: UUID
    kind: int
    expires: date
    amount: int


def open_book(*, scope: Scope | None = None, controller_id: int, key: str, currency: str, category: str) -> Book:
    """The book `key` of the controller, made when missing. `category`: vocabulary key of the personal data in it."""
    AccountKind.objects.bulk_create(
        [AccountKind(id=k.id, key=k.key, personal=k.personal, floor_zero=k.holding) for k in KINDS.values()],
        ignore_conflicts=True,
    )
    book, _ = Book.objects.get_or_create(
        controller_id=controller_id, key=key, defaults={"currency": currency, "category": category_id(category)}
    )
    return book


def post(*, scope: Scope, postings: Sequence[Posting], batch_id: int | None = None) -> set[UUID]:
    """Post transfers, all or none; returns the ids that were new.

    Raises `ConflictError` (a key used with another content), `InsufficientFundsError` (a holding would fall below zero,
    an owing rise above), `NotAllowedError`, `PeriodClosedError`, `UnknownAccountError`.
    """
    if not postings:
        return set()
    rows = [
        (
            p.subject_id,
            p.id,
            p.book_id,
            p.amount,
            p.debit.kind.id,
            p.debit.expires,
            p.credit.kind.id,
            p.credit.expires,
            p.event_at,
            p.reference,
            p.state,
        )
        for p in postings
    ]
    found = _call(
        "SELECT ledger_post(%s::bigint[], %s::uuid[], %s::integer[], %s::bigint[], %s::smallint[], %s::date[],"
        " %s::smallint[], %s::date[], %s::timestamptz[], %s::uuid[], %s::smallint[], %s)",
        [*map(list, zip(*rows, strict=True)), batch_id],
    )
    return set(found[0][0] or ())


def draw(
    *,
    scope: Scope,
    subject_id: int,
    key: UUID,
    book_id: int,
    amount: int,
    source: Kind,
    credit: Kind,
    on: date,
    at: datetime,
    prefer: date | None = None,
    short: Kind | None = None,
    less: Kind | None = None,
    state: int = 0,
) -> list[Part]:
    """Take `amount` from the person's holdings of kind `source`, oldest expiry first, into `credit`; the parts taken.

    `prefer`: the account to take from first. Holdings expired by `on` are passed over. `short`: the owing that takes
    what is lacking; without one the exact amount or nothing (`InsufficientFundsError`), `less` counted against it.
    Idempotent by `key`.
    """
    if amount <= 0:
        raise LedgerError("amount-not-positive", "a draw is above zero")
    found = _call(
        "SELECT id, kind, expires_on, amount FROM ledger_draw(%s::bigint[], %s::uuid[], %s::integer[], %s::bigint[],"
        " %s::date[], %s::timestamptz[], %s::smallint[], %s::smallint, %s::smallint, %s::smallint, %s::smallint,"
        " %s::date, NULL) ORDER BY expires_on, kind",
        [
            [subject_id],
            [key],
            [book_id],
            [amount],
            [prefer],
            [at],
            [state],
            source.id,
            credit.id,
            short.id if short else None,
            less.id if less else None,
            on,
        ],
    )
    return [Part(*row) for row in found]


def conclude(*, scope: Scope, subject_id: int, key: UUID, credit: Kind | None, at: datetime, state: int = 0) -> int:
    """End what a draw reserved: on to `credit` (used), or back to where it came from (None: released).

    Returns the amount moved now.

    Once: a repeat moves 0, the other ending is refused with `ConflictError`.
    """
    found = _call(
        "SELECT ledger_conclude(%s, %s, %s::smallint, %s, %s::smallint)",
        [subject_id, key, credit.id if credit else None, at, state],
    )
    return int(found[0][0])


def reverse(*, scope: Scope, subject_id: int, transfer_id: UUID, at: datetime, state: int = 0) -> bool:
    """Reverse one transfer by a new one; whether it was new. `InsufficientFundsError` when the value has moved on."""
    found = _call("SELECT ledger_reverse(%s, %s, %s, %s::smallint)", [subject_id, transfer_id, at, state])
    return bool(found[0][0])


def settle(
    *,
    scope: Scope,
    accounts: Iterable[tuple[int, int]],
    source: Kind,
    debt: Kind,
    on: date,
    at: datetime,
    batch_id: int | None = None,
) -> int:
    """Repay the owings of (subject, book) pairs from holdings, oldest first; how many were repaid, in whole or part."""
    pairs = sorted(set(accounts))
    found = _call(
        "SELECT ledger_settle(%s::bigint[], %s::integer[], %s::smallint, %s::smallint, %s::date, %s, %s)",
        [[s for s, _ in pairs], [b for _, b in pairs], source.id, debt.id, on, at, batch_id],
    )
    return int(found[0][0])


def sweep(
    *,
    scope: Scope,
    book_id: int,
    kind: Kind,
    credit: Kind,
    on: date,
    at: datetime,
    subjects: Sequence[int] | None = None,
    batch_id: int | None = None,
    chunk: int = 50_000,
) -> Iterator[tuple[int, int]]:
    """Empty the holdings that have expired by `on` (all, or those of `subjects`) into `credit`, a chunk at a time.

    Yields (accounts, amount) per chunk; the caller commits between chunks or not. Re-running takes up where it stopped.
    """
    after = -1
    while True:
        found = _call(
            "SELECT last_subject, accounts, amount FROM ledger_sweep(%s, %s::smallint, %s::smallint, %s::date, %s,"
            " %s::bigint[], %s, %s, %s)",
            [book_id, kind.id, credit.id, on, at, None if subjects is None else list(subjects), after, chunk, batch_id],
        )
        if not found:
            return
        last, accounts, amount = found[0]
        after = last - 1  # the last subject may have more accounts than the chunk took
        yield int(accounts), int(amount)


def close_period(*, scope: Scope, book_id: int, month: date) -> int:
    """Close a month (its first day) of a book; the number of transfers in it. Raises `PeriodClosedError`."""
    return int(_call("SELECT ledger_close(%s, %s)", [book_id, month])[0][0])


def _call(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with refusals(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the ledger's own SQLSTATEs into its errors."""
    try:
        yield
    except DatabaseError as error:
        known = BY_SQLSTATE.get(getattr(error.__cause__, "sqlstate", None) or "")
        if known is None:
            raise
        kind, code = known
        raise kind(code, error.__cause__.diag.message_primary) from None  # type: ignore[union-attr]
