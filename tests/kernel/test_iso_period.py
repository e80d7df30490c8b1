"""ISO 8601 lengths: what is read, and the calendar they are added by."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillit.kernel.periods import IsoPeriod, PeriodError

OSLO = ZoneInfo("Europe/Oslo")
DATES = st.dates(date(1900, 1, 1), date(2300, 12, 31))
LENGTHS = st.one_of(
    st.builds("P{}Y{}M{}D".format, st.integers(0, 99), st.integers(0, 99), st.integers(0, 999)),
    st.builds("P{}W".format, st.integers(0, 999)),
    st.builds("P{}M".format, st.integers(0, 999)),
).map(IsoPeriod.parse)


@pytest.mark.parametrize(
    ("text", "months", "days"),
    [
        ("P3M", 3, 0),
        ("P18M", 18, 0),
        ("P5Y", 60, 0),
        ("P30D", 0, 30),
        ("P4W", 0, 28),
        ("P1Y6M", 18, 0),
        ("P1Y2M3D", 14, 3),
        ("P0D", 0, 0),
    ],
)
def test_lengths_used_by_retention_are_read(text, months, days):
    period = IsoPeriod.parse(text)
    assert (period.months, period.days, str(period)) == (months, days, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "3M",
        "p3m",
        "P3",
        "PT3H",
        "P1DT1H",
        "P-3M",
        "P1.5Y",
        "P1W2D",
        "P3M1Y",
        "P3M ",
        "P٣M",
        "P99999Y",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(PeriodError) as refusal:
        IsoPeriod.parse(text)
    assert refusal.value.code == "period-unreadable"


def test_equal_lengths_written_differently_are_equal():
    assert IsoPeriod.parse("P1Y6M") == IsoPeriod.parse("P18M")
    assert IsoPeriod.parse("P4W") == IsoPeriod.parse("P28D")
    assert IsoPeriod.parse("P1M") != IsoPeriod.parse("P30D")


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        (date(2023, 1, 31), "P1M", date(2023, 2, 28)),
        (date(2024, 1, 31), "P1M", date(2024, 2, 29)),
        (date(2024, 2, 29), "P1Y", date(2025, 2, 28)),
        (date(2024, 2, 29), "P4Y", date(2028, 2, 29)),
        (date(2026, 8, 31), "P18M", date(2028, 2, 29)),
        (date(2026, 12, 31), "P2M1D", date(2027, 3, 1)),
        (date(2026, 1, 1), "P0D", date(2026, 1, 1)),
    ],
)
def test_a_month_too_short_ends_on_its_last_day(start, text, end):
    assert IsoPeriod.parse(text).add_to(start) == end


@given(DATES, DATES, LENGTHS)
def test_adding_never_reorders_dates(a, b, period):
    early, late = sorted((a, b))
    assert period.add_to(early) <= period.add_to(late)
    assert period.add_to(early) >= early


@given(DATES, LENGTHS)
def test_the_month_reached_is_counted_and_the_day_kept_where_it_exists(start, period):
    reached = period.add_to(start) - timedelta(days=period.days)
    assert 12 * reached.year + reached.month == 12 * start.year + start.month + period.months
    assert reached.day == start.day or (reached.day < start.day and (reached + timedelta(days=1)).day == 1)


@given(DATES, LENGTHS)
def test_a_point_in_time_reaches_the_same_day_as_its_date(start, period):
    moment = datetime(start.year, start.month, start.day, 12, 30, tzinfo=OSLO)
    reached = period.add_to(moment)
    assert reached.date() == period.add_to(start)
    assert (reached.hour, reached.minute, reached.tzinfo) == (12, 30, OSLO)


def test_a_day_across_the_clock_change_keeps_the_wall_clock():
    noon = datetime(2026, 3, 28, 12, tzinfo=OSLO)
    reached = IsoPeriod.parse("P1D").add_to(noon)
    assert reached.hour == 12
    assert reached.astimezone(UTC) - noon.astimezone(UTC) == timedelta(hours=23)


def test_a_time_that_the_clock_change_skips_moves_with_it():
    skipped = IsoPeriod.parse("P1D").add_to(datetime(2026, 3, 28, 2, 30, tzinfo=OSLO))
    assert skipped == datetime(2026, 3, 29, 3, 30, tzinfo=OSLO)


@pytest.mark.parametrize(
    ("moment", "text", "code"),
    [
        (date(9999, 1, 1), "P1Y", "period-out-of-range"),
        (date(9999, 12, 1), "P99D", "period-out-of-range"),
        (date(2026, 1, 1), "P9999Y", "period-out-of-range"),
        (datetime(2026, 1, 1), "P1D", "datetime-naive"),
    ],
)
def test_what_the_calendar_cannot_hold_is_refused(moment, text, code):
    with pytest.raises(PeriodError) as refusal:
        IsoPeriod.parse(text).add_to(moment)
    assert refusal.value.code == code


def test_a_length_is_described_in_the_units_it_was_written_in():
    assert IsoPeriod.parse("P18M").describe("nb") == "18 måneder"
    assert IsoPeriod.parse("P1Y6M").describe("en") == "1 year, 6 months"
    assert IsoPeriod.parse("P4W").describe("nb") == "4 uker"
    assert IsoPeriod.parse("P30D").interval == "0 mons 30 days"
