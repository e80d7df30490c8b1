"""Any sequence of earning, corrections, vouchers, uses, undoing, expiry and leaps of the clock agrees with the oracle.

The clock leaps across New Year and the changes to and from summer time; after every step the balance is the oracle's,
every book adds up to zero and every balance is its history.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.bonus.conftest import World, build
from tests.bonus.test_vouchers import sums, till
from tests.journeys.voucher_oracle import Purse, RefusedError, Slip, until
from tillit.bonus import operations, programmes, queries, voucher_endings, vouchers
from tillit.bonus.errors import VoucherError
from tillit.bonus.kinds import DEBT, LOT
from tillit.kernel import clock
from tillit.ledger import operations as ledger
from tillit.ledger.errors import InsufficientFundsError
from tillit.ledger.kinds import ISSUED
from tillit.ledger.operations import natural_key

START = datetime(2026, 10, 24, 20, tzinfo=UTC)  # the evening before winter time
OSLO = ZoneInfo("Europe/Oslo")
MIDNIGHTS = {date(y, 1, 1): datetime(y, 1, 1, tzinfo=OSLO) for y in range(2027, 2032)}
KEYS, AMOUNTS = st.integers(0, 5), st.integers(1, 80)
LEAPS = st.sampled_from(
    [timedelta(minutes=30), timedelta(hours=5), timedelta(days=30), timedelta(days=68, hours=3), timedelta(days=155)]
)


class VoucherMachine(RuleBasedStateMachine):
    """Every rule does the same to the operations and to the oracle."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.journey = clock.travel(START)
        self.world = build()
        self.member = self.world.member()
        self.purse, self.turn = Purse(), 0
        self.programme = self.world.programmes["nordkai"]
        self.made: dict[int, Any] = {}

    def teardown(self) -> None:
        self.journey.end()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @property
    def today(self) -> date:
        return clock.today()

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
            pair = [(self.member, self.programme.book_id)]
            ledger.settle(scope=scope, accounts=pair, source=LOT, debt=DEBT, on=self.today, at=clock.now())
        self.purse.earn(day, amount, self.today)

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

    def _event(self, oldest: date | None) -> datetime:
        """A time whose lot is the oldest, so that the preferred lot is the first anyhow."""
        return clock.now() if oldest is None else datetime(oldest.year - 2, 6, 1, tzinfo=UTC)

    @rule(key=KEYS, amount=AMOUNTS)
    def reserve(self, key: int, amount: int) -> None:
        if key in self.made:
            return
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
            with pytest.raises(RefusedError):
                self.purse.draw(amount, self.today)
            return
        parts = self.purse.draw(amount, self.today)
        self.made[key] = made
        self.purse.slips[key] = Slip(parts, until(parts, clock.now(), MIDNIGHTS))
        assert made.valid_until == self.purse.slips[key].until

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
        lapsed = [s for s in self.purse.slips.values() if s.status == "open" and s.until <= clock.now()]
        waiting = sum(part for s in lapsed for day, part in s.parts if day > self.today)
        expected = self.purse.held(self.today) - self.purse.debt + waiting
        assert sum(b.available for b in found) == expected
        still = [s for s in self.purse.slips.values() if s.status == "open" and s not in lapsed]
        assert sum(b.reserved for b in found) == sum(part for s in still for _, part in s.parts)
        if self.turn:
            sums(self.world)


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        VoucherMachine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.django_db
def test_c9_any_history_agrees_with_the_oracle() -> None:
    _run(6, 25)


@pytest.mark.soak
@pytest.mark.django_db
def test_c9_many_long_histories_agree_with_the_oracle() -> None:
    _run(300, 60)
