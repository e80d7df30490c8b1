"""Posting, drawing, concluding, reversing: exact, idempotent, refused where it must be."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from tests.ledger.conftest import AT, DEBT, LOT, ON, RESERVED, Y27, Y28, World
from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, system
from tillit.ledger import kinds, operations, queries
from tillit.ledger.errors import (
    ConflictError,
    InsufficientFundsError,
    NotAllowedError,
    UnknownAccountError,
)
from tillit.ledger.models import Balance
from tillit.ledger.operations import Account, Posting, natural_key

ISSUED = Account(kinds.ISSUED)


def earn(world: World, subject: int, amount: int, expires: date = Y28, key: UUID | None = None) -> Posting:
    return Posting(subject, key or uuid4(), world.book_id, amount, ISSUED, Account(LOT, expires), AT)


def lots(world: World, subject: int) -> list[tuple[date, int]]:
    return queries.lots(subject_id=subject, book_id=world.book_id, kind=LOT, on=ON)


def take(world: World, scope: object, subject: int, amount: int, key: UUID, **more: object) -> list[operations.Part]:
    defaults = {"source": LOT, "credit": kinds.REDEEMED, "on": ON, "at": AT, "book_id": world.book_id, "less": DEBT}
    return operations.draw(scope=scope, subject_id=subject, key=key, amount=amount, **(defaults | more))


def test_a_repeat_is_nothing_new_and_another_content_is_refused(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        posting = earn(world, subject, 1000)
        assert operations.post(scope=scope, postings=[posting]) == {posting.id}
        assert operations.post(scope=scope, postings=[posting]) == set()
        more = earn(world, subject, 5)
        assert operations.post(scope=scope, postings=[posting, more]) == {more.id}
        assert lots(world, subject) == [(Y28, 1005)]
        other = earn(world, subject, 7)
        with pytest.raises(ConflictError), world.scope():
            operations.post(scope=scope, postings=[other, replace(posting, amount=1001)])


def test_a_key_twice_in_one_posting_is_refused(world: World) -> None:
    with world.scope() as scope:
        posting = earn(world, world.subject(), 10)
        with pytest.raises(ConflictError), world.scope():
            operations.post(scope=scope, postings=[posting, posting])


def test_c7_draws_take_the_oldest_expiry_first_and_the_exact_amount(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        operations.post(scope=scope, postings=[earn(world, subject, 300, Y28), earn(world, subject, 200, Y27)])
        key = natural_key("use", 1)
        parts = take(world, scope, subject, 250, key)
        assert [(p.expires, p.amount) for p in parts] == [(Y27, 200), (Y28, 50)]
        assert take(world, scope, subject, 250, key) == parts
        assert lots(world, subject) == [(Y28, 250)]
        with pytest.raises(ConflictError), world.scope():
            take(world, scope, subject, 249, key)
        with pytest.raises(InsufficientFundsError), world.scope():
            take(world, scope, subject, 251, natural_key("use", 2))
        assert lots(world, subject) == [(Y28, 250)]


def test_expired_holdings_are_passed_over(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        operations.post(scope=scope, postings=[earn(world, subject, 300, ON), earn(world, subject, 20, Y27)])
        with pytest.raises(InsufficientFundsError), world.scope():
            take(world, scope, subject, 21, uuid4())
        assert [p.expires for p in take(world, scope, subject, 20, uuid4())] == [Y27]


def test_c8_a_correction_goes_below_zero_and_is_recovered_by_later_earning(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        operations.post(scope=scope, postings=[earn(world, subject, 100, Y27), earn(world, subject, 30, Y28)])
        take(world, scope, subject, 100, uuid4())
        parts = take(world, scope, subject, 100, uuid4(), credit=kinds.CORRECTED, prefer=Y28, short=DEBT, less=None)
        assert sorted(p.amount for p in parts) == [30, 70]
        assert queries.balances(subject_id=subject, on=ON) == {world.book_id: {"lot": 0, "debt": -70}}
        operations.post(scope=scope, postings=[earn(world, subject, 100, Y28)])
        with pytest.raises(InsufficientFundsError), world.scope():
            take(world, scope, subject, 31, uuid4())
        settled = operations.settle(
            scope=scope, accounts=[(subject, world.book_id)], source=LOT, debt=DEBT, on=ON, at=AT
        )
        assert settled == 1
        assert queries.balances(subject_id=subject, on=ON) == {world.book_id: {"lot": 30, "debt": 0}}


def test_a_correction_prefers_the_lot_that_was_wrong(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        operations.post(scope=scope, postings=[earn(world, subject, 100, Y27), earn(world, subject, 100, Y28)])
        take(world, scope, subject, 130, uuid4(), credit=kinds.CORRECTED, prefer=Y28, short=DEBT, less=None)
        assert lots(world, subject) == [(Y27, 70)]


@pytest.mark.parametrize(("ending", "left"), [(kinds.REDEEMED, 60), (None, 100)])
def test_c9_a_reservation_ends_once(world: World, ending: kinds.Kind | None, left: int) -> None:
    with world.scope() as scope:
        subject, key = world.subject(), uuid4()
        operations.post(scope=scope, postings=[earn(world, subject, 30, Y27), earn(world, subject, 70, Y28)])
        take(world, scope, subject, 40, key, credit=RESERVED)
        assert queries.balances(subject_id=subject, on=ON)[world.book_id] == {"lot": 60, "reserved": 40}
        end = {"scope": scope, "subject_id": subject, "key": key, "at": AT + timedelta(hours=1)}
        assert operations.conclude(**end, credit=ending) == 40
        assert operations.conclude(**end | {"at": AT + timedelta(hours=2)}, credit=ending) == 0
        with pytest.raises(ConflictError), world.scope():
            operations.conclude(**end, credit=None if ending else kinds.REDEEMED)
        assert queries.balances(subject_id=subject, on=ON)[world.book_id] == {"lot": left, "reserved": 0}


def test_a_reversal_is_a_new_transfer_and_happens_once(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        posting = earn(world, subject, 90)
        operations.post(scope=scope, postings=[posting])
        back = {"scope": scope, "subject_id": subject, "transfer_id": posting.id, "at": AT}
        assert operations.reverse(**back)
        assert not operations.reverse(**back)
        assert lots(world, subject) == []
        movements = list(queries.history(subject_id=subject, book_id=world.book_id))
        assert [(m.amount, m.balance_after) for m in movements] in ([(90, 90), (-90, 0)], [(-90, -90), (90, 0)])
        with pytest.raises(UnknownAccountError), world.scope():
            operations.reverse(**back | {"transfer_id": uuid4()})


def test_a_reversal_of_what_was_spent_is_refused(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        posting = earn(world, subject, 90)
        operations.post(scope=scope, postings=[posting])
        take(world, scope, subject, 1, uuid4())
        with pytest.raises(InsufficientFundsError), world.scope():
            operations.reverse(scope=scope, subject_id=subject, transfer_id=posting.id, at=AT)


def test_c7_expired_holdings_are_swept_in_chunks_and_once(world: World) -> None:
    with world.scope() as scope:
        people = [world.subject() for _ in range(5)]
        postings = [earn(world, s, 10, e) for s in people for e in (Y27, Y28, date(2026, 12, 31))]
        operations.post(scope=scope, postings=postings)
        run = {"scope": scope, "book_id": world.book_id, "kind": LOT, "credit": kinds.EXPIRED, "at": AT}
        assert list(operations.sweep(**run, on=Y27, chunk=3)) == [(3, 30), (3, 30), (3, 30), (1, 10)]
        assert list(operations.sweep(**run, on=Y27, chunk=3)) == []
        assert all(lots(world, s) == [(Y28, 10)] for s in people)
        assert list(operations.sweep(**run, on=kinds.NEVER, subjects=people[:1])) == [(1, 10)]


def test_c9_value_never_moves_between_books(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        both = Scope(system("test", Controller.objects.values_list("id", flat=True)), "bonus_earning")
        operations.post(scope=scope, postings=[earn(world, subject, 10)])
        with both:
            other = replace(earn(world, subject, 7), book_id=world.other_book_id)
            operations.post(scope=both, postings=[other])
            assert queries.balances(subject_id=subject, on=ON) == {
                world.book_id: {"lot": 10},
                world.other_book_id: {"lot": 7},
            }
        with pytest.raises(InsufficientFundsError), world.scope():
            take(world, scope, subject, 11, uuid4())
        assert [p.amount for p in take(world, scope, subject, 10, uuid4())] == [10]
        with both:
            assert queries.balances(subject_id=subject, on=ON)[world.other_book_id] == {"lot": 7}


def test_the_scope_must_be_allowed_to_write_that_book_person_and_state(world: World) -> None:
    with world.scope() as scope:
        subject = world.subject()
        posting = earn(world, subject, 10)
    refused = [
        (world.scope("customer_service"), posting),
        (world.scope(), replace(posting, book_id=world.other_book_id)),
        (world.scope("bonus_use"), replace(posting, state=1)),
        (world.scope(subjects=frozenset({subject + 1})), posting),
    ]
    for scope, one in refused:
        with pytest.raises(NotAllowedError), scope:
            operations.post(scope=scope, postings=[one])
    with pytest.raises(UnknownAccountError), world.scope() as scope:
        operations.post(scope=scope, postings=[replace(posting, book_id=4_000_000)])
    with pytest.raises(UnknownAccountError), world.scope() as scope:
        operations.post(scope=scope, postings=[replace(posting, credit=Account(kinds.Kind(150, "x"), Y28))])
    with world.scope(subjects=frozenset({subject})) as scope:
        assert operations.post(scope=scope, postings=[posting]) == {posting.id}


@pytest.mark.parametrize("together", [1, 2])
def test_d10_an_account_that_is_used_again_leaves_the_archive(world: World, together: int) -> None:
    with world.scope() as scope:
        subject = world.subject()
        operations.post(scope=scope, postings=[earn(world, subject, 1000) for _ in range(together)])
        assert lots(world, subject) == [(Y28, 1000 * together)]
    with world.scope("retention"):
        assert Balance.objects.filter(subject_id=subject).update(state=2) == 1
    with world.scope() as scope:
        assert lots(world, subject) == []
        operations.post(scope=scope, postings=[earn(world, subject, 5) for _ in range(together)])
        assert lots(world, subject) == [(Y28, 1005 * together)]
