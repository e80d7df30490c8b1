"""What people hold and why. Within an open scope; the sums over everyone need none of a person's rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from tillit.kernel.sql import load
from tillit.ledger.kinds import KINDS, Kind
from tillit.ledger.models import Balance


@dataclass(frozen=True)
class Movement:
    """One transfer as a person sees it: which account it moved, by how much (signed), and what was left there."""

    transfer_id: UUID
    event_at: datetime
    recorded_at: datetime
    kind: str
    expires: date
    counter_kind: str
    amount: int
    balance_after: int
    reference: UUID | None


@dataclass(frozen=True)
class TrialLine:
    """A book's account kind: what moved in all, and for personal kinds what the standing balances come to."""

    book_id: int
    currency: str
    kind: str
    moved: int
    standing: int | None


def lots(*, subject_id: int, book_id: int, kind: Kind, on: date) -> list[tuple[date, int]]:
    """(expiry, amount) of the holdings of `kind` that have not expired by `on`, oldest expiry first."""
    rows = Balance.objects.filter(
        subject_id=subject_id, book_id=book_id, kind=kind.id, expires_on__gt=on, balance__gt=0
    ).order_by("expires_on")
    return list(rows.values_list("expires_on", "balance"))


def balances(*, subject_id: int, on: date) -> dict[int, dict[str, int]]:
    """book id → kind → what stands there, holdings that have expired by `on` left out."""
    rows = (
        Balance.objects.filter(subject_id=subject_id, expires_on__gt=on)
        .values_list("book_id", "kind")
        .annotate(total=Sum("balance"))
        .order_by("book_id", "kind")
    )
    found: dict[int, dict[str, int]] = {}
    for book_id, kind, total in rows:
        found.setdefault(book_id, {})[KINDS[kind].key] = int(total)
    return found


def history(*, subject_id: int, book_id: int) -> Iterator[Movement]:
    """Every movement of the person's accounts in a book as recorded, with the balance after: each øre explained.

    An account whose older transfers were disposed of starts from what it carries.
    """
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "history", "history"), {"subject": subject_id, "book": book_id})
        for row in cursor.fetchall():
            transfer, event, recorded, kind, expires, counter, amount, after, reference = row
            yield Movement(
                transfer, event, recorded, KINDS[kind].key, expires, KINDS[counter].key, amount, int(after), reference
            )


def movements(*, book_id: int) -> dict[date, dict[str, int]]:
    """First day of month → account kind → what moved (credit less debit) by record time. A month adds up to zero.

    For a scope that sees every row of the book; what was disposed of is in the closings.
    """
    found: dict[date, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "periods", "movements"), {"book": book_id})
        for period, kind, moved in cursor.fetchall():
            found.setdefault(period, {})[KINDS[kind].key] = int(moved)
    return found


def trial_balance() -> list[TrialLine]:
    """Every book's accounts over everyone. A book adds up to zero; `moved` equals `standing` where there is one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT book_id, currency, kind, moved, standing FROM ledger_trial_balance()")
        return [
            TrialLine(book, currency, KINDS[kind].key, int(moved), None if standing is None else int(standing))
            for book, currency, kind, moved, standing in cursor.fetchall()
        ]


def unexplained() -> int:
    """How many balances are not what they carry plus their transfers: zero, or something is wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_unexplained()")
        return int(cursor.fetchone()[0])
