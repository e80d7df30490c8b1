"""GDPRbench's mixes know what each operation must find: held against a plain list of rows."""

import pytest

from tillit.journeys.bench import mixes
from tillit.journeys.bench.mixes import MIXES, Operation, Record

PURPOSES = 7
START = [
    Record(subject, 100 * subject + n, (subject * 3 + n) % PURPOSES) for subject in range(1, 31) for n in range(10)
]


def carry_out(rows: list[Record], one: Operation) -> int:
    """How many rows the operation finds, by looking through all of them."""
    if one.kind == mixes.INSERT:
        rows.append(one.record)
        return 1
    if "purpose" in one.kind:
        return sum(row.purpose == one.record.purpose for row in rows)
    if "user" in one.kind:
        return sum(row.subject == one.record.subject for row in rows)
    found = rows.count(one.record)
    if one.kind == mixes.DELETE_KEY:
        rows.remove(one.record)
    return found


@pytest.mark.parametrize("name", MIXES)
def test_every_operation_finds_what_the_model_says(name: str) -> None:
    rows = list(START)
    done = mixes.operations(name, records=START, count=200, purposes=PURPOSES, seed=5)
    assert [carry_out(rows, one) for one in done] == [one.rows for one in done]
    assert {one.kind for one in done} == set(MIXES[name])
    assert all(one.rows > 0 for one in done)


@pytest.mark.parametrize("name", MIXES)
def test_the_shares_are_gdprbenchs_and_a_seed_gives_the_same_operations(name: str) -> None:
    assert sum(MIXES[name].values()) == 100
    one, two, other = (mixes.operations(name, records=START, count=100, purposes=PURPOSES, seed=s) for s in (1, 1, 2))
    assert one == two != other
    assert {kind: sum(o.kind == kind for o in one) for kind in MIXES[name]} == MIXES[name]
