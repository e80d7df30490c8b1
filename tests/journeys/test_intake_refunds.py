"""Refunds in what sources send: taken from who bought, whatever the card and the order, and never more (C8)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import polars as pl
import pytest
from django.db import connection

from tests.journeys.intake_world import NOW, SOURCE, World, bought, build
from tillit.bonus import operations as bonus
from tillit.bonus.kinds import LOT
from tillit.kernel import clock
from tillit.ledger import queries as ledger
from tillit.purchases.models import Purchase, Source, UnmatchedRefund
from tillit.purchases.reading.encoding import external_digests


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def test_c8_a_refund_takes_back_exactly_what_the_purchase_gave(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(1, amount="99.50"), bought(2)])
    assert world.balances(subject) == {"lot": 200}
    world.take_in([bought(3, amount="-33.17", refund_of="T1"), bought(4, amount="-33.17", refund_of="T1")])
    assert world.balances(subject) == {"lot": 200 - 67}
    world.take_in([bought(5, amount="-33.16", refund_of="T1")])
    assert world.balances(subject) == {"lot": 100}
    over = world.take_in([bought(6, amount="-500", refund_of="T1")])
    assert world.balances(subject) == {"lot": 100}
    assert over.refunds_unmatched == 0


def test_c8_a_refund_after_the_bonus_was_spent_leaves_a_debt_that_later_earning_repays(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(1, amount="500")])
    with world.scope("bonus_use") as scope:
        bonus.use(
            scope=scope, subject_id=subject, chain_id=world.chains["mat"].pk, amount=450, key=uuid4(), at=clock.now()
        )
    world.take_in([bought(2, amount="-500", refund_of="T1")])
    assert world.balances(subject) == {"debt": -450}
    world.take_in([bought(3, amount="600"), bought(4, amount="1000")])
    assert world.balances(subject) == {"lot": 1600 - 450}


def test_c8_a_refund_of_what_earned_bonus_that_expired_unused_costs_nothing(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(1, amount="500"), bought(2, amount="300")])
    with world.scope("bonus_use") as scope:
        bonus.use(
            scope=scope, subject_id=subject, chain_id=world.chains["mat"].pk, amount=200, key=uuid4(), at=clock.now()
        )
    clock.travel(datetime(2028, 1, 2, 10, tzinfo=UTC))
    assert [done.amount for done in bonus.expire_everywhere() if done.lots] == [600]
    world.take_in([bought(3, time="2028-01-02T09:00:00+01:00", amount="1000")])
    assert world.balances(subject) == {"lot": 1000}
    refund = {"time": "2028-01-02T09:30:00+01:00", "refund_of": "T1"}
    world.take_in([bought(4, amount="-400", **refund), bought(5, amount="-100", **refund)])
    assert world.balances(subject) == {"lot": 1000}, "of the 800 earned then, 600 expired: they cover these 500"
    world.take_in([bought(6, time="2028-01-02T09:40:00+01:00", amount="-300", refund_of="T2")])
    assert world.balances(subject) == {"lot": 800}, "100 more had expired, 200 were used"
    with world.scope():
        assert ledger.unexplained() == 0


@pytest.mark.parametrize("corrected", [-300, -500, 200])
def test_c8_a_refund_takes_no_more_than_corrections_left(world: World, corrected: int) -> None:
    subject = world.member(1)
    world.take_in([bought(1, amount="500")])
    with world.scope():
        purchase = Purchase.objects.get()
    with world.scope("bonus_correction") as scope:
        bonus.correct(
            scope=scope,
            subject_id=subject,
            chain_id=world.chains["mat"].pk,
            amount=corrected,
            key=uuid4(),
            event_at=purchase.event_at,
            at=clock.now(),
            reason="wrong_rate",
            purchase_id=purchase.id,
        )
    world.take_in([bought(2, amount="-200", refund_of="T1"), bought(3, amount="-300", refund_of="T1")])
    assert world.balances(subject) == {}


def test_c8_a_refund_waits_for_a_purchase_that_comes_later(world: World) -> None:
    subject = world.member(1)
    first = world.take_in([bought(2, amount="-40", refund_of="T1"), bought(3, amount="-9", refund_of="unknown")])
    assert first.refunds_unmatched == 2
    assert world.balances(subject) == {}
    world.take_in([bought(1)])
    assert world.balances(subject) == {"lot": 60}
    with world.scope():
        assert sorted(UnmatchedRefund.objects.values_list("settled_at", flat=True), key=str) == [NOW, None]


def test_c8_a_refund_by_another_card_of_the_same_person_finds_its_purchase(world: World) -> None:
    subject = world.member(1, 2)
    batch = world.take_in([bought(1), bought(2, card=2, amount="-100", refund_of="T1")])
    assert world.balances(subject) == {}
    assert batch.refunds_unmatched == 0


@pytest.mark.parametrize("first", ["purchase", "refund"])
def test_c8_a_refund_to_another_members_card_is_taken_from_who_bought(world: World, first: str) -> None:
    subject, other = world.member(1), world.member(3)
    rows = [bought(1), bought(2), bought(3, card=3), bought(4, card=3, amount="-60", refund_of="T1")]
    for row in rows if first == "purchase" else rows[::-1]:
        world.take_in([row])
    assert (world.balances(subject), world.balances(other)) == ({"lot": 140}, {"lot": 100})
    with world.scope():
        outcomes = dict(UnmatchedRefund.objects.values_list("subject_id", "outcome"))
        assert outcomes == {other: "elsewhere", subject: "settled"}
        assert ledger.unexplained() == 0
    world.take_in([bought(5, card=3, amount="-60", refund_of="T1")])
    assert world.balances(subject) == {"lot": 100}, "no more than the purchase gave"


def test_c8_a_refund_to_a_strangers_card_is_taken_from_who_bought_and_keeps_nothing_of_the_stranger(
    world: World,
) -> None:
    subject = world.member(1)
    stranger = {"card": 88, "amount": "-40", "receipt": "R-88"}
    batch = world.take_in(
        [bought(9, refund_of="T1", **stranger), bought(1), bought(7, card=88), bought(8, refund_of="T7", **stranger)]
    )
    assert world.balances(subject) == {"lot": 60}
    assert (batch.posted, batch.strangers, batch.refunds_unmatched) == (2, 2, 0)
    with world.scope():
        assert list(Purchase.objects.order_by("amount").values_list("amount", "last_four")) == [
            (-4000, ""),
            (10000, bought(1)["card"][-4:]),
        ]
    world.take_in([bought(9, refund_of="T1", **stranger), bought(2)])
    assert world.balances(subject) == {"lot": 160}, "counted once"


@pytest.mark.parametrize("cut", ["each alone", "two and two"])
@pytest.mark.parametrize("turn", [1, -1], ids=["refund first", "purchase first"])
def test_c5_c8_a_refund_to_a_strangers_card_before_its_purchase_is_dropped_and_counts_when_it_is_sent_again(
    world: World, turn: int, cut: str
) -> None:
    subject = world.member(1)
    stranger = {"card": 88, "receipt": "R-88", "product": "Laks"}
    rows = [
        bought(9, refund_of="T1", amount="-40", **stranger),
        bought(8, refund_of="T7", amount="-30", **stranger),
        bought(1),
        bought(7, card=88),
    ]
    size = 1 if cut == "each alone" else 2
    told = []
    for start in range(0, 4, size)[::turn]:
        batch = world.take_in(rows[start : start + size])
        told.append((batch.posted, batch.strangers, batch.refunds_unmatched))
        assert not (turn == 1 and kept(world, "T9")), "nothing of it stands anywhere"
    assert sum(posted + strangers for posted, strangers, _ in told) == 4, "each row is counted"
    if turn == 1:
        assert told[0] == (0, size, 0), "dropped, and only counted"
    assert world.balances(subject) == {"lot": 100 if turn == 1 else 60}
    for _ in range(2):
        for row in rows[::turn]:
            world.take_in([row])
        assert world.balances(subject) == {"lot": 60}, "sent again it counts, and once"
    assert (kept(world, "T9"), kept(world, "T8"), kept(world, "T7")) == (True, False, False)
    with world.scope():
        assert list(Purchase.objects.order_by("amount").values_list("amount", "last_four")) == [
            (-4000, ""),
            (10000, bought(1)["card"][-4:]),
        ]
        assert ledger.unexplained() == 0


def kept(world: World, line: str) -> bool:
    """Whether anything of the sender's line, by its digest, stands in any table of purchases."""
    source = Source.objects.get(key=SOURCE)
    known = UUID(bytes=external_digests(source.pk, pl.Series([line], dtype=pl.String))[0].tobytes())
    with world.scope(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'purchases%%'", []
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert "purchases_seen" in tables
        parts = " UNION ALL ".join(f"SELECT t::text AS row FROM {name} t" for name in tables)
        cursor.execute(f"SELECT count(*) FROM ({parts}) AS a WHERE a.row LIKE %s", [f"%{known}%"])
        return bool(cursor.fetchone()[0])


def test_c8_the_lot_of_the_purchase_is_taken_from_before_older_lots(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(1, time="2025-03-02T12:00:00Z"), bought(2), bought(3, amount="-100", refund_of="T2")])
    with world.scope():
        found = ledger.lots(subject_id=subject, book_id=world.books["mat"], kind=LOT, on=clock.today())
    assert found == [(date(2027, 1, 1), 100)]
