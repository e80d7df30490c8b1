"""Bonus that may be used so many days after its purchase, as the programme's terms declare (C6, C9, C10)."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.journeys.intake_world import NOW, World, bought, build
from tillit.bonus import operations, queries, vouchers
from tillit.bonus.models import Programme
from tillit.bonus.queries import ChainBalance
from tillit.journeys.sms.saldo import saldo
from tillit.journeys.sms.types import Inbound
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.scope import Scope
from tillit.ledger.errors import InsufficientFundsError
from tillit.ledger.operations import natural_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[World]:
    with clock.travel(NOW):
        made = build()
        Programme.objects.filter(chain=made.chains["mat"]).update(available_after_days=14)
        yield made


def balance(world: World, subject: int) -> ChainBalance:
    with world.scope("self_service"):
        [found] = queries.overview(subject_id=subject, on=clock.today())
    return found


def use(world: World, subject: int, amount: int, key: str) -> None:
    with Scope(world.scope().actor, "bonus_use", frozenset({subject})) as scope:
        operations.use(
            scope=scope,
            subject_id=subject,
            chain_id=world.chains["mat"].pk,
            amount=amount,
            key=natural_key("use", key),
            at=clock.now(),
        )


def test_c6_c10_bonus_waits_its_days_is_told_by_day_and_is_not_used_before(world: World) -> None:
    """Bought 10 000 on 25 May and 5 000 on 20 May, 1 000 refunded of the first; today is 1 June, fourteen days."""
    subject = world.member(1)
    world.take_in(
        [
            bought(1, amount="10000", time="2026-05-25T12:00:00+02:00"),
            bought(2, amount="5000", time="2026-05-20T23:59:00+02:00"),
            bought(3, amount="2000", time="2026-03-02T12:00:00+01:00"),
            bought(4, amount="-1000", time="2026-05-30T12:00:00+02:00", refund_of="T1"),
        ]
    )
    found = balance(world, subject)
    assert (found.available, found.pending) == (20_00, 140_00)
    assert found.waiting == ((date(2026, 6, 3), 50_00), (date(2026, 6, 8), 90_00))
    assert sum(amount for _, amount in found.expiring) == 160_00, "it lives from its purchase"
    with pytest.raises(InsufficientFundsError):
        use(world, subject, 20_01, "too much")
    use(world, subject, 20_00, "all that may be used")
    with pytest.raises(InsufficientFundsError):
        use(world, subject, 1, "nothing is left")
    use(world, subject, 20_00, "all that may be used")
    told = saldo(Inbound(world.controllers["nordkai"], "k", "+4740000001", "SALDO", clock.now(), "en", subject))
    assert "140.00 from 03/06/2026" in told.text
    clock.advance(timedelta(days=2))
    assert (balance(world, subject).available, balance(world, subject).pending) == (50_00, 90_00)
    programme = Programme.objects.select_related("chain__controller").get(chain=world.chains["mat"])
    asked = {"subject_id": subject, "programme": programme, "at": clock.now()}
    with pytest.raises(InsufficientFundsError), Scope(world.scope().actor, "bonus_use", frozenset({subject})) as scope:
        vouchers.reserve(scope=scope, **asked, amount=50_01, key=natural_key("v", 1))
    made = []
    for _ in range(2):
        with Scope(world.scope().actor, "bonus_use", frozenset({subject})) as scope:
            made.append(vouchers.reserve(scope=scope, **asked, amount=50_00, key=natural_key("v", 2)).id)
    assert made[0] == made[1]
    clock.advance(timedelta(days=5))
    assert (balance(world, subject).pending, balance(world, subject).waiting) == (0, ())
    assert DEFAULT_ZONE == "Europe/Oslo"
