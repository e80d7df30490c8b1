"""The types of event that the privacy engine alone records."""

from tillit.audit.types import CODE, event_type

LOST_IN_RESTORE = event_type("row.lost_in_restore", subject="required", table=CODE, kind=CODE)
