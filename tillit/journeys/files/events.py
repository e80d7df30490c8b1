"""What happens to files that staff send."""

from tillit.audit.types import CODE, COUNT, DIGEST, ID, event_type

SENT = event_type("file.sent", subject="none", file=ID, kind=CODE, target=CODE, digest=DIGEST, bytes=COUNT)
CONFIRMED = event_type("file.confirmed", subject="none", file=ID, kind=CODE)
DISCARDED = event_type("file.discarded", subject="none", file=ID, kind=CODE)
ENDED = event_type("file.ended", subject="none", file=ID, kind=CODE, outcome=CODE)
