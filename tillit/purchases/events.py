"""The audit events of purchases."""

from tillit.audit.types import CODE, ID, event_type

INSTRUMENT_REGISTERED = event_type(
    "instrument.registered", subject="required", instrument=ID, network=CODE, ownership=CODE
)
INSTRUMENT_REMOVED = event_type("instrument.removed", subject="required", instrument=ID)
INSTRUMENT_PUT_BACK = event_type("instrument.put_back", subject="required", instrument=ID)
REFUND_SETTLED = event_type("refund.settled", subject="required", refund=ID, way=CODE)
REFUND_DISMISSED = event_type("refund.dismissed", subject="required", refund=ID, reason=CODE)
