"""Events of the reception in the audit trail: never a name."""

from tillit.audit.types import COUNT, event_type

ARRIVED = event_type("reception.arrived", subject="required")
LEFT = event_type("reception.left", subject="required")
SCREEN = event_type("reception.screen", subject="none", number=COUNT)
