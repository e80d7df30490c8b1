"""Events of employments in the audit trail. No sum, no reason."""

from tillit.audit.types import CODE, ID, event_type

BEGUN = event_type("employment.begun", subject="required")
CHANGED = event_type("employment.changed", subject="required", what=CODE)
NOTED = event_type("employment.noted", subject="required", record=ID)
REMOVED = event_type("employment.removed", subject="required", record=ID)
ENDED = event_type("employment.ended", subject="required")
CONFIRMED = event_type("employment.confirmed", subject="required")
DENIED = event_type("employment.denied", subject="required")
