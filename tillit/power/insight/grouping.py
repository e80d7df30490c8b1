"""Households put in groups of like ones, and where one stands in its group (E4). Pure.

A group is made of what the customer told of the home: price area, kind of dwelling, heating, size and persons. Where it
is too small the persons are given up first, then the size, then the heating (`disclosure.grouping`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tillit.disclosure.grouping import TOGETHER, Cell, partition

BREAKDOWN = ("area", "dwelling", "heating", "size", "persons")
SIZES = (50, 80, 120, 160, 200)
"""Square metres at which the next size begins."""
MOST_PERSONS = 5
FIFTH = 5
FEWEST = 5
"""Households of which anything is said, whatever is declared (Elhub's own limit)."""
ROUND_TO = 10_000
"""Wh to which the line is rounded up to which one belongs to that fifth: it is nobody's own figure."""
KWH = 1_000

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """A home in a month: whose, at which point, like what, and what it used in Wh."""

    subject: int
    point: int
    labels: Labels
    wh: int


@dataclass(frozen=True)
class Drawn:
    """A group to release: its cell, what its fifth that uses least used in the mean, the line up to which one belongs
    to it, and the mean of all; Wh.
    """

    cell: Cell
    efficient: int
    efficient_to: int
    mean: int


def labels(*, area: str, dwelling: str, heating: str, square_metres: int | None, persons: int | None) -> Labels | None:
    """The labels of a home; None where too little was told: the dwelling must be."""
    if not dwelling:
        return None
    size = "" if square_metres is None else str(sum(square_metres >= edge for edge in SIZES))
    return area, dwelling, heating, size, "" if persons is None else str(min(persons, MOST_PERSONS))


def least(minimum_group: int) -> int:
    """How many households a group is made of at least: of its fifth, too, a figure is shown."""
    return FIFTH * max(minimum_group, FEWEST)


def draw(members: Iterable[Member], *, minimum_group: int) -> list[Drawn]:
    """The groups to release: of each person one home (the first), each in exactly one group, none below the least, none
    mostly one home's. Empty where even all together are too few.
    """
    first: dict[int, Member] = {}
    for one in sorted(members, key=lambda member: (member.subject, member.point)):
        first.setdefault(one.subject, one)
    alike: dict[Labels, list[int]] = defaultdict(list)
    for one in first.values():
        alike[one.labels].append(one.wh)
    cells = [Cell(key, len(used), 0, sum(used), max(used)) for key, used in alike.items()]
    groups = partition(cells, least=least(minimum_group), apart=True)
    return [_drawn(group.cell, sorted(wh for key in group.of for wh in alike[key])) for group in groups]


def group_of(own: Labels, released: Mapping[Labels, int]) -> int | None:
    """Of the released groups (labels → any number) the one most like a home; None where there is none at all."""
    for given_up in range(len(own) + 1):
        kept = own[: len(own) - given_up]
        found = released.get((*kept, *[TOGETHER] * given_up))
        if found is not None:
            return found
    return None


class Standing(StrEnum):
    """Where a home stands among those like it: the fifth that uses least, up to the group's mean, above it."""

    EFFICIENT = "efficient"
    TYPICAL = "typical"
    ABOVE = "above"


def standing(wh: int, *, efficient_to: int, mean: int) -> Standing:
    """Where `wh` stands."""
    return Standing.EFFICIENT if wh <= efficient_to else Standing.TYPICAL if wh <= mean else Standing.ABOVE


def _drawn(cell: Cell, used: Sequence[int]) -> Drawn:
    fifth = used[: max(FEWEST, len(used) // FIFTH)]
    mean = _whole(sum(used) / len(used), KWH)
    efficient = min(_whole(sum(fifth) / len(fifth), KWH), mean)
    line = min(max(-(-fifth[-1] // ROUND_TO) * ROUND_TO, efficient), mean)
    return Drawn(cell, efficient, line, mean)


def _whole(wh: float, step: int) -> int:
    return round(wh / step) * step
