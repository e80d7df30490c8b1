"""What waits for a person's acceptance of new terms, where the controller asks for it anew (A4).

Which terms a person accepted belongs to the domain that records it; it says here how to ask.
"""

from collections.abc import Callable, Collection

from tillit.declaration.queries import current
from tillit.kernel import clock

Owing = Callable[[int, frozenset[int]], frozenset[int]]
"""(controller, subjects) → those of them who have not accepted what they must."""

_ASKED: dict[str, Owing] = {}


def acceptances(domain: str, owing: Owing) -> None:
    """Register who knows which people have not accepted the terms that hold."""
    _ASKED[domain] = owing


def waits(*, controller_id: int, activity: str) -> bool:
    """Whether the controller declares that the activity waits for acceptance."""
    declared = current(controller_id=controller_id, on=clock.today()).changes
    return declared.acceptance == "active" and activity in declared.waits


def waiting(*, controller_id: int, activity: str, subject_ids: Collection[int]) -> frozenset[int]:
    """Those of the people whom the activity must leave alone until they have accepted the newest terms."""
    if not subject_ids or not waits(controller_id=controller_id, activity=activity):
        return frozenset()
    asked = frozenset(subject_ids)
    return frozenset().union(*(owing(controller_id, asked) for owing in _ASKED.values()))
