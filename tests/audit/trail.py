"""A small trail to work on: appended as the application, linked, its head published."""

import time
from typing import Any

from tillit.audit import events, operations, queries
from tillit.audit.types import EventType
from tillit.audit.verify import Report, verify
from tillit.kernel.scope import Scope, system

CLUB, OTHER = 1, 2
KARI, OLA = 4_101_234_567_890_123, 4_201_234_567_890_123


def append(
    kind: EventType = events.PERSON_READ,
    *,
    controller: int = CLUB,
    activity: str = "customer_service",
    actor: str = "17",
    **given: Any,
) -> list[int]:
    """Append in a scope of its own, as one committed act."""
    if kind.subject == "required" and "subjects" not in given:
        given.setdefault("subject", KARI)
    with Scope(system(actor, {controller}), activity) as scope:
        return operations.append(type=kind, scope=scope, controller=controller, **given)


def lay(count: int = 9, *, controller: int = CLUB) -> list[int]:
    """`count` linked events, each in its own transaction; their ids in order."""
    ids = []
    for number in range(count):
        details = {"purpose": "enquiry", "case": number, "categories": ["contact", "identity"]}
        ids += append(controller=controller, subject=KARI if number % 2 else OLA, batch=number, details=details)
    link(controller)
    return ids


def link(*controllers: int, limit: int = operations.CHUNK) -> int:
    """Link all that waits; how many that was. A transaction in any database of the server holds linking up: so wait."""
    added, until = 0, time.monotonic() + 60
    for controller in controllers or (CLUB,):
        while True:
            added += operations.link(controller=controller, limit=limit)[controller]
            if not queries.window(controller=controller)[0]:
                break
            assert time.monotonic() < until, "something holds the chain"
            time.sleep(0.02)
    return added


def check(controller: int = CLUB) -> Report:
    """Verify one chain."""
    return verify(controller)
