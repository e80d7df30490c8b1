"""Any sequence of joining, purchases, refunds, corrections, vouchers, uses, undoing, expiry, merging, leaving and leaps
of the clock agrees with the oracle; purchases arrive late, in any order, cut anywhere and again.

The clock leaps across New Year and the changes to and from summer time; after every step the balance is the oracle's,
every book adds up to zero and every balance is its history.
"""

import os
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from tests.bonus.conftest import World, build
from tests.bonus.test_vouchers import sums, till
from tests.journeys.intake_world import SOURCE, take_in
from tests.journeys.test_merging import _merge
from tests.journeys.voucher_oracle import Purse, RefusedError, Slip, until
from tests.journeys.voucher_purchases import AMOUNTS, Bill, PurchaseRules
from tests.support.shops import card_number
from tillit.bonus import operations, pooling, programmes, queries, rates, voucher_endings, vouchers
from tillit.bonus.errors import VoucherError
from tillit.bonus.kinds import LOT
from tillit.bonus.models import Programme
from tillit.journeys.join import Applicant, join
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.ledger import operations as ledger
from tillit.ledger.errors import InsufficientFundsError
from tillit.ledger.kinds import ISSUED
from tillit.ledger.operations import natural_key
from tillit.purchases import reference_data
from tillit.purchases.operations import register_instrument

START = datetime(2026, 10, 24, 20, tzinfo=UTC)  # the evening before winter time
OSLO = ZoneInfo("Europe/Oslo")
MIDNIGHTS = {date(y, 1, 1): datetime(y, 1, 1, tzinfo=OSLO) for y in range(2027, 2032)}
KEYS = st.integers(0, 5)
LEAPS = st.sampled_from(
    [timedelta(minutes=30), timedelta(hours=5), timedelta(days=30), timedelta(days=68, hours=3), timedelta(days=155)]
)


