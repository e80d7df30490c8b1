"""Activities under which data leaves only when another domain says so: under a mandate (D3, D4).

    only_when("id_protection", stands, "no-mandate")      # in the domain's personal_data.py

The refusal has a code here; that PostgreSQL refuses it, too, the domain says with `registry.only_when`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from tillit.disclosure.errors import DisclosureRefusedError


class Condition(Protocol):
    """Whether what the activity needs stands in the case at that moment."""

    def __call__(self, *, subject_id: int, case_id: int, at: datetime) -> object:
        """Something true when it does."""


CONDITIONS: dict[str, tuple[Condition, str]] = {}


def only_when(activity: str, holds: Callable[..., object], code: str) -> None:
    """Say what must stand whenever anything leaves under the activity."""
    CONDITIONS[activity] = (holds, code)


def check(*, activity: str, subject_id: int, case_id: int | None, at: datetime) -> None:
    """Raises `DisclosureRefusedError` with the condition's code where it does not hold, or no case is named."""
    if (said := CONDITIONS.get(activity)) is None:
        return
    holds, code = said
    if case_id is None or not holds(subject_id=subject_id, case_id=case_id, at=at):
        raise DisclosureRefusedError(code, f"under {activity} nothing leaves without it")
