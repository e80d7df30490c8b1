"""How complete a point's readings are: the latest day, and what lacks of the last month (E2)."""

from dataclasses import dataclass
from datetime import date, timedelta

from tillit.power import slots
from tillit.power.models import Contract, MeteringPoint, ReadingCorrection
from tillit.power.queries import series, supplied_days

LOOKED_AT = 30


@dataclass(frozen=True)
class Standing:
    """first, latest: days with values, None without any. gaps: of the last thirty days supplied, those that lack
    values, with how many intervals. corrections: days on which values gave way to newer ones.
    """

    first: date | None
    latest: date | None
    gaps: list[tuple[date, int]]
    corrections: int


def standing(*, point: MeteringPoint, today: date) -> Standing:
    """The point's readings, in an open scope. Yesterday is the last day that can be complete."""
    mine = {"subject_id": point.subject_id, "point_id": point.id}
    days = supplied_days(**mine).order_by("day").values_list("day", flat=True)
    corrections = ReadingCorrection.objects.filter(**mine).values("direction", "day").distinct().count()
    start = today - timedelta(days=LOOKED_AT)
    values = series(subject_id=point.subject_id, point_id=point.id, start=start, end=today)
    lacking: dict[date, int] = {}
    for number in values.day[values.gaps].tolist():
        day = slots.day_of(number)
        lacking[day] = lacking.get(day, 0) + 1
    periods = list(Contract.objects.filter(**mine).values_list("starts", "ends"))
    gaps = [
        (day, count)
        for day, count in lacking.items()
        if any(starts <= day and (ends is None or day < ends) for starts, ends in periods)
    ]
    return Standing(days.first(), days.last(), gaps, corrections)
