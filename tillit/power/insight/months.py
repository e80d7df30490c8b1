"""Calendar months as their first days. Pure."""

from datetime import date, timedelta


def first_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def after(month: date) -> date:
    """The first day of the next month."""
    return first_of(month.replace(day=1) + timedelta(days=32))


def before(month: date) -> date:
    """The first day of the month before."""
    return first_of(month.replace(day=1) - timedelta(days=1))


def settled(on: date, count: int) -> list[date]:
    """The `count` latest months that are over on the day, the latest first."""
    found = [before(on)]
    while len(found) < count:
        found.append(before(found[-1]))
    return found
