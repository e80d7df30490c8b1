"""Using bonus (C9) and seeing it (C10)."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.bonus.conftest import NOW, Y27, Y28, World
from tillit.bonus import operations, queries
from tillit.consent.operations import restrict
from tillit.kernel import clock
from tillit.kernel.scope import ScopeError
from tillit.ledger.errors import ConflictError, InsufficientFundsError, NotAllowedError
from tillit.ledger.operations import natural_key


def balance(world: World, subject: int, club: str = "nordkai") -> queries.ChainBalance:
    with world.scope("self_service", subject):
        found = queries.overview(subject_id=subject, on=clock.today())
    return next(one for one in found if one.chain_id == world.chains[club].pk)


def use(
    world: World, subject: int, amount: int, key: str = "till 1", club: str = "nordkai"
) -> list[tuple[object, int]]:
    with world.scope("bonus_use", subject) as scope:
        parts = operations.use(
            scope=scope,
            subject_id=subject,
            chain_id=world.chains[club].pk,
            amount=amount,
            key=natural_key("use", key),
            at=clock.now(),
        )
    return [(part.expires, part.amount) for part in parts]


def test_c9_the_member_picks_the_amount_and_the_oldest_goes_first(world: World) -> None:
    subject = world.member()
    world.earn(subject, 3000, expires=Y28)
    world.earn(subject, 1000, expires=Y27)
    assert use(world, subject, 1500) == [(Y27, 1000), (Y28, 500)]
    left = balance(world, subject)
    assert (left.available, left.expiring) == (2500, ((Y28, 2500),))


def test_c9_bonus_is_used_only_in_the_chain_where_it_was_earned(world: World) -> None:
    subject = world.member("nordkai", "skogheim")
    world.earn(subject, 5000, club="skogheim")
    world.earn(subject, 100, club="nordkai")
    with pytest.raises(InsufficientFundsError):
        use(world, subject, 200, club="nordkai")
    assert use(world, subject, 200, club="skogheim") == [(Y28, 200)]
    assert (balance(world, subject).available, balance(world, subject, "skogheim").available) == (100, 4800)


def test_c9_a_retry_takes_nothing_more_and_another_amount_under_the_key_is_refused(world: World) -> None:
    subject = world.member()
    world.earn(subject, 3000)
    first = use(world, subject, 1000)
    assert use(world, subject, 1000) == first
    with pytest.raises(ConflictError):
        use(world, subject, 900)
    assert balance(world, subject).available == 2000


def test_c9_what_has_expired_cannot_be_used_even_before_the_expiry_run(world: World) -> None:
    subject = world.member()
    world.earn(subject, 1000, expires=Y27)
    with clock.travel(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)):
        assert use(world, subject, 400) == [(Y27, 400)]
    with clock.travel(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)), pytest.raises(InsufficientFundsError):
        use(world, subject, 100, key="till 2")  # New Year in Oslo


def test_use_belongs_to_its_own_activity_and_not_to_a_restricted_member(world: World) -> None:
    subject = world.member()
    world.earn(subject, 1000)
    with world.scope("bonus_earning", subject) as scope, pytest.raises(ScopeError):
        operations.use(
            scope=scope, subject_id=subject, chain_id=world.chains["nordkai"].pk, amount=1, key=uuid4(), at=NOW
        )
    with world.scope("rights_requests", subject) as scope:
        restrict(
            scope=scope, subject_id=subject, controller_id=world.controllers["rundtur"].pk, ground="accuracy", at=NOW
        )
    with pytest.raises((NotAllowedError, InsufficientFundsError)):
        use(world, subject, 100)


def test_c10_the_overview_shows_every_chain_with_amounts_and_dates(world: World) -> None:
    subject = world.member("nordkai", "skogheim")
    world.earn(subject, 700, club="nordkai", expires=Y27)
    world.earn(subject, 300, club="nordkai", expires=Y28)
    world.earn(subject, 50, club="skogheim")
    with world.scope("self_service", subject):
        found = {one.key: one for one in queries.overview(subject_id=subject, on=clock.today())}
    assert {key: one.available for key, one in found.items()} == {"nordkai-kjede": 1000, "skogheim-kjede": 50}
    assert found["nordkai-kjede"].expiring == ((Y27, 700), (Y28, 300))
    assert found["nordkai-kjede"].currency == "NOK"


def test_c10_the_history_explains_every_ore(world: World) -> None:
    subject = world.member()
    world.earn(subject, 1000, expires=Y27)
    use(world, subject, 300)
    with world.scope("bonus_correction", subject) as scope:
        operations.correct(
            scope=scope,
            subject_id=subject,
            chain_id=world.chains["nordkai"].pk,
            amount=-900,
            key=uuid4(),
            event_at=NOW,
            at=clock.now(),
            reason="wrong_rate",
        )
    with world.scope("self_service", subject):
        moves = list(queries.history(subject_id=subject, chain_id=world.chains["nordkai"].pk))
        why = queries.corrections(subject_id=subject)
    assert sum(move.amount for move in moves) == balance(world, subject).available == -200
    assert sorted((move.kind, move.counter_kind, move.amount) for move in moves) == [
        ("debt", "corrected", -200),
        ("lot", "corrected", -700),
        ("lot", "issued", 1000),
        ("lot", "redeemed", -300),
    ]
    assert [why[m.reference].reason for m in moves if m.counter_kind == "corrected" and m.reference] == [
        "wrong_rate"
    ] * 2
