"""The clock: forward only, travel within one context."""

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from tillit.kernel import clock
from tillit.kernel.periods import IsoPeriod

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_now_is_aware_utc_and_never_goes_back():
    moments = [clock.now() for _ in range(1000)]
    assert moments == sorted(moments)
    assert moments[0].tzinfo is UTC
    assert abs(moments[0] - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_machine_clock_set_back_is_waited_out(monkeypatch):
    class SetBack(datetime):
        moments = [START + timedelta(days=36500), START]

        @classmethod
        def now(cls, tz=None):
            return cls.moments.pop(0)

    monkeypatch.setattr(clock, "datetime", SetBack)
    monkeypatch.setattr(clock, "_latest", START)
    first = clock.now()
    assert clock.now() == first


def test_time_stands_still_on_a_journey_and_returns_after():
    with clock.travel(START):
        assert clock.now() == clock.now() == START
        assert clock.travelling()
    assert not clock.travelling()
    assert clock.now() > START - timedelta(days=3650)


def test_journeys_nest_and_end_on_an_error():
    with clock.travel(START):
        with pytest.raises(RuntimeError), clock.travel(START + timedelta(days=1)):
            raise RuntimeError
        assert clock.now() == START


def test_a_new_journey_may_go_back_but_a_step_may_not():
    with clock.travel(START):
        with pytest.raises(clock.ClockError) as refusal:
            clock.advance(timedelta(seconds=-1))
        assert refusal.value.code == "clock-backwards"
        with clock.travel(START - timedelta(days=1)):
            assert clock.now() == START - timedelta(days=1)


def test_ten_years_are_fast_forwarded_day_by_day():
    with clock.travel(START):
        seen = [clock.advance(timedelta(days=1)) for _ in range(3653)]
        assert seen == sorted(seen)
        assert clock.today() == date(2036, 1, 2)
    with clock.travel(START):
        assert clock.advance(IsoPeriod.parse("P10Y")) == START.replace(year=2036)


def test_today_is_the_date_where_the_reader_is():
    with clock.travel(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)):
        assert clock.today() == date(2026, 7, 1)
        assert clock.today("UTC") == date(2026, 6, 30)
        assert clock.today("Atlantic/Reykjavik") == date(2026, 6, 30)


def test_a_date_means_its_first_moment_in_oslo():
    with clock.travel(date(2026, 7, 1)):
        assert clock.now() == datetime(2026, 6, 30, 22, tzinfo=UTC)
        assert clock.today() == date(2026, 7, 1)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(clock.ClockError):
        clock.travel(datetime(2026, 1, 1))
    with pytest.raises(clock.ClockError):
        clock.local_date(datetime(2026, 1, 1))


def test_concurrent_contexts_do_not_move_each_other():
    barrier = threading.Barrier(8)

    def journey(days):
        with clock.travel(START + timedelta(days=days)):
            barrier.wait(timeout=60)
            clock.advance(timedelta(hours=days))
            barrier.wait(timeout=60)
            return clock.now()

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(journey, range(8)))
    assert seen == [START + timedelta(days=days, hours=days) for days in range(8)]
    assert not clock.travelling()


def test_a_copied_context_takes_the_journey_along():
    with clock.travel(START), ThreadPoolExecutor(1) as pool:
        there = pool.submit(contextvars.copy_context().run, clock.now).result()
        elsewhere = pool.submit(clock.travelling).result()
    assert there == START
    assert elsewhere is False


def test_advance_without_a_journey_starts_one_from_now():
    before = clock.now()
    assert clock.advance(timedelta(days=1)) >= before + timedelta(days=1)
    assert clock.travelling()
