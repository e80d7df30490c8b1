"""Use beside the year before, as measured and in this year's weather (E4)."""

from datetime import date, timedelta

from tillit.power.compared import compare, year_before


def test_e4_last_year_is_told_raw_and_in_this_years_weather() -> None:
    """A home that uses 5 kWh a day and 1 kWh for each degree below 17, two degrees milder this year."""
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(60)]
    before = {year_before(day): -100 + 3 * (n % 40) for n, day in enumerate(days)}
    now = {day: before[year_before(day)] + 20 for day in days}
    temperatures = before | now
    use = {day: 5_000 + 100 * (170 - tenths) for day, tenths in temperatures.items()}
    found = compare(use=use, days=days, temperatures=temperatures, base=170)
    assert found is not None
    assert (found.days, found.now) == (60, sum(use[day] for day in days))
    assert found.before == found.now + 60 * 2_000
    assert found.corrected == found.now
    assert found.warmer == 20
    unknown = compare(use=use, days=days, temperatures=now, base=170)
    assert unknown is not None
    assert (unknown.corrected, unknown.before) == (None, found.before)
