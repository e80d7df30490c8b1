"""What the other rules compute with: periods that end within the calendar and a financial year that exists.

These come first: with a fault here the other rules are not asked.
"""

import calendar
import re
from collections.abc import Iterator

from tillit.declaration.checking.context import Context, walk
from tillit.declaration.errors import Problem
from tillit.kernel.periods import IsoPeriod

LONGEST = IsoPeriod.parse("P100Y")
_PERIOD = re.compile(r"P[0-9][0-9YMWD]*")


def problems(context: Context) -> Iterator[Problem]:
    """Periods of more than a hundred years, and a financial year whose last day does not exist."""
    for path, value in walk(context.declaration):
        if isinstance(value, str) and _PERIOD.fullmatch(value):
            period = IsoPeriod.parse(value)
            if period.months > LONGEST.months or period.days > 31 * LONGEST.months:
                yield context.problem(path, "period-too-long", f"{value} is longer than {LONGEST}")
    year = context.declaration.controller.financial_year
    if not 1 <= year.end_day <= calendar.monthrange(2000, year.end_month)[1]:
        message = "the last day of the financial year is not a day of the calendar"
        yield context.problem(("controller", "financial_year", "end_day"), "no-such-day", message)
