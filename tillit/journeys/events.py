"""Types of event that only journeys record."""

from tillit.audit.types import CODE, COUNT, DIGEST, event_type

RELATIONSHIP_ENDED = event_type("relationship.ended", subject="required", kind=CODE, reason=CODE)
PERSON_BROUGHT_IN = event_type("person.brought_in", subject="required", sender=DIGEST, rows=COUNT)
PROGRAMME_CHANGED = event_type("programme.changed", subject="none", changes=COUNT)
