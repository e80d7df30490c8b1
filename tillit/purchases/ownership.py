"""Only the owner's own cards and accounts (C4): what a bank or card network says of a number, where one is connected.

An installation names a service, `TILLIT_OWNERSHIP_SERVICE=https://TOKEN@host/path` (docs/ownership.md), or its check,
`TILLIT_OWNERSHIP_CHECK=package.module.function`: a function that takes an `OwnershipQuestion` and returns an `Answer`.
Without either the member answers for owning what is registered.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

from tillit.disclosure.outward import opened

TIMEOUT = 5.0
_LARGEST = 1 << 16


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
    at = urlsplit(settings.OWNERSHIP_SERVICE)
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    link = kind(at.hostname or "", at.port, timeout=TIMEOUT)
    heads = {"Content-Type": "application/json", "Authorization": f"Bearer {unquote(at.username or '')}"}
    try:
        with opened("ownership"):
            link.request("POST", at.path or "/", json.dumps({"number": question.number}), heads)
            answer = link.getresponse()
            said = json.loads(answer.read(_LARGEST)) if answer.status == 200 else {}
        return Answer(Ownership(said.get("ownership", "unknown")), str(said.get("par") or ""))
    except (OSError, HTTPException, ValueError, AttributeError):
        return Answer(Ownership.UNKNOWN)
    finally:
        link.close()


def configured() -> OwnershipCheck:
    """The installation's check; `ImportError` when the one it names cannot be found."""
    if settings.OWNERSHIP_CHECK:
        check: OwnershipCheck = import_string(settings.OWNERSHIP_CHECK)
        return check
    return asked_outside if settings.OWNERSHIP_SERVICE else unchecked
