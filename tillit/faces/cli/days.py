"""Days that a command takes: within what a programme can have lived through, or can plan for."""

from datetime import date, timedelta

import typer

EARLIEST = date(1990, 1, 1)
AHEAD = timedelta(days=100 * 366)


def bounded(day: date, *, option: str, ahead: bool = False) -> date:
    """The day, from 1990 until today, or until a hundred years from now where it may lie ahead.

    Raises `typer.BadParameter` naming the option.
    """
    from tillit.kernel import clock

    latest = clock.today() + AHEAD if ahead else clock.today()
    if not EARLIEST <= day <= latest:
        raise typer.BadParameter(f"{day} is not between {EARLIEST} and {latest}", param_hint=option)
    return day
