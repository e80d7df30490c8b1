"""Shops of the example bonus coalition, cards with check digits, and purchase files."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from tillit.declaration.models import Controller
from tillit.purchases import reference_data
from tillit.purchases.models import Chain, Source

HEADER = "id;time;chain;store;amount;card;product_group;product;receipt"


def card_number(number: int, prefix: str = "492500") -> str:
    """A test card number: 16 digits with a Luhn check digit."""
    body = f"{prefix}{number:0{15 - len(prefix)}d}"
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 * (value > 9)
    return body + str(-total % 10)


def account_number(number: int) -> str:
    """A test account number with a mod 11 check digit: the first at or after `number` that has one."""
    while True:
        body = f"{number:010d}"
        rest = -sum(int(d) * w for d, w in zip(body, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
        if rest != 10:
            return body + str(rest)
        number += 1


def shops(controller: Controller, *, key: str = "fjellmat", stores: int = 3) -> Chain:
    """A chain with stores 1…n, product groups g1…g3 and a source `<key>-kasse`."""
    chain = reference_data.keep_chain(key=key, name=key.title(), controller_id=controller.pk)
    reference_data.keep_stores(
        chain=chain, stores={str(n): (f"{key.title()} {n}", "Bodø") for n in range(1, stores + 1)}
    )
    reference_data.keep_product_groups(chain=chain, groups={f"g{n}": f"Gruppe {n}" for n in range(1, 4)})
    return chain


def source(controller: Controller, *, key: str = "fjellmat-kasse", accept_from: date = date(2025, 1, 1)) -> Source:
    """A source of purchases of the controller's register."""
    return reference_data.keep_source(
        key=key, name="Kasse", register_id=controller.register_id, accept_from=accept_from
    )


def row(  # one purchase line as a file has it
    number: int,
    card: str,
    *,
    amount: str = "100,00",
    time: str = "2026-03-02T12:30:00+01:00",
    store: int | str = 1,
    chain: str = "fjellmat",
    group: str = "g1",
    product: str = "Kaffe",
    receipt: str | None = None,
) -> str:
    """A line of a file with `HEADER`."""
    return f"T{number};{time};{chain};{store};{amount};{card};{group};{product};{receipt or f'R{number}'}"


def write(path: Path, lines: Iterable[str], header: str = HEADER) -> Path:
    """A UTF-8 file of the lines."""
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path
