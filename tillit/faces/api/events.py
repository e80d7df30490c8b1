"""Types of event that only the API records."""

from tillit.audit.types import CODE, CODES, ID, event_type

KEY_ADDED = event_type("api_key.added", subject="none", client=ID, source=CODE, scopes=CODES)
KEY_REVOKED = event_type("api_key.revoked", subject="none", client=ID, source=CODE)
WEBHOOK_ADDED = event_type("webhook.added", subject="none", client=ID, source=CODE)
WEBHOOK_ROTATED = event_type("webhook.rotated", subject="none", client=ID, source=CODE)
WEBHOOK_STOPPED = event_type("webhook.stopped", subject="none", client=ID, source=CODE)
WEBHOOK_REPLAYED = event_type("webhook.replayed", subject="none", client=ID, source=CODE)
