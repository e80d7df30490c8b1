"""The ledger in fifty lines of Python, slow and plainly right: what the database is compared with."""

from collections import defaultdict
from datetime import date
from uuid import UUID

from tillit.ledger.kinds import NEVER

Person = tuple[int, int]  # subject and book
Key = tuple[Person, int, date]  # whose, kind, expiry
LOT, RESERVED, DEBT = 100, 101, 200


class RefusedError(Exception):
    """What the ledger must refuse, by SQLSTATE."""


class Oracle:
    """Balances of personal accounts, a person once in each book, and the draws that were made."""

    def __init__(self) -> None:
        self.balances: dict[Key, int] = defaultdict(int)
        self.seen: dict[tuple[Person, UUID], tuple[object, ...]] = {}
        self.parts: dict[tuple[Person, UUID], list[tuple[int, date, int]]] = {}
        self.ended: dict[tuple[Person, UUID], int | None] = {}

    def earn(self, subject: Person, key: UUID, amount: int, expires: date) -> bool:
        content = ("earn", amount, expires)
        if (subject, key) in self.seen:
            if self.seen[subject, key] != content:
                raise RefusedError("TL001")
            return False
        self.seen[subject, key] = content
        self.balances[subject, LOT, expires] += amount
        return True

    def draw(
        self, subject: Person, key: UUID, amount: int, credit: int, on: date, prefer: date | None, *, short: bool
    ) -> list[tuple[int, date, int]]:
        if (subject, key) in self.parts:
            if sum(a for _, _, a in self.parts[subject, key]) != amount:
                raise RefusedError("TL001")
            return self.parts[subject, key]
        lots = sorted(e for s, k, e in self.balances if s == subject and k == LOT and e > on and e != prefer)
        owed = self.balances[subject, DEBT, NEVER]
        left, parts = amount, []
        for expires in ([prefer] if prefer else []) + lots:
            taken = min(left, self.balances[subject, LOT, expires])
            if taken:
                parts.append((LOT, expires, taken))
                left -= taken
        if not short:
            held = sum(self.balances[subject, LOT, e] for e in [*lots, *([prefer] if prefer and prefer > on else [])])
            if left or (owed < 0 and held + owed < amount):
                raise RefusedError("TL004")
        elif left:
            parts.append((DEBT, NEVER, left))
        for kind, expires, taken in parts:
            self.balances[subject, kind, expires] -= taken
            if credit == RESERVED:
                self.balances[subject, RESERVED, expires] += taken
        self.parts[subject, key] = parts
        return parts

    def conclude(self, subject: Person, key: UUID, credit: int | None) -> int:
        if (subject, key) in self.ended:
            if self.ended[subject, key] != credit:
                raise RefusedError("TL001")
            return 0
        self.ended[subject, key] = credit
        for kind, expires, amount in self.parts[subject, key]:
            self.balances[subject, RESERVED, expires] -= amount
            if credit is None:
                self.balances[subject, kind, expires] += amount
        return sum(a for _, _, a in self.parts[subject, key])

    def reverse(self, subject: Person, key: UUID) -> bool:
        if (subject, key) in self.ended:
            return False
        _, amount, expires = self.seen[subject, key]
        if self.balances[subject, LOT, expires] < amount:
            raise RefusedError("TL004")
        self.balances[subject, LOT, expires] -= amount
        self.ended[subject, key] = None
        return True

    def settle(self, subject: Person, on: date) -> None:
        for expires in sorted(e for s, k, e in self.balances if s == subject and k == LOT and e > on):
            taken = min(-self.balances[subject, DEBT, NEVER], self.balances[subject, LOT, expires])
            self.balances[subject, LOT, expires] -= taken
            self.balances[subject, DEBT, NEVER] += taken

    def expire(self, on: date) -> int:
        gone = 0
        for subject, kind, expires in list(self.balances):
            if kind == LOT and expires <= on:
                gone += self.balances[subject, kind, expires]
                self.balances[subject, kind, expires] = 0
        return gone
