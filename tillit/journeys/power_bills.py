"""A month's bills of every metering point as a file (E3), for who sends the invoices; taking them out is on record.

The amounts are those that each customer is shown: `power.many` does at many points what the page does at one. A point
without a cost comes with the reason, so that every point that was supplied is in the file; but for those of people
whose processing is restricted.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TextIO

from django.db.models import F, Q

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.journeys.events import BILLS_EXPORTED
from tillit.kernel import clock
from tillit.kernel.csv_text import inert
from tillit.kernel.scope import Actor, Scope
from tillit.power import many
from tillit.power.cost.axis import month as month_of
from tillit.power.errors import PowerError
from tillit.power.models import Contract, MeteringPoint

ACTIVITY = "service_payments"
KINDS = (
    "spot", "energy", "markup", "supplier_fee", "fixed_price", "support", "grid_energy", "capacity", "consumption_tax",
    "enova",
)  # fmt: skip
"""Kinds of lines, a column each: kroner without VAT."""
COLUMNS = (
    "metering_point", "first", "last", "product", "kwh", *KINDS, "net", "vat", "total", "missing_values",
    "kwh_without_price", "kwh_preliminary", "no_cost",
)  # fmt: skip


@dataclass
class Exported:
    """What the file holds. points: that were supplied; bills: with a cost, one a contract; without: reason → how many.

    wh, total: of all bills, the latter in øre with VAT; preliminary: watt-hours at a price that is not final yet.
    """

    points: int
    bills: int = 0
    wh: int = 0
    total: int = 0
    preliminary: int = 0
    without: Counter[str] = field(default_factory=Counter)


def export(
    *, actor: Actor, controller: Controller, month: date, to: TextIO, tell: Callable[[int, int], None] | None = None
) -> Exported:
    """Write the bills of the month that holds the day, as CSV (docs/power.md). tell: points done, of how many.

    Raises `PowerError` `month` while it is not over, `ScopeError`.
    """
    first, after = month_of(month)
    if after > clock.today():
        raise PowerError("month", f"{first:%Y-%m} is not over")
    sheet, seen = csv.writer(to, delimiter=";", lineterminator="\r\n"), set[int]()
    sheet.writerow(COLUMNS)
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})) as scope:
        done = Exported(_supplied(controller, first, after))
        for batch in many.bills(controller_id=controller.pk, controller=controller.key, first=first, after=after):
            ids = batch.points.tolist()
            numbers = dict(MeteringPoint.objects.filter(id__in=ids).values_list("id", "gsrn"))
            sheet.writerows(_rows(batch, [numbers[one] for one in ids]))
            _count(done, batch)
            seen.update(ids)
            if tell is not None:
                tell(len(seen), done.points)
        append(
            type=BILLS_EXPORTED,
            scope=scope,
            controller=controller.pk,
            details={"month": first, "points": done.points, "bills": done.bills},
        )
    return done


def _supplied(controller: Controller, first: date, after: date) -> int:
    mine = Contract.objects.filter(Q(ends=None) | Q(ends__gt=first), controller_id=controller.pk, starts__lt=after)
    return mine.exclude(ends=F("starts")).values("point_id").distinct().count()


def _count(done: Exported, batch: many.Batch) -> None:
    if batch.bill is None:
        done.without[batch.without] += len(batch.points)
        return
    done.bills += len(batch.points)
    done.wh += int(batch.bill.wh.sum())
    done.total += int(batch.bill.total.sum())
    done.preliminary += int(batch.bill.preliminary.sum())


def _rows(batch: many.Batch, numbers: list[str]) -> Iterator[list[Any]]:
    days = [batch.first.isoformat(), (batch.after - timedelta(days=1)).isoformat()]
    bill, product = batch.bill, inert(batch.key.product)
    if bill is None:
        for number in numbers:
            yield [number, *days, product, *[""] * (len(COLUMNS) - 5), batch.without]
        return
    kinds = [bill.of(kind).tolist() for kind in KINDS]
    sums = [bill.net.tolist(), bill.vat.tolist(), bill.total.tolist()]
    counted = zip(
        bill.wh.tolist(), bill.missing.tolist(), bill.unpriced.tolist(), bill.preliminary.tolist(), strict=True
    )
    amounts = zip(*kinds, *sums, strict=True)
    for number, (wh, missing, unpriced, preliminary), ore in zip(numbers, counted, amounts, strict=True):
        kroner = [_parts(one, 2) for one in ore]
        rest = [missing, _parts(unpriced, 3), _parts(preliminary, 3), ""]
        yield [number, *days, product, _parts(wh, 3), *kroner, *rest]


def _parts(value: int, digits: int) -> str:
    """A whole number of hundredths or thousandths with a decimal comma."""
    whole, rest = divmod(abs(value), 10**digits)
    return f"{'-' if value < 0 else ''}{whole},{rest:0{digits}d}"
