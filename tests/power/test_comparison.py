"""Similar households: never fewer than the minimum, nothing between two pages, nights or views (E4, H14)."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.power.neighbourhood import Like, measure, resident
from tests.support import databases
from tests.support.power import retailer, scope_for
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.disclosure.models import Release, ReleaseCell
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.power import operations
from tillit.power.insight import comparison
from tillit.power.insight.grouping import BREAKDOWN, FIFTH, Member, Standing, draw, labels, least
from tillit.power.insight.models import Group
from tillit.power.models import AppAccount, MeteringPoint

APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)
NIGHT = datetime(2026, 5, 8, 1, tzinfo=UTC)
FLAT = Like(dwelling="flat", square_metres=60, persons=1)


@dataclass
class Street:
    """Fifty houses of a kind and three flats, measured in April 2026: house n uses 10 · (n + 1) Wh each hour."""

    controller: Controller
    houses: list[MeteringPoint]
    flats: list[MeteringPoint]

    def page(self, point: MeteringPoint) -> list[comparison.Compared]:
        """What the resident is shown."""
        with scope_for(self.controller, point.subject_id, "self_service") as scope:
            return comparison.compared(scope=scope, point=point)

    def night(self) -> int:
        return comparison.release(controller_id=self.controller.pk)


def _built() -> Street:
    with clock.travel(NIGHT):
        controller = retailer()
        houses = [resident(controller, n) for n in range(50)]
        flats = [resident(controller, 100 + n, FLAT) for n in range(3)]
        used = [(point, [10 * (n + 1)] * 30 * 24) for n, point in enumerate([*houses, *flats])]
        measure(controller, APRIL, used)
        return Street(controller, houses, flats)


@pytest.fixture(scope="module")
def built(_published_before: None, django_db_blocker: Any) -> Iterator[Street]:
    """The street, built once, in a database that the module's tests have."""
    with django_db_blocker.unblock(), databases.filled(_built) as made:
        before = databases.repoint(made.name)
        yield made.facts
        databases.repoint(before)


@pytest.fixture
def street(built: Street, db: None) -> Iterator[Street]:
    with clock.travel(NIGHT):
        yield built


def _leave(street: Street, point: MeteringPoint) -> None:
    with scope_for(street.controller, point.subject_id, "app_operation"):
        AppAccount.objects.filter(subject_id=point.subject_id).update(ended_at=clock.now(), ended_by="member")


def test_e4_three_states_in_a_group_that_is_large_enough(street: Street) -> None:
    assert street.page(street.houses[0])[0].standing is None  # before the night
    assert street.night() == 1
    month = 30 * 24
    shown = [street.page(house)[0] for house in street.houses]
    assert {one.month for one in shown} == {APRIL}
    assert [one.own for one in shown] == [10 * (n + 1) * month for n in range(50)]
    assert {(one.mean, one.people, one.labels) for one in shown} == {(194_000, 50, ("NO1", *["*"] * 4))}
    # A fifth of fifty-three, and one more below the line, which is rounded up so that it is nobody's own.
    assert [one.standing for one in shown[:11]] == [Standing.EFFICIENT] * 11
    assert [one.standing for one in shown[11:26]] == [Standing.TYPICAL] * 15
    assert {one.standing for one in shown[26:]} == {Standing.ABOVE}


def test_e4_a_night_that_is_repeated_changes_nothing_and_who_comes_later_is_placed(street: Street) -> None:
    street.night()
    before = list(Group.objects.order_by("pk").values())
    late = resident(street.controller, 500)
    measure(street.controller, APRIL, [(late, [2_000] * 30 * 24)])
    assert street.night() == 0
    assert list(Group.objects.order_by("pk").values()) == before
    assert street.page(late)[0].standing is Standing.ABOVE
    assert street.page(late)[0].mean == street.page(street.houses[0])[0].mean


def test_e4_two_nights_around_a_leaving_say_nothing_of_who_left(street: Street) -> None:
    street.night()
    seen = street.page(street.houses[0])[0]
    gone = street.houses[29]
    _leave(street, gone)
    clock.advance(timedelta(days=1))
    street.night()
    assert street.page(street.houses[0])[0] == seen


def test_e4_too_few_are_shown_nothing_whatever_they_say_they_live_in(street: Street) -> None:
    for house in street.houses[:4]:  # 49 are left, of whom a fifth would be nine
        _leave(street, house)
    assert street.night() == 0
    assert not Release.objects.exists()
    assert street.page(street.houses[20])[0].standing is None


