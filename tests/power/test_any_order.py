"""Whatever order files come in, and however they overlap, the same counts and the same is kept (E2).

The oracle takes every value that ever came, spread over quarters where a quarter of its day ever came, and lets the
one win that was registered last, any that says when before those that do not, of which the one of the later file
wins; of the same moment its own before a part of an hour's, then the better quality, then the greater. It is written
from the rule, not from the code.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.power import customer, point_of, retailer, scope_for, values
from tillit.power import readings, slots
from tillit.power.days import Cells, Values, gather, merged, without
from tillit.power.models import ReadingCorrection, ReadingDay
from tillit.power.packing import TOLD

DAYS = (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25))
_LATER = [datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=n) for n in range(3)]

delivery = st.fixed_dictionaries(
    {
        "day": st.sampled_from(DAYS),
        "minutes": st.sampled_from([60, 60, 15]),
        "skip": st.integers(0, 30),
        "wh": st.lists(st.integers(0, 9), min_size=1, max_size=30),
        "quality": st.integers(1, 4),
        "registered": st.sampled_from([*_LATER, None]),
    }
)


def _single(one: dict[str, Any]) -> list[tuple[int, int, tuple[Any, ...]]]:
    """(seconds, minutes, (registered, quality, watt-hours)) of each value of a delivery."""
    begin = int(slots.begins(slots.number(one["day"]))) + one["skip"] * one["minutes"] * 60
    told = one["registered"]
    stamp = (1, int(told.timestamp() * 1_000_000)) if told else (0, one.get("file", 0))
    step = one["minutes"] * 60
    return [(begin + n * step, one["minutes"], (stamp, one["quality"], wh)) for n, wh in enumerate(one["wh"])]


def _oracle(deliveries: list[dict[str, Any]]) -> dict[int, dict[int, set[tuple[Any, ...]]]]:
    """Day → quarter or hour (seconds) → every version: (registered, own, quality, watt-hours)."""
    every = [single for one in deliveries for single in _single(one)]
    fine = {int(slots.days_of(at)) for at, minutes, _ in every if minutes == 15}
    days: dict[int, dict[int, set[tuple[Any, ...]]]] = {}
    for at, minutes, (stamp, quality, wh) in every:
        day = int(slots.days_of(at))
        cells = days.setdefault(day, {})
        if minutes == 60 and day in fine:
            for quarter in range(4):
                part = wh // 4 + (1 if quarter >= 4 - wh % 4 else 0)
                cells.setdefault(at + 900 * quarter, set()).add((stamp, 0, quality, part))
        else:
            cells.setdefault(at, set()).add((stamp, 1, quality, wh))
    return days


class Memory:
    """Days as they are stored, and what gave way, merged by the same arithmetic as in the database."""

    def __init__(self) -> None:
        self.days: dict[int, tuple[int, bytes, bytes, bytes]] = {}
        self.lost: dict[int, list[Cells]] = {}

    def take(self, one: dict[str, Any]) -> None:
        """Take a delivery in."""
        for days in gather(_sent(one)):
            for come in days:
                packed = (come.resolution, come.wh, come.quality, come.registered)
                known = self.days.get(come.day)
                if known is None:
                    self.days[come.day] = packed
                    continue
                counts, gave = merged(Cells.of(come.day, *known), Cells.of(come.day, *packed))
                self.days[come.day] = counts.packed()
                left = without(gave, self.lost.get(come.day, [])) if gave else None
                if left is not None:
                    self.lost.setdefault(come.day, []).append(left)

    def counts(self) -> dict[int, dict[int, tuple[Any, ...]]]:
        """What counts by day and moment."""
        return {day: dict(_versions(day, Cells.of(day, *packed))) for day, packed in self.days.items()}

    def history(self) -> set[tuple[Any, ...]]:
        """What gave way, by quarter."""
        return {
            (at, version)
            for day, every in self.lost.items()
            for cells in every
            for at, version in _versions(day, cells.in_quarters())
        }


def _sent(one: dict[str, Any]) -> Values:
    start = datetime.fromtimestamp(int(slots.begins(slots.number(one["day"]))), UTC)
    start += timedelta(minutes=one["minutes"] * one["skip"])
    told = one["registered"]
    found = values(start, one["wh"], minutes=one["minutes"], quality=one["quality"], registered=told or _LATER[0])
    return found if told else replace(found, registered=np.full(len(found), one.get("file", 0)))


def _versions(day: int, cells: Cells) -> list[tuple[int, tuple[Any, ...]]]:
    begin = int(slots.begins(day))
    columns = zip(cells.wh.tolist(), cells.quality.tolist(), cells.registered.tolist(), strict=True)
    return [
        (begin + n * cells.resolution * 60, ((int(stamp >= TOLD), stamp), int(quality < 16), quality & 15, wh))
        for n, (wh, quality, stamp) in enumerate(columns)
        if quality
    ]


def _numbered(deliveries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with the number of its file, in the order they came first."""
    return [one | {"file": number} for number, one in enumerate(deliveries, 1)]


