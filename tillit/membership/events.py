"""Events of membership in the audit trail."""

from tillit.audit.types import CODE, COUNT, DATE, event_type

JOINED = event_type("membership.joined", subject="required", route=CODE, version=COUNT)
LEFT = event_type("membership.left", subject="required", reason=CODE, on=DATE, forfeited=COUNT)
