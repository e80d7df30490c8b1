"""Kinds of account. The number says what an account may hold, so CHECKs need no look-up:

1-99     system accounts, where value comes from and goes to; no balance row, any sign
100-199  holdings of a person (lots, reservations): never below zero, each with an expiry
200-299  owings of a person (debt): never above zero, no expiry
"""

from dataclasses import dataclass
from datetime import date

from tillit.ledger.errors import UnknownAccountError

FIRST_HOLDING, FIRST_OWING, END = 100, 200, 300
NEVER = date(9999, 12, 31)


@dataclass(frozen=True)
class Kind:
    """A registered account kind. `id` is stored: append only."""

    id: int
    key: str

    @property
    def personal(self) -> bool:
        """Whether people have such accounts (with balance rows)."""
        return self.id >= FIRST_HOLDING

    @property
    def holding(self) -> bool:
        """Whether its balances are never below zero."""
        return FIRST_HOLDING <= self.id < FIRST_OWING


KINDS: dict[int, Kind] = {}


def register(number: int, key: str) -> Kind:
    """Register a kind, at import of the domain that owns it; idempotent. Raises on a number or key that is taken."""
    kind = Kind(number, key)
    taken = [k for k in KINDS.values() if (k.id == number or k.key == key) and k != kind]
    if taken or not 1 <= number < END:
        raise UnknownAccountError("ledger-kind", f"account kind {number} {key} cannot be registered")
    KINDS[number] = kind
    return kind


ISSUED = register(1, "issued")
REDEEMED = register(2, "redeemed")
EXPIRED = register(3, "expired")
FORFEITED = register(4, "forfeited")
CORRECTED = register(5, "corrected")
WRITTEN_OFF = register(6, "written_off")
HANDED_OVER = register(7, "handed_over")
