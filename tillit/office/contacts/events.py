"""Events of contacts in the audit trail."""

from tillit.audit.types import CODE, event_type

KEPT = event_type("contact.kept", subject="required", kind=CODE)
ENDED = event_type("contact.ended", subject="required", kind=CODE)
