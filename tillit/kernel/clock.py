"""The one clock. No other module in Tillit asks the machine for the time (a lint rule holds this).

`now()` never goes backwards: a machine clock set back is waited out. Within `travel` the time stands still
at the chosen moment and moves only by `advance`, so ten years of retention run in seconds and a test
says exactly when things happen. Travel belongs to the current context (thread or task): two tests, or two
requests, never move each other's time. A thread started inside a journey must be given the context
(`contextvars.copy_context().run`).
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from zoneinfo import ZoneInfo

from tillit.kernel.errors import TillitError
from tillit.kernel.iso_period import IsoPeriod

DEFAULT_ZONE = "Europe/Oslo"

_standing: ContextVar[datetime | None] = ContextVar("tillit_clock", default=None)
_lock = threading.Lock()
_latest = datetime.min.replace(tzinfo=UTC)


class ClockError(TillitError):
    """A moment without a zone, or an attempt to go back."""


def now() -> datetime:
    """The current moment, aware, in UTC, to the microsecond."""
    standing = _standing.get()
    if standing is not None:
        return standing
    global _latest  # noqa: PLW0603 - one process has one latest moment
    with _lock:
        _latest = max(_latest, datetime.now(UTC))
        return _latest


def today(tz: str = DEFAULT_ZONE) -> date:
    """The current date where the reader is; `tz` is an IANA zone name."""
    return local_date(now(), tz)


def local_date(moment: datetime, tz: str = DEFAULT_ZONE) -> date:
    """The date of an aware moment in a zone."""
    return _aware(moment).astimezone(ZoneInfo(tz)).date()


class Journey:
    """A stay at another time; ends with the `with` block or with `end()`."""

    def __init__(self, before: datetime | None) -> None:
        self._before = before

    def end(self) -> None:
        """Return to the time that held before this journey."""
        _standing.set(self._before)

    def __enter__(self) -> Journey:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def travel(to: datetime | date) -> Journey:
    """Set the time of this context to `to`, at once; use it in a `with` block, or keep it and call `end()`.

    A date means its first moment in Oslo. This is the only way back in time.
    """
    if not isinstance(to, datetime):
        to = datetime(to.year, to.month, to.day, tzinfo=ZoneInfo(DEFAULT_ZONE))
    journey = Journey(_standing.get())
    _standing.set(_aware(to).astimezone(UTC))
    return journey


def advance(by: timedelta | IsoPeriod) -> datetime:
    """Move the standing time of this context forward and return it; starts a journey from now if none is on.

    An `IsoPeriod` is added by the calendar in UTC. Raises ClockError `clock-backwards` on a negative step.
    """
    before = now()
    after = by.add_to(before) if isinstance(by, IsoPeriod) else before + by
    if after < before:
        raise ClockError("clock-backwards", "Time moves forward; use a new travel to go back.")
    _standing.set(after)
    return after


def return_to_present() -> None:
    """Leave every journey of this context; so that no test inherits another's time."""
    _standing.set(None)


def travelling() -> bool:
    """True while this context stands at a chosen time."""
    return _standing.get() is not None


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ClockError("datetime-naive", "A point in time needs its zone.")
    return moment
