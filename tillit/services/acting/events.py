"""Events of acting under a mandate in the audit trail."""

from tillit.audit.types import CODE, ID, MOMENT, event_type

MANDATE_SIGNED = event_type("mandate.signed", subject="required", mandate=ID, case=ID, purpose=CODE, until=MOMENT)
MANDATE_WITHDRAWN = event_type("mandate.withdrawn", subject="required", mandate=ID, case=ID, purpose=CODE)
