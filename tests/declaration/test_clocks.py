"""Clocks of retention rules and how two of them compare, against a day-by-day oracle (H10)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillit.declaration.clocks import Clock, ClockError, ever_earlier, surely_shorter
from tillit.declaration.parts import FinancialYear
from tillit.kernel.periods import IsoPeriod

YEAR = FinancialYear(end_month=6, end_day=30)
periods = st.one_of(
    st.integers(0, 30).map(lambda n: IsoPeriod.parse(f"P{n}Y")),
    st.integers(0, 400).map(lambda n: IsoPeriod.parse(f"P{n}M")),
    st.integers(0, 12_000).map(lambda n: IsoPeriod.parse(f"P{n}D")),
)
clocks = st.sampled_from([Clock("paid"), Clock("paid", "year_end"), Clock("paid", "fiscal_year_end")])


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("paid", Clock("paid")),
        ("year_end(refused)", Clock("refused", "year_end")),
        ("fiscal_year_end(paid)", Clock("paid", "fiscal_year_end")),
    ],
)
def test_h10_a_clock_reads_and_writes_the_same(text: str, clock: Clock):
    assert Clock.parse(text) == clock
    assert str(clock) == text


@pytest.mark.parametrize(
    "text", ["", "Paid", "paid()", "year_end()", "year_end(paid", "year_end(year_end(paid))", "paid paid"]
)
def test_h10_anything_else_is_no_clock(text: str):
    with pytest.raises(ClockError):
        Clock.parse(text)


def test_h10_an_unknown_function_names_those_there_are():
    with pytest.raises(ClockError, match="year_end, fiscal_year_end") as caught:
        Clock.parse("month_end(paid)")
    assert caught.value.code == "clock-function-unknown"


def test_h10_years_are_counted_from_their_end():
    paid, length = date(2026, 3, 15), IsoPeriod.parse("P5Y")
    assert Clock.parse("paid").lapses(paid, length, YEAR) == date(2031, 3, 15)
    assert Clock.parse("year_end(paid)").lapses(paid, length, YEAR) == date(2032, 1, 1)
    assert Clock.parse("fiscal_year_end(paid)").lapses(paid, length, YEAR) == date(2031, 7, 1)


@given(clocks, periods, clocks, periods, st.integers(0, 20_000))
def test_h10_a_rule_never_found_earlier_is_earlier_on_no_day(one, low, other, high, offset):
    if not ever_earlier((one, low), (other, high), YEAR):
        day = date(1990, 1, 1) + timedelta(days=offset)
        slack = timedelta(days=2)  # a leap day shifts months against days between one cycle and the next
        assert one.lapses(day, low, YEAR) + slack >= other.lapses(day, high, YEAR)


@given(periods, periods, st.integers(0, 20_000))
def test_h10_a_surely_shorter_period_ends_first_from_any_day(low, high, offset):
    if surely_shorter(low, high):
        day = date(1990, 1, 1) + timedelta(days=offset)
        assert low.add_to(day) <= high.add_to(day) + timedelta(days=1)
