"""What goes along in a domain's own way when a controller hands its people over to another (A10): value, cards, cases.

A table whose rows are copied as they stand says so itself (`moves`). What hangs on books, digests or reference data of
the giver's is carried by its domain, which answers with what left and what arrived.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
class Leaving:
    """One person on the way to another installation: of which controller, as whom here, and what may go."""

    handover: int
    giver: int
    subjects: tuple[int, ...]
    categories: frozenset[str]
    chains: Mapping[str, str]
    at: datetime


@dataclass(frozen=True)
class Arriving:
    """One person who comes from another installation: to which controller, and as whom here."""

    expected: int
    receiver: int
    new: int
    categories: frozenset[str]
    at: datetime


@dataclass(frozen=True)
class Packed:
    """What a domain sends along, in words another installation understands (keys, no ids), and what has left with it:
    what must arrive whole, `table:unit` → amount. What the receiver may have no place for is not counted.
    """

    said: list[dict[str, Any]]
    left: Mapping[str, int]


def _nothing(leaving: Leaving) -> Packed:
    return Packed([], {})


def _none_behind(controller: int, people: Collection[int]) -> int:
    return 0


def _not_taken(arriving: Arriving, said: list[dict[str, Any]]) -> dict[str, int]:
    return {}


@dataclass(frozen=True)
class GoesAlong:
    """What a domain carries, and what it wants a plan to say. pack, unpack: to and from another installation.

    behind(controller, people): how many of what is under way, and goes along within the installation, people who have
    gone left behind at the giver.
    """

    name: str
    carry: Callable[[Going], Counts]
    undecided: Callable[[int, int, frozenset[str], Mapping[str, str]], str]
    pack: Callable[[Leaving], Packed]
    unpack: Callable[[Arriving, list[dict[str, Any]]], dict[str, int]]
    behind: Callable[[int, Collection[int]], int]


GOES_ALONG: dict[str, GoesAlong] = {}


def _decided(giver: int, receiver: int, categories: frozenset[str], chains: Mapping[str, str]) -> str:
    return ""


def goes_along(
    name: str,
    *,
    carry: Callable[[Going], Counts],
    undecided: Callable[[int, int, frozenset[str], Mapping[str, str]], str] = _decided,
    pack: Callable[[Leaving], Packed] = _nothing,
    unpack: Callable[[Arriving, list[dict[str, Any]]], dict[str, int]] = _not_taken,
    behind: Callable[[int, Collection[int]], int] = _none_behind,
) -> None:
    """Register what a domain carries. undecided(giver, receiver, categories, chains): what a plan still has to say;
    receiver 0 is one of another installation.
    """
    GOES_ALONG[name] = GoesAlong(name, carry, undecided, pack, unpack, behind)
