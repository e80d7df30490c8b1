"""Wrongly credited bonus is corrected, also after it was spent (C8)."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from tests.bonus.conftest import NOW, Y27, Y28, World
from tests.bonus.test_use import balance, use
from tillit.audit.models import Event
from tillit.bonus import operations
from tillit.bonus.errors import CorrectionRefusedError
from tillit.bonus.models import Correction
from tillit.kernel import clock
from tillit.ledger.errors import InsufficientFundsError


def correct(world: World, subject: int, amount: int, key: UUID | None = None, event_at: datetime = NOW) -> Correction:
    with world.scope("bonus_correction", subject) as scope:
        return operations.correct(
            scope=scope,
            subject_id=subject,
            chain_id=world.chains["nordkai"].pk,
            amount=amount,
            key=key or uuid4(),
            event_at=event_at,
            at=clock.now(),
            reason="wrong_rate",
        )


def test_c8_taking_back_spent_bonus_makes_the_balance_negative_and_later_earning_repays_it_first(world: World) -> None:
    subject = world.member()
    world.earn(subject, 1000)
    use(world, subject, 800)
    correct(world, subject, -1000)
    owing = balance(world, subject)
    assert (owing.available, owing.debt, owing.held) == (-800, 800, 0)
    correct(world, subject, 500)
    owing = balance(world, subject)
    assert (owing.available, owing.debt, owing.held) == (-300, 300, 0)
    with pytest.raises(InsufficientFundsError):
        use(world, subject, 1, key="till 2")
    correct(world, subject, 450)
    free = balance(world, subject)
    assert (free.available, free.debt, free.held) == (150, 0, 150)


def test_c8_it_is_taken_from_the_lot_of_its_own_year_then_from_the_oldest(world: World) -> None:
    subject = world.member()
    world.earn(subject, 500, expires=Y27)
    world.earn(subject, 500, expires=Y28)
    correct(world, subject, -400, event_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert balance(world, subject).expiring == ((Y27, 500), (Y28, 100))
    correct(world, subject, -200, event_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert balance(world, subject).expiring == ((Y27, 400),)


def test_c8_the_same_correction_again_is_one_correction_and_another_under_its_key_is_refused(world: World) -> None:
    subject = world.member()
    key = uuid4()
    for amount in (300, -200):
        key = uuid4()
        before = balance(world, subject).available if amount < 0 else 0
        first = correct(world, subject, amount, key)
        assert correct(world, subject, amount, key).id == first.id
        assert balance(world, subject).available == before + amount
        with pytest.raises(CorrectionRefusedError):
            correct(world, subject, amount - 1, key)
    with pytest.raises(CorrectionRefusedError):
        correct(world, subject, 0)


def test_c8_added_bonus_lives_as_if_it_had_been_there_from_the_purchase(world: World) -> None:
    subject = world.member()
    correct(world, subject, 100, event_at=datetime(2025, 12, 31, 22, 59, tzinfo=UTC))
    correct(world, subject, 200, event_at=datetime(2025, 12, 31, 23, 0, tzinfo=UTC))
    assert balance(world, subject).expiring == ((Y27, 100), (Y28, 200))


def test_a_correction_is_recorded_with_its_reason_and_in_the_audit_trail(world: World) -> None:
    subject = world.member()
    done = correct(world, subject, 250)
    assert (done.amount, done.currency, done.reason) == (250, "NOK", "wrong_rate")
    with world.scope("security_log", subject):
        event = Event.objects.get(subject_id=subject, type="bonus.corrected")
    assert event.controller_id == world.controllers["nordkai"].pk
