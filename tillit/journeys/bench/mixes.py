"""GDPRbench's mixes of operations, with the number of rows that each must find.

The controller, customer and processor workloads of GDPRbench (Shastri et al., VLDB 2020), with its shares; keys are
drawn by a Zipf law (constant 0.99) among the records there are. A model runs along, so every operation knows what it
must match: the original asked for no counts, and its client for PostgreSQL matched nothing without anyone noticing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

READ_KEY, UPDATE_KEY, DELETE_KEY, INSERT = "read_by_key", "update_by_key", "delete_by_key", "insert"
READ_PURPOSE, UPDATE_PURPOSE = "read_by_purpose", "update_metadata_by_purpose"
READ_USER, UPDATE_USER, META_PURPOSE, META_USER = (
    "read_by_user",
    "update_metadata_by_user",
    "read_metadata_by_purpose",
    "read_metadata_by_user",
)
MIXES: dict[str, dict[str, int]] = {
    "controller": {INSERT: 25, DELETE_KEY: 25, UPDATE_PURPOSE: 25, UPDATE_USER: 25},
    "customer": {
        READ_KEY: 20,
        UPDATE_KEY: 20,
        DELETE_KEY: 20,
        META_PURPOSE: 10,
        META_USER: 10,
        UPDATE_PURPOSE: 10,
        UPDATE_USER: 10,
    },
    "processor": {READ_KEY: 20, READ_PURPOSE: 40, READ_USER: 40},
}
ONE_PURPOSE = {READ_PURPOSE, META_PURPOSE, READ_KEY}
"""What a processor does under the purpose itself; the rest needs every purpose's rows."""
_SKEW = 0.99


@dataclass(frozen=True)
class Record:
    """One row of the benchmark's table. `purpose`: its place in the list of purposes."""

    subject: int
    id: int
    purpose: int


@dataclass(frozen=True)
class Operation:
    """One operation: its kind, the record, purpose or user it names, and how many rows it must find."""

    kind: str
    record: Record
    rows: int


def operations(name: str, *, records: Sequence[Record], count: int, purposes: int, seed: int) -> list[Operation]:
    """`count` operations of the mix, in an order drawn from `seed`, each with the rows it must find at its turn."""
    chance: Any = np.random.default_rng(seed)
    mix = MIXES[name]
    kinds = [kind for kind, share in mix.items() for _ in range(share * count // 100)]
    chance.shuffle(kinds)
    live = list(records)
    chance.shuffle(live)
    users, by_purpose = _counts(live, purposes)
    subjects = list(users)
    ranks = np.arange(1, len(live) + 1) ** -_SKEW
    draws = iter(np.searchsorted(np.cumsum(ranks) / ranks.sum(), chance.random(len(kinds))).tolist())
    found = []
    for kind in kinds:
        place = min(next(draws), len(live) - 1)
        one, rows = live[place], 1
        if kind == INSERT:
            subject = subjects[int(chance.integers(len(subjects)))]
            one = Record(subject, int(chance.integers(1, 2**61)), int(chance.integers(purposes)))
            live.append(one)
            users[one.subject] += 1
            by_purpose[one.purpose] += 1
        elif kind == DELETE_KEY:
            live[place] = live[-1]
            live.pop()
            users[one.subject] -= 1
            by_purpose[one.purpose] -= 1
        elif kind in {READ_PURPOSE, META_PURPOSE, UPDATE_PURPOSE}:
            rows = by_purpose[one.purpose]
        elif kind in {READ_USER, META_USER, UPDATE_USER}:
            rows = users[one.subject]
        found.append(Operation(kind, one, rows))
    return found


def _counts(live: Sequence[Record], purposes: int) -> tuple[dict[int, int], list[int]]:
    users: dict[int, int] = {}
    by_purpose = [0] * purposes
    for one in live:
        users[one.subject] = users.get(one.subject, 0) + 1
        by_purpose[one.purpose] += 1
    return users, by_purpose
