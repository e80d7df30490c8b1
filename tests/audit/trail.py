"""A small trail to work on: appended as the application, linked, its head published."""

from typing import Any

from tillit.audit import events, operations
from tillit.audit.types import EventType
from tillit.audit.verify import Report, verify
from tillit.kernel.scope import Scope, system

CLUB, OTHER = 1, 2
KARI, OLA = 4_101_234_567_890_123, 4_201_234_567_890_123


def append(
    type: EventType = events.PERSON_READ,
    *,
    controller: int = CLUB,
    activity: str = "customer_service",
    actor: str = "17",
    **given: Any,
) -> list[int]:
    """Append in a scope of its own, as one committed act."""
    if type.subject == "required" and "subjects" not in given:
        given.setdefault("subject", KARI)
    with Scope(system(actor, {controller}), activity) as scope:
        return operations.append(type=type, scope=scope, controller=controller, **given)


def lay(count: int = 9, *, controller: int = CLUB) -> list[int]:
    """`count` linked events, each in its own transaction; their ids in order."""
    ids = []
    for number in range(count):
        details = {"purpose": "enquiry", "case": number, "categories": ["contact", "identity"]}
        ids += append(controller=controller, subject=KARI if number % 2 else OLA, batch=number, details=details)
    operations.link(controller=controller)
    return ids


def check(controller: int = CLUB) -> Report:
    """Verify one chain."""
    return verify(controller)
