"""Events of draws in the audit trail: what was published, in the order it was."""

from tillit.audit.types import COUNT, DIGEST, ID, MOMENT, EventType, event_type

COMMITTED = event_type("draw.committed", subject="none", draw=ID, commitment=DIGEST)
ANNOUNCED = event_type("draw.announced", subject="none", draw=ID, at=MOMENT)
CLOSED = event_type("draw.closed", subject="none", draw=ID, entrants=COUNT, digest=DIGEST)
DRAWN = event_type("draw.drawn", subject="none", draw=ID, drawn=COUNT, seed=DIGEST)

__all__ = ["ANNOUNCED", "CLOSED", "COMMITTED", "DRAWN", "EventType"]
