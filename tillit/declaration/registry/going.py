"""What goes along in a domain's own way when a controller hands its people over to another (A10): value, cards, cases.

A table whose rows are copied as they stand says so itself (`moves`). What hangs on books, digests or reference data of
the giver's is carried by its domain, which answers with what left and what arrived.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

Counts = dict[str, tuple[int, int]]
"""What is counted (a table, or `table:unit` for an amount) → (what left, what arrived)."""


@dataclass(frozen=True)
class Going:
    """One person on the way: from which controller and register to which, as whom, and what may go.

    subjects: all of the person's at the giver; new: theirs at the receiver. from_holder, to_holder: who holds a
    register's joint rows. chains: the giver's chain (key) → the receiver's, as planned.
    """

    handover: int
    giver: int
    receiver: int
    from_holder: int
    to_holder: int
    from_register: int
    to_register: int
    subjects: tuple[int, ...]
    new: int
    categories: frozenset[str]
    chains: Mapping[str, str]
    at: datetime

    @property
    def controllers(self) -> frozenset[int]:
        """Everybody whose rows are touched."""
        return frozenset({self.giver, self.receiver, self.from_holder, self.to_holder})


@dataclass(frozen=True)
class GoesAlong:
    """What a domain carries, and what it wants a plan to say."""

    name: str
    carry: Callable[[Going], Counts]
    undecided: Callable[[int, int, frozenset[str], Mapping[str, str]], str]


GOES_ALONG: dict[str, GoesAlong] = {}


def _decided(giver: int, receiver: int, categories: frozenset[str], chains: Mapping[str, str]) -> str:
    return ""


def goes_along(
    name: str,
    *,
    carry: Callable[[Going], Counts],
    undecided: Callable[[int, int, frozenset[str], Mapping[str, str]], str] = _decided,
) -> None:
    """Register what a domain carries. undecided(giver, receiver, categories, chains): what a plan still has to say."""
    GOES_ALONG[name] = GoesAlong(name, carry, undecided)
