"""Half-open periods against sets of days."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillit.kernel.periods import Period, PeriodError, merge

DAYS = [date(2024, 2, 20) + timedelta(days=i) for i in range(30)]
INNER = st.integers(1, len(DAYS) - 2)


@st.composite
def periods(draw):
    start, end = sorted((draw(INNER), draw(INNER)))
    return Period(
        DAYS[start] if draw(st.integers(0, 4)) else None,
        DAYS[end + 1] if draw(st.integers(0, 4)) else None,
    )


def days(*many):
    return {day for day in DAYS for period in many if period.contains(day)}


@given(periods(), periods())
def test_intersection_and_difference_are_those_of_the_days(a, b):
    both = a.intersect(b)
    assert days(*([both] if both else [])) == days(a) & days(b)
    assert a.overlaps(b) == bool(days(a) & days(b)) == b.overlaps(a)
    assert days(*a.subtract(b)) == days(a) - days(b)
    assert a.covers(b) == (days(b) <= days(a) and both == b)


@given(periods(), periods())
def test_adjacent_periods_share_a_bound_and_no_day(a, b):
    assert a.adjacent(b) == b.adjacent(a)
    if a.adjacent(b):
        assert not a.overlaps(b)
        assert len(merge([a, b])) == 1


@given(st.lists(periods(), max_size=8))
def test_merging_keeps_the_days_in_the_fewest_periods(many):
    merged = merge(many)
    assert days(*merged) == days(*many)
    assert merge(reversed(merged)) == merged
    for earlier, later in itertools.pairwise(merged):
        assert earlier.end < later.start


def test_the_start_belongs_to_the_period_and_the_end_does_not():
    january = Period(date(2026, 1, 1), date(2026, 2, 1))
    assert date(2026, 1, 1) in january
    assert date(2026, 1, 31) in january
    assert date(2026, 2, 1) not in january
    assert january.adjacent(Period(date(2026, 2, 1), None))
    assert date.max in Period(None, None)


def test_a_hole_splits_a_period_in_two():
    year = Period(date(2026, 1, 1), date(2027, 1, 1))
    july = Period(date(2026, 7, 1), date(2026, 8, 1))
    assert year.subtract(july) == (Period(year.start, july.start), Period(july.end, year.end))
    assert july.subtract(year) == ()


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Period(date(2026, 1, 2), date(2026, 1, 1)), "period-empty"),
        (lambda: Period(date(2026, 1, 1), date(2026, 1, 1)), "period-empty"),
        (lambda: Period(date(2026, 1, 1), NOON), "period-mixed"),
        (lambda: Period(NOON.replace(tzinfo=None), None), "datetime-naive"),
        (lambda: Period(date(2026, 1, 1), None).contains(NOON), "period-mixed"),
        (lambda: Period(date(2026, 1, 1), None).overlaps(Period(NOON, None)), "period-mixed"),
        (lambda: Period(date(2026, 1, 1), None).adjacent(Period(None, NOON)), "period-mixed"),
        (lambda: merge([Period(date(2026, 1, 1), None), Period(NOON, None)]), "period-mixed"),
    ],
)
def test_empty_and_mixed_periods_are_refused(make, code):
    with pytest.raises(PeriodError) as refusal:
        make()
    assert refusal.value.code == code
