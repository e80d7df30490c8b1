"""Only the owner's own cards and accounts (C4): what a bank or card network says of a number, where one is connected.

An installation names a service, `TILLIT_OWNERSHIP_SERVICE=https://TOKEN@host/path` (docs/ownership.md), or its check,
`TILLIT_OWNERSHIP_CHECK=package.module.function`: a function that takes an `OwnershipQuestion` and returns an `Answer`.
Without either the member answers for owning what is registered.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from tillit.disclosure.calling import call, is_here
from tillit.disclosure.errors import UnreachableError

TIMEOUT = 5.0


class Ownership(StrEnum):
    """What a check of ownership found."""

    CONFIRMED = "confirmed"
    DENIED = "denied"
    UNKNOWN = "unknown"  # no check is connected, or it could not tell


@dataclass(frozen=True)
class Answer:
    """What was found, and the card's payment account reference (PAR, EMVCo) where the network tells it."""

    ownership: Ownership
    par: str = field(default="", repr=False)


@dataclass(frozen=True)
class OwnershipQuestion:
    """Is this number the person's own? For the one call of a check; never stored or shown."""

    subject_id: int
    number: str = field(repr=False)


OwnershipCheck = Callable[[OwnershipQuestion], Answer]


def unchecked(question: OwnershipQuestion) -> Answer:
    """Nobody to ask."""
    return Answer(Ownership.UNKNOWN)


def asked_outside(question: OwnershipQuestion) -> Answer:
    """Ask the service that the installation names: the number and nothing else, in one call. Whatever it does not
    answer, it could not tell: nobody is kept from registering a card because a bank is slow.
    """
    address, given = service(), {"number": question.number}
    try:
        answer = call(way="ownership", address=address, method="POST", body=given, timeout=TIMEOUT)
        said = json.loads(answer.body) if answer.status == 200 else {}
        return Answer(Ownership(said.get("ownership", "unknown")), str(said.get("par") or ""))
    except (UnreachableError, ValueError, RecursionError, AttributeError):
        return Answer(Ownership.UNKNOWN)


def service() -> str:
    """The address of the installation's service. Raises `ImproperlyConfigured` for one over which a card number would
    go in the clear: what is not https is this machine's own.
    """
    address: str = settings.OWNERSHIP_SERVICE
    at = urlsplit(address)
    if (at.scheme == "https" and at.hostname) or (at.scheme == "http" and is_here(at.hostname or "")):
        return address
    raise ImproperlyConfigured("TILLIT_OWNERSHIP_SERVICE is no https address")


def configured() -> OwnershipCheck:
    """The installation's check; `ImportError` when the one it names cannot be found, and as `service`."""
    if settings.OWNERSHIP_CHECK:
        check: OwnershipCheck = import_string(settings.OWNERSHIP_CHECK)
        return check
    if not settings.OWNERSHIP_SERVICE:
        return unchecked
    service()
    return asked_outside
