"""The types of event that the privacy engine alone records."""

from tillit.audit.types import CODE, CODES, COUNT, DATE, FLAG, ID, event_type

LOST_IN_RESTORE = event_type("row.lost_in_restore", subject="required", table=CODE, kind=CODE)
HOLD_PLACED = event_type("hold.placed", subject="required", hold=ID, reason=CODE, categories=CODES, told=FLAG)
HOLD_LIFTED = event_type("hold.lifted", subject="required", hold=ID, reason=CODE, told=FLAG)
HANDOVER_PLANNED = event_type("handover.planned", subject="none", handover=ID, other=ID, on=DATE, material=FLAG)
HANDOVER_ANNOUNCED = event_type("handover.announced", subject="none", handover=ID, persons=COUNT)
HANDOVER_DONE = event_type("handover.done", subject="none", handover=ID, persons=COUNT, stayed=COUNT, rows=COUNT)
HANDOVER_CANCELLED = event_type("handover.cancelled", subject="none", handover=ID)
HANDOVER_EXPECTED = event_type("handover.expected", subject="none", handover=ID, until=DATE)
HANDOVER_CLOSED = event_type("handover.closed", subject="none", handover=ID, persons=COUNT)
PERSON_HANDED_OVER = event_type("person.handed_over", subject="required", handover=ID, rows=COUNT)
PERSON_RECEIVED = event_type("person.received", subject="required", handover=ID, rows=COUNT)
