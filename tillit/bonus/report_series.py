"""A chain's books month by month, for charts, exports and the settlement (C15). Sums without persons."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

from tillit.bonus.errors import NotYourChainError
from tillit.bonus.kinds import CORRECTED, DEBT, EXPIRED, FORFEITED, ISSUED, LOT, OFFERED, REDEEMED, RESERVED
from tillit.bonus.models import Programme
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import require
from tillit.ledger.kinds import WRITTEN_OFF
from tillit.ledger.queries import movements

ACTIVITY = "programme_reports"
Moved = Mapping[date, Mapping[str, int]]
"""What a book's accounts moved: month → kind of account → minor units."""
_HELD = (LOT.key, RESERVED.key, DEBT.key)
_GIVES = {"issued": ISSUED.key, "offered": OFFERED.key, "corrected": CORRECTED.key}
_TAKES = {"used": REDEEMED.key, "expired": EXPIRED.key, "forfeited": FORFEITED.key, "written_off": WRITTEN_OFF.key}


@dataclass(frozen=True)
class Month:
    """One month of a chain's books by record time, minor units.

    opening + issued + offered + corrected - used - expired - forfeited - written_off + other = closing: what members
    hold less what they owe, the liability. `other`: every account kind that is not named, so that nothing is left out.
    """

    month: date
    opening: int
    issued: int
    offered: int
    corrected: int
    used: int
    expired: int
    forfeited: int
    written_off: int
    other: int
    closing: int

    @property
    def difference(self) -> int:
        """What the month does not explain: 0, or the books do not balance."""
        given = self.issued + self.offered + self.corrected + self.other
        return self.opening + given - self.used - self.expired - self.forfeited - self.written_off - self.closing


AMOUNTS = tuple(one.name for one in fields(Month) if one.name != "month")


def books_of(programme: Programme) -> Moved:
    """What a chain's book moved. Within `programme_reports`; `NotYourChainError` in a scope of another controller."""
    if programme.chain.controller_id not in require(activity=ACTIVITY).controllers:
        raise NotYourChainError("not-your-chain", "a controller sees its own chains")
    return movements(book_id=programme.book_id)


def held(moved: Moved, before: date, accounts: tuple[str, ...] = _HELD) -> int:
    """What stands on members' accounts as a month begins."""
    return sum(kinds.get(one, 0) for month, kinds in moved.items() if month < before for one in accounts)


def months(*, programme: Programme, start: date, end: date) -> list[Month]:
    """The months of [start, end), first days, oldest first. Within a scope as `books_of`, and raises as it does."""
    return months_in(books_of(programme), start=start, end=end)


def months_in(moved: Moved, *, start: date, end: date) -> list[Month]:
    """The months of [start, end) in books that were read."""
    known = {*_HELD, *_GIVES.values(), *_TAKES.values()}
    standing, found, month = held(moved, start), [], start
    while month < end:
        kinds = moved.get(month, {})
        after = standing + sum(kinds.get(one, 0) for one in _HELD)
        found.append(
            Month(
                month=month,
                opening=standing,
                closing=after,
                other=-sum(amount for kind, amount in kinds.items() if kind not in known),
                **{name: -kinds.get(kind, 0) for name, kind in _GIVES.items()},
                **{name: kinds.get(kind, 0) for name, kind in _TAKES.items()},
            )
        )
        standing, month = after, IsoPeriod.parse("P1M").add_to(month)
    return found
