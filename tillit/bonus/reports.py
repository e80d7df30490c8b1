"""What a club owner may know of its chain (C15): sales, bonus issued, used, expired, and what is owed to members.

Sums without persons, under the declared activity `programme_reports`; a controller sees its own chains and no other's.
Bonus counts by record time, as in the books; sales by the time of the purchase.
"""

from dataclasses import dataclass
from datetime import date

from tillit.bonus.kinds import DEBT
from tillit.bonus.models import Programme
from tillit.bonus.report_series import ACTIVITY, books_of, held, months_in
from tillit.disclosure import releases
from tillit.disclosure.models import Release
from tillit.kernel.collation import Ordered
from tillit.kernel.scope import Scope, require
from tillit.purchases.sales import ChainSales, cells, sales

_FLOWS = ("issued", "offered", "corrected", "used", "expired", "forfeited", "written_off")


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
    moved = books_of(programme)
    rows = months_in(moved, start=start, end=end)
    return ChainReport(
        chain_key=programme.chain.key,
        chain_name=programme.chain.name,
        currency=programme.chain.currency,
        start=start,
        end=end,
        sales=sales(chain=programme.chain, start=start, end=end),
        opening=held(moved, start),
        closing=held(moved, end),
        debt=-held(moved, end, (DEBT.key,)),
        **{name: sum(getattr(one, name) for one in rows) for name in _FLOWS},
    )


def reports(*, scope: Scope, start: date, end: date) -> list[ChainReport]:
    """The report of every chain of the scope's controllers, by controller and name."""
    chains = Programme.objects.filter(chain__controller_id__in=scope.controllers).select_related("chain")
    ordered = chains.order_by(Ordered("chain__controller__name"), Ordered("chain__name"))
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
