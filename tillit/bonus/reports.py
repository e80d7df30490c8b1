"""What a club owner may know of its chain (C15): sales, bonus issued, used, expired, and what is owed to members.

Sums without persons, under the declared activity `programme_reports`; a controller sees its own chains and no other's.
Bonus counts by record time, as in the books; sales by the time of the purchase.
"""

from dataclasses import dataclass
from datetime import date

from tillit.bonus.errors import NotYourChainError
from tillit.bonus.kinds import CORRECTED, DEBT, EXPIRED, FORFEITED, ISSUED, LOT, OFFERED, REDEEMED, RESERVED
from tillit.bonus.models import Programme
from tillit.disclosure import releases
from tillit.disclosure.models import Release
from tillit.kernel.scope import Scope, require
from tillit.ledger.kinds import WRITTEN_OFF
from tillit.ledger.queries import movements
from tillit.purchases.sales import ChainSales, cells, sales

ACTIVITY = "programme_reports"


@dataclass(frozen=True)
class ChainReport:
    """One chain in [start, end), whole months. Amounts in minor units.

    opening + issued + offered + corrected - used - expired - forfeited - written_off = closing: what members hold
    less what they owe. `corrected`, opening and closing are signed. `debt`: what members owe at the end, positive.
    """

    chain_key: str
    chain_name: str
    currency: str
    start: date
    end: date
    sales: ChainSales
    opening: int
    issued: int
    offered: int
    corrected: int
    used: int
    expired: int
    forfeited: int
    written_off: int
    closing: int
    debt: int


def chain_report(*, programme: Programme, start: date, end: date) -> ChainReport:
    """The report of a chain for [start, end), first days of months. Within a scope for `programme_reports`.

    Raises `NotYourChainError` in a scope of another controller.
    """
    if programme.chain.controller_id not in require(activity=ACTIVITY).controllers:
        raise NotYourChainError("not-your-chain", "a controller sees its own chains")
    months = movements(book_id=programme.book_id)

    def moved(kind: str, *, before: date = end, since: date = date.min) -> int:
        return sum(kinds.get(kind, 0) for month, kinds in months.items() if since <= month < before)

    def members(before: date) -> int:
        return sum(moved(kind.key, before=before) for kind in (LOT, RESERVED, DEBT))

    return ChainReport(
        chain_key=programme.chain.key,
        chain_name=programme.chain.name,
        currency=programme.chain.currency,
        start=start,
        end=end,
        sales=sales(chain=programme.chain, start=start, end=end),
        opening=members(start),
        issued=-moved(ISSUED.key, since=start),
        offered=-moved(OFFERED.key, since=start),
        corrected=-moved(CORRECTED.key, since=start),
        used=moved(REDEEMED.key, since=start),
        expired=moved(EXPIRED.key, since=start),
        forfeited=moved(FORFEITED.key, since=start),
        written_off=moved(WRITTEN_OFF.key, since=start),
        closing=members(end),
        debt=-moved(DEBT.key),
    )


def reports(*, scope: Scope, start: date, end: date) -> list[ChainReport]:
    """The report of every chain of the scope's controllers, by controller and name."""
    chains = Programme.objects.filter(chain__controller_id__in=scope.controllers).select_related("chain")
    ordered = chains.order_by("chain__controller__name", "chain__name")
    return [chain_report(programme=programme, start=start, end=end) for programme in ordered]


def share_sales(*, scope: Scope, controller_id: int, start: date, end: date, recipient: str) -> Release:
    """Release the sales of a controller's chains in [start, end), first days of months, to a recipient declared for
    aggregates (H14): by chain and store, as it was the first time. Raises what `releases.release` does.
    """
    require(activity=ACTIVITY)
    measure = releases.Measure("sales", ("chain", "store"), start, end)
    chains = [one.chain for one in Programme.objects.filter(chain__controller_id=controller_id).select_related("chain")]
    found = [cell for chain in chains for cell in cells(chain=chain, start=start, end=end)]
    return releases.release(scope=scope, controller_id=controller_id, measure=measure, cells=found, recipient=recipient)
