"""Types of event that only journeys record."""

from tillit.audit.types import CODE, event_type

RELATIONSHIP_ENDED = event_type("relationship.ended", subject="required", kind=CODE, reason=CODE)
