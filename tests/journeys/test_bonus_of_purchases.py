"""What each purchase gave (C10): from the file to the line on the receipt."""

from collections.abc import Iterator

import pytest

from tests.journeys.intake_world import NOW, World, bought, build
from tillit.bonus.queries import bonus_of
from tillit.kernel import clock
from tillit.purchases.models import Purchase


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def test_c10_each_purchase_shows_its_bonus_and_a_refund_what_it_took_back(world: World) -> None:
    subject, other = world.member(1), world.member(2)
    world.take_in([bought(1), bought(2, amount="250.00", chain="hotell"), bought(3, amount="0.20"), bought(4, card=2)])
    world.take_in([bought(5, amount="-40.00", refund_of="T1")])
    with world.scope("self_service"):
        rows = Purchase.objects.filter(subject_id=subject)
        amounts = dict(rows.values_list("id", "amount"))
        found = bonus_of(subject_id=subject, purchase_ids=amounts)
        theirs = Purchase.objects.filter(subject_id=other).values_list("id", flat=True)
        assert bonus_of(subject_id=subject, purchase_ids=theirs) == {}
    assert {amounts[key]: bonus for key, bonus in found.items()} == {100_00: 100, 250_00: 500, -40_00: -40}
    assert len(amounts) == 4  # twenty øre earn nothing