@settings(max_examples=60)
@given(st.lists(delivery, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_e2_any_order_leads_to_the_same_state(deliveries, chance):
    """A file keeps the number it came with, whenever it is read again: of those, the order of reading is nothing."""
    deliveries = _numbered(deliveries)
    one, other = Memory(), Memory()
    for each in deliveries:
        one.take(each)
    order = list(deliveries)
    chance.shuffle(order)
    for each in [*order, chance.choice(order)]:
        other.take(each)
    assert one.days == other.days
    expected = _oracle(deliveries)
    assert one.counts() == {day: {at: max(all_) for at, all_ in cells.items()} for day, cells in expected.items()}


@settings(max_examples=40)
@given(st.lists(delivery.filter(lambda one: one["minutes"] == 15), min_size=2, max_size=5), st.randoms())
def test_e2_what_gave_way_is_kept_once_whatever_the_order(deliveries, chance):
    every, deliveries = [], _numbered(deliveries)
    for _ in range(2):
        memory = Memory()
        for each in deliveries:
            memory.take(each)
        every.append(memory.history())
        chance.shuffle(deliveries)
    counts = _oracle(deliveries)
    # Of versions that differ in nothing but when they were registered, one need not be told.
    told = [{(at, version[2:]) for at, version in history} for history in every]
    wanted = {
        (at, version[2:])
        for cells in counts.values()
        for at, versions in cells.items()
        for version in versions
        if version[2:] != max(versions)[2:]
    }
    assert wanted <= told[0]
    assert wanted <= told[1]


@pytest.mark.django_db
def test_e2_the_database_merges_as_the_arithmetic_does():
    controller = retailer()
    subject = customer(controller)
    day = DAYS[1]
    deliveries = [
        {"day": day, "minutes": 60, "skip": 0, "wh": [8] * 23, "quality": 2, "registered": _LATER[0]},
        {"day": day, "minutes": 15, "skip": 8, "wh": [1] * 30, "quality": 4, "registered": _LATER[1]},
        {"day": day, "minutes": 60, "skip": 1, "wh": [9] * 5, "quality": 4, "registered": _LATER[2]},
    ]
    for serial, order in enumerate(permutations(deliveries)):
        point, memory = point_of(controller, subject, serial), Memory()
        for each in order:
            memory.take(each)
            readings.store(controller_id=controller.pk, points=[point.gsrn], values=_sent(each))
        with scope_for(controller, subject):
            row = ReadingDay.objects.get(point_id=point.id)
            lost = ReadingCorrection.objects.filter(point_id=point.id).count()
        stored = (row.resolution, bytes(row.wh), bytes(row.quality), bytes(row.registered))
        assert stored == memory.days[slots.number(day)]
        assert lost == len(memory.lost[slots.number(day)])
