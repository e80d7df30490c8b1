"""Events of benefits in the audit trail. An order is named by its id, never by what stands in it."""

from tillit.audit.types import CODE, CODES, COUNT, FLAG, ID, event_type

ORDER_PLACED = event_type("benefits.order_placed", subject="required", order=ID)
ORDER_CHANGED = event_type("benefits.order_changed", subject="required", order=ID, status=CODE)
MORE_ASKED = event_type("benefits.more_asked", subject="required", order=ID, fields=CODES)
MORE_ANSWERED = event_type("benefits.more_answered", subject="required", order=ID, fields=CODES, given=FLAG)
PUBLISHED = event_type("benefits.published", subject="none", benefit=ID, edition=COUNT)
WITHDRAWN = event_type("benefits.withdrawn", subject="none", benefit=ID)
FRAMED = event_type("benefits.framed", subject="none", supplier=ID, recipient=CODE)
