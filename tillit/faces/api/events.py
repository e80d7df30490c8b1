"""Types of event that only the API records."""

from tillit.audit.types import CODE, CODES, ID, event_type

KEY_ADDED = event_type("api_key.added", subject="none", client=ID, source=CODE, scopes=CODES)
KEY_REVOKED = event_type("api_key.revoked", subject="none", client=ID, source=CODE)
