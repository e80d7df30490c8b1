"""What is released says nothing of few (H14): tried as an attacker would, against the people behind the figures."""

from collections import defaultdict
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tillit.disclosure.grouping import TOGETHER, Cell, grouped

LEAST = 5
Row = tuple[int, tuple[str, str, str], int]
"""Who, with which labels (area, gender, decade of birth), for how much."""

people = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.tuples(st.sampled_from("abcd"), st.sampled_from("fm"), st.sampled_from(("194", "198", "199"))),
        st.integers(100, 9_000),
    ),
    min_size=1,
    max_size=150,
)


def cells(rows: list[Row]) -> list[Cell]:
    """As a query would count them."""
    spent: dict[tuple[str, ...], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for who, labels, amount in rows:
        spent[labels][who].append(amount)
    return [
        Cell(
            labels,
            len(each),
            sum(map(len, each.values())),
            sum(map(sum, each.values())),
            max(map(sum, each.values())),
        )
        for labels, each in spent.items()
    ]


def covers(published: list[Cell]) -> dict[tuple[str, ...], Cell]:
    return {cell.labels: cell for cell in published}


def home(published: dict[tuple[str, ...], Cell], labels: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The published cells in which a row with these labels may count, the narrowest first."""
    depth = len(labels)
    tries = [(*labels[:n], *[TOGETHER] * (depth - n)) for n in range(depth, -1, -1)]
    return [one for one in tries if one in published]


@given(people)
def test_h14_every_figure_covers_the_minimum_group_and_is_no_ones_alone(rows: list[Row]) -> None:
    found = cells(rows)
    published = grouped(found, least=LEAST)
    assert all(cell.people >= LEAST and 2 * cell.largest <= cell.amount for cell in published)
    if published:  # a partition: nothing is lost, nothing counts twice
        assert sum(cell.amount for cell in published) == sum(amount for _, _, amount in rows)
        assert sum(cell.lines for cell in published) == len(rows)
        assert len({cell.labels for cell in published}) == len(published)
    else:
        everyone = {who for who, _, _ in rows}
        whole = Cell(
            ("*", "*", "*"),
            max(c.people for c in found),
            0,
            sum(c.amount for c in found),
            max(c.largest for c in found),
        )
        assert len(everyone) < LEAST or not whole.stands(LEAST)


@given(people)
def test_h14_joining_on_quasi_identifiers_finds_nobody(rows: list[Row]) -> None:
    """The attacker knows area, gender and decade of somebody, and looks for a figure of that combination."""
    naive = covers(cells(rows))
    published = covers(grouped(cells(rows), least=LEAST))
    for who, labels, _ in rows:
        assert labels in naive  # counted plainly, everybody has a figure of the own combination
        for one in home(published, labels)[:1]:
            same = {other for other, others, _ in rows if home(published, others)[:1] == [one]}
            assert who in same
            assert len(same) >= LEAST


@given(people.filter(lambda rows: len(rows) > 20))
def test_h14_adding_and_subtracting_figures_finds_nothing_small(rows: list[Row]) -> None:
    """Whatever figures are taken from whatever others, the total among them: what is left is a sum of figures."""
    published = grouped(cells(rows), least=LEAST)
    few = published[:6]
    unions = [set(some) for n in range(1, len(few) + 1) for some in combinations(few, n)]
    for one in unions:
        for other in unions:
            if other < one:
                assert max(cell.people for cell in one - other) >= LEAST


def test_h14_a_small_cell_is_not_found_by_subtracting_the_others() -> None:
    found = [Cell(("1",), 30, 30, 9000, 400), Cell(("2",), 12, 12, 3000, 300), Cell(("3",), 1, 1, 777, 777)]
    published = grouped(found, least=10)
    assert [(cell.labels, cell.amount) for cell in published] == [(("*",), 3777), (("1",), 9000)]


def test_h14_one_customer_who_is_most_of_a_figure_hides_among_others() -> None:
    found = [Cell(("1",), 40, 80, 20_000, 15_000), Cell(("2",), 40, 80, 20_000, 900)]
    assert [(c.labels, c.amount) for c in grouped(found, least=10)] == [(("*",), 40_000)]
    assert grouped(found[:1], least=10) == []


def test_h14_people_are_told_in_fives() -> None:
    assert [Cell(("1",), n, n, n, 1).at_least for n in (10, 14, 15)] == [10, 10, 15]
