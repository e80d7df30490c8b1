"""When there is something to tell of, and when it may be told (E6). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

NEAR = 95
"""Per cent of a step from which it is about to be reached."""


@dataclass(frozen=True)
class Peak:
    """The month's mean of the highest daily maxima beside a step, all in W. over: reached; otherwise about to be."""

    mean: int
    edge: int
    over: bool


def peak(maxima: Sequence[int], edge: int, *, count: int = 3) -> Peak | None:
    """Whether the mean of the `count` highest daily maxima (W) has reached the edge, or is about to: it is near, or
    would reach it with one more day like the highest so far. With fewer days the mean is of those there are, as it is
    charged.
    """
    highest = sorted(maxima, reverse=True)[:count]
    if not highest or edge <= 0:
        return None
    mean = sum(highest) // len(highest)
    again = [highest[0], *highest][:count]
    if mean >= edge:
        return Peak(mean, edge, over=True)
    if len(highest) == count and (100 * mean >= NEAR * edge or sum(again) // len(again) >= edge):
        return Peak(mean, edge, over=False)
    return None


def next_step(
    maxima_before: Sequence[int], maxima: Sequence[int], edges: Sequence[int], *, count: int = 3
) -> int | None:
    """The step (W) to be warned of: the first above where last month's mean was; this month's where nothing is known of
    the last. None where there is none above.
    """
    known = sorted(maxima_before or maxima, reverse=True)[:count]
    if not known:
        return None
    mean = sum(known) // len(known)
    return next((edge for edge in sorted(edges) if edge > mean), None)


def hours_beyond(prices: Sequence[int], threshold: int, *, above: bool, first: int = 0) -> list[int]:
    """The hours from `first` on whose price is above (or below) the threshold."""
    return [
        hour
        for hour, price in enumerate(prices)
        if hour >= first and (price > threshold if above else price < threshold)
    ]


def due(now: datetime, *, starts: int, ends: int, zone: str) -> datetime:
    """`now`, or the end of the quiet hours that it lies in. starts, ends: minutes of the local day; over midnight where
    `ends` is first. They last from the first time the clock shows the one to the last time that it shows the other; a
    time that the clock skips is the moment it jumps.
    """
    local = now.astimezone(ZoneInfo(zone)).date()
    for back in (1, 0):
        day = local - timedelta(days=back)
        begin = min(_shown(day, starts, zone))
        end = max(_shown(day + timedelta(days=1) if ends <= starts else day, ends, zone))
        if begin <= now < end:
            return end.astimezone(now.tzinfo)
    return now


def _shown(day: date, minute: int, zone: str) -> tuple[datetime, datetime]:
    """The first and the last moment (UTC) at which the clock shows a minute of the day; where it skips it, its jump."""
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZoneInfo(zone))
    first, last = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    while last < first:  # skipped: the jump is the first moment with the offset that counts after it
        before = first - timedelta(minutes=1)
        if before.astimezone(ZoneInfo(zone)).utcoffset() != first.astimezone(ZoneInfo(zone)).utcoffset():
            return first, first
        first = before
    return first, last
