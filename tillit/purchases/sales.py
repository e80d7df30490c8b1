"""Sales to members, per store: sums without persons (C15, H14). A figure of fewer people than the minimum is not shown.

Stores with too few buyers are shown together as "other stores"; where those together are too few, the smallest shown
store joins them, so that nothing can be found by subtracting. A chain with too few buyers shows nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from tillit.declaration.queries import current
from tillit.disclosure.grouping import Cell
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.purchases.models import Chain, Store


@dataclass(frozen=True)
class Sales:
    """Figures of one store, of several together (`number` empty), or of the chain. `amount` in minor units, net.

    `people`: how many members bought in the period, as far as their purchases are still here.
    """

    number: str
    name: str
    people: int
    lines: int
    amount: int


@dataclass(frozen=True)
class ChainSales:
    """The chain's total and its stores; None and no stores when fewer than the minimum group bought."""

    total: Sales | None
    stores: tuple[Sales, ...]


def sales(*, chain: Chain, start: date, end: date) -> ChainSales:
    """Sales in [start, end), local days of the chain's controller. Within a scope for `programme_reports`."""
    declared = current(controller_id=chain.controller_id, on=clock.today())
    parameters = _parameters(chain, declared.controller.time_zone, start, end)
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "sales", "sales"), parameters)
        rows = cursor.fetchall()
    names = {store.pk: (store.number, store.name) for store in Store.objects.filter(chain=chain)}
    found = {
        store_id: (Sales(*names.get(store_id, ("", "")), people, lines, amount), bool(kept))
        for store_id, people, lines, amount, kept in rows
    }
    total, kept = found.pop(0, (None, False))
    if total is None or (total.people < declared.minimum_group and not kept):
        return ChainSales(None, ())
    return ChainSales(total, _grouped([each for each, _ in found.values()], declared.minimum_group))


def cells(*, chain: Chain, start: date, end: date) -> list[Cell]:
    """Sales in [start, end) by chain and store, as cells to be grouped for a release. Within `programme_reports`."""
    declared = current(controller_id=chain.controller_id, on=clock.today())
    with connection.cursor() as cursor:
        parameters = _parameters(chain, declared.controller.time_zone, start, end)
        cursor.execute(load(__file__, "sales", "people_by_store"), parameters)
        numbers = dict(Store.objects.filter(chain=chain).values_list("pk", "number"))
        return [Cell((chain.key, numbers[store]), *figures) for store, *figures in cursor.fetchall()]


def _parameters(chain: Chain, time_zone: str, start: date, end: date) -> dict[str, Any]:
    zone = ZoneInfo(time_zone)
    return {
        "chain": chain.pk,
        "start": datetime(start.year, start.month, start.day, tzinfo=zone),
        "end": datetime(end.year, end.month, end.day, tzinfo=zone),
        "first": start,
        "last": end,
    }


def _grouped(stores: list[Sales], least: int) -> tuple[Sales, ...]:
    """The stores with enough buyers by number, the others as one figure at the end."""
    by_size = sorted(stores, key=lambda one: (one.people, one.number))
    few = [one for one in by_size if one.people < least]
    shown = by_size[len(few) :]
    # People who bought in two small stores would count twice in a sum: only the largest is certain.
    while few and shown and max(one.people for one in few) < least:
        few.append(shown.pop(0))
    if few and not shown:
        return ()
    together = (
        [Sales("", "", max(o.people for o in few), sum(o.lines for o in few), sum(o.amount for o in few))]
        if few
        else []
    )
    return (*sorted(shown, key=lambda one: one.number), *together)
