"""Offers in sets (C11): budgets to the øre under concurrency, audiences, and suspended earning (C14)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection

from tests.conftest import TestDatabase
from tests.journeys.intake_world import NOW, START, World, bought, build
from tillit.bonus import offers, suspensions
from tillit.bonus.errors import OfferRefusedError, SuspendedError
from tillit.bonus.kinds import OFFERED
from tillit.bonus.models import Offer
from tillit.bonus.offers import Gift, Limits, Reach
from tillit.bonus.operations import use
from tillit.bonus.queries import overview
from tillit.bonus.rates import When
from tillit.journeys import suspending
from tillit.kernel import clock
from tillit.ledger import queries as ledger
from tillit.ledger.models import Transfer


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def made(world: World, key: str = "vaar", **more: object) -> Offer:
    facts = {"gift": Gift("rate", basis_points=500), "when": When(START), **more}
    return offers.make(chain_id=world.chains["mat"].pk, key=key, name="Vår", **facts)


def given(world: World) -> int:
    with world.scope():
        return sum(Transfer.objects.filter(debit_kind=OFFERED.id).values_list("amount", flat=True))


def test_c11_a_budget_goes_to_those_who_bought_first_and_not_an_ore_further(world: World) -> None:
    offer = made(world, limits=Limits(budget=12_00))
    people = [world.member(number) for number in (1, 2, 3)]
    world.take_in([bought(n, n, "100.00", f"2026-03-02T12:0{9 - n}:00+01:00") for n in (1, 2, 3)])
    found = [world.balances(one)["lot"] for one in people]
    assert found == [1_00 + 2_00, 1_00 + 5_00, 1_00 + 5_00]
    offer.refresh_from_db()
    assert (offer.given, given(world)) == (12_00, 12_00)
    world.take_in([bought(4, 1)])
    assert world.balances(people[0])["lot"] == 2_00 + 2_00
    offers.raise_budget(offer_id=offer.pk, budget=14_00)
    world.take_in([bought(5, 1)])
    assert world.balances(people[0])["lot"] == 3_00 + 4_00
    world.take_in([bought("5r", 1, "-100.00", "2026-03-03T10:00:00+01:00", refund_of="T5")])
    offer.refresh_from_db()
    assert (offer.given, world.balances(people[0])["lot"]) == (12_00, 2_00 + 2_00)


def test_c11_an_offer_for_an_audience_reaches_nobody_else(world: World) -> None:
    offer = made(world, reach=Reach(targeted=True))
    aimed, other = world.member(1), world.member(2)
    with world.scope("marketing") as scope:
        assert offers.aim(scope=scope, offer=offer, subject_ids=[aimed], because="test") == 1
        assert offers.aim(scope=scope, offer=offer, subject_ids=[aimed], because="test") == 0
    world.take_in([bought(1, 1), bought(2, 2)])
    assert (world.balances(aimed)["lot"], world.balances(other)["lot"]) == (6_00, 1_00)


def test_c11_a_threshold_that_a_refund_undercuts_takes_the_whole_amount_back(world: World) -> None:
    made(world, gift=Gift("fixed", amount=50_00, per="member", threshold=500_00))
    member = world.member(1)
    world.take_in([bought(1, 1, "600.00")])
    assert world.balances(member)["lot"] == 6_00 + 50_00
    world.take_in([bought("1r", 1, "-50.00", "2026-03-03T10:00:00+01:00", refund_of="T1")])
    assert world.balances(member)["lot"] == 5_50 + 50_00
    world.take_in([bought("1s", 1, "-100.00", "2026-03-04T10:00:00+01:00", refund_of="T1")])
    assert world.balances(member)["lot"] == 4_50
    world.take_in([bought(2, 1, "60.00")])
    assert world.balances(member)["lot"] == 5_10 + 50_00
    with world.scope():
        assert ledger.unexplained() == 0


def test_an_offer_that_stands_is_not_changed(world: World) -> None:
    standing = made(world)
    assert made(world) == standing
    with pytest.raises(OfferRefusedError) as refused:
        made(world, gift=Gift("rate", basis_points=400))
    assert refused.value.code == "offer-exists"
    with pytest.raises(OfferRefusedError):
        made(world, "annet", gift=Gift("rate"))
    with pytest.raises(OfferRefusedError):
        made(world, "annet", reach=Reach(store_ids=(world.chains["hotell"].stores.get(number="1").pk,)))


def test_c14_purchases_while_earning_is_suspended_earn_nothing(world: World) -> None:
    made(world)
    member, chain = world.member(1), world.chains["mat"]
    start = datetime(2026, 3, 2, tzinfo=UTC)
    suspensions.suspend(chain_id=chain.pk, what="earn", starts=start, ends=start + timedelta(days=1), reason="outage")
    world.take_in([bought(1, 1, time="2026-03-02T12:30:00+01:00"), bought(2, 1, time="2026-03-03T12:30:00+01:00")])
    assert world.balances(member)["lot"] == 6_00


def test_c14_what_was_parked_earns_when_the_suspension_is_lifted_less_what_was_refunded(world: World) -> None:
    made(world)
    member = world.member(1)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    stopped, told = suspending.suspend(chain_key="mat", what="earn", starts=start, reason="force_majeure", parked=True)
    assert told == 1
    assert suspending.suspend(chain_key="mat", what="earn", starts=start, reason="force_majeure", parked=True) == (
        stopped,
        0,
    )
    world.take_in([bought(1, 1), bought(2, 1), bought("2r", 1, "-50.00", "2026-03-03T10:00:00+01:00", refund_of="T2")])
    assert world.balances(member) == {}
    lifted, told = suspending.lift(suspension_id=stopped.pk)
    assert (lifted.lifted_at, told, world.balances(member)) == (NOW, 1, {"lot": 6_00 + 3_00})
    suspending.lift(suspension_id=stopped.pk)
    assert world.balances(member) == {"lot": 9_00}


def test_c14_bonus_is_not_used_while_use_is_suspended(world: World) -> None:
    member, chain = world.member(1), world.chains["mat"]
    world.take_in([bought(1, 1)])
    stopped = suspensions.suspend(chain_id=chain.pk, what="use", starts=NOW, reason="outage")
    facts = {"subject_id": member, "chain_id": chain.pk, "amount": 50, "at": NOW, "key": uuid4()}
    with world.scope("bonus_use") as scope:
        with pytest.raises(SuspendedError):
            use(scope=scope, **facts)
        suspensions.lift(suspension_id=stopped.pk, at=NOW + timedelta(minutes=1))
        assert use(scope=scope, **{**facts, "at": NOW + timedelta(minutes=1)})


def test_c11_a_budget_holds_when_two_intakes_race_for_it(fresh_db: TestDatabase) -> None:
    with clock.travel(NOW):
        world = build()
        _race(world)


def _race(world: World) -> None:
    offer = made(world, limits=Limits(budget=50_00))
    people = [world.member(number) for number in range(1, 9)]
    failed: list[BaseException] = []

    def take(number: int) -> None:
        try:
            with clock.travel(NOW):
                world.take_in([bought(f"{number}-{n}", 1 + n % 8) for n in range(8)])
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=take, args=[number]) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed
    offer.refresh_from_db()
    assert (offer.given, given(world)) == (50_00, 50_00)
    assert sum(world.balances(one)["lot"] for one in people) == 32_00 + 50_00


def test_c6_bonus_of_an_authorisation_is_pending_and_becomes_available_when_it_is_cleared(world: World) -> None:
    member = world.member(1)
    world.take_in([bought(1, 1, time="2026-05-30T12:30:00+02:00", event="authorisation")])
    with world.scope():
        (standing,) = overview(subject_id=member, on=NOW.date())
    assert (standing.pending, standing.available) == (1_00, 0)
    world.take_in([bought(2, 1, "90.00", "2026-05-31T12:30:00+02:00", authorisation="T1")])
    with world.scope():
        (standing,) = overview(subject_id=member, on=NOW.date())
    assert (standing.pending, standing.available) == (0, 90)
