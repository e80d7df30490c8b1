"""Months close once and for all; what is disposed of leaves its sums, and every book still adds up to zero."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import connection

from tests.ledger.conftest import AT, LOT, ON, Y28, World
from tillit.kernel import clock
from tillit.ledger import kinds, operations, queries
from tillit.ledger.errors import NotAllowedError, PeriodClosedError
from tillit.ledger.models import Balance, Closing, Transfer
from tillit.ledger.operations import Account, Posting

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
IN_JUNE = datetime(2026, 6, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_may() -> Iterator[None]:
    with clock.travel(AT):
        yield


def earn(world: World, subject: int, amount: int) -> Posting:
    return Posting(subject, uuid4(), world.book_id, amount, Account(kinds.ISSUED), Account(LOT, Y28), AT)


def trial(world: World) -> dict[str, tuple[int, int | None]]:
    lines = {
        line.kind: (line.moved, line.standing) for line in queries.trial_balance() if line.book_id == world.book_id
    }
    assert sum(moved for moved, _ in lines.values()) == 0
    assert all(standing in (None, moved) for moved, standing in lines.values())
    return {kind: line for kind, line in lines.items() if line[0]}


def dispose(function: str, subjects: list[int], ids: list[str]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s::bigint[], %s::text[])", [subjects, ids])
        return int(cursor.fetchone()[0])


def test_a_month_closes_when_it_has_passed_and_takes_no_more(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        operations.post(scope=scope, postings=[earn(world, subject, 100)])
        with pytest.raises(PeriodClosedError), world.scope():
            operations.close_period(scope=scope, book_id=world.book_id, month=MAY)
    with clock.travel(IN_JUNE), world.scope() as scope:
        assert operations.close_period(scope=scope, book_id=world.book_id, month=MAY) == 1
        with pytest.raises(PeriodClosedError), world.scope():
            operations.close_period(scope=scope, book_id=world.book_id, month=MAY)
        operations.post(scope=scope, postings=[earn(world, subject, 11)])
        assert trial(world) == {"issued": (-111, None), "lot": (111, 111)}
    with pytest.raises(PeriodClosedError), world.scope() as scope:
        operations.post(scope=scope, postings=[earn(world, subject, 5)])
    with pytest.raises(NotAllowedError), world.scope() as scope:
        operations.close_period(scope=scope, book_id=world.other_book_id, month=MAY)


@pytest.mark.parametrize("closed_first", [True, False])
def test_c17_disposal_keeps_sums_liability_and_balances(world: World, closed_first: bool) -> None:
    with world.scope() as scope:
        people = [world.subject(), world.subject()]
        operations.post(scope=scope, postings=[earn(world, s, 100 + i) for i, s in enumerate(people)])
        operations.draw(
            scope=scope,
            subject_id=people[0],
            key=uuid4(),
            book_id=world.book_id,
            amount=40,
            source=LOT,
            credit=kinds.REDEEMED,
            on=ON,
            at=AT,
        )
        before = trial(world)
    with clock.travel(IN_JUNE), world.scope("retention") as scope:
        if closed_first:
            operations.close_period(scope=scope, book_id=world.book_id, month=MAY)
        rows = list(Transfer.objects.filter(subject_id__in=people).values_list("subject_id", "id"))
        assert len(rows) == 3
        pairs = [s for s, _ in rows], [str(i) for _, i in rows]
        assert dispose("ledger_dispose", *pairs) == 3
        assert dispose("ledger_dispose", *pairs) == 0
        assert not Transfer.objects.filter(subject_id__in=people).exists()
        assert trial(world) == before
        assert queries.unexplained() == 0
        assert sorted(b.carried for b in Balance.objects.filter(subject_id__in=people)) == [60, 101]
        if not closed_first:
            operations.close_period(scope=scope, book_id=world.book_id, month=MAY)
            assert trial(world) == before
        operations.post(scope=scope, postings=[earn(world, people[0], 1)])
        found = list(queries.history(subject_id=people[0], book_id=world.book_id))
        assert [(m.amount, m.balance_after) for m in found] == [(1, 61)]
        balance = Balance.objects.get(subject_id=people[1])
        assert dispose("ledger_dispose_balances", [people[1]], [str(balance.id)]) == 1
        assert trial(world)["written_off"] == (101, None)
        assert trial(world)["lot"] == (61, 61)
        assert queries.unexplained() == 0


def test_only_a_scope_that_may_delete_disposes(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        posting = earn(world, subject, 10)
        operations.post(scope=scope, postings=[posting])
        assert dispose("ledger_dispose", [subject], [str(posting.id)]) == 0
        balance = Balance.objects.get(subject_id=subject)
        assert dispose("ledger_dispose_balances", [subject], [str(balance.id)]) == 0
    with world.scope("retention", frozenset({subject + 1})):
        assert dispose("ledger_dispose", [subject], [str(posting.id)]) == 0
    with world.scope("retention", frozenset({subject})):
        assert dispose("ledger_dispose", [subject], [str(posting.id)]) == 1
    assert Closing.objects.filter(book_id=world.book_id, closed_at__isnull=True).count() == 2
