"""Events of cases in the audit trail."""

from tillit.audit.types import CODE, ID, MOMENT, event_type

CASE_OPENED = event_type("case.opened", subject="required", case=ID, kind=CODE, channel=CODE, due=MOMENT)
CASE_ADVANCED = event_type("case.advanced", subject="required", case=ID, kind=CODE, step=CODE, stage=CODE)
