"""A file of purchases with full card numbers, 40 % of its rows other people's. The same seed gives the same file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

STRANGERS = 0.4
CHAINS, CHAINS_EACH, STORES = 10, 3, 20
_BLOCK = 200_000
_SECOND, _OTHERS = 1_000_000_000, 5_000_000_000
_PREFIX = "4925"

Ints = Any


@dataclass(frozen=True)
class Written:
    """The file, its rows, and how many of them are members'."""

    path: Path
    rows: int
    members: int


def card_numbers(ids: Ints) -> Ints:
    """Test card numbers, 16 digits with their Luhn digit, one for each id (below 10^11)."""
    body = np.char.add(_PREFIX, np.char.zfill(ids.astype(str), 11))
    digits = np.frombuffer("".join(body.tolist()).encode(), dtype=np.uint8).reshape(-1, 15).astype(np.int64) - 48
    digits[:, 0::2] *= 2
    digits[digits > 9] -= 9
    return np.char.add(body, (-digits.sum(axis=1) % 10).astype(str))


def cards_of(members: Ints) -> tuple[Ints, Ints]:
    """(member, card id) pairs: every member has a card, every other one a second."""
    second = members[members % 2 == 0]
    return np.concatenate([members, second]), np.concatenate([members, second + _SECOND])


def chains_of(members: Ints, turn: Ints) -> Ints:
    """The chain where a member shops: one of the three of that member."""
    return (members * 7 + turn % CHAINS_EACH) % CHAINS


def write(path: Path, *, rows: int, members: int, seed: int) -> Written:
    """Write `rows` purchases of one day, 1.00 to 500.00, spread evenly over members, chains and stores."""
    chance = np.random.default_rng(seed)
    mine = 0
    with path.open("wb") as file:
        for start in range(0, rows, _BLOCK):
            count = min(_BLOCK, rows - start)
            who = chance.integers(1, members + 1, count)
            stranger = chance.random(count) < STRANGERS
            second = (who % 2 == 0) & (chance.random(count) < 0.5)
            card = np.where(stranger, _OTHERS + chance.integers(0, 10**9, count), who + _SECOND * second)
            block = pl.DataFrame(
                {
                    "id": np.char.add(f"B{seed}-", np.arange(start, start + count).astype(str)),
                    "time": _times(chance.integers(0, 86_400, count)),
                    "chain": np.char.add("bench", chains_of(who, chance.integers(0, 3, count)).astype(str)),
                    "store": chance.integers(1, STORES + 1, count).astype(str),
                    "amount": _amounts(chance.integers(100, 50_001, count)),
                    "currency": ["NOK"] * count,
                    "card": card_numbers(card),
                    "product_group": np.where(np.arange(count) % 3 == 0, "food", ""),
                    "product": ["Brød"] * count,
                    "receipt": np.char.add("R", np.arange(start, start + count).astype(str)),
                }
            )
            file.write(block.write_csv(include_header=start == 0, quote_style="never").encode())
            mine += int(count - stranger.sum())
    return Written(path, rows, mine)


def _times(seconds: Ints) -> Ints:
    parts = [np.char.zfill(part.astype(str), 2) for part in (seconds // 3600, seconds // 60 % 60, seconds % 60)]
    clock = np.char.add(np.char.add(np.char.add(parts[0], ":"), parts[1]), np.char.add(":", parts[2]))
    return np.char.add(np.char.add("2026-03-07T", clock), "+01:00")


def _amounts(minor: Ints) -> Ints:
    return np.char.add(np.char.add((minor // 100).astype(str), "."), np.char.zfill((minor % 100).astype(str), 2))
