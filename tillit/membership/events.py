"""Events of membership in the audit trail."""

from tillit.audit.types import CODE, COUNT, DATE, event_type

JOINED = event_type("membership.joined", subject="required", route=CODE, version=COUNT, identity=CODE)
TERMS_ACCEPTED = event_type("membership.terms_accepted", subject="required", route=CODE, version=COUNT)
# A set writes one event a controller, never one a person.
TAKEN_OVER = event_type("membership.taken_over", subject="none", people=COUNT)
BONUS_IDS_ISSUED = event_type("membership.bonus_ids_issued", subject="none", people=COUNT)
CARD_ISSUED = event_type("membership.card_issued", subject="required", kind=CODE)
CARD_TAKEN_BACK = event_type("membership.card_taken_back", subject="required")
LEFT = event_type("membership.left", subject="required", reason=CODE, on=DATE, forfeited=COUNT)
