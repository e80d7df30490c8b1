"""The deadline of a request against an oracle that counts days one by one (H8)."""

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillit.cases import rights
from tillit.declaration.loader import load
from tillit.declaration.schema import Declaration

OSLO = ZoneInfo("Europe/Oslo")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "power" / "fjordlys.yaml"


@cache
def example() -> Declaration:
    return load(EXAMPLE)[0]


def declared(promise: str = "P30D") -> Declaration:
    whole = example()
    return whole.model_copy(update={"rights": whole.rights.model_copy(update={"answer_within": promise})})


def day_in_oslo(moment: datetime) -> date:
    """The date in Norway, from the rule of summer time: last Sunday of March to last Sunday of October, at 01 UTC."""

    def last_sunday(month: int) -> datetime:
        day = date(moment.year, month, 31)
        while day.weekday() != 6:
            day -= timedelta(days=1)
        return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)

    hours = 2 if last_sunday(3) <= moment < last_sunday(10) else 1
    return (moment + timedelta(hours=hours)).date()


def months_on(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that lacks it: month by month."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def last_day(received: date) -> date:
    """The earlier of the thirtieth day after and the same day of the next month."""
    thirtieth = received
    for _ in range(30):
        thirtieth += timedelta(days=1)
    return min(thirtieth, months_on(received, 1))


ANY = settings(deadline=None)  # the example is read once, within the first example
MOMENTS = st.datetimes(datetime(2018, 7, 20), datetime(2060, 12, 31), timezones=st.just(UTC))


@ANY
@given(MOMENTS)
def test_h8_a_request_is_late_from_midnight_after_thirty_days_or_a_shorter_month(received: datetime) -> None:
    due = rights.due_at(received, declared())
    day = last_day(day_in_oslo(received))
    assert due.astimezone(OSLO).replace(tzinfo=None) == datetime(day.year, day.month, day.day) + timedelta(days=1)
    assert day_in_oslo((due - timedelta(microseconds=1)).astimezone(UTC)) == day
    assert day_in_oslo(due.astimezone(UTC)) == day + timedelta(days=1)


@ANY
@given(MOMENTS)
def test_h8_an_interim_answer_gives_at_most_two_further_months(received: datetime) -> None:
    longest = rights.latest_due_at(received, declared()).astimezone(OSLO).date() - timedelta(days=1)
    first = last_day(day_in_oslo(received))
    assert longest == min(months_on(first, 2), months_on(day_in_oslo(received), 3))
    assert first < longest


@ANY
@given(MOMENTS, st.integers(1, 29))
def test_h8_a_controller_that_promises_sooner_is_held_to_it(received: datetime, days: int) -> None:
    due = rights.due_at(received, declared(f"P{days}D")).astimezone(OSLO).date()
    promised = day_in_oslo(received) + timedelta(days=days)
    assert due == min(promised, last_day(day_in_oslo(received))) + timedelta(days=1)


@pytest.mark.parametrize(
    ("received", "last"),
    [
        ("2027-01-31T12:00+01:00", "2027-02-28"),  # a short month is over before thirty days
        ("2028-01-31T12:00+01:00", "2028-02-29"),
        ("2028-01-30T12:00+01:00", "2028-02-29"),
        ("2027-03-01T12:00+01:00", "2027-03-31"),
        ("2027-05-31T12:00+02:00", "2027-06-30"),
        ("2026-12-31T23:30+00:00", "2027-01-31"),  # New Year's Day in Oslo
        ("2027-03-28T00:30+01:00", "2027-04-27"),  # the night summer time begins
        ("2027-10-31T02:30+02:00", "2027-11-30"),  # the hour that comes twice
    ],
)
def test_h8_month_ends_leap_days_and_summer_time(received: str, last: str) -> None:
    due = rights.due_at(datetime.fromisoformat(received), declared())
    assert (due.astimezone(OSLO) - timedelta(microseconds=1)).date() == date.fromisoformat(last)
