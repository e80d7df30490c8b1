"""Year ends and the deadline of a rights request."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillit.kernel.calendar_rules import bank_day, bank_day_from
from tillit.kernel.periods import (
    IsoPeriod,
    PeriodError,
    deadline_30_days_or_month,
    fiscal_year_end,
    year_end,
)

DATES = st.dates(date(1900, 1, 1), date(2300, 12, 31))


def test_bookkeeping_keeps_the_last_statutory_day_whole():
    paid = date(2026, 5, 17)
    may_go = IsoPeriod.parse("P5Y").add_to(year_end(paid))
    assert year_end(paid) == date(2027, 1, 1)
    assert may_go == date(2032, 1, 1)


@given(DATES)
def test_the_end_of_a_year_is_the_first_day_of_the_next(day):
    assert year_end(day) == date(day.year + 1, 1, 1)


@given(DATES, st.integers(1, 12), st.integers(1, 28))
def test_a_financial_year_ends_within_a_year_after_its_stated_last_day(day, month, last):
    end = fiscal_year_end(day, month, last)
    assert day < end <= IsoPeriod.parse("P1Y1D").add_to(day)
    if (month, last) != (2, 28):
        assert ((end - timedelta(days=1)).month, (end - timedelta(days=1)).day) == (month, last)
    assert fiscal_year_end(end, month, last) > end
    assert fiscal_year_end(end - timedelta(days=1), month, last) == end


@pytest.mark.parametrize("stated", [28, 29])
def test_the_last_day_of_february_is_the_last_day_of_february(stated):
    assert fiscal_year_end(date(2024, 2, 29), 2, stated) == date(2024, 3, 1)
    assert fiscal_year_end(date(2025, 2, 28), 2, stated) == date(2025, 3, 1)
    assert fiscal_year_end(date(2025, 3, 1), 2, stated) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2025, 1, 31), date(2025, 2, 28)),
        (date(2024, 1, 31), date(2024, 2, 29)),
        (date(2025, 2, 1), date(2025, 3, 1)),
        (date(2025, 3, 1), date(2025, 3, 31)),
        (date(2025, 4, 1), date(2025, 5, 1)),
        (date(2025, 7, 31), date(2025, 8, 30)),
    ],
)
def test_h8_the_deadline_is_the_earlier_of_thirty_days_and_a_month(received, due):
    assert deadline_30_days_or_month(received) == due


@given(DATES)
def test_h8_no_request_is_answered_later_than_either_promise(received):
    due = deadline_30_days_or_month(received)
    assert timedelta(days=28) <= due - received <= timedelta(days=30)
    assert due <= IsoPeriod.parse("P1M").add_to(received)


def test_a_point_in_time_is_not_a_date():
    with pytest.raises(PeriodError) as refusal:
        deadline_30_days_or_month(datetime(2026, 1, 1, tzinfo=UTC))
    assert refusal.value.code == "date-expected"
    with pytest.raises(PeriodError):
        year_end(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("month", "day"), [(0, 1), (13, 1), (4, 31), (2, 30), (1, 0)])
def test_a_day_outside_the_calendar_is_refused(month, day):
    with pytest.raises(PeriodError):
        fiscal_year_end(date(2026, 1, 1), month, day)


def test_the_last_year_of_the_calendar_has_no_end():
    with pytest.raises(PeriodError) as refusal:
        year_end(date(9999, 5, 1))
    assert refusal.value.code == "period-out-of-range"
    with pytest.raises(PeriodError):
        deadline_30_days_or_month(date(9999, 12, 31))


@pytest.mark.parametrize(
    "closed",
    [
        *(date(2026, 4, day) for day in (2, 3, 4, 5, 6)),  # Easter is 5 April
        *(date(2026, *day) for day in ((1, 1), (5, 1), (5, 14), (5, 17), (5, 25), (12, 25), (12, 26))),
        *(date(2025, 4, 17), date(2025, 4, 21), date(2038, 4, 26), date(2008, 3, 24), date(2024, 3, 28)),
    ],
)
def test_banks_book_nothing_at_weekends_and_on_public_holidays(closed):
    assert not bank_day(closed)


@given(DATES)
def test_the_next_bank_day_is_one_and_there_is_none_before_it(day):
    found = bank_day_from(day)
    assert bank_day(found)
    assert not any(bank_day(day + timedelta(days=n)) for n in range((found - day).days))
    assert found - day <= timedelta(days=5)
