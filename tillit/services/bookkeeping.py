"""The books as a file (D8): every transfer of a period as two lines, debit and credit, which add up to zero.

Within an open scope of `bookkeeping`. docs/services.md, "Bookkeeping export" says what each column is. Who it is about
stands as a number alone, which no other person has; voucher is the transfer's own key.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from tillit.ledger.kinds import KINDS
from tillit.ledger.models import Book, Transfer
from tillit.services import accounts

COLUMNS = ("voucher", "booked_at", "event_on", "book", "account", "name", "debit", "credit", "currency", "customer")
NUMBERS = {
    accounts.BANK: "1920",
    accounts.ACQUIRER: "1940",
    accounts.OWED: "1500",
    accounts.INSURER: "1570",
    accounts.CREDIT: "2970",
    accounts.DUE: "2990",
    accounts.PAYOUTS: "2995",
    accounts.SALES: "3000",
    accounts.FEES: "3900",
    accounts.LOSSES: "7830",
}
"""Account kind → number of the Norwegian standard chart (NS 4102)."""
_BY_ID = {kind.id: number for kind, number in NUMBERS.items()}


def lines(*, controller_id: int, start: datetime, end: datetime, zone: str) -> Iterator[tuple[str, ...]]:
    """The lines of what was booked in [start, end), in the order it was."""
    books = {one.pk: one for one in Book.objects.filter(controller_id=controller_id, key__startswith="services:")}
    rows = Transfer.objects.filter(
        controller_id=controller_id, book_id__in=books, recorded_at__gte=start, recorded_at__lt=end
    ).order_by("recorded_at", "id")
    local = ZoneInfo(zone)
    for row in rows.iterator(2000):
        head = (
            str(row.id),
            row.recorded_at.astimezone(local).isoformat(timespec="seconds"),
            row.event_at.astimezone(local).date().isoformat(),
            books[row.book_id].key.split(":")[1],
        )
        tail = (row.currency, str(row.subject_id))
        amount = f"{row.amount // 100}.{row.amount % 100:02d}"
        for kind, debit, credit in ((row.debit_kind, amount, ""), (row.credit_kind, "", amount)):
            yield (*head, _BY_ID[kind], KINDS[kind].key, debit, credit, *tail)


def as_csv(*, controller_id: int, start: datetime, end: datetime, zone: str) -> bytes:
    """The file: UTF-8 with mark, semicolons, a point before the øre."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(lines(controller_id=controller_id, start=start, end=end, zone=zone))
    return target.getvalue().encode("utf-8-sig")
