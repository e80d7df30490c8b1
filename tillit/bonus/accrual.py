"""What rows that were taken in earn, and what refunds take back: sets, in sql/accrue.sql. Within an open scope.

A statement is put together of named parts: the rows' classes and their rates (`classes`, `base`) are said once, also
for offers (`offers`) and previews of other terms (`preview`). Where no offer is made, none is looked for.

Bonus is exact: integer minor units, rates in basis points at the local time of the purchase, the programme's rounding.
"""

from datetime import date, datetime
from typing import Any

from django.db import connection

from tillit.bonus import offers
from tillit.bonus.kinds import CORRECTED, DEBT, EXPIRED, ISSUED, LOT, OFFERED
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.kernel.sql import load
from tillit.ledger.operations import refusals


def accrue(*, scope: Scope, batch_id: int, phase: str) -> list[tuple[str, int, int]]:
    """Rate and post the counted rows of `intake_row`: (currency, transfers, amount) for each currency.

    Idempotent: a transfer's id is its purchase's. `phase`: the connection's name between rating and posting.
    """
    with connection.cursor() as cursor:  # rows join few classes by six columns: never worth a sort
        cursor.execute("SELECT set_config('enable_mergejoin', 'off', true)")
    kinds = {"issued": ISSUED.id, "offered": OFFERED.id, "lot": LOT.id}
    made = offers.any_for_rows()
    if made:
        offers.weigh_rows()
    parts = ("rows", "classes", "base", "by_rates_and_offers" if made else "by_rates", "post")
    found = _run(parts, {**kinds, "batch": batch_id, "phase": phase})
    if made and offers.taken():
        _take_back(batch_id, clock.today())
    return [(currency, int(transfers), int(amount)) for currency, transfers, amount in found]


def repay(*, scope: Scope, batch_id: int, on: date, at: datetime) -> int:
    """Repay the debts of people in `intake_row` from what they hold (C8, recovered by later earning); how many."""
    found = _run(("repay",), {"lot": LOT.id, "debt": DEBT.id, "on": on, "at": at, "batch": batch_id})
    return int(found[0][0]) if found else 0


def claw_back(*, scope: Scope, batch_id: int, on: date) -> tuple[int, int]:
    """Take back what the refunds of `refund_row` were paid in bonus: how many refunds, and the amount (C8).

    Bonus that had expired unused costs the person nothing.
    """
    offers.prepare_tables()
    offers.weigh_refunds(batch_id=batch_id)
    return _take_back(batch_id, on)


def on_their_way(*, subject_id: int) -> dict[str, int]:
    """Chain key → what the person's authorisations will earn by rates when they are cleared, minor units (C6)."""
    found = _run(("rows_on_their_way", "classes", "base", "on_their_way"), {"subject": subject_id, "issued": ISSUED.id})
    return {str(chain): int(amount) for chain, amount in found}


def _take_back(batch_id: int, on: date) -> tuple[int, int]:
    kinds = {"lot": LOT.id, "corrected": CORRECTED.id, "debt": DEBT.id, "expired": EXPIRED.id}
    found = _run(("claw_back",), {**kinds, "on": on, "batch": batch_id})
    return int(found[0][0]), int(found[0][1])


def _run(names: tuple[str, ...], parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with refusals(), connection.cursor() as cursor:
        cursor.execute("\n".join(load(__file__, "accrue", name) for name in names), parameters)
        return list(cursor.fetchall())
