"""Only the owner's own cards and accounts (C4): what a bank or card network says of a number, where one is connected.

An installation names its check in the environment, `TILLIT_OWNERSHIP_CHECK=package.module.function`: a function that
takes an `OwnershipQuestion` and returns an `Ownership`. Without one the member answers for owning what is registered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from django.conf import settings
from django.utils.module_loading import import_string


class Ownership(StrEnum):
    """What a check of ownership found."""

    CONFIRMED = "confirmed"
    DENIED = "denied"
    UNKNOWN = "unknown"  # no check is connected, or it could not tell


@dataclass(frozen=True)
class OwnershipQuestion:
    """Is this number the person's own? For the one call of a check; never stored or shown."""

    subject_id: int
    number: str = field(repr=False)


OwnershipCheck = Callable[[OwnershipQuestion], Ownership]


def unchecked(question: OwnershipQuestion) -> Ownership:
    """Nobody to ask."""
    return Ownership.UNKNOWN


def configured() -> OwnershipCheck:
    """The installation's check; `ImportError` when the one it names cannot be found."""
    check: OwnershipCheck = import_string(settings.OWNERSHIP_CHECK) if settings.OWNERSHIP_CHECK else unchecked
    return check