def test_e4_who_objects_is_neither_counted_nor_compared(street: Street) -> None:
    objector = street.houses[29]
    with Scope(system("test", {street.controller.pk}), "consent_management", frozenset({objector.subject_id})) as scope:
        consent.record(
            scope=scope, subject_id=objector.subject_id, controller_id=street.controller.pk,
            activity=comparison.ACTIVITY, channel="app", kind=EventKind.OBJECTED, route="min_side", wording="x" * 64,
            at=clock.now(),
        )  # fmt: skip
    street.night()
    assert ReleaseCell.objects.get().amount == sum(10 * (n + 1) for n in range(53) if n != 29) * 30 * 24
    here = {"controller_id": street.controller.pk}
    assert not comparison.may_compare(subject_id=objector.subject_id, **here)
    assert comparison.may_compare(subject_id=street.houses[0].subject_id, **here)


def test_e4_a_month_with_a_gap_is_not_compared(street: Street) -> None:
    late = resident(street.controller, 501)
    measure(street.controller, APRIL, [(late, [100] * (30 * 24 - 1))])
    assert street.page(late) == []
    measure(street.controller, APRIL, [(late, [100] * 30 * 24)])
    assert len(street.page(late)) == 1


def _labels(area: int, dwelling: int, heating: int, size: int, persons: int) -> tuple[str, ...]:
    found = labels(
        area=f"NO{1 + area}",
        dwelling=("detached", "flat")[dwelling],
        heating=("electric", "heat_pump")[heating],
        square_metres=60 * (1 + size),
        persons=1 + persons,
    )
    assert found is not None
    return found


_HOME = st.builds(
    _labels, st.integers(0, 2), st.integers(0, 1), st.integers(0, 1), st.integers(0, 2), st.integers(0, 2)
)
_NEIGHBOURS = st.lists(st.tuples(_HOME, st.integers(50, 900)), min_size=20, max_size=300)


@settings(max_examples=20)
@given(_NEIGHBOURS)
def test_e4_attack_nothing_small_can_be_made_of_released_groups(homes: list[tuple[tuple[str, ...], int]]) -> None:
    """An attacker who has seen every page of a month adds and subtracts as they like."""
    members = [Member(n, n, like, wh * 1_000) for n, (like, wh) in enumerate(homes)]
    drawn = draw(members, minimum_group=10)
    assert drawn or len(homes) < 2 * least(10)
    if not drawn:
        return
    # Every home is in exactly one group: so whatever is added or subtracted is a union of groups, each large enough.
    assert sum(one.cell.people for one in drawn) == len(homes)
    assert sum(one.cell.amount for one in drawn) == sum(one.wh for one in members)
    assert all(one.cell.people >= least(10) and 2 * one.cell.largest <= one.cell.amount for one in drawn)
    for one in drawn:
        assert len(one.cell.labels) == len(BREAKDOWN)
        assert one.efficient <= one.efficient_to <= one.mean
        assert one.cell.people // FIFTH >= 10, "nor is anything said of a fifth that is smaller than declared"


def test_e4_attack_no_view_of_the_service_tells_one_home_from_the_others(street: Street) -> None:
    """Every figure that any resident is shown, on two nights with one home more and one less, as a system of equations
    over the homes' use: no home, and no set smaller than the least, can be solved for."""
    everyone = [*street.houses, *street.flats]
    street.night()
    views = {(one.month, one.labels, one.mean) for point in everyone for one in street.page(point)}
    gone = street.flats[0]
    _leave(street, gone)
    newcomer = resident(street.controller, 502, FLAT)
    measure(street.controller, APRIL, [(newcomer, [700] * 30 * 24)])
    clock.advance(timedelta(days=1))
    street.night()
    views |= {(one.month, one.labels, one.mean) for point in [*everyone, newcomer] for one in street.page(point)}
    assert len(views) == 1  # one equation over all: what a group of thirty-three used
    equations = np.ones((len(views), len(everyone)))
    for home in range(len(everyone)):
        alone = np.eye(len(everyone))[home]
        assert np.linalg.matrix_rank(np.vstack([equations, alone])) > np.linalg.matrix_rank(equations)


def test_e4_attack_by_telling_of_another_home_every_night_one_sees_but_whole_groups(street: Street) -> None:
    """A customer who says that they live in whatever there is, night after night while others come and go, is shown
    each group that was released and nothing between them."""
    street.night()
    spy, seen = street.houses[7], set()
    tellings = itertools.product(("detached", "flat"), ("electric", "wood"), (60, 150, None), (1, None))
    for n, (dwelling, heating, metres, persons) in enumerate(tellings):
        clock.advance(timedelta(hours=8))
        with scope_for(street.controller, spy.subject_id) as scope:
            told = {"dwelling": dwelling, "heating": heating, "area_m2": metres, "persons": persons}
            operations.tell_household(scope=scope, point=spy, **told)
        if n % 3 == 0:
            _leave(street, street.houses[20 + n % 30])
            street.night()
        seen |= {(one.month, one.labels, one.mean, one.efficient, one.people) for one in street.page(spy)}
    assert seen == {(APRIL, ("NO1", *["*"] * 4), 194_000, 40_000, 50)}
