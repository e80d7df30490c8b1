"""Eight connections at once on the same people and the same keys: no deadlock, no lost or doubled øre."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import sleep
from typing import Any
from uuid import uuid4

import psycopg
from django.db import connection, connections

from tests.conftest import TestDatabase
from tests.ledger.conftest import AT, DEBT, LOT, ON, RESERVED, Y27, Y28, World, build
from tillit.ledger import kinds, operations, queries
from tillit.ledger.errors import ConflictError, InsufficientFundsError, UnknownAccountError
from tillit.ledger.models import Balance, Transfer
from tillit.ledger.operations import Account, Posting, natural_key

WORKERS, ROUNDS, PEOPLE, KEYS = 8, 60, 4, 150


def _amount(key: int) -> int:
    return key % 7 + 1


def _posting(world: World, people: list[int], key: int) -> Posting:
    """The same key is the same transfer, whichever worker posts it."""
    return Posting(
        people[key % PEOPLE],
        natural_key("earn", key),
        world.book_id,
        _amount(key),
        Account(kinds.ISSUED),
        Account(LOT, Y27 if key % 3 else Y28),
        AT,
    )


def _work(world: World, people: list[int], seed: int, start: threading.Barrier) -> set[int]:
    """Random work; returns the keys this worker asked to have posted."""
    chosen, asked = random.Random(seed), set[int]()  # noqa: S311 (no secret)
    draw = {"book_id": world.book_id, "source": LOT, "on": ON, "at": AT}
    start.wait()
    try:
        for _ in range(ROUNDS):
            try:
                with world.scope() as scope:
                    keys = chosen.sample(range(KEYS), chosen.choice([1, 2, 20]))
                    operations.post(scope=scope, postings=[_posting(world, people, key) for key in keys])
                asked.update(keys)
                who, number = chosen.choice(people), chosen.randrange(30)
                with world.scope() as scope:
                    match chosen.randrange(4):
                        case 0:
                            key, amount = natural_key("use", number), number + 1
                            operations.draw(
                                scope=scope,
                                subject_id=who,
                                key=key,
                                amount=amount,
                                credit=kinds.REDEEMED,
                                less=DEBT,
                                **draw,
                            )
                        case 1:
                            key, amount = natural_key("reserve", number), number + 1
                            operations.draw(
                                scope=scope, subject_id=who, key=key, amount=amount, credit=RESERVED, less=DEBT, **draw
                            )
                            ending = chosen.choice([None, kinds.REDEEMED])
                            operations.conclude(scope=scope, subject_id=who, key=key, credit=ending, at=AT)
                        case 2:
                            operations.draw(
                                scope=scope,
                                subject_id=who,
                                key=natural_key("correct", number),
                                amount=5,
                                credit=kinds.CORRECTED,
                                short=DEBT,
                                **draw,
                            )
                        case _:
                            pairs = [(one, world.book_id) for one in chosen.sample(people, PEOPLE)]
                            operations.settle(scope=scope, accounts=pairs, source=LOT, debt=DEBT, on=ON, at=AT)
            except (InsufficientFundsError, ConflictError, UnknownAccountError):
                continue
    finally:
        connections.close_all()
    return asked


def test_eight_connections_lose_and_double_nothing(fresh_db: TestDatabase) -> None:
    world = build()
    with world.scope():
        people = [world.subject() for _ in range(PEOPLE)]
    start = threading.Barrier(WORKERS, timeout=60)
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(_work, world, people, seed, start) for seed in range(WORKERS)]
        asked = set[int]().union(*(job.result(timeout=120) for job in jobs))
    with world.scope():
        issued = Transfer.objects.filter(debit_kind=kinds.ISSUED.id).values_list("amount", flat=True)
        assert len(issued) == len(asked) > KEYS // 2
        assert sum(issued) == sum(map(_amount, asked))
        lines = {line.kind: line.moved for line in queries.trial_balance() if line.book_id == world.book_id}
        assert sum(lines.values()) == 0
        assert lines["redeemed"] > 0
        assert lines["corrected"] > 0
        assert queries.unexplained() == 0
        for line in queries.trial_balance():
            assert line.standing in (None, line.moved)


def test_accounts_opened_and_used_while_others_open_theirs_end_in_no_deadlock(fresh_db: TestDatabase) -> None:
    """One opens the first of three lots and waits for the second; the third is opened meanwhile, and whoever uses it
    waits for the first.
    """
    world = build()
    with world.scope():
        who = world.subject()

    def earn(*lots: date) -> None:
        try:
            with world.scope() as scope:
                new = [
                    Posting(who, uuid4(), world.book_id, 5, Account(kinds.ISSUED), Account(LOT, one), AT)
                    for one in lots
                ]
                operations.post(scope=scope, postings=new)
        finally:
            connections.close_all()

    def waiting(watch: psycopg.Connection[Any], number: int) -> None:
        asked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        for _ in range(600):
            found = watch.execute(asked).fetchone()
            if found and found[0] >= number:
                return
            sleep(0.05)
        raise AssertionError("nobody waits")

    third = date(2029, 1, 1)
    with fresh_db.connect("owner", autocommit=True) as watch, ThreadPoolExecutor(2) as pool:
        with ThreadPoolExecutor(1) as holder:
            held, go = threading.Event(), threading.Event()

            def hold() -> None:
                try:
                    with world.scope() as scope:
                        one = Posting(who, uuid4(), world.book_id, 5, Account(kinds.ISSUED), Account(LOT, Y28), AT)
                        operations.post(scope=scope, postings=[one])
                        held.set()
                        assert go.wait(60)
                        raise InterruptedError
                finally:
                    connections.close_all()

            second = holder.submit(hold)
            assert held.wait(60)
            opening = pool.submit(earn, Y27, Y28, third)
            waiting(watch, 1)
            earn(third)
            using = pool.submit(earn, Y27, third)
            waiting(watch, 2)
            go.set()
            assert isinstance(second.exception(timeout=60), InterruptedError)
        opening.result(timeout=60)
        using.result(timeout=60)
    with world.scope():
        assert {b.expires_on: b.balance for b in Balance.objects.filter(subject_id=who, kind=LOT.id)} == {
            Y27: 10, Y28: 5, third: 15
        }  # fmt: skip


def test_the_last_of_a_lot_goes_to_one_of_two_tills(fresh_db: TestDatabase) -> None:
    world = build()
    with world.scope() as scope:
        subject = world.subject()
        one = Posting(subject, uuid4(), world.book_id, 100, Account(kinds.ISSUED), Account(LOT, Y28), AT)
        operations.post(scope=scope, postings=[one])
    start = threading.Barrier(WORKERS, timeout=60)

    def till(number: int) -> int:
        start.wait()
        try:
            with world.scope() as scope:
                parts = operations.draw(
                    scope=scope,
                    subject_id=subject,
                    key=natural_key("till", number),
                    book_id=world.book_id,
                    amount=60,
                    source=LOT,
                    credit=kinds.REDEEMED,
                    on=ON,
                    at=AT,
                )
                return sum(part.amount for part in parts)
        except InsufficientFundsError:
            return 0
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as pool:
        assert sorted(pool.map(till, range(WORKERS))) == [0] * (WORKERS - 1) + [60]
    with world.scope():
        assert list(Balance.objects.values_list("balance", flat=True)) == [40]


def test_a_new_account_opened_from_two_sides_at_once_is_one_account(fresh_db: TestDatabase) -> None:
    world = build()
    with world.scope():
        people = [world.subject() for _ in range(20)]
    start = threading.Barrier(WORKERS, timeout=60)

    def post(number: int) -> int:
        order = random.Random(number).sample(people, len(people))  # noqa: S311
        start.wait()
        try:
            with world.scope() as scope:
                postings = [
                    Posting(s, uuid4(), world.book_id, 1, Account(kinds.ISSUED), Account(LOT, Y28), AT) for s in order
                ]
                return len(operations.post(scope=scope, postings=postings))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as pool:
        assert list(pool.map(post, range(WORKERS))) == [len(people)] * WORKERS
    with world.scope():
        assert set(Balance.objects.values_list("balance", flat=True)) == {WORKERS}
        assert Balance.objects.count() == len(people)


def test_each_call_takes_its_locks_in_one_order(db: None, owner_connection: Any) -> None:
    """The order is the function's, not the caller's: what is locked is sorted by (subject, account) before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'ledger%' AND prosrc LIKE '%FOR UPDATE%'"
        )
        found = dict(cursor.fetchall())
    assert {"ledger_draw", "ledger_settle", "ledger_sweep", "ledger_dispose"} <= set(found)
    for source in found.values():
        before = [part.rsplit("ORDER BY", 1)[-1] for part in source.split("FOR UPDATE")[:-1]]
        assert all("subject_id" in order.split("LIMIT")[0] for order in before)
    owner_connection.execute("SET enable_hashjoin = off")
    owner_connection.execute("SET enable_mergejoin = off")
    rows = owner_connection.execute(
        "EXPLAIN UPDATE ledger_balance b SET balance = b.balance + m.amount FROM unnest(%s::bigint[], %s::bigint[],"
        " %s::bigint[]) AS m(subject_id, id, amount) WHERE b.subject_id = m.subject_id AND b.id = m.id",
        [list(range(9))] * 3,
    )
    plan = [line.strip(" ->") for (line,) in rows]
    assert [line.split("  ")[0].split(" on ")[0] for line in plan[1:4]] == [
        "Nested Loop",
        "Function Scan",
        "Index Scan using ledger_balance_pkey",
    ]