class VoucherMachine(PurchaseRules):
    """Every rule does the same to the operations and to the oracle."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.journey = clock.travel(START)
        self.programme, self.turn = self.world.programmes["nordkai"], 0
        self.left: list[tuple[int, int]] = []
        self.world.programmes["nordkai"].available_after_days = 0
        Programme.objects.update(available_after_days=0)
        self.sent: list[dict[str, Any]] = []
        self._begin_as(self._join())

    def _begin_as(self, member: int) -> None:
        """A member of whom nothing is known yet, with a card."""
        self.member, self.purse, self.twin = member, Purse(), False
        self.made: dict[int, Any] = {}
        self.earned: list[tuple[date, int]] = []
        self.cards = [self.turn]
        self.bills: dict[int, Bill] = {}
        self.waiting: list[dict[str, Any]] = []

    def _join(self) -> int:
        """Somebody joins and puts a card on the BonusID."""
        self.turn += 1
        applicant = Applicant(
            given=f"Kari{self.turn}",
            family="Bjørkelund",
            street="Kaigata 2",
            postal_code="9008",
            city="Tromsø",
            email=f"kari{self.turn}@post.example",
            mobile=f"40{self.turn:06d}",
            birth_date=date(1980, 2, 28),
        )
        club = self.world.controllers["nordkai"].pk
        joined = join(controller_id=club, applicant=applicant, route="web", at=clock.now())
        with self.world.scope("bonus_earning", joined.subject_id) as scope:
            register_instrument(
                scope=scope,
                subject_id=joined.subject_id,
                controller_id=self.world.controllers["rundtur"].pk,
                number=card_number(self.turn),
                at=clock.now(),
            )
        return int(joined.subject_id)

    def teardown(self) -> None:
        self.journey.end()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def scope(self, activity: str) -> Any:
        return self.world.scope(activity, self.member)

    @rule(amount=AMOUNTS)
    def earn(self, amount: int) -> None:
        self.turn += 1
        day = programmes.expiry(self.programme, self.today)
        posting = ledger.Posting(
            self.member,
            natural_key("earn", self.turn),
            self.programme.book_id,
            amount,
            ledger.Account(ISSUED),
            ledger.Account(LOT, day),
            clock.now(),
        )
        with self.scope("bonus_earning") as scope:
            for _ in range(2):  # replayed
                ledger.post(scope=scope, postings=[posting])
            pooling.settle(scope=scope, subject_ids=[self.member], programme=self.programme, at=clock.now())
        self.purse.earn(day, amount, self.today)
        self.earned.append((self.today, amount))

    @rule(days=st.sampled_from([0, 1, 30]))
    def terms(self, days: int) -> None:
        """From now on bonus may be used so many days after the day it was earned."""
        self.programme.available_after_days = days
        Programme.objects.update(available_after_days=days)

    def waits(self) -> int:
        """What was earned in the days for which bonus waits, less what refunds of it took back, and no more than is
        left in those lots, with what lapsed vouchers give back to them; 0: none does.
        """
        days = self.programme.available_after_days
        counted = [*self.earned, *((b.on, b.bonus - b.taken) for b in self.bills.values() if b.number in b.known)]
        waiting = [(on, amount) for on, amount in counted if on + timedelta(days=days) > self.today] if days else []
        lots = {programmes.expiry(self.programme, on) for on, _ in waiting}
        held = [*self.purse.lots.items(), *(self.purse.beside.lots.items() if self.purse.beside else [])]
        held += [part for slip in self.lapsed() for part in slip.parts]
        return min(sum(amount for _, amount in waiting), sum(amount for day, amount in held if day in lots))

    def lapsed(self) -> list[Slip]:
        """Vouchers whose time is past, to which the worker has not come yet."""
        return [s for s in self.purse.slips.values() if s.status == "open" and s.until <= clock.now()]

    @rule()
    def merge(self) -> None:
        """It turns out that the member had joined twice: the other registration has a purchase of its own."""
        if self.twin:
            return
        self.twin, twin = True, self._join()
        self.cards.append(self.turn)
        take_in([self._row(f"{self.turn}t", self.turn, 500)])
        self.purse.beside = Purse({programmes.expiry(self.programme, self.today): 50})
        self.earned.append((self.today, 50))
        _merge(self.world.controllers["nordkai"], twin, self.member)
        self.purse.settle(self.today)

    @rule(chance=st.randoms(use_true_random=False))
    def leave(self, chance: Any) -> None:
        """The member leaves: what is unused falls away, and what is owed is still owed. Somebody else joins."""
        if self.turn % 3:
            return
        self.deliver(chance)
        leave(subject_id=self.member, controller_id=self.world.controllers["nordkai"].pk, at=clock.now())
        for slip in self.purse.slips.values():
            if slip.status == "open":
                self.purse.give_back(slip, slip.parts, "void", self.today)
        self.left.append((self.member, self.purse.owed()))
        self._begin_as(self._join())

    @rule(amount=AMOUNTS)
    def correct(self, amount: int) -> None:
        self.turn += 1
        oldest = min((d for d, a in self.purse.lots.items() if d > self.today and a), default=None)
        with self.scope("bonus_correction") as scope:
            operations.correct(
                scope=scope,
                subject_id=self.member,
                chain_id=self.programme.chain_id,
                amount=-amount,
                key=natural_key("correct", self.turn),
                event_at=self._event(oldest),
                at=clock.now(),
                reason="wrong_rate",
            )
        self.purse.correct(amount, self.today)
        self.purse.settle(self.today)

    def _event(self, oldest: date | None) -> datetime:
        """A time whose lot is the oldest, so that the preferred lot is the first anyhow."""
        return clock.now() if oldest is None else datetime(oldest.year - 2, 6, 1, tzinfo=UTC)

    @rule(key=KEYS, amount=AMOUNTS)
    def reserve(self, key: int, amount: int) -> None:
        if key in self.made:
            return
        waits = self.waits()
        try:
            with self.scope("bonus_use") as scope:
                made = vouchers.reserve(
                    scope=scope,
                    subject_id=self.member,
                    programme=self.programme,
                    amount=amount,
                    key=UUID(int=key),
                    at=clock.now(),
                )
        except InsufficientFundsError:
            if waits and amount > self._usable(waits):
                return
            self.purse.gather(amount, self.today)
            with pytest.raises(RefusedError):
                self.purse.draw(amount, self.today)
            return
        assert not waits or amount <= self._usable(waits)
        self.purse.gather(amount, self.today)
        parts = self.purse.draw(amount, self.today)
        self.made[key] = made
        self.purse.slips[key] = Slip(parts, until(parts, clock.now(), MIDNIGHTS))
        assert made.valid_until == self.purse.slips[key].until

    def _usable(self, waits: int) -> int:
        return self.purse.held(self.today) + self.purse.held_beside(self.today) - self.purse.owed() - waits

    @rule(key=KEYS, part=st.integers(1, 4))
    def redeem(self, key: int, part: int) -> None:
        if key not in self.made:
            return
        made, slip = self.made[key], self.purse.slips[key]
        amount = max(1, made.amount // part)
        code = vouchers.code_of(voucher=made, register_id=till(self.world).register_id)
        try:
            with self.world.scope("bonus_use", club="nordkai") as scope:
                vouchers.redeem(
                    scope=scope,
                    till=till(self.world),
                    code=code,
                    amount=amount,
                    at=clock.now(),
                    reference=f"{key}-{part}",
                )
            done = True
        except VoucherError:
            done = False
        repeated = slip.status == "used" and slip.taken and (key, part) == slip.by
        assert done == (bool(repeated) or (slip.status == "open" and clock.now() < slip.until))
        if done and not repeated:
            left, back = amount, []
            for day, held in slip.parts:
                took = min(held, left)
                left -= took
                slip.taken += [(day, took)] if took else []
                back += [(day, held - took)] if held > took else []
            slip.by = (key, part)
            self.purse.give_back(slip, back, "used", self.today)

    @rule(key=KEYS, part=st.integers(1, 4))
    def redeem_late(self, key: int, part: int) -> None:
        """A till without network tells of a voucher whose time is past by now."""
        if key not in self.made or self.purse.slips[key].until > clock.now():
            return
        made, slip = self.made[key], self.purse.slips[key]
        if slip.status not in {"open", "released"}:
            return
        amount, used_at = max(1, made.amount // part), max(made.made_at, made.valid_until - timedelta(minutes=1))
        ago = clock.now() - used_at
        try:
            with self.world.scope("bonus_use", club="nordkai") as scope:
                vouchers.redeem(
                    scope=scope,
                    till=till(self.world),
                    code=vouchers.code_of(voucher=made, register_id=till(self.world).register_id),
                    amount=amount,
                    at=clock.now(),
                    event_at=used_at,
                    reference=f"late-{key}",
                )
            done = True
        except VoucherError:
            done = False
        released = slip.status == "released" and ago <= vouchers.SKEW
        assert done == (ago <= max(till(self.world).offline, vouchers.SKEW) and not released)
        if done:
            self.purse.take_late(slip, amount, self.today)

    @rule(key=KEYS)
    def void(self, key: int) -> None:
        if key not in self.made:
            return
        slip = self.purse.slips[key]
        try:
            with self.scope("bonus_use") as scope:
                voucher_endings.void(scope=scope, subject_id=self.member, voucher_id=self.made[key].id, at=clock.now())
        except VoucherError:
            assert slip.status == "released"
            return
        if slip.status in {"open", "used"}:
            self.purse.void(slip, self.today)

    @rule(leap=LEAPS)
    def leap(self, leap: timedelta) -> None:
        clock.advance(leap)

    @rule()
    def work(self) -> None:
        """The worker comes round: what lapsed goes back, what expired is gone."""
        voucher_endings.release_everywhere()
        operations.expire(programme=self.programme, on=self.today, at=clock.now())
        for slip in self.purse.slips.values():
            if slip.status == "open" and slip.until <= clock.now():
                self.purse.give_back(slip, slip.parts, "released", self.today)
        self.purse.expire(self.today)

    @invariant()
    def agree(self) -> None:
        with self.scope("self_service"):
            found = queries.overview(subject_id=self.member, on=self.today)
        lapsed = self.lapsed()
        waiting = sum(part for s in lapsed for day, part in s.parts if day > self.today)
        held = self.purse.held(self.today) + self.purse.held_beside(self.today) + waiting
        later = self.waits()
        assert sum(b.available for b in found) == held - later - self.purse.owed()
        assert sum(b.pending for b in found) == sum(amount for b in found for _, amount in b.waiting) == later
        assert sum(b.debt for b in found) == self.purse.owed()
        still = [s for s in self.purse.slips.values() if s.status == "open" and s not in lapsed]
        assert sum(b.reserved for b in found) == sum(part for s in still for _, part in s.parts)
        for gone, debt in self.left:
            with self.world.scope("self_service", gone):
                assert sum(b.available for b in queries.overview(subject_id=gone, on=self.today)) == -debt
        if self.sent:
            sums(self.world)


def _world() -> None:
    with clock.travel(START):
        VoucherMachine.world = world = build()
        always = rates.When(datetime(2025, 1, 1, tzinfo=UTC))
        rates.add(chain_id=world.chains["nordkai"].pk, basis_points=1000, when=always)
        register = world.controllers["nordkai"].register_id
        reference_data.keep_source(key=SOURCE, name="Kasse", register_id=register, accept_from=date(2025, 1, 1))


def _run(examples: int, steps: int) -> None:
    _world()
    run_state_machine_as_test(
        VoucherMachine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.django_db
def test_c9_any_history_agrees_with_the_oracle() -> None:
    _run(4, 20)


@pytest.mark.django_db
def test_c3_c5_c8_a_purchase_with_either_card_repays_what_the_other_owes() -> None:
    _world()
    machine = VoucherMachine()
    machine.begin()
    machine.merge()
    machine.correct(60)
    assert machine.purse.owed() == 10, "the other registration had 50"
    machine.agree()
    machine.purchase(30, which=1)
    machine.deliver(Random(1))  # noqa: S311 (an order)
    assert (machine.purse.owed(), machine.purse.held_beside(machine.today)) == (0, 20)
    machine.agree()
    machine.teardown()


@pytest.mark.soak
@pytest.mark.django_db
def test_c9_many_long_histories_agree_with_the_oracle() -> None:
    _run(int(os.environ.get("TILLIT_HISTORIES", "300")), 60)
