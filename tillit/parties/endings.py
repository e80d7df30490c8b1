"""What ends with a relationship (A5): domains above keep more of it than this layer knows, and say here how that ends.

Whoever ends a relationship, on Min side, at the desk, by a register's word or a handover, `operations.end_relationship`
does it; so what follows is done in the same transaction, by nobody's remembering.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

Act = Callable[[int, int, date, str], None]
"""(subject, controller, first day after, reason) of a relationship."""


@dataclass(frozen=True)
class _Followed:
    ended: Act
    resumed: Act


_FOLLOWED: dict[str, list[_Followed]] = {}


def follow(kind: str, *, ended: Act, resumed: Act) -> None:
    """Register what ends with relationships of the kind, and what stands again when such an end was a mistake."""
    each = _FOLLOWED.setdefault(kind, [])
    if (one := _Followed(ended, resumed)) not in each:
        each.append(one)


def ended(*, subject_id: int, controller_id: int, kind: str, on: date, reason: str) -> None:
    """The relationship has ended: so does what follows it. Within the transaction that ended it."""
    for one in _FOLLOWED.get(kind, ()):
        one.ended(subject_id, controller_id, on, reason)


def resumed(*, subject_id: int, controller_id: int, kind: str, on: date, reason: str) -> None:
    """The end (on that day, for that reason) was a mistake: what ended with it stands again."""
    for one in _FOLLOWED.get(kind, ()):
        one.resumed(subject_id, controller_id, on, reason)
