"""Bonus that may be used so many days after its purchase, as the programme's terms declare (C6, C9, C10)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.journeys.intake_world import NOW, START, World, bought, build
from tillit.bonus import offers, operations, programmes, queries, voucher_endings, vouchers
from tillit.bonus.models import Programme
from tillit.bonus.offers import Gift
from tillit.bonus.queries import ChainBalance
from tillit.bonus.rates import When
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


def take_back(world: World, subject: int, amount: int, key: str, day: date) -> None:
    with world.scope("bonus_correction") as scope:
        operations.correct(
            scope=scope,
            subject_id=subject,
            chain_id=world.chains["mat"].pk,
            amount=-amount,
            key=natural_key("correction", key),
            event_at=datetime.fromisoformat(f"{day}T12:00:00+02:00"),
            at=clock.now(),
            reason="x",
        )


def test_c6_c9_what_a_lapsed_voucher_gives_back_waits_as_if_it_had_come_back(world: World) -> None:
    """56 set aside of what may be used, its time past; then 100 earned, which wait, and 80 of before taken back."""
    subject = world.member(1)
    world.take_in([bought(1, amount="5600", time="2026-03-02T12:00:00+01:00")])
    programme = Programme.objects.select_related("chain__controller").get(chain=world.chains["mat"])
    with Scope(world.scope().actor, "bonus_use", frozenset({subject})) as scope:
        vouchers.reserve(
            scope=scope, subject_id=subject, programme=programme, at=clock.now(), amount=56_00, key=natural_key("v", 1)
        )
    clock.advance(timedelta(days=1))
    world.take_in([bought(2, amount="10000", time="2026-05-31T12:00:00+02:00")])
    assert (balance(world, subject).available, balance(world, subject).pending) == (56_00, 100_00)
    take_back(world, subject, 80_00, "of before", date(2026, 3, 3))
    shown = balance(world, subject)
    assert (shown.available, shown.pending) == (0, 76_00)
    voucher_endings.release_everywhere()
    assert balance(world, subject) == shown, "the worker coming round changes nothing"


def test_c6_c8_c11_what_waits_is_what_is_left_of_it_whatever_is_refunded_or_corrected(world: World) -> None:
    """The oracle: of each purchase of the last fourteen days ten per cent (a rate and an offer) of what was not
    refunded, less the corrections of those days, and never more than is held."""
    offers.make(
        chain_id=world.chains["mat"].pk,
        key="o",
        name="o",
        gift=Gift("rate", basis_points=900),
        when=When(START),
    )
    made = iter(range(1, 400))
    number = iter(range(1, 10_000))
    days = st.integers(0, 40)
    bought_ = st.tuples(days, st.integers(1, 90), st.integers(0, 3))

    @settings(max_examples=8, deadline=None, phases=[Phase.generate])
    @given(st.lists(bought_, min_size=1, max_size=4), st.lists(st.tuples(days, st.integers(1, 50)), max_size=2))
    def holds(purchases: list[tuple[int, int, int]], corrections: list[tuple[int, int]]) -> None:
        which = next(made)
        subject, rows, oracle, held = world.member(which), [], 0, 0
        for ago, hundreds, refunded in purchases:
            n, day = next(number), clock.today() - timedelta(days=ago + 1)
            rows.append(bought(n, card=which, amount=f"{hundreds * 100}", time=f"{day}T12:00:00+02:00"))
            part = hundreds * refunded // 3
            if part:
                then = f"{clock.today()}T00:10:00+02:00"
                rows.append(bought(next(number), card=which, amount=f"-{part * 100}", time=then, refund_of=f"T{n}"))
            left = (hundreds - part) * 10_00
            held += left
            oracle += left if ago + 1 < 14 else 0
        world.take_in(rows)
        assert world.balances(subject).get("lot", 0) == held
        for ago, hundreds in corrections:
            taken = min(hundreds * 10_00, held)
            if taken:
                day = clock.today() - timedelta(days=ago + 1)
                take_back(world, subject, taken, str(next(number)), day)
                held -= taken
                oracle -= taken if ago + 1 < 14 else 0
        with world.scope("self_service"):
            found = queries.overview(subject_id=subject, on=clock.today())
        pending = sum(one.pending for one in found)
        assert pending == min(max(oracle, 0), held)
        assert sum(one.available for one in found) == held - pending

    holds()


def test_c6_a4_a_longer_wait_holds_for_what_is_bought_from_then_on(world: World) -> None:
    chain = world.chains["mat"]
    subject = world.member(1)
    world.take_in([bought(1, amount="10000", time="2026-05-31T12:00:00+02:00")])
    assert balance(world, subject).pending == 100_00
    declared = programmes.current
    Programme.objects.filter(chain=chain).update(available_after_days=0)
    assert balance(world, subject).available == 100_00

    def longer(**which: object) -> object:
        found = declared(**which)  # type: ignore[arg-type]
        return found.model_copy(update={"programme": found.programme.model_copy(update={"available_after_days": 14})})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programmes, "current", longer)
        programmes.set_up(chain=chain, on=clock.today())
    assert Programme.objects.get(chain=chain).available_after_days == 14
    assert balance(world, subject).available == 100_00, "it could be used, and can"
    clock.advance(timedelta(hours=2))
    world.take_in([bought(2, amount="5000", time=clock.now().isoformat())])
    assert (balance(world, subject).available, balance(world, subject).pending) == (100_00, 50_00)
