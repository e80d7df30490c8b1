"""Bonus given and used in each store, and what each club of an operator's arrangement holds (C15). No persons.

A store with fewer people than the minimum group, or one person's for the most part, is put together with others
(`disclosure.grouping`), so that nothing can be found by subtracting.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from tillit.bonus.errors import NotYourChainError
from tillit.bonus.kinds import ISSUED
from tillit.bonus.models import Programme
from tillit.bonus.report_series import ACTIVITY, Month, months
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.disclosure.grouping import TOGETHER, Cell, grouped
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.scope import Actor, Scope, ScopeError, require, system
from tillit.kernel.sql import load
from tillit.purchases.models import Store


@dataclass(frozen=True)
class StoreFigure:
    """Bonus of a store, or of several together (`number` empty), minor units, in so many transfers or vouchers."""

    number: str
    name: str
    lines: int
    amount: int


@dataclass(frozen=True)
class StoreBonus:
    """What the stores' purchases gave by rates, and what vouchers took there. Empty where too few people are in it."""

    issued: tuple[StoreFigure, ...]
    used: tuple[StoreFigure, ...]


def by_store(*, programme: Programme, start: date, end: date) -> StoreBonus:
    """The bonus of a chain's stores in [start, end), local days. Within a scope for `programme_reports`.

    Raises `NotYourChainError` in a scope of another controller.
    """
    chain = programme.chain
    if chain.controller_id not in require(activity=ACTIVITY).controllers:
        raise NotYourChainError("not-your-chain", "a controller sees its own chains")
    declared = current(controller_id=chain.controller_id, on=clock.today())
    zone = ZoneInfo(declared.controller.time_zone)
    given: dict[str, Any] = {
        "book": programme.book_id,
        "chain": chain.pk,
        "issued": ISSUED.id,
        "start": datetime(start.year, start.month, start.day, tzinfo=zone),
        "end": datetime(end.year, end.month, end.day, tzinfo=zone),
    }
    stores = {store.pk: store for store in Store.objects.filter(chain=chain)}
    found = []
    for name in ("issued", "used"):
        with connection.cursor() as cursor:
            cursor.execute(load(__file__, "stores", name), given)
            cells = [
                Cell((stores[store].number,), int(people), int(lines), int(amount), int(largest))
                for store, people, lines, amount, largest in cursor.fetchall()
                if store in stores
            ]
        found.append(_shown(cells, {one.number: one.name for one in stores.values()}, declared.minimum_group))
    return StoreBonus(*found)


@dataclass(frozen=True)
class ClubMonths:
    """A club's chain in an operator's report, month by month."""

    club: str
    programme: Programme
    months: tuple[Month, ...]


def over_all(*, actor: Actor, operator: Controller, start: date, end: date) -> list[ClubMonths]:
    """The months of every club of the arrangement that the controller operates, its own chains among them.

    A club is in it when it declares the operator as its processor: the figures are the club's, and the operator keeps
    its books on the club's behalf. Outside every scope. Raises `ScopeError` for who may not see reports, and for a
    controller that operates no arrangement.
    """
    if (actor.activities is not None and ACTIVITY not in actor.activities) or operator.pk not in actor.controllers:
        raise ScopeError("scope-activity", f"{actor.kind} may not see reports")
    clubs = clubs_of(operator)
    if not clubs:
        raise ScopeError("scope-controller", "the controller operates no arrangement")
    programmes = Programme.objects.filter(chain__controller__in=[operator, *clubs]).select_related("chain__controller")
    found = []
    for one in programmes.order_by(Ordered("chain__controller__name"), Ordered("chain__name")):
        with Scope(system("operator-report", {one.chain.controller_id}), ACTIVITY):
            rows = months(programme=one, start=start, end=end)
        found.append(ClubMonths(one.chain.controller.name, one, tuple(rows)))
    return found


def clubs_of(operator: Controller) -> list[Controller]:
    """The controllers of the register that declare this one, its holder, as their processor."""
    if holder_of(controller_id=operator.pk) != operator.pk:
        return []
    others = (
        Controller.objects.filter(register_id=operator.register_id).exclude(pk=operator.pk).order_by(Ordered("name"))
    )
    today = clock.today()
    return [
        one
        for one in others
        if any(each.key == operator.key for each in current(controller_id=one.pk, on=today).processors)
    ]


def _shown(cells: list[Cell], names: dict[str, str], least: int) -> tuple[StoreFigure, ...]:
    return tuple(
        StoreFigure("", "", cell.lines, cell.amount)
        if cell.labels[0] == TOGETHER
        else StoreFigure(cell.labels[0], names[cell.labels[0]], cell.lines, cell.amount)
        for cell in grouped(cells, least=least)
    )
