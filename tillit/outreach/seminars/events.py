"""Events of seminars in the audit trail."""

from tillit.audit.types import CODE, FLAG, ID, event_type

CHANGED = event_type("seminar.changed", subject="none", seminar=ID, stage=CODE)
SIGNED = event_type("seminar.signed", subject="required", seminar=ID, standing=CODE)
ATTENDED = event_type("seminar.attended", subject="required", seminar=ID, there=FLAG)
