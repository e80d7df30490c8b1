"""When there is something to tell of, and when it may be told (E6). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    `ends` is first. An end that the clock skips is the moment it jumps to.
    """
    local = now.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    quiet = starts <= minute < ends if starts < ends else minute >= starts or minute < ends
    if not quiet:
        return now
    day = local.date() + timedelta(days=1 if minute >= ends else 0)
    end = datetime(day.year, day.month, day.day, ends // 60, ends % 60, tzinfo=ZoneInfo(zone))
    return max(now, end.astimezone(now.tzinfo))
