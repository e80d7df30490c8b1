"""What is on record of campaigns. No text, no person."""

from tillit.audit.types import CODE, COUNT, DIGEST, ID, event_type

CHANGED = event_type("campaign.changed", subject="none", campaign=ID, to=CODE, digest=DIGEST)
STARTED = event_type("campaign.started", subject="none", campaign=ID, channel=CODE, recipients=COUNT, left_out=COUNT)
