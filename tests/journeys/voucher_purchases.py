"""Purchases and refunds for the machine that tries any history (test_voucher_machine): rows, and what they earn."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.bonus.conftest import World
from tests.journeys.intake_world import bought, take_in
from tests.journeys.voucher_oracle import Purse
from tillit.bonus import programmes
from tillit.bonus.models import Programme
from tillit.kernel import clock
from tillit.kernel.rounding import Rounding, divide

AMOUNTS = st.integers(1, 80)


@dataclass
class Bill:
    """A purchase: the bonus it earns, its lot and card, its refunds (number → minor units), what they took back so far.

    `known`: the numbers that have arrived, the purchase's own among them.
    """

    number: int
    bonus: int
    lot: date
    card: int
    refunds: dict[int, int] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    taken: int = 0
    on: date = date.min

    def back(self) -> int:
        """What the refunds take back beyond what they took: the part of the bonus that falls on them."""
        if self.number not in self.known:
            return 0
        paid, arrived = 10 * self.bonus, [self.refunds[number] for number in self.known - {self.number}]
        whole = divide(self.bonus * min(paid, sum(arrived)), paid, Rounding.HALF_UP)
        now, self.taken = whole - self.taken, whole
        return now


class PurchaseRules(RuleBasedStateMachine):
    """Rows of purchases and refunds, on their way and arrived, in any order and again."""

    world: World
    programme: Programme
    purse: Purse
    bills: dict[int, Bill]
    waiting: list[dict[str, Any]]
    sent: list[dict[str, Any]]
    cards: list[int]
    turn: int

    @property
    def today(self) -> date:
        return clock.today()

    def _row(self, number: int | str, card: int, amount: int, **more: str) -> dict[str, Any]:
        text = f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"
        return bought(number, card, text, clock.now().isoformat(), "nordkai-kjede", **more)

    @rule(bonus=AMOUNTS, which=st.integers(0, 1))
    def purchase(self, bonus: int, which: int) -> None:
        """A purchase that earns a tenth, with any card of the person's; its row is on its way."""
        self.turn += 1
        card = self.cards[which % len(self.cards)]
        lot = programmes.expiry(self.programme, self.today)
        self.bills[self.turn] = Bill(self.turn, bonus, lot, card, on=self.today)
        self.waiting.append(self._row(self.turn, card, 10 * bonus))

    @rule(chosen=st.integers(0, 20), part=st.integers(1, 3))
    def refund(self, chosen: int, part: int) -> None:
        """A refund of a purchase, in whole or part, also more than once; its row may overtake the purchase's."""
        if not self.bills:
            return
        number = sorted(self.bills)[chosen % len(self.bills)]
        bill = self.bills[number]
        self.turn += 1
        amount = -(-10 * bill.bonus // part)
        bill.refunds[self.turn] = amount
        self.waiting.append(self._row(self.turn, bill.card, -amount, refund_of=f"T{number}"))

    @rule(chance=st.randoms(use_true_random=False))
    def deliver(self, chance: Any) -> None:
        """What is on its way arrives, in any order and in two parts, with some of what came before."""
        rows = [*self.waiting, *chance.sample(self.sent, min(2, len(self.sent)))]
        chance.shuffle(rows)
        cut = chance.randint(0, len(rows))
        for part in (rows[:cut], rows[cut:]):
            if part:
                take_in(part)
                self._arrived({row["id"] for row in part})
        self.sent, self.waiting = [*self.sent, *self.waiting][-20:], []

    def _arrived(self, numbers: set[str]) -> None:
        """What a part brought: each purse earns, repays, then gives back for refunds; each card has its own purse."""
        back: dict[int, list[tuple[date, int]]] = {}
        for number, bill in self.bills.items():
            new = {one for one in (number, *bill.refunds) if f"T{one}" in numbers} - bill.known
            bill.known |= new
            if number in new:
                purse = self._purse(bill.card)
                purse.lots[bill.lot] = purse.lots.get(bill.lot, 0) + bill.bonus
        self.purse.settle(self.today)
        for bill in self.bills.values():
            if taken := bill.back():
                back.setdefault(bill.card, []).append((bill.lot, taken))
        for card, wanted in back.items():
            self._purse(card).claw(wanted, self.today)
        self.purse.settle(self.today)

    def _purse(self, card: int) -> Purse:
        return self.purse.beside if self.purse.beside and card != self.cards[0] else self.purse
