"""What the declaration says of cash, tried on the rules that files and calls of purchases go through (C1)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import date as date_

import polars as pl

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.files.chunks import LINE, Chunk
from tillit.kernel import clock
from tillit.purchases.reading.checking import CARD, CASH, check
from tillit.purchases.reading.references import References

_TEST_CARD = "4925000000000004"


def cash(controller_id: int, on: date_) -> Iterator[str]:
    """Two purchases are checked, alike but for how they were paid: what is kept of the one in cash."""
    controller = Controller.objects.get(pk=controller_id)
    declared = current(controller_id=controller_id, on=on).programme
    checked = check(_purchases(clock.now()), _references(controller))
    kept = set(checked.purchases.line.tolist())
    if 1 not in kept or checked.rejects:
        yield "a purchase by card is not taken: what becomes of cash shows nothing"
    if declared is not None and declared.cash_earns and 2 not in kept:
        yield "purchases in cash are dropped, and are declared to earn"
    if declared is not None and not declared.cash_earns and (2 in kept or checked.cash != 1):
        yield "a purchase in cash is kept, and is declared to earn nothing"


def _purchases(now: datetime) -> Chunk:
    """Line 1 by card, line 2 in cash."""
    same = {"time": now.isoformat(), "chain": "proof", "store": "1", "amount": "100,00", "card": _TEST_CARD}
    rows = [{LINE: n, "id": f"proof-{n}", "payment": paid, **same} for n, paid in ((1, CARD), (2, CASH))]
    return Chunk(0, pl.DataFrame(rows).with_columns(pl.col(LINE).cast(pl.Int64)))


def _references(controller: Controller) -> References:
    """A chain and store that nobody has."""
    stores = pl.DataFrame(
        {"chain": ["proof"], "store": ["1"], "chain_id": [0], "chain_currency": [controller.currency], "store_id": [0]}
        | {"exponent": [2]},
        schema_overrides={"chain_id": pl.Int32, "store_id": pl.Int32, "exponent": pl.Int8},
    )
    none = {"chain_id": pl.Int32, "product_group": pl.String, "group_id": pl.Int32}
    day = timedelta(days=1)
    now = clock.now().astimezone(UTC)
    return References(0, controller.register_id, stores, pl.DataFrame(schema=none), now - day, now + day)
