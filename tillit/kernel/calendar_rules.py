"""Calendar dates that the law's periods count from and to.

Ends are **exclusive** like every end in Tillit: the end of 2026 is 1 January 2027. "Five years after the end
of 2026" is then `P5Y` added to it, 1 January 2032: the first day on which the row may go, the last of the
statutory days (31 December 2031) being kept whole.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta

from tillit.kernel.iso_period import IsoPeriod, PeriodError

ANSWER_DAYS = timedelta(days=30)
ANSWER_MONTH = IsoPeriod.parse("P1M")
_SATURDAY = 5
_FIXED = {(1, 1), (5, 1), (5, 17), (12, 25), (12, 26)}
_MOVING = {-3, -2, 1, 39, 50}
"""Days from Easter Sunday: Maundy Thursday, Good Friday, Easter Monday, Ascension Day, Whit Monday."""


def _plain_date(day: date) -> date:
    if isinstance(day, datetime):
        raise PeriodError("date-expected", "A calendar rule needs a date: say in which zone the day is read.")
    return day


def year_end(day: date) -> date:
    """The end of the calendar year that holds `day`, exclusive: 1 January of the next year."""
    return fiscal_year_end(day, end_month=12, end_day=31)


def fiscal_year_end(day: date, end_month: int, end_day: int) -> date:
    """The end of the financial year that holds `day`, exclusive: the day after its last day.

    `end_month`, `end_day`: the last day of the financial year as the declaration states it (12, 31). The
    last day of February may be written as 28 or 29. Bookkeeping periods count from here.
    """
    day = _plain_date(day)
    if not 1 <= end_month <= 12 or not 1 <= end_day <= calendar.monthrange(2000, end_month)[1]:
        raise PeriodError("no-such-day", "The last day of the financial year is not a day of the calendar.")
    for year in (day.year, day.year + 1):
        if year > date.max.year:
            break
        length = calendar.monthrange(year, end_month)[1]
        last = length if end_month == 2 and end_day >= 28 else end_day
        last_day = date(year, end_month, last)
        if day <= last_day < date.max:
            return last_day + timedelta(days=1)
    raise PeriodError("period-out-of-range", "The financial year ends outside the calendar.")


def deadline_30_days_or_month(received: date) -> date:
    """The last day on which a rights request received on `received` is answered in time.

    The earlier of 30 days and one calendar month (GDPR 12(3), `H8`): a request of 31 January is due on
    28 or 29 February, one of 1 March on 31 March. Weekends and holidays do not extend it.
    """
    received = _plain_date(received)
    try:
        return min(received + ANSWER_DAYS, ANSWER_MONTH.add_to(received))
    except OverflowError:
        raise PeriodError("period-out-of-range", "The deadline is outside the calendar.") from None


def bank_day(day: date) -> bool:
    """Whether Norwegian banks book that day: no Saturday, Sunday or public holiday."""
    day = _plain_date(day)
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _FIXED:
        return False
    return (day - _easter(day.year)).days not in _MOVING


def bank_day_from(day: date) -> date:
    """The first day from `day` on that banks book."""
    while not bank_day(day):
        day += timedelta(days=1)
    return day


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher)."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    leaps, odd = divmod(century, 4)
    lunar = (century - (century + 8) // 25 + 1) // 3
    full = (19 * golden + century - leaps - lunar + 15) % 30
    weekday = (32 + 2 * odd + 2 * (rest // 4) - full - rest % 4) % 7
    late = (golden + 11 * full + 22 * weekday) // 451
    month, day = divmod(full + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
