"""Terms tried on past purchases (C6): the preview says what the intake then does, and leaves nothing behind."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.journeys.intake_world import NOW, World, bought, build
from tillit.bonus.models import Offer, OfferShare, Programme, RateRule
from tillit.journeys import terms_preview
from tillit.journeys.programme_file import Setup
from tillit.kernel import clock
from tillit.ledger.models import Transfer


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def tried(**terms: object) -> terms_preview.Preview:
    setup = Setup.model_validate({"chains": [{"key": "mat", **terms}]})
    return terms_preview.simulate(setup=setup, start=date(2026, 3, 1), end=date(2026, 4, 1))


def test_c6_a_preview_is_what_would_have_been_issued_and_posts_nothing(world: World) -> None:
    for card in (1, 2, 3):
        world.member(card)
    world.take_in([bought(n, 1 + n % 3, f"{100 * n}.00", store=str(1 + n % 2)) for n in range(1, 7)])
    before = (RateRule.objects.count(), Offer.objects.count(), Programme.objects.get(chain__key="mat").stacking)
    rate = {"percent": "2", "from": "2026-01-01", "mode": "add", "store": "1"}
    offer = {
        "key": "vaar",
        "name": "Vår",
        "percent": "5",
        "from": "2026-01-01",
        "budget": "50",
        "most_per_member": "30",
    }
    found = tried(rates=[rate], offers=[offer])
    stores = {one.store: (one.before, one.after) for one in found.stores}
    assert found.purchases == 6
    assert stores == {"1": (12_00, 36_00), "2": (9_00, 9_00), "": (0, 50_00)}
    assert found.budgets == (("mat", "vaar", 50_00, 50_00),)
    (members,) = found.members
    assert (members.less, members.same, members.more) == (0, 0, 3)
    with world.scope():
        assert Transfer.objects.count() == 6
        assert not OfferShare.objects.exists()
    after = (RateRule.objects.count(), Offer.objects.count(), Programme.objects.get(chain__key="mat").stacking)
    assert after == before
    world.take_in([bought("7", 1)])
    assert tried().stores[0].before == tried().stores[0].after
