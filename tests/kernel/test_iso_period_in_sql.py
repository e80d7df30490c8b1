"""Retention is computed in SQL: PostgreSQL's calendar and ours must reach the same day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tillit.kernel.periods import IsoPeriod

LENGTHS = st.one_of(
    st.builds("P{}Y{}M{}D".format, st.integers(0, 30), st.integers(0, 30), st.integers(0, 400)),
    st.builds("P{}W".format, st.integers(0, 200)),
).map(IsoPeriod.parse)
STARTS = st.lists(
    st.one_of(
        st.dates(date(1970, 1, 1), date(2100, 12, 31)),
        st.sampled_from([date(year, 2, 28) + timedelta(days=n) for year in (2023, 2024, 2100) for n in range(3)]),
    ),
    min_size=1,
    max_size=20,
)


@pytest.mark.django_db
@given(period=LENGTHS, starts=STARTS)
def test_h10_dates_reach_the_same_day_in_sql(period, starts):
    with connection.cursor() as cursor:
        cursor.execute("SELECT (day + %s::interval)::date FROM unnest(%s::date[]) AS t(day)", [period.interval, starts])
        assert [reached for (reached,) in cursor.fetchall()] == [period.add_to(start) for start in starts]
        cursor.execute("SELECT %s::interval = %s::interval", [period.text, period.interval])
        assert cursor.fetchone() == (True,)


CHANGES = [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 9, 24, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)]
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)) | st.builds(
    lambda start, minutes: start + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(0, 3000)
)


@pytest.mark.django_db
@given(
    period=LENGTHS | st.sampled_from(["P0D", "P1D", "P1M"]).map(IsoPeriod.parse), moments=st.lists(MOMENTS, max_size=20)
)
def test_h10_points_in_time_reach_the_same_moment_in_sql(period, moments):
    moments = [moment.astimezone(ZoneInfo("Europe/Oslo")) for moment in moments]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_add(moment, %s::interval, 'Europe/Oslo') FROM unnest(%s::timestamptz[]) AS t(moment)",
            [period.interval, moments],
        )
        reached = [moment for (moment,) in cursor.fetchall()]
    assert [moment.astimezone(UTC) for moment in reached] == [
        period.add_to(moment).astimezone(UTC) for moment in moments
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("start", [datetime(2026, 9, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 24, 0, 30, tzinfo=UTC)])
def test_a_time_that_the_autumn_change_gives_twice(start):
    """Where the wall clock reached occurs twice, both must take the same one of the two."""
    period = IsoPeriod.parse("P1M" if start.month == 9 else "P1D")
    reached = period.add_to(start.astimezone(ZoneInfo("Europe/Oslo")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_add(%s::timestamptz, %s::interval, 'Europe/Oslo')", [start, period.interval])
        assert cursor.fetchone()[0] == reached.astimezone(UTC)
