"""Events of competitions in the audit trail."""

from tillit.audit.types import COUNT, ID, event_type

OPENED = event_type("competition.opened", subject="none", competition=ID)
DRAWN = event_type("competition.drawn", subject="none", competition=ID, entries=COUNT, winners=COUNT)
WON = event_type("competition.won", subject="required", competition=ID)
PRIZE_SENT = event_type("competition.prize_sent", subject="required", competition=ID)
