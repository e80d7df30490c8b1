"""A person's bonus in one chain in Python, slow and plainly right: what the operations are compared with."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta


class RefusedError(Exception):
    """What must be refused."""


@dataclass
class Slip:
    """A voucher: what it took from which lot, and what became of it."""

    parts: list[tuple[date, int]]
    until: datetime
    status: str = "open"
    taken: list[tuple[date, int]] = field(default_factory=list)
    owed: list[tuple[date, int]] = field(default_factory=list)
    by: tuple[int, int] | None = None


@dataclass
class Purse:
    """Lots by first day on which they are gone, debt as a positive amount, and vouchers by key."""

    lots: dict[date, int] = field(default_factory=dict)
    debt: int = 0
    slips: dict[int, Slip] = field(default_factory=dict)
    expired: dict[date, int] = field(default_factory=dict)
    beside: "Purse | None" = None  # of a subject that was merged into this one

    def held(self, on: date) -> int:
        """What has not expired."""
        return sum(amount for day, amount in self.lots.items() if day > on)

    def held_beside(self, on: date) -> int:
        """What has not expired of the merged subject's."""
        return self.beside.held(on) if self.beside else 0

    def owed(self) -> int:
        """What the person owes."""
        return self.debt + (self.beside.debt if self.beside else 0)

    def gather(self, amount: int, on: date) -> None:
        """What the own lots lack for a use comes from the merged subject's, oldest first, or nothing does."""
        lacking = amount + self.debt - self.held(on)
        if self.beside and 0 < lacking <= self.held_beside(on) - self.beside.debt:
            for day, part in self.beside.draw(lacking, on):
                self.lots[day] = self.lots.get(day, 0) + part

    def claw(self, wanted: list[tuple[date, int]], on: date) -> None:
        """Refunds take back: from the purchase's lot, what expired of it undone first; then the oldest, then debt."""
        left = 0
        for day, amount in wanted:
            if day <= on:
                undone = min(amount, self.expired.get(day, 0))
                self.expired[day] = self.expired.get(day, 0) - undone
                self.lots[day] = self.lots.get(day, 0) + undone
            part = min(amount, self.lots.get(day, 0))
            self.lots[day] = self.lots.get(day, 0) - part
            left += amount - part
        self.correct(left, on)

    def earn(self, day: date, amount: int, on: date) -> None:
        """Debt is repaid first."""
        self.lots[day] = self.lots.get(day, 0) + amount
        self.settle(on)

    def settle(self, on: date) -> None:
        """Repay debt from what has not expired, oldest first: the own, then each the other's."""
        pairs = [(self, self)]
        if self.beside:
            pairs += [(self.beside, self.beside), (self, self.beside), (self.beside, self)]
        for one, other in pairs:
            for day in sorted(day for day in other.lots if day > on):
                paid = min(one.debt, other.lots[day])
                other.lots[day] -= paid
                one.debt -= paid

    def draw(self, amount: int, on: date) -> list[tuple[date, int]]:
        """Oldest first, never more than what is held less the debt."""
        if amount > self.held(on) - self.debt:
            raise RefusedError
        parts = []
        for day in sorted(day for day in self.lots if day > on):
            part = min(amount, self.lots[day])
            if part:
                parts.append((day, part))
                self.lots[day] -= part
                amount -= part
        return parts

    def correct(self, amount: int, on: date) -> None:
        """Take back; what is lacking becomes debt, which the caller settles with what another purse holds."""
        for day in sorted(day for day in self.lots if day > on):
            part = min(amount, self.lots[day])
            self.lots[day] -= part
            amount -= part
        self.debt += amount

    def take_late(self, slip: Slip, amount: int, on: date) -> None:
        """Each part from its lot, expired or not; what it lacks from the oldest others, then as debt."""
        if slip.status == "open":
            self.give_back(slip, slip.parts, "used", on)
        slip.status = "used"
        for day, held in slip.parts:
            part = min(held, amount)
            amount -= part
            if day <= on:
                undone = max(0, min(part - self.lots.get(day, 0), self.expired.get(day, 0)))
                self.lots[day] = self.lots.get(day, 0) + undone
                self.expired[day] = self.expired.get(day, 0) - undone
            for lot in [day, *sorted(other for other in self.lots if other > on and other != day)]:
                took = min(part, self.lots.get(lot, 0))
                if took:
                    slip.taken.append((lot, took))
                    self.lots[lot] -= took
                    part -= took
            if part:
                slip.owed.append((day, part))
                self.debt += part
        self.settle(on)

    def void(self, slip: Slip, on: date) -> None:
        """To the very lots; what became debt lessens the debt, and what of it was repaid goes to the part's lot."""
        parts = list(slip.parts if slip.status == "open" else slip.taken)
        for day, part in slip.owed:
            less = min(part, self.debt)
            self.debt -= less
            parts.append((day, part - less))
        self.give_back(slip, parts, "void", on)

    def give_back(self, slip: Slip, parts: list[tuple[date, int]], status: str, on: date) -> None:
        """To the very lots."""
        for day, part in parts:
            self.lots[day] = self.lots.get(day, 0) + part
        slip.status = status
        self.settle(on)

    def expire(self, on: date) -> None:
        """What is past is gone."""
        for day in list(self.lots):
            if day <= on:
                self.expired[day] = self.expired.get(day, 0) + self.lots[day]
                self.lots[day] = 0
        if self.beside:
            self.beside.expire(on)


def until(parts: list[tuple[date, int]], at: datetime, midnight: dict[date, datetime]) -> datetime:
    """An hour, and never longer than the first of its lots."""
    return min(at + timedelta(hours=1), *(midnight[day] for day, _ in parts))
