"""Events of releases in the audit trail."""

from tillit.audit.types import CODE, COUNT, DATE, event_type

AGGREGATE_RELEASED = event_type(
    "aggregate.released", subject="none", measure=CODE, recipient=CODE, cells=COUNT, start=DATE
)
