"""The types of event that the privacy engine alone records."""

from tillit.audit.types import CODE, CODES, FLAG, ID, event_type

LOST_IN_RESTORE = event_type("row.lost_in_restore", subject="required", table=CODE, kind=CODE)
HOLD_PLACED = event_type("hold.placed", subject="required", hold=ID, reason=CODE, categories=CODES, told=FLAG)
HOLD_LIFTED = event_type("hold.lifted", subject="required", hold=ID, reason=CODE, told=FLAG)
