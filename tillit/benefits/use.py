"""How much the benefits are used, as figures without persons (B11).

What is counted knows nobody, so a count says how often something was done, not by how many. A figure is shown when it
is at least the controller's minimum group, rounded down to whole fives; what is below is put together until it
stands.
"""

from dataclasses import dataclass
from datetime import date

from tillit.benefits.catalogue import counts
from tillit.benefits.models import What
from tillit.declaration.queries import current
from tillit.disclosure.grouping import TOGETHER, Cell, grouped


@dataclass(frozen=True)
class Figure:
    """So many times, at least, something was done with a benefit in the year to date; benefit '*': several together."""

    what: str
    benefit: str
    times: int


def figures(*, controller_id: int, on: date) -> list[Figure]:
    """The figures of the year until the end of last month, by what was done and benefit."""
    least = current(controller_id=controller_id, on=on).minimum_group
    start, end = on.replace(month=1, day=1), on.replace(day=1)
    if start == end:
        start = start.replace(year=start.year - 1)
    sums: dict[tuple[str, str], int] = {}
    for row in counts(controller_id=controller_id, start=start, end=end):
        key = (row.what, row.benefit.key)
        sums[key] = sums.get(key, 0) + row.times
    found = []
    for what in What.values:
        cells = [Cell((benefit,), times, times, times, 0) for (kind, benefit), times in sums.items() if kind == what]
        shown = grouped(cells, least=least)
        found += [Figure(what, cell.labels[0], cell.lines - cell.lines % 5) for cell in shown]
    return sorted(found, key=lambda one: (one.what, one.benefit == TOGETHER, one.benefit))
