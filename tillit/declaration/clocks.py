"""The clock of a retention rule: `event`, `year_end(event)` or `fiscal_year_end(event)` (H10)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from tillit.declaration.parts import FinancialYear
from tillit.kernel.errors import TillitError
from tillit.kernel.periods import IsoPeriod, fiscal_year_end, year_end

FUNCTIONS = ("year_end", "fiscal_year_end")
_FORM = re.compile(r"(?:(?P<function>[a-z_]+)\((?P<inner>[a-z_]+)\)|(?P<event>[a-z_]+))")


class ClockError(TillitError, ValueError):
    """A clock that cannot be read: `clock-unreadable` or `clock-function-unknown`."""


@dataclass(frozen=True)
class Clock:
    """An event and the calendar function around it; `function` is None for the event itself."""

    event: str
    function: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Clock":
        """Read the text of a rule; whether the event is a known word is the vocabulary's matter."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ClockError("clock-unreadable", "a clock is an event, year_end(event) or fiscal_year_end(event)")
        if found["event"]:
            return cls(found["event"])
        if found["function"] not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            message = f"unknown clock function '{found['function']}'; known are {known}"
            raise ClockError("clock-function-unknown", message)
        return cls(found["inner"], found["function"])

    def start(self, happened: date, year: FinancialYear) -> date:
        """The day the period is counted from when the event happened on `happened` (ends are exclusive)."""
        if self.function == "year_end":
            return year_end(happened)
        if self.function == "fiscal_year_end":
            return fiscal_year_end(happened, year.end_month, year.end_day)
        return happened

    def lapses(self, happened: date, period: IsoPeriod, year: FinancialYear) -> date:
        """The first day on which the rule no longer asks to keep the row."""
        return period.add_to(self.start(happened, year))

    def __str__(self) -> str:
        return f"{self.function}({self.event})" if self.function else self.event


SAMPLE = [date(2023, 1, 1) + timedelta(days=n) for n in range(4 * 365 + 1)]
"""Every day of four years, one of them a leap year: calendar rules repeat beyond that."""


def ever_earlier(low: tuple[Clock, IsoPeriod], high: tuple[Clock, IsoPeriod], year: FinancialYear) -> bool:
    """True when `low` lapses before `high` for some day of the same event; exact over four years of days."""
    return any(low[0].lapses(day, low[1], year) < high[0].lapses(day, high[1], year) for day in SAMPLE)


def surely_shorter(low: IsoPeriod, high: IsoPeriod) -> bool:
    """True when `low` counted from any day of the sample ends before `high` counted from the same day."""
    return all(low.add_to(day) < high.add_to(day) for day in SAMPLE)
