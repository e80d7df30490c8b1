"""Events of recruitment in the audit trail."""

from tillit.audit.types import CODE, ID, event_type

RECEIVED = event_type("application.received", subject="required", application=ID)
MOVED = event_type("application.moved", subject="required", application=ID, stage=CODE)
