"""Meter values are stored exactly, whatever day it is and whatever order they come in (E2)."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from tests.support.power import customer, fill, number, point_of, retailer, scope_for, values
from tillit.power import queries, readings, slots
from tillit.power.models import ReadingCorrection, ReadingDay

pytestmark = pytest.mark.django_db
OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def _series(controller, point, first, last, **how):
    with scope_for(controller, point.subject_id):
        return queries.series(subject_id=point.subject_id, point_id=point.id, start=first, end=last, **how)


@pytest.mark.parametrize(
    ("day", "minutes", "count"),
    [
        (date(2026, 3, 29), 60, 23),
        (date(2026, 10, 25), 60, 25),
        (date(2026, 3, 29), 15, 92),
        (date(2026, 10, 25), 15, 100),
        (date(2026, 6, 1), 15, 96),
    ],
)
def test_e2_days_of_the_clock_change_are_exact(day, minutes, count):
    controller = retailer()
    point = point_of(controller, customer(controller), 1)
    wh = list(range(100, 100 + count))
    taken = fill(controller, point, day, wh, minutes=minutes)
    assert (taken.added, taken.values) == (1, count)
    found = _series(controller, point, day, slots.day_of(slots.number(day) + 1))
    assert found.wh.tolist() == wh
    assert (np.diff(found.start) == minutes * 60).all()
    assert found.hourly().wh.sum() == sum(wh)


def test_e2_the_same_again_changes_nothing_and_a_correction_is_kept():
    controller = retailer()
    point = point_of(controller, customer(controller), 1)
    day = date(2026, 1, 5)
    first = fill(controller, point, day, [100] * 24, registered=OLD)
    again = fill(controller, point, day, [100] * 24, registered=OLD)
    assert (first.added, again.added, again.changed, again.unchanged) == (1, 0, 0, 1)
    newer = fill(controller, point, day, [100] * 23 + [50], registered=NEW)
    late = fill(controller, point, day, [100] * 24, registered=OLD)
    assert (newer.changed, newer.corrections, late.changed, late.corrections) == (1, 1, 0, 0)
    assert _series(controller, point, day, date(2026, 1, 6)).wh.tolist() == [100] * 23 + [50]
    with scope_for(controller, point.subject_id):
        assert ReadingDay.objects.get().version == 2
        assert ReadingCorrection.objects.count() == 1


def test_e2_hours_and_quarters_of_a_day_are_kept_in_quarters_and_the_sum_stays():
    controller = retailer()
    point = point_of(controller, customer(controller), 1)
    day = date(2026, 1, 5)
    fill(controller, point, day, [101] * 24, registered=OLD)
    fill(controller, point, day, [30] * 4, minutes=15, registered=NEW)
    found = _series(controller, point, day, date(2026, 1, 6))
    assert len(found) == 96
    assert found.wh[:8].tolist() == [30, 30, 30, 30, 25, 25, 25, 26]
    assert found.hourly().wh.tolist() == [120] + [101] * 23


def test_e2_what_is_missing_is_a_gap_and_what_nobody_is_supplied_with_is_told():
    controller = retailer()
    point = point_of(controller, customer(controller), 1, starts=date(2026, 1, 5))
    fill(controller, point, date(2026, 1, 5), [5] * 10)
    found = _series(controller, point, date(2026, 1, 5), date(2026, 1, 7))
    assert (len(found), int(found.gaps.sum())) == (48, 38)
    before = fill(controller, point, date(2026, 1, 4), [5] * 24)
    assert (before.added, [(day.values, known) for day, known in before.unmatched]) == (0, [(24, True)])
    strange = readings.store(
        controller_id=controller.pk, points=[number(99)], values=values(date(2026, 1, 5), [1] * 24)
    )
    assert [known for _, known in strange.unmatched] == [False]


def test_e2_many_points_are_read_at_once():
    controller = retailer()
    points = [point_of(controller, customer(controller), n) for n in range(3)]
    for n, point in enumerate(points):
        fill(controller, point, date(2026, 3, 28), [n] * 47 if n else [7] * 188, minutes=60 if n else 15)
    with scope_for(controller, points[0].subject_id, "power_supply"):
        own = list(queries.days_of(controller_id=controller.pk, start=date(2026, 3, 1), end=date(2026, 4, 1)))
    assert [len(one) for one in own] == [2]
    with readings.scope_of(controller.pk):
        (found,) = queries.days_of(controller_id=controller.pk, start=date(2026, 3, 1), end=date(2026, 4, 1))
    assert sorted(np.diff(found.hourly().offset).tolist()) == [23, 23, 23, 24, 24, 24]
    assert found.wh.sum() == 7 * 188 + 47 + 94
    assert (found.starts() % 900 == 0).all()
    assert len(found.rows()) == len(found.wh)
