"""Terms tried on purchases that were made, without posting (C6): the statements that post, on tables of their own.

Temporary tables of the same names stand in front of the real terms within the transaction, and what they hold goes with
it. So a preview rates by the very statements of the intake, and nothing of it can be posted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from tillit.bonus import offers
from tillit.bonus.kinds import ISSUED
from tillit.kernel import clock
from tillit.kernel.scope import require
from tillit.kernel.sql import load

ACTIVITY = "bonus_earning"
_SHADOWS = ("rules", "offers", "programmes", "shares", "units")


@dataclass(frozen=True)
class StoreChange:
    """Bonus of a chain's store (of offers: store ''), minor units, before and after; of how many members."""

    chain: str
    store: str
    members: int
    before: int
    after: int


@dataclass(frozen=True)
class MemberChange:
    """How many members of a chain get less, the same, more; the change at the 5, 25, 50, 75 and 95 per cent mark."""

    chain: str
    less: int
    same: int
    more: int
    spread: tuple[int, ...]


@dataclass(frozen=True)
class WaitChange:
    """After how many days a chain's bonus may be used, before and after; what of the period's (minor units) waits on
    last day.
    """

    chain: str
    days_before: int
    days_after: int
    before: int
    after: int


@dataclass(frozen=True)
class Preview:
    """What the terms tried would have come to. `budgets`: (chain, offer, given, budget). No figure names a person."""

    purchases: int
    stores: tuple[StoreChange, ...]
    members: tuple[MemberChange, ...]
    budgets: tuple[tuple[str, str, int, int | None], ...]
    waits: tuple[WaitChange, ...] = ()


def tried(
    *,
    chain_ids: Sequence[int],
    starts: datetime,
    ends: datetime,
    change: Callable[[], None],
    stand: Callable[[], None] = lambda: None,
) -> Preview:
    """Rate the purchases of the chains in [starts, ends) by the terms that stand, then with `change` made to them.

    `stand` makes the stand-ins what is compared with, where that is not the terms as they held then.

    `change` writes rules, offers and programmes as ever; it meets the stand-ins. Within a scope for earning, in the
    transaction of which nothing else is done. Refunds are not looked at: both sides are what was issued.
    """
    require(activity=ACTIVITY)
    chains, last = list(chain_ids), clock.local_date(ends - timedelta(microseconds=1))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE intake_row")
        cursor.execute(load(__file__, "preview", "rows"), {"chains": chains, "starts": starts, "ends": ends})
        count = int(cursor.rowcount)
        cursor.execute("ANALYZE intake_row")
        for name in _SHADOWS:
            cursor.execute(load(__file__, "preview", f"shadow_{name}"))
        cursor.execute(load(__file__, "preview", "result_table"))
        stand()
        _round(cursor, 0, last)
        change()
        cursor.execute("TRUNCATE bonus_offer_share, bonus_offer_unit")
        _round(cursor, 1, last)
        cursor.execute(load(__file__, "preview", "by_store"))
        stores = tuple(StoreChange(*row) for row in cursor.fetchall())
        cursor.execute(load(__file__, "preview", "members"))
        members = tuple(MemberChange(row[0], row[1], row[2], row[3], tuple(row[4])) for row in cursor.fetchall())
        cursor.execute(load(__file__, "preview", "budgets"), {"chains": chains})
        budgets = tuple((str(row[0]), str(row[1]), int(row[2]), row[3]) for row in cursor.fetchall())
        cursor.execute(load(__file__, "preview", "waits"), {"chains": chains})
        waits = tuple(WaitChange(*row) for row in cursor.fetchall())
    return Preview(count, stores, members, budgets, waits)


def _round(cursor: Any, number: int, last: date) -> None:
    given = {"round": number, "last": last}
    cursor.execute(load(__file__, "preview", "forget"))
    parts = [load(__file__, "accrue", name) for name in ("rows", "classes", "base")]
    cursor.execute("\n".join((*parts, load(__file__, "preview", "keep_rates"))), {"issued": ISSUED.id, **given})
    if offers.any_for_rows():
        offers.weigh_rows()
        cursor.execute(load(__file__, "preview", "keep_offers"), given)
