"""Two lanes beside each other, and the API beside a file, come to what one lane comes to."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections

from tests.conftest import TestDatabase
from tests.journeys.intake_world import NOW, World, bought, build
from tillit.consent.operations import restrict
from tillit.kernel import clock
from tillit.ledger import queries as ledger
from tillit.parties.operations import many_at_once
from tillit.purchases import intake as chunks
from tillit.purchases import lanes
from tillit.purchases.models import Purchase

ROWS = 400


def rows(world: World) -> list[dict[str, str]]:
    plain = [bought(n, card=n % 5, amount=f"{n % 97 + 1}.50") for n in range(ROWS)]
    return (
        plain + plain[::7] + [bought(f"r{n}", card=n % 5, amount="-1.50", refund_of=f"T{n}") for n in range(0, ROWS, 9)]
    )


def test_two_lanes_give_what_one_gives(fresh_db: TestDatabase) -> None:
    with clock.travel(NOW):
        world = build()
        members = [world.member(n) for n in range(3)]
        with lanes.beside() as two:
            batch = world.take_in(rows(world), two)
        assert batch.posted == sum(1 for row in rows(world)[:ROWS] if row["card"] in _cards(3)) + len(_refunds(3))
        assert batch.strangers > 0
        assert batch.repeated > 0
        assert sorted(batch.progress) == ["0/2", "1/2"]
        side_by_side = [world.balances(subject) for subject in members]
        again = world.take_in(rows(world))
        assert (again.posted, again.repeated) == (0, batch.posted + batch.repeated)
        assert [world.balances(subject) for subject in members] == side_by_side
        with world.scope():
            assert ledger.unexplained() == 0
            assert Purchase.objects.count() == batch.posted
        expected = [
            sum(_bonus(n) for n in range(ROWS) if n % 5 == member)
            - sum(_back(n) for n in range(0, ROWS, 9) if n % 5 == member)
            for member in range(3)
        ]
        assert [balance["lot"] for balance in side_by_side] == expected


def _cards(count: int) -> set[str]:
    return {bought(0, card=n)["card"] for n in range(count)}


def _refunds(members: int) -> list[int]:
    return [n for n in range(0, ROWS, 9) if n % 5 < members]


def _bonus(n: int) -> int:
    return ((n % 97 + 1) * 100 + 50 + 50) // 100


def _back(n: int) -> int:
    amount, bonus = (n % 97 + 1) * 100 + 50, _bonus(n)
    return (2 * bonus * min(150, amount) + amount) // (2 * amount)


def test_singles_beside_a_file_are_neither_lost_nor_doubled(fresh_db: TestDatabase) -> None:
    with clock.travel(NOW):
        world = build()
        subject = world.member(1)
        everything = [bought(n, amount="10") for n in range(60)]
        start = threading.Barrier(4, timeout=60)

        def one_by_one(worker: int) -> None:
            with clock.travel(NOW):
                start.wait()
                try:
                    for row in everything[worker::2]:
                        world.take_in([row])
                finally:
                    connections.close_all()

        def all_at_once() -> None:
            with clock.travel(NOW):
                start.wait()
                try:
                    world.take_in(everything)
                finally:
                    connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(one_by_one, 0), pool.submit(one_by_one, 1)]
            jobs += [pool.submit(all_at_once), pool.submit(all_at_once)]
            for job in jobs:
                job.result(timeout=120)
        assert world.balances(subject) == {"lot": 600}


def test_h4_a_restriction_waits_for_the_chunk_that_is_being_posted(fresh_db: TestDatabase) -> None:
    """What is written for many at once is written in the state that people have: nobody's changes meanwhile."""
    with clock.travel(NOW):
        world = build()
        subject = world.member(1)
        waiting, done = threading.Event(), threading.Event()

        def someone() -> None:
            with clock.travel(NOW), world.scope("rights_requests") as scope:
                waiting.set()
                restrict(
                    scope=scope,
                    subject_id=subject,
                    controller_id=world.controllers["rundtur"].pk,
                    ground="accuracy",
                    at=NOW,
                )
                done.set()
            connections.close_all()

        thread = threading.Thread(target=someone)
        with world.scope():
            many_at_once(register_id=world.register)
            thread.start()
            assert waiting.wait(60)
            assert not done.wait(0.3)
        assert done.wait(60)
        thread.join()
        world.take_in([bought(1)])
        with world.scope():
            assert [purchase.state for purchase in Purchase.objects.all()] == [1]


def test_nothing_staged_is_left_behind_for_others(fresh_db: TestDatabase) -> None:
    with clock.travel(NOW):
        world = build()
        world.member(1)
        world.take_in([bought(1)])
        with fresh_db.connect() as other:
            assert other.execute("SELECT to_regclass('purchases_staged')").fetchone() == (None,)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM intake_row")
            assert cursor.fetchone() == (0,)
            chunks.prepare_tables()
            cursor.execute("SELECT count(*) FROM purchases_staged")
            assert cursor.fetchone() == (0,)
