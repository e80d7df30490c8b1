"""What the concierge answers for."""

from tillit.cases import kinds, unfinished
from tillit.declaration.registry import domain_check, personal
from tillit.services.concierge.models import Offer
from tillit.services.concierge.operations import CONCIERGE, KIND

personal(
    Offer,
    category="booking",
    clocks={"collected": "offered_at", "ordered": "sent_at", "case_closed": "closed_at"},
    not_exported={"wording": "a digest of the question that was answered"},
    figures="nobody counts bookings",
)
kinds.add(KIND)
unfinished.finished_first("booking", CONCIERGE)
domain_check(
    CONCIERGE,
    __file__,
    "promises",
    "concierge",
    promised=lambda declaration: f"activities.{CONCIERGE}" if declaration.activity(CONCIERGE) else "",
)
