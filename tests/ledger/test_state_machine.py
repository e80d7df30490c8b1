"""Any sequence of postings, draws, endings, reversals, repayments, expiries and repeats agrees with the oracle."""

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.ledger import oracle
from tests.ledger.conftest import AT, DEBT, LOT, ON, RESERVED, Y27, Y28, World, build
from tests.support.examples import tried
from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, system
from tillit.ledger import kinds, operations, queries
from tillit.ledger.errors import BY_SQLSTATE, LedgerError
from tillit.ledger.models import Balance
from tillit.ledger.operations import Account, Posting, natural_key

PEOPLE = st.integers(0, 3)  # two people in two books
KEYS = st.integers(0, 12)
AMOUNTS = st.integers(1, 60)
LOTS = st.sampled_from([ON, Y27, Y28, kinds.NEVER])


class LedgerMachine(RuleBasedStateMachine):
    """Every rule does the same to the database and to the oracle; both must answer, or refuse, alike."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.world = build()
        self.oracle = oracle.Oracle()
        self.actor = system("test", Controller.objects.values_list("id", flat=True))
        with self.scope():
            people = [self.world.subject() for _ in range(2)]
        self.people = [(one, book) for one in people for book in (self.world.book_id, self.world.other_book_id)]

    def scope(self) -> Scope:
        return Scope(self.actor, "bonus_earning")

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def both(self, database: Any, model: Any) -> tuple[Any, Any]:
        """(answer or SQLSTATE of the database, the same of the oracle)."""
        try:
            with self.scope() as scope, transaction.atomic():
                first = database(scope)
        except LedgerError as error:
            first = next(state for state, (kind, _) in BY_SQLSTATE.items() if type(error) is kind)
        try:
            second = model()
        except oracle.RefusedError as refused:
            second = str(refused)
        return first, second

    @rule(who=PEOPLE, key=KEYS, amount=AMOUNTS, expires=LOTS)
    def earn(self, who: int, key: int, amount: int, expires: Any) -> None:
        (subject, book), transfer = self.people[who], natural_key("earn", key, who)
        one = Posting(subject, transfer, book, amount, Account(kinds.ISSUED), Account(LOT, expires), AT)
        first, second = self.both(
            lambda scope: bool(operations.post(scope=scope, postings=[one])),
            lambda: self.oracle.earn(self.people[who], transfer, amount, expires),
        )
        assert first == second

    def _draw(self, who: int, key: UUID, amount: int, credit: kinds.Kind, prefer: Any, short: Any, less: Any) -> None:
        subject, book = self.people[who]
        first, second = self.both(
            lambda scope: [
                (p.kind, p.expires, p.amount)
                for p in operations.draw(
                    scope=scope,
                    subject_id=subject,
                    key=key,
                    book_id=book,
                    amount=amount,
                    source=LOT,
                    credit=credit,
                    on=ON,
                    at=AT,
                    prefer=prefer,
                    short=short,
                    less=less,
                )
            ],
            lambda: self.oracle.draw(self.people[who], key, amount, credit.id, ON, prefer, short=short is not None),
        )
        assert first == second if isinstance(first, str) else sorted(first) == sorted(second)

    @rule(who=PEOPLE, key=KEYS, amount=AMOUNTS)
    def use(self, who: int, key: int, amount: int) -> None:
        self._draw(who, natural_key("use", key, who), amount, kinds.REDEEMED, None, None, DEBT)

    @rule(who=PEOPLE, key=KEYS, amount=AMOUNTS)
    def reserve(self, who: int, key: int, amount: int) -> None:
        self._draw(who, natural_key("reserve", key, who), amount, RESERVED, None, None, DEBT)

    @rule(who=PEOPLE, key=KEYS, amount=AMOUNTS, prefer=st.none() | LOTS)
    def correct(self, who: int, key: int, amount: int, prefer: Any) -> None:
        self._draw(who, natural_key("correct", key, who), amount, kinds.CORRECTED, prefer, DEBT, None)

    @rule(who=PEOPLE, key=KEYS, ending=st.sampled_from([None, kinds.REDEEMED]))
    def conclude(self, who: int, key: int, ending: kinds.Kind | None) -> None:
        (subject, _), reserved = self.people[who], natural_key("reserve", key, who)
        if (self.people[who], reserved) not in self.oracle.parts:
            return
        first, second = self.both(
            lambda scope: operations.conclude(scope=scope, subject_id=subject, key=reserved, credit=ending, at=AT),
            lambda: self.oracle.conclude(self.people[who], reserved, ending.id if ending else None),
        )
        assert first == second

    @rule(who=PEOPLE, key=KEYS)
    def reverse(self, who: int, key: int) -> None:
        (subject, _), transfer = self.people[who], natural_key("earn", key, who)
        if (self.people[who], transfer) not in self.oracle.seen:
            return
        first, second = self.both(
            lambda scope: operations.reverse(scope=scope, subject_id=subject, transfer_id=transfer, at=AT),
            lambda: self.oracle.reverse(self.people[who], transfer),
        )
        assert first == second

    @rule(who=PEOPLE)
    def settle(self, who: int) -> None:
        with self.scope() as scope:
            operations.settle(scope=scope, accounts=[self.people[who]], source=LOT, debt=DEBT, on=ON, at=AT)
        self.oracle.settle(self.people[who], ON)

    @rule(on=st.sampled_from([ON, Y27]))
    def expire(self, on: Any) -> None:
        with self.scope() as scope:
            swept = 0
            for book in (self.world.book_id, self.world.other_book_id):
                run = operations.sweep(scope=scope, book_id=book, kind=LOT, credit=kinds.EXPIRED, on=on, at=AT, chunk=2)
                swept += sum(amount for _, amount in run)
            assert swept == self.oracle.expire(on)

    @invariant()
    def agree(self) -> None:
        with self.scope():
            rows = Balance.objects.filter(subject_id__in=[subject for subject, _ in self.people])
            found = {((b.subject_id, b.book_id), b.kind, b.expires_on): b.balance for b in rows if b.balance}
            assert found == {key: amount for key, amount in self.oracle.balances.items() if amount}
            lines = queries.trial_balance()
            for _, book in self.people:
                assert sum(line.moved for line in lines if line.book_id == book) == 0
            assert all(line.standing in (None, line.moved) for line in lines)
            assert queries.unexplained() == 0


@pytest.mark.django_db
def test_any_history_agrees_with_the_oracle() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=tried(120), stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
