"""Sales shared with third parties (H14): through the whole system, and what two releases tell together."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.bonus.conftest import World
from tests.bonus.test_reports import JUNE, MAY, buy
from tillit.audit.models import Event
from tillit.bonus.reports import share_sales
from tillit.disclosure.errors import DisclosureRefusedError, OverlappingReleaseError
from tillit.disclosure.releases import figures
from tillit.kernel import clock

LATER = datetime(2026, 6, 3, 9, tzinfo=UTC)


def share(world: World, start: date = MAY, end: date = JUNE, to: str = "aggregate_users") -> list[tuple[str, int, int]]:
    controller = world.controllers["nordkai"]
    with world.scope("programme_reports", club="nordkai") as scope:
        made = share_sales(scope=scope, controller_id=controller.pk, start=start, end=end, recipient=to)
        return [("/".join(cell.labels), cell.people, cell.amount) for cell in figures(made)]


def sell(world: World, buyers: int, *, store: str = "1", amount: int = 1000) -> None:
    for _ in range(buyers):
        buy(world, world.member(), amount, store=store)


def test_h14_a_release_is_the_same_for_ever(world: World) -> None:
    """Somebody's late purchase cannot be found by asking again."""
    sell(world, 12)
    sell(world, 11, store="2")
    with clock.travel(LATER):
        first = share(world)
        assert first == [("nordkai-kjede/1", 10, 12_000), ("nordkai-kjede/2", 10, 11_000)]
        buy(world, world.member(), 4711, store="2", at=datetime(2026, 5, 30, tzinfo=UTC))
        assert share(world) == first
        with world.scope("security_log"):
            assert Event.objects.filter(type="aggregate.released").count() == 2


def test_h14_a_period_that_overlaps_a_release_is_refused(world: World) -> None:
    sell(world, 12)
    with clock.travel(LATER.replace(month=8)):
        share(world)
        with pytest.raises(OverlappingReleaseError):
            share(world, MAY, date(2026, 7, 1))
        assert share(world, JUNE, date(2026, 7, 1)) == []


def test_h14_a_store_with_few_buyers_is_not_told_apart(world: World) -> None:
    sell(world, 12)
    sell(world, 3, store="2", amount=700)
    with clock.travel(LATER):
        assert share(world) == [("nordkai-kjede/*", 10, 14_100)]


def test_h14_only_to_recipients_declared_for_aggregates_and_of_months_that_are_over(world: World) -> None:
    sell(world, 12)
    with pytest.raises(OverlappingReleaseError, match="over"):
        share(world)
    with clock.travel(LATER):
        for stranger in ("police", "nobody"):
            with pytest.raises(DisclosureRefusedError):
                share(world, to=stranger)
        assert share(world)


def test_h14_what_was_released_cannot_be_changed(world: World) -> None:
    sell(world, 12)
    with clock.travel(LATER):
        assert share(world)
    for statement in ("UPDATE disclosure_release_cell SET people = 7", "DELETE FROM disclosure_release_cell"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)
