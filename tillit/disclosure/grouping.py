"""Figures without persons (H14): cells too small to stand alone are put together until none is. Pure.

What is published is a *partition*: every row counts in exactly one published cell, and every published cell covers at
least the minimum group and is not mostly one person's. So whatever is added or subtracted within it is a union of such
cells: there is nothing to find by comparing rows with totals, and no combination of labels belongs to few.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

TOGETHER = "*"
"""The label of what was put together."""
ROUNDED_TO = 5


@dataclass(frozen=True)
class Cell:
    """Figures of the people who share the labels. `largest`: the most that one person accounts for of `amount`, minor
    units, as an absolute number. `people` of cells put together is the largest of theirs: what is certain, since the
    same person may be in several.
    """

    labels: tuple[str, ...]
    people: int
    lines: int
    amount: int
    largest: int

    def stands(self, least: int) -> bool:
        """Whether it may be published: enough people, none of whom is more than half of it."""
        return self.people >= least and 2 * self.largest <= abs(self.amount)

    @property
    def at_least(self) -> int:
        """How many people, rounded down, so that counts of overlapping groups cannot be played against each other."""
        return self.people - self.people % ROUNDED_TO


@dataclass(frozen=True)
class Group:
    """A cell to publish, and the labels of those it is made of."""

    cell: Cell
    of: tuple[tuple[str, ...], ...]


def grouped(cells: Iterable[Cell], *, least: int) -> list[Cell]:
    """The cells to publish, by labels; empty when even everything together is too little.

    The last label is given up first: small cells that share the labels before it are put together as `*`; where those
    are still too small the smallest neighbour that could stand alone joins them, else they go one label up.
    """
    return [group.cell for group in partition(cells, least=least)]


def partition(cells: Iterable[Cell], *, least: int, apart: bool = False) -> list[Group]:
    """The same with what each is made of. `apart`: nobody is in two cells, so that people add up when cells are put
    together.
    """
    found = [Group(cell, (cell.labels,)) for cell in sorted(cells, key=lambda cell: cell.labels)]
    if not found:
        return []
    shown, left = _level(found, 0, least, apart=apart)
    return [] if left else sorted(shown, key=lambda group: group.cell.labels)


def _level(groups: Sequence[Group], depth: int, least: int, *, apart: bool) -> tuple[list[Group], list[Group]]:
    """What can be shown of groups that share their first `depth` labels, and what is left over."""
    first = groups[0].cell.labels
    if depth == len(first):
        whole = _together(groups, first, apart=apart)
        return ([whole], []) if whole.cell.stands(least) else ([], [whole])
    shown: list[Group] = []
    left: list[Group] = []
    for _, part in groupby(groups, key=lambda group: group.cell.labels[depth]):
        some, few = _level(list(part), depth + 1, least, apart=apart)
        shown, left = shown + some, left + few
    if not left:
        return shown, []
    labels = (*first[:depth], *[TOGETHER] * (len(first) - depth))
    shown.sort(key=lambda group: (group.cell.people, group.cell.labels), reverse=True)
    while not _together(left, labels, apart=apart).cell.stands(least):
        if not shown:
            return [], left
        left.append(shown.pop())
    return [*shown, _together(left, labels, apart=apart)], []


def _together(groups: Sequence[Group], labels: tuple[str, ...], *, apart: bool) -> Group:
    cells = [group.cell for group in groups]
    cell = Cell(
        labels,
        (sum if apart else max)(cell.people for cell in cells),
        sum(cell.lines for cell in cells),
        sum(cell.amount for cell in cells),
        max(cell.largest for cell in cells),
    )
    return Group(cell, tuple(one for group in groups for one in group.of))
