"""Looking up cards, receipts and what stands in quarantine. Personal rows within an open scope."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from tillit.kernel.sql import load
from tillit.parties.merging import same_people, same_person
from tillit.purchases.models import Authorisation, Chain, EnterpriseRange, PaymentInstrument, Store

_SHORTEST_PREFIX, _LONGEST_PREFIX = 6, 11
PAGE = 20


def is_enterprise_card(number: str) -> bool:
    """Whether a normalised card number lies in a range issued to companies."""
    return EnterpriseRange.objects.filter(prefix__in=_prefixes(number)).exists()


def enterprise_cards() -> Callable[[str], bool]:
    """The same question with the ranges read once, for many numbers."""
    known = frozenset(EnterpriseRange.objects.values_list("prefix", flat=True))
    return lambda number: not known.isdisjoint(_prefixes(number))


def _prefixes(number: str) -> list[str]:
    return [number[:length] for length in range(_SHORTEST_PREFIX, _LONGEST_PREFIX + 1)]


def instruments(*, subject_id: int) -> list[PaymentInstrument]:
    """The person's cards and accounts in use, oldest first."""
    return list(
        PaymentInstrument.objects.filter(subject_id__in=same_person(subject_id), removed_at=None).order_by(
            "registered_at", "id"
        )
    )


def removed_instruments(*, subject_id: int) -> list[PaymentInstrument]:
    """The person's cards and accounts that they took off and that are still kept, the latest first."""
    off = PaymentInstrument.objects.filter(subject_id=subject_id, removed_at__isnull=False, removal_decided=False)
    return list(off.order_by("-removed_at", "id"))


@dataclass(frozen=True)
class ReceiptLine:
    """A line of a receipt; `amount` in minor units, negative for a refund. `purchase_id` leads to its bonus."""

    purchase_id: str
    product: str
    amount: int
    refund: bool


@dataclass(frozen=True)
class Receipt:
    """What was bought at once in one store. `total` is the sum of its lines; `cursor` asks for what is older."""

    event_at: datetime
    chain: str
    store: str
    place: str
    receipt: str
    currency: str
    total: int
    last_four: str
    lines: Sequence[ReceiptLine]
    cursor: str


def receipts(*, subject_ids: Sequence[int], before: str | None = None, limit: int = PAGE) -> list[Receipt]:
    """The persons' receipts, newest first, a page of at most `limit`; `before` is the last one's `cursor` (C10).

    Lines belong to one receipt when store, receipt number and day agree; a line without receipt number stands alone.
    """
    at, key = _cursor(before)
    with connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "receipts", "page"),
            {"subjects": sorted(same_people(subject_ids)), "at": at, "key": key, "limit": min(max(limit, 1), 100)},
        )
        return [_receipt(row) for row in cursor.fetchall()]


def _receipt(row: tuple[Any, ...]) -> Receipt:
    event_at, key, chain, store, place, receipt, currency, total, last_four, lines = row
    return Receipt(
        event_at=event_at,
        chain=chain,
        store=store,
        place=place,
        receipt=receipt,
        currency=currency,
        total=int(total),
        last_four=last_four,
        lines=[ReceiptLine(line["id"], line["product"], line["amount"], line["refund"]) for line in json.loads(lines)],
        cursor=f"{event_at.isoformat()}~{key}",
    )


def _cursor(text: str | None) -> tuple[datetime | None, str | None]:
    if text is None:
        return None, None
    at, _, key = text.partition("~")
    return datetime.fromisoformat(at), key


@dataclass(frozen=True)
class OnItsWay:
    """An amount set aside on a card that no purchase has cleared yet (minor units)."""

    event_at: datetime
    chain: str
    store: str
    place: str
    amount: int
    currency: str


def on_their_way(*, subject_ids: Sequence[int]) -> list[OnItsWay]:
    """The persons' authorisations that wait for their purchase, newest first."""
    rows = list(
        Authorisation.objects.filter(subject_id__in=list(subject_ids), ended_at=None).order_by("-event_at", "id")[:PAGE]
    )
    chains = Chain.objects.in_bulk({row.chain_id for row in rows})
    stores = Store.objects.in_bulk({row.store_id for row in rows})
    return [
        OnItsWay(
            row.event_at,
            chains[row.chain_id].name,
            stores[row.store_id].name,
            stores[row.store_id].place,
            row.amount,
            row.currency,
        )
        for row in rows
    ]
